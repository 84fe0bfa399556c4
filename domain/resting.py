"""Clocks that rest, get more time, or follow another calendar."""

from domain import clocks
from domain.passing_time import back_to_work
from domain.taken import Taken, rescind, rescind_what_was_in_time
from schemas.case import Clock, Extension, WindowKind
from schemas.messages import Ask, ClockName, Extend, Pause, Provide, Recalculate, Resume, Unmerge
from schemas.status import Status


def ask(taken: Taken, message: Ask) -> None:
    """Let the level clock rest until the reporter has provided something, and the law's where it says so."""
    clock, statutory = taken.at_rest()
    plan = taken.plan
    rests = plan.statutory is not None and plan.statutory.pauses_for_information
    window = taken.window(WindowKind.INFORMATION, plan.handling.information)
    standing = taken.timeline.change(
        status=Status.NEEDS_INFORMATION,
        clock=clock,
        statutory=statutory if rests else taken.state.statutory,
        window=window,
    )
    taken.add(message, standing)
    rescind_what_was_in_time(taken, statutory=False)
    if rests:  # a rest that begins when the time is over adds none
        rescind(taken, lambda breach: breach.statutory and taken.at < breach.due_at)


def go_on(taken: Taken, message: Provide | Resume | Unmerge) -> None:
    """Go on where the case was, with all that its clocks had left."""
    taken.add(message, back_to_work(taken.timeline, taken.now))


def pause(taken: Taken, message: Pause) -> None:
    """Put the case on hold, for so long at most."""
    clock, _ = taken.at_rest()
    window = taken.window(WindowKind.HOLD, message.limit)
    standing = taken.timeline.change(status=Status.ON_HOLD, clock=clock, window=window)
    taken.add(message, standing, detail={"reason": message.reason})
    rescind_what_was_in_time(taken, statutory=False)


def extend(taken: Taken, message: Extend) -> None:
    """Give one clock more time."""
    extension = Extension(at=taken.at, by=message.by, reason=message.reason)
    of_level = message.clock is ClockName.LEVEL
    clock = taken.state.clock if of_level else taken.state.statutory
    assert clock is not None
    longer = clocks.extended(taken.plan.calendar, clock, extension)
    standing = taken.timeline.change(clock=longer) if of_level else taken.timeline.change(statutory=longer)
    detail = {"clock": message.clock.value, "by": str(message.by), "reason": message.reason}
    taken.add(message, standing, detail=detail | _moved(clock, longer))
    if of_level:  # given in time, and delivered late: nobody was late then
        rescind_what_was_in_time(taken, statutory=False)


def recalculate(taken: Taken, message: Recalculate) -> None:
    """Reckon running deadlines anew under a changed calendar; what moved is recorded."""
    state, calendar, now = taken.state, message.calendar, taken.now
    clock = clocks.recalculated(calendar, state.clock, now)
    statutory = clocks.recalculated(calendar, state.statutory, now)
    parts = tuple(
        part.model_copy(update={"clock": clocks.recalculated(calendar, part.clock, now)}) for part in state.parts
    )
    new_plan = taken.plan.model_copy(update={"calendar": calendar})
    standing = taken.timeline.change(clock=clock, statutory=statutory, parts=parts, plan=new_plan)
    detail = {"policy": message.policy_version, "basis": message.basis}
    detail |= _moved(state.clock, clock) | _moved(state.statutory, statutory, prefix="statutory ")
    taken.add(message, standing, detail=detail)


def _moved(before: Clock | None, after: Clock | None, prefix: str = "") -> dict[str, str]:
    if before is None or after is None or before.due.at == after.due.at:
        return {}
    return {f"{prefix}due": f"{before.due.at.isoformat()} -> {after.due.at.isoformat()}"}
