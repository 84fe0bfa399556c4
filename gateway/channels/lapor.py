"""Reports of SP4N-LAPOR!: a file is checked as a whole before anything is accepted, then its rows become cases.

There is no interface of the platform that we could call: it gives files and takes files. The tracking id makes a row
the same report however often it comes, so that a file may be imported again at any time, also after a kill.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from temporalio.service import RPCError

from gateway.channels import tables
from gateway.channels.lapor_mapping import LaporMapping
from gateway.channels.lapor_rows import Reader, Report
from gateway.channels.tables import Problem, TableError
from gateway.places import located
from gateway.refusals import AWAY, RefusedError
from gateway.starter import Starter, new_case_id
from schemas.base import Model
from schemas.complaint import Complaint, Intake
from schemas.policy import Policy
from storage import intake
from storage.persons import ErasedError

AT_ONCE = 8
"""Rows under way at a time."""
_LONGEST_SECONDS = 20.0
"""For Temporal to start one case. Longer, and it is away."""
_COMPARED = ("category", "region", "text", "place", "identity", "reporter", "attributes")


class Fate(StrEnum):
    """What became of a row."""

    ACCEPTED = "accepted"
    KNOWN = "known"
    """It was accepted before."""
    DIFFERS = "differs"
    """It was accepted before, and says something else now. Nothing was changed."""
    PASSED_OVER = "passed over"
    """It is settled over there."""
    REFUSED = "refused"


class RowResult(Model):
    """What became of one row. Holds nothing that anybody wrote."""

    line: int
    tracking_id: str
    fate: Fate
    case_id: str | None = None
    note: str | None = None


@dataclass(frozen=True)
class Outcome:
    """What became of a file."""

    rows: tuple[RowResult, ...]
    """All of them, in the file's order."""
    not_started: int = 0
    """Cases of this run that were accepted while Temporal was away: a worker's sweep starts them."""

    def count(self, fate: Fate) -> int:
        """Return how many rows this became of."""
        return sum(row.fate is fate for row in self.rows)


def checked(content: bytes, mapping: LaporMapping, policy: Policy, now: datetime) -> list[Report]:
    """Check a file as a whole; return its reports, in order.

    Args:
        content: of the file: CSV or XLSX, see `tables`.
        mapping: what its columns mean.
        policy: that its reports are accepted under.
        now: nothing in it can be from later.

    Raises:
        TableError: all that has to be mended, by line and column.
        MappingError: the policy does not know a code of the mapping.
    """
    reader = Reader(mapping, policy, now)
    rows, problems = tables.read(content, mapping.named_columns)
    reports: list[Report] = []
    for row in rows:
        found = reader.read(row)
        if isinstance(found, Report):
            reports.append(found)
        else:
            problems += found
    problems += _doubles(reports, mapping.columns.tracking_id)
    if not rows and not problems:
        problems.append(Problem(1, "", "there are no rows below the heading: there is nothing to import"))
    if problems:
        raise TableError(sorted(problems))
    return reports


def _doubles(reports: list[Report], column: str) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for report in reports:
        before = first.setdefault(report.tracking_id, report.line)
        if before != report.line:
            yield Problem(report.line, column, f"tracking_id: is that of line {before}: leave one of them out")


async def carry_out(
    cases: Starter, reports: list[Report], policy: Policy, progress: Callable[[int, int], None] | None = None
) -> Outcome:
    """Accept and start all reports that are not known yet, several at a time; return what became of each.

    Args:
        cases: the edge that takes complaints.
        reports: of a file without mistakes.
        policy: that it was checked with.
        progress: told after each row how many are settled, and of how many.

    Raises:
        RPCError: Temporal refuses to start something. What was accepted stays accepted, and a sweep starts it.
    """
    run = _Run(cases, policy, progress or _silent, iter(reports), len(reports))
    await run.all()
    return Outcome(tuple(sorted(run.results, key=lambda row: row.line)), run.not_started)


def _silent(_settled: int, _of: int) -> None:
    """Tell nobody."""


@dataclass
class _Run:
    """One run over the rows of a file."""

    cases: Starter
    policy: Policy
    progress: Callable[[int, int], None]
    waiting: Iterator[Report]
    number: int
    results: list[RowResult] = field(default_factory=list)
    not_started: int = 0
    _away: bool = field(default=False, init=False)

    async def all(self) -> None:
        """Settle all rows; the first failure ends it, once what is under way has ended."""
        self.progress(0, self.number)
        ended = await asyncio.gather(*(self._some() for _ in range(AT_ONCE)), return_exceptions=True)
        if failure := next((end for end in ended if end is not None), None):
            raise failure

    async def _some(self) -> None:
        try:
            while (report := next(self.waiting, None)) is not None:
                self.results.append(await self._settled(report))
                self.progress(len(self.results), self.number)
        except BaseException:
            self.waiting = iter(())  # the others begin nothing new
            raise

    async def _settled(self, report: Report) -> RowResult:
        def became(fate: Fate, case_id: str | None = None, note: str | None = None) -> RowResult:
            return RowResult(line=report.line, tracking_id=report.tracking_id, fate=fate, case_id=case_id, note=note)

        if report.intake is None:
            return became(Fate.PASSED_OVER, note="its status over there says that it is settled")
        case_id = new_case_id(datetime.now(UTC))
        try:
            accepted = await self.cases.accept(report.intake, policy_name=self.policy.name, case_id=case_id)
        except RefusedError as refused:
            return became(Fate.REFUSED, note=str(refused))
        if accepted.case_id == case_id:
            await self._start(accepted)
            return became(Fate.ACCEPTED, case_id)
        if differing := await self._differing(accepted.case_id, report.intake):
            note = f"differs in {', '.join(differing)} from what was accepted: nothing was changed"
            return became(Fate.DIFFERS, accepted.case_id, note)
        return became(Fate.KNOWN, accepted.case_id)

    async def _start(self, accepted: Complaint) -> None:
        """Start a case, unless Temporal was found away: then a sweep does, and nobody waits here."""
        if not self._away:
            try:
                async with asyncio.timeout(_LONGEST_SECONDS):
                    await self.cases.start(accepted)
            except (RPCError, RuntimeError, TimeoutError) as problem:  # the second one, when it never was there
                if isinstance(problem, RPCError) and problem.status not in AWAY:
                    raise
                self._away = True
        self.not_started += self._away

    async def _differing(self, case_id: str, given: Intake) -> list[str]:
        """Return the names of the fields in which a row differs from what was accepted. What they say is not shown."""
        try:
            first = await intake.original(self.cases.pool, case_id)
        except ErasedError:
            return []
        where = await located(self.policy, place=given.place, postal_code=given.postal_code, region=given.region)
        now = given.model_copy(update={"region": where.region or given.region})  # as it would be accepted
        return [name for name in _COMPARED if first is not None and getattr(first, name) != getattr(now, name)]
