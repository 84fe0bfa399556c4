"""Many requests from one file: checked as a whole before anything starts, then accepted and started row by row.

Killed at any moment and begun again with the same file, it goes on where it was: the file is known by its content, and
every row by its number in it.
"""

import asyncio
import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from temporalio.service import RPCError

from domain.service_terms import objections, service_of
from gateway import batch_csv
from gateway.batch_csv import Problem, Row
from gateway.recipients import reachable
from gateway.refusals import AWAY, RefusedError
from gateway.service_requests import ServiceRequests
from schemas.policy import Policy
from schemas.service_request import RequestIntake, RequestStart
from storage import batches, recipients
from storage.batches import BatchRow, RowStatus

AT_ONCE = 16
"""Rows under way at a time."""
_LETTERS = str.maketrans("0123456789abcdef", "ghjkmnpqrsabcdef")
"""Ids hold no long runs of digits, which could be taken for a person's number."""


class BatchFileError(RefusedError):
    """Something in a file has to be mended; nothing was started."""

    def __init__(self, problems: list[Problem]) -> None:
        number = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        super().__init__("\n".join([f"the file has {number}, and nothing was started:", *map(str, problems)]))
        self.problems = problems


@dataclass(frozen=True)
class BatchFile:
    """A file without mistakes."""

    batch_id: str
    service: str
    intakes: tuple[RequestIntake, ...]
    """Of its rows, in order."""

    def request_id(self, row: int) -> str:
        """Return the id of the request that a row, counted from 1, becomes."""
        return f"{self.batch_id}-{row}"

    def intake(self, row: int) -> RequestIntake:
        """Return what a row, counted from 1, asks for. Its own external id counts beyond this file."""
        intake = self.intakes[row - 1]
        return intake.model_copy(update={"external_id": intake.external_id or self.request_id(row)})


@dataclass(frozen=True)
class Outcome:
    """What became of a file."""

    batch_id: str
    rows: tuple[BatchRow, ...]
    not_started: int = 0
    """Rows of this run that were accepted while Temporal was away: a worker's sweep starts them."""

    @property
    def refused(self) -> tuple[BatchRow, ...]:
        """The rows that became no request."""
        return tuple(row for row in self.rows if row.status is RowStatus.REFUSED)


def checked(content: bytes, service: str, policy: Policy) -> BatchFile:
    """Check a file as a whole.

    Args:
        content: of the file: CSV, see `batch_csv`.
        service: that all its rows ask for.
        policy: that they are accepted under.

    Raises:
        BatchFileError: all that has to be mended, by line.
        RefusedError: the policy has no such service.
    """
    if service_of(policy, service) is None:
        known = ", ".join(one.code for one in policy.services) or "none"
        raise RefusedError(f"service: {service} is not one of the policy's: write one of {known}")
    rows, problems = batch_csv.read(content, service)
    problems += [*_objections(rows, policy), *_doubles(rows, policy)]
    if not rows and not problems:
        problems.append(Problem(1, "there are no rows: write one line for each recipient"))
    if problems:
        raise BatchFileError(sorted(problems, key=lambda problem: problem.line))
    name = hashlib.sha256(f"{service}\n".encode() + content).hexdigest()[:12].translate(_LETTERS)
    return BatchFile(f"b{name}", service, tuple(row.intake for row in rows))


def _objections(rows: list[Row], policy: Policy) -> Iterator[Problem]:
    for row in rows:
        said = objections(policy, row.intake)
        try:
            reachable(row.intake.recipient)
        except RefusedError as error:
            said.append(str(error))
        if said:
            yield Problem(row.line, "; ".join(said).replace("recipient.", ""))


def _doubles(rows: list[Row], policy: Policy) -> Iterator[Problem]:
    """Yield rows that are for the same as one before: of a benefit, or under the same external id."""
    first: dict[tuple[str, ...], int] = {}
    for row in rows:
        for name, key in _identities(row.intake, policy):
            before = first.setdefault((name, *key), row.line)
            if before != row.line:
                yield Problem(row.line, f"{name}: is that of line {before}: leave one of them out")


def _identities(intake: RequestIntake, policy: Policy) -> Iterator[tuple[str, tuple[str, ...]]]:
    service, person = service_of(policy, intake.service), intake.recipient.national_id
    if service is not None and service.once_per_period and person and intake.period:
        yield "national_id and period", (person, intake.period)
    if intake.external_id:
        yield "external_id", (intake.external_id,)


async def carry_out(
    requests: ServiceRequests, file: BatchFile, policy: Policy, progress: Callable[[int, int], None] | None = None
) -> Outcome:
    """Accept and start all rows that were not before, several at a time; return what became of every row.

    Args:
        requests: the edge that takes requests.
        file: without mistakes.
        policy: that it was checked with.
        progress: told after each row how many are settled, and of how many.

    Raises:
        RefusedError: another file is known by the same name.
        RPCError: Temporal refuses to start something. What is settled stays settled.
    """
    try:
        await batches.create(requests.pool, file.batch_id, file.service, len(file.intakes))
    except batches.BatchIdTakenError as error:
        raise RefusedError(str(error)) from error
    waiting = await batches.waiting(requests.pool, file.batch_id, len(file.intakes))
    run = _Run(requests, file, policy, progress or _silent, iter(waiting), settled=len(file.intakes) - len(waiting))
    await run.all()
    rows = await batches.results(requests.pool, file.batch_id)
    return Outcome(file.batch_id, tuple(rows), run.not_started)


def _silent(_settled: int, _of: int) -> None:
    """Tell nobody."""


@dataclass
class _Run:
    """One run over the rows that wait."""

    requests: ServiceRequests
    file: BatchFile
    policy: Policy
    progress: Callable[[int, int], None]
    waiting: Iterator[int]
    settled: int
    not_started: int = 0
    _away: bool = field(default=False, init=False)

    async def all(self) -> None:
        """Settle all rows; the first failure ends it, once what is under way has ended."""
        self.progress(self.settled, len(self.file.intakes))
        ended = await asyncio.gather(*(self._some() for _ in range(AT_ONCE)), return_exceptions=True)
        if failure := next((end for end in ended if end is not None), None):
            raise failure

    async def _some(self) -> None:
        try:
            while (row := next(self.waiting, None)) is not None:
                await self._settle(row)
        except BaseException:
            self.waiting = iter(())  # the others begin nothing new
            raise

    async def _settle(self, row: int) -> None:
        request_id, problem = None, None
        try:
            request_id = await self._begin(row)
        except RefusedError as refused:
            problem = str(refused)
        await batches.settle(self.requests.pool, self.file.batch_id, row, request_id, problem)
        self.settled += 1
        self.progress(self.settled, len(self.file.intakes))

    async def _begin(self, row: int) -> str:
        """Accept and start a row, and return its request; the same row again returns the same one."""
        given, request_id = self.file.intake(row), self.file.request_id(row)
        accepted = await self.requests.accept(given, self.policy, request_id=request_id)
        if accepted.request_id != request_id and not await self._is_for(accepted, given):
            raise RefusedError(
                f"external_id: is that of {accepted.request_id}, which asks for something else: write another"
            )
        await self._start(accepted)
        return accepted.request_id

    async def _start(self, accepted: RequestStart) -> None:
        """Start a request, unless Temporal was found away: then a sweep does, and nobody waits here."""
        if not self._away:
            try:
                await self.requests.start(accepted)
            except RPCError as error:
                if error.status not in AWAY:
                    raise
                self._away = True
        self.not_started += self._away

    async def _is_for(self, accepted: RequestStart, given: RequestIntake) -> bool:
        """Return whether a request that another file began is the same in all it asks for."""
        recipient = await recipients.find(self.requests.pool, accepted.recipient)
        same = ("service", "region", "amount", "period")
        return recipient == reachable(given.recipient) and all(
            getattr(accepted, name) == getattr(given, name) for name in same
        )
