"""A decree changed the calendar: open cases reckon their deadlines anew, each at most once, as often as this is run."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from domain import clocks
from gateway.refusals import NoAnswerError, NotFoundError, RefusedError
from gateway.starter import Starter
from schemas.base import Model, UtcDatetime
from schemas.case import Clock, Transition
from schemas.messages import Actor, Recalculate, Role
from schemas.policy import Policy
from storage import case_records, policies, recalculations
from storage.database import Pool
from storage.recalculations import Outdated
from storage.time_zone import pin_calendar

_AT_ONCE = 8
"""Cases that are sent to at the same time."""

_PATIENCE = 10.0
"""Seconds; a worker that runs takes a message within one."""

_SENDER = Actor(id="recalculation", role=Role.SYSTEM)


class Outcome(StrEnum):
    """What came of a recalculation for one case."""

    MOVED = "moved"
    STAYED = "stayed"
    CLOSED = "closed meanwhile"
    REFUSED = "refused"
    UNANSWERED = "no answer"


class Move(Model):
    """A deadline that is another one now."""

    clock: str
    """level, statutory, or part of an agency."""
    before: UtcDatetime
    after: UtcDatetime

    @property
    def by(self) -> timedelta:
        """How much later it is; negative when it is earlier."""
        return self.after - self.before


class Recalculated(Model):
    """What came of it for one case."""

    case_id: str
    outcome: Outcome
    moves: tuple[Move, ...] = ()
    problem: str | None = None


@dataclass(frozen=True)
class Recalculation:
    """The calendar of a policy version, for the cases of that policy that still reckon by another one."""

    policy: Policy
    basis: str
    cases: tuple[Outdated, ...]


async def prepare(pool: Pool, policy_name: str, basis: str, case_id: str | None = None) -> Recalculation:
    """Find the version in force and the open cases, or the one case, that reckon by another calendar than its own.

    Raises:
        RefusedError: no policy of this name is in force, or the one case is not an open case of it.
        NotFoundError: there is no such case.
    """
    policy = (await policies.in_force(pool, datetime.now(UTC))).get(policy_name)
    if policy is None:
        raise RefusedError(f"policy: none named {policy_name} is in force; publish one with kawal init --policy")
    if case_id is not None:
        await _require_open_case(pool, policy, case_id)
    found = await recalculations.outdated(pool, policy.name, policy.version, case_id)
    same = {version for version in {case.reckons_by for case in found} if await _same_calendar(pool, version, policy)}
    return Recalculation(policy, basis, tuple(case for case in found if case.reckons_by not in same))


async def _require_open_case(pool: Pool, policy: Policy, case_id: str) -> None:
    case = await case_records.case(pool, case_id)
    if case is None:
        raise NotFoundError(f"case: there is none with the id {case_id}, or it was not routed yet")
    if case.closed_at is not None:
        raise RefusedError(f"case: {case_id} is {case.status}: it is over")
    of_case = await policies.version(pool, case.policy_version)
    if of_case is None or of_case.name != policy.name:
        other = of_case.name if of_case else "another one"
        raise RefusedError(f"policy: case {case_id} was opened under {other}: name that one")


async def _same_calendar(pool: Pool, version: str, policy: Policy) -> bool:
    other = await policies.version(pool, version)
    return other is not None and other.calendar == policy.calendar


async def foresee(pool: Pool, plan: Recalculation) -> AsyncIterator[Recalculated]:
    """Yield what would move, case by case, if it were done now; nothing is sent."""
    now = datetime.now(UTC)
    for case in plan.cases:
        transition = await recalculations.latest(pool, case.case_id)
        before = _clocks(transition) if transition else {}
        calendar = pin_calendar(plan.policy.calendar, case.opened_at)
        after = {name: clocks.recalculated(calendar, clock, now) or clock for name, clock in before.items()}
        yield _recalculated(case, _moves(before, after))


async def carry_out(kawal: Starter, plan: Recalculation) -> AsyncIterator[Recalculated]:
    """Send every case its recalculation, a few at a time, and yield what came of it.

    It may be stopped at any moment and begun again: a case that has it already takes it no second time.

    Raises:
        NoAnswerError: none of several cases in a row answered; nothing is lost.
    """
    for start in range(0, len(plan.cases), _AT_ONCE):
        some = plan.cases[start : start + _AT_ONCE]
        outcomes = await asyncio.gather(*(_recalculate(kawal, plan, case) for case in some))
        if all(outcome.outcome is Outcome.UNANSWERED for outcome in outcomes):
            raise NoAnswerError(outcomes[0].problem)
        for outcome in outcomes:
            yield outcome


async def _recalculate(kawal: Starter, plan: Recalculation, case: Outdated) -> Recalculated:
    message = Recalculate(
        message_id=_message_id(plan.policy, case),
        actor=_SENDER,
        policy_version=plan.policy.version,
        calendar=pin_calendar(plan.policy.calendar, case.opened_at),
        basis=plan.basis,
    )
    try:
        receipt = await kawal.send_within(_PATIENCE, case.case_id, message)
    except NoAnswerError as error:
        return Recalculated(case_id=case.case_id, outcome=Outcome.UNANSWERED, problem=str(error))
    except (RefusedError, NotFoundError) as error:
        standing = await case_records.case(kawal.pool, case.case_id)
        closed = standing is not None and standing.closed_at is not None
        outcome = Outcome.CLOSED if closed else Outcome.REFUSED
        return Recalculated(case_id=case.case_id, outcome=outcome, problem=str(error))
    before, after = await recalculations.before_and_after(kawal.pool, case.case_id, receipt.seq)
    return _recalculated(case, _moves(_clocks(before), _clocks(after)))


def _message_id(policy: Policy, case: Outdated) -> str:
    """Return the id of the message to a case: another one only when a version comes into force a second time."""
    return f"recalculate-{policy.version}" + (f"-{case.times + 1}" if case.times else "")


def _clocks(transition: Transition) -> dict[str, Clock]:
    """Return the clocks of a case as they stand after a transition, by name."""
    found = {"level": transition.clock, "statutory": transition.statutory}
    found |= {f"part of {part.agency}": part.clock for part in transition.parts}
    return {name: clock for name, clock in found.items() if clock is not None and not clock.breached}


def _moves(before: Mapping[str, Clock], after: Mapping[str, Clock]) -> tuple[Move, ...]:
    return tuple(
        Move(clock=name, before=clock.due.at, after=after[name].due.at)
        for name, clock in before.items()
        if name in after and after[name].due.at != clock.due.at
    )


def _recalculated(case: Outdated, moves: Sequence[Move]) -> Recalculated:
    outcome = Outcome.MOVED if moves else Outcome.STAYED
    return Recalculated(case_id=case.case_id, outcome=outcome, moves=tuple(moves))
