"""A clock: when it warns, when it is due, and why then. Both moments follow from its account, under any calendar.

The account is what limits it has, when it began, when it rested and what was added. Time that a clock consumes is that
of its limit's unit: elapsed time, or working time of the calendar. Rests are additive: however a span is cut up by
pauses, the clock has consumed the sum of what lies between them.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from domain import working_time
from schemas.calendar import Deadline, Limit, Unit, WorkingCalendar
from schemas.case import CasePlan, Clock, Extension, Kept, LevelPlan, Pause

_WORKING = (Unit.WORKING_DAYS, Unit.WORKING_HOURS)


def of_level(plan: CasePlan, level: LevelPlan, *, at: datetime, promised_at: datetime | None = None) -> Clock:
    """Return the clock of a level that begins now; a moment promised elsewhere takes the place of the level's limit."""
    clock = _begun(at, (level.limit,), level.warn_share).model_copy(
        update={"promised_at": promised_at, "around_the_clock": level.around_the_clock}
    )
    return reckon(plan.calendar, clock)


def statutory(plan: CasePlan, *, opened_at: datetime) -> Clock | None:
    """Return the law's clock of a case, which counts from its opening; None where the law gives no deadline."""
    if plan.statutory is None:
        return None
    clock = _begun(opened_at, plan.statutory.limits, plan.statutory.warn_share)
    return reckon(plan.calendar, clock)


def _begun(at: datetime, limits: tuple[Limit, ...], warn_share: float) -> Clock:
    return Clock(started_at=at, warn_at=at, due=Deadline(at=at, steps=()), limits=limits, warn_share=warn_share)


def paused(clock: Clock | None, at: datetime) -> Clock | None:
    """Return the clock at rest from now on; one that rests or has run out is left as it is."""
    if clock is None or not clock.running:
        return clock
    ended = clock.pauses[-1].until if clock.pauses else None
    since = max(at, clock.started_at, ended or clock.started_at)
    return _with_account(clock, pauses=(*clock.pauses, Pause(since=since)))


def resumed(calendar: WorkingCalendar, clock: Clock | None, at: datetime) -> Clock | None:
    """Return the clock running again, with all that it had left; one that runs is left as it is."""
    if clock is None or not clock.paused:
        return clock
    *before, last = clock.pauses
    ended = Pause(since=last.since, until=max(at, last.since))
    return reckon(calendar, clock.model_copy(update={"pauses": (*before, ended)}))


def extended(calendar: WorkingCalendar, clock: Clock, extension: Extension) -> Clock:
    """Return the clock with more time, counted from its deadline before."""
    return reckon(calendar, _with_account(clock, extensions=(*clock.extensions, extension)))


def recalculated(calendar: WorkingCalendar, clock: Clock | None, now: datetime) -> Clock | None:
    """Return the clock under another calendar. A deadline that lay ahead never moves into the past by this."""
    if clock is None or clock.breached:
        return clock
    return not_into_the_past(reckon(calendar, _with_account(clock)), clock, now)


def not_into_the_past(anew: Clock, before: Clock, now: datetime) -> Clock:
    """Return a clock that was reckoned anew, but with its deadline from before if the new one has passed already."""
    if anew.due.at > now or anew.due.at >= before.due.at:
        return anew
    steps = (*before.due.steps, f"stays: what was changed would put it at {anew.due.at.isoformat()}, in the past")
    due = before.due.model_copy(update={"steps": steps})
    return anew.model_copy(update={"due": due, "warn_at": before.warn_at, "kept": Kept(due=due, at=now)})


def left(calendar: WorkingCalendar, clock: Clock) -> timedelta | None:
    """Return how much time a resting clock still has, in the time that its limit counts; None while it runs."""
    if not clock.paused:
        return None
    reading = _earliest(_rules(calendar, clock), clock)
    return max(_between(_rules(calendar, clock), reading.unit, clock.pauses[-1].since, clock.due.at), timedelta())


def reckon(calendar: WorkingCalendar, clock: Clock) -> Clock:
    """Return the clock with both of its moments as they follow from its account under this calendar."""
    rules = _rules(calendar, clock)
    reading = _earliest(rules, clock)
    return clock.model_copy(update={"due": reading.due, "warn_at": _warn_at(rules, clock, reading)})


class _Reading(NamedTuple):
    due: Deadline
    unit: Unit


def _rules(calendar: WorkingCalendar, clock: Clock) -> WorkingCalendar:
    return working_time.around_the_clock(calendar) if clock.around_the_clock else calendar


def _with_account(clock: Clock, **changes: tuple[Pause, ...] | tuple[Extension, ...]) -> Clock:
    """Return the clock with a changed account; one of an older release has none, and its deadline becomes a promise."""
    bare = not clock.limits and clock.promised_at is None
    return clock.model_copy(update={"promised_at": clock.due.at, **changes} if bare else changes)


def _earliest(rules: WorkingCalendar, clock: Clock) -> _Reading:
    if clock.kept is not None:
        unit = clock.limits[0].unit if clock.limits else Unit.SECONDS
        return _adjusted(rules, clock, _Reading(clock.kept.due, unit))
    if clock.promised_at is not None:
        promised = Deadline(at=clock.promised_at, steps=(f"promised: {clock.promised_at.isoformat()}",))
        return _adjusted(rules, clock, _Reading(promised, Unit.SECONDS))
    readings = [
        _adjusted(rules, clock, _Reading(working_time.due(rules, clock.started_at, limit), limit.unit))
        for limit in clock.limits
    ]
    first = min(readings, key=lambda reading: reading.due.at)
    others = [
        f"earlier than {limit}" for limit, reading in zip(clock.limits, readings, strict=True) if reading != first
    ]
    return first if not others else _Reading(_explained(rules, first.due, first.due.at, ", ".join(others)), first.unit)


def _adjusted(rules: WorkingCalendar, clock: Clock, reading: _Reading) -> _Reading:
    """Return a reading after all rests and extensions, in the order in which they happened."""
    due, unit = reading
    changes: list[Pause | Extension] = [*clock.pauses, *clock.extensions]
    if clock.kept is not None:
        changes = [change for change in changes if _moment(change) >= clock.kept.at]
    for change in sorted(changes, key=lambda change: change.since if isinstance(change, Pause) else change.at):
        if isinstance(change, Extension):
            more = working_time.due(rules, due.at, change.by)
            due = _explained(rules, due, more.at, f"extended by {change.by} ({change.reason})")
        elif change.until is not None and change.since <= due.at:
            rest = _between(rules, unit, change.since, due.at)
            words = f"rested {change.since:%Y-%m-%d %H:%M} to {change.until:%Y-%m-%d %H:%M} UTC"
            due = _explained(rules, due, _after(rules, unit, change.until, rest), words)
    return _Reading(due, unit)


def _moment(change: Pause | Extension) -> datetime:
    """Return when a change was over: a rest that lasts counts from then on."""
    if isinstance(change, Extension):
        return change.at
    return change.until or change.since


def _explained(rules: WorkingCalendar, before: Deadline, at: datetime, words: str) -> Deadline:
    moved = "" if at == before.at else f": {working_time.in_local_words(rules, at)}"
    provisional = before.provisional or working_time.beyond_decrees(rules, at)
    newly = (working_time.provisional_in_words(rules),) if provisional and not before.provisional else ()
    return Deadline(at=at, steps=(*before.steps, f"{words}{moved}", *newly), provisional=provisional)


def _warn_at(rules: WorkingCalendar, clock: Clock, reading: _Reading) -> datetime:
    """Return when the warning's share of all the time that the clock has is consumed."""
    due, unit = reading.due.at, reading.unit
    if due <= clock.started_at:
        return clock.started_at + (due - clock.started_at) * clock.warn_share
    stretches = _running(clock, due)
    lengths = [_between(rules, unit, begin, end) for begin, end in stretches]
    wanted = sum(lengths, timedelta()) * clock.warn_share
    for (begin, _), length in zip(stretches, lengths, strict=True):
        if wanted <= length:
            return _after(rules, unit, begin, wanted)
        wanted -= length
    return due


def _running(clock: Clock, end: datetime) -> list[tuple[datetime, datetime]]:
    """Return the stretches between the start and the end in which the clock did not rest."""
    begin, stretches = clock.started_at, list[tuple[datetime, datetime]]()
    for pause in clock.pauses:
        if pause.until is not None and pause.since <= end:
            stretches.append((begin, pause.since))
            begin = pause.until
    return [*stretches, (begin, max(begin, end))]


def _between(rules: WorkingCalendar, unit: Unit, begin: datetime, end: datetime) -> timedelta:
    return working_time.working_time(rules, begin, end) if unit in _WORKING else max(end - begin, timedelta())


def _after(rules: WorkingCalendar, unit: Unit, begin: datetime, time: timedelta) -> datetime:
    return working_time.after_working_time(rules, begin, time) if unit in _WORKING else begin + time
