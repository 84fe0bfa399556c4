"""What time alone does to a case: warnings, breaches, climbs, reminders, and windows that close."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from enum import IntEnum
from typing import NamedTuple

from domain import clocks, proposals, working_time
from domain.timeline import Standing, Timeline
from schemas.calendar import Limit
from schemas.case import CasePlan, CaseState, Clock, Part, TransitionKind, Window, WindowKind
from schemas.ledger import EntryKind
from schemas.sanctions import Trigger
from schemas.status import UNSETTLED, Status


class _What(IntEnum):
    """What can be next, in the order in which it happens when it falls on the same moment."""

    WARN = 1
    BREACH = 2
    WARN_STATUTORY = 3
    BREACH_STATUTORY = 4
    WARN_PART = 5
    BREACH_PART = 6
    NOT_CURED = 7
    CLOSE_WINDOW = 8


_WARNINGS = (_What.WARN, _What.WARN_STATUTORY, _What.WARN_PART)

KIND = {
    _What.WARN: TransitionKind.WARNED,
    _What.BREACH: TransitionKind.BREACHED,
    _What.WARN_STATUTORY: TransitionKind.STATUTORY_WARNED,
    _What.BREACH_STATUTORY: TransitionKind.STATUTORY_BREACHED,
    _What.WARN_PART: TransitionKind.PART_WARNED,
    _What.BREACH_PART: TransitionKind.PART_BREACHED,
    _What.NOT_CURED: TransitionKind.NOT_CURED,
}
_AT_THE_END = {
    WindowKind.INFORMATION: TransitionKind.CLOSED,
    WindowKind.HOLD: TransitionKind.RESUMED,
    WindowKind.CONTEST: TransitionKind.CLOSED,
    WindowKind.REMINDER: TransitionKind.REMINDED,
}


class Upcoming(NamedTuple):
    """Something that happens by time alone, unless a message comes before. Sorts by moment."""

    at: datetime
    what: _What
    number: int = 0
    """Of the part, or of the ledger's entry that was to be cured."""
    rule: str = ""

    @property
    def is_of_part(self) -> bool:
        """Whether it is about one agency's part."""
        return self.what in (_What.WARN_PART, _What.BREACH_PART)

    def kind(self, state: CaseState) -> TransitionKind:
        """Return the transition that it leads to."""
        if self.what is _What.CLOSE_WINDOW:
            assert state.window is not None
            return _AT_THE_END[state.window.kind]
        return KIND[self.what]


def next_moment(state: CaseState) -> datetime | None:
    """Return when the case has to be woken if nobody says anything before; None when time alone changes nothing."""
    first = next_up(state)
    return first.at if first else None


def next_up(state: CaseState) -> Upcoming | None:
    """Return what happens next by time alone; None when nothing does."""
    return min(_upcoming(state), default=None)


def _upcoming(state: CaseState) -> list[Upcoming]:
    found = _of_clock(state.clock, _What.WARN, _What.BREACH)
    found += _of_clock(state.statutory, _What.WARN_STATUTORY, _What.BREACH_STATUTORY)
    for number, part in enumerate(state.parts):
        found += _of_clock(part.clock, _What.WARN_PART, _What.BREACH_PART, number)
    if state.window is not None:
        found.append(Upcoming(state.window.until.at, _What.CLOSE_WINDOW))
    return found + _to_be_cured(state)


def _of_clock(clock: Clock | None, warn: _What, breach: _What, number: int = 0) -> list[Upcoming]:
    if clock is None or not clock.running:
        return []
    due = Upcoming(clock.due.at, breach, number)
    return [due] if clock.warned else [Upcoming(min(clock.warn_at, clock.due.at), warn, number), due]


def _to_be_cured(state: CaseState) -> list[Upcoming]:
    """Return when proposals become due for which the case had to be answered within a time, and has not been."""
    if state.status not in UNSETTLED or state.plan is None:
        return []
    annulled = {entry.refers_to for entry in state.ledger if entry.kind is EntryKind.ANNULLED}
    return [
        Upcoming(
            working_time.due(state.plan.calendar, entry.at, rule.after).at, _What.NOT_CURED, entry.entry, rule.rule
        )
        for rule in state.plan.sanctions
        if rule.trigger is Trigger.NOT_CURED and rule.after is not None
        for entry in state.ledger
        if entry.kind is EntryKind.PROPOSED
        and entry.rule == rule.cures
        and entry.entry not in annulled
        and (entry.round or 1) == state.round
        if (rule.rule, entry.entry) not in state.not_cured
    ]


def _end_of(plan: CasePlan, start: datetime, limit: Limit) -> datetime:
    return working_time.due(plan.calendar, start, limit).at


def let_time_pass(timeline: Timeline, until: datetime, *, now: datetime, when_due: bool = True) -> None:
    """Let happen, in its order, all that time alone does up to a moment.

    What begins by it begins now, not when it was due: a superior who learns of a case late, because the engine was
    down, still has the full limit. A warning that was slept through is recorded before its breach.

    Args:
        timeline: the case.
        until: the moment.
        now: when it is looked at; later, if the engine was away.
        when_due: whether what is due at this very moment happens, too; a message that comes at that moment is in time.
            Warnings do in any case.
    """
    while (first := next_up(timeline.state)) is not None:
        if first.at > until or (first.at == until and not when_due and first.what not in _WARNINGS):
            return
        _ACTS[first.what](timeline, first, now)


def _warn(timeline: Timeline, _: Upcoming, now: datetime) -> None:
    assert timeline.state.clock is not None
    clock = timeline.state.clock.model_copy(update={"warned": True})
    holder = timeline.plan.levels[timeline.state.level].holder
    timeline.add(TransitionKind.WARNED, now, timeline.change(clock=clock), detail={"holder": holder})


def _breach(timeline: Timeline, _: Upcoming, now: datetime) -> None:
    state, plan = timeline.state, timeline.plan
    assert state.clock is not None
    late, top, due_at = state.level, len(plan.levels) - 1, state.clock.due.at
    level = plan.levels[late]
    about = proposals.of_case(
        state, at=now, due_at=due_at, reason=f"no answer from {level.holder} by {due_at.isoformat()}"
    )
    reminds = late == top and state.window is None
    timeline.add(
        TransitionKind.BREACHED,
        now,
        timeline.change(clock=None, window=reminder(state, now) if reminds else state.window),
        breached_level=late,
        detail={"holder": level.holder, "was_due": due_at.isoformat()},
        ledger=proposals.proposed(state, level.sanctions, about),
    )
    if late < top:
        above = plan.levels[late + 1]
        timeline.add(
            TransitionKind.ESCALATED,
            now,
            timeline.change(level=late + 1, clock=clocks.of_level(plan, above, at=now)),
            detail={"from": level.holder, "to": above.holder},
        )
    if level.offer is not None:
        timeline.add(TransitionKind.OFFERED, now, detail={"route": level.offer.route, "basis": level.offer.basis})


def reminder(state: CaseState, now: datetime, *, more: int = 0) -> Window | None:
    """Return the window until the top's next reminder: each pause is as long as the ladder says, the last repeats.

    Args:
        state: the case.
        now: when the pause begins.
        more: reminders that go out just now, and are not in the state yet.
    """
    if state.plan is None or not state.plan.reminders:
        return None
    pauses, so_far = state.plan.reminders, state.counted(TransitionKind.REMINDED) + more
    until = working_time.due(state.plan.calendar, now, pauses[min(so_far, len(pauses) - 1)])
    return Window(kind=WindowKind.REMINDER, until=until, back_to=state.status)


def _warn_statutory(timeline: Timeline, _: Upcoming, now: datetime) -> None:
    assert timeline.state.statutory is not None
    clock = timeline.state.statutory.model_copy(update={"warned": True})
    detail = {"holder": timeline.plan.levels[timeline.state.level].holder}
    timeline.add(TransitionKind.STATUTORY_WARNED, now, timeline.change(statutory=clock), detail=detail)


def _breach_statutory(timeline: Timeline, _: Upcoming, now: datetime) -> None:
    state = timeline.state
    assert state.statutory is not None
    due_at = state.statutory.due.at
    about = proposals.of_case(state, at=now, due_at=due_at, reason=f"statutory deadline of {due_at.isoformat()} passed")
    rules = proposals.triggered(state, Trigger.STATUTORY_LATE)
    timeline.add(
        TransitionKind.STATUTORY_BREACHED,
        now,
        timeline.change(statutory=state.statutory.model_copy(update={"breached": True})),
        breached_level=state.level,
        detail={"holder": timeline.plan.levels[state.level].holder, "was_due": due_at.isoformat()},
        ledger=proposals.proposed(state, rules, about),
    )


def _warn_part(timeline: Timeline, up: Upcoming, now: datetime) -> None:
    part = timeline.state.parts[up.number]
    assert part.clock is not None
    warned = part.model_copy(update={"clock": part.clock.model_copy(update={"warned": True})})
    detail = {"agency": part.agency, "holder": part.holder}
    timeline.add(TransitionKind.PART_WARNED, now, with_part(timeline, up.number, warned), detail=detail)


def _breach_part(timeline: Timeline, up: Upcoming, now: datetime) -> None:
    part = timeline.state.parts[up.number]
    assert part.clock is not None
    level, due_at = part.levels[part.level], part.clock.due.at
    reason = f"no answer from {level.holder} by {due_at.isoformat()}"
    about = proposals.of_part(part, at=now, due_at=due_at, reason=reason)
    at_the_top = part.level == len(part.levels) - 1
    standing = with_part(timeline, up.number, part.model_copy(update={"clock": None}))
    if at_the_top and standing.window is None:
        standing = replace(standing, window=reminder(timeline.state, now))
    timeline.add(
        TransitionKind.PART_BREACHED,
        now,
        standing,
        breached_level=part.level,
        detail={"agency": part.agency, "holder": level.holder, "was_due": due_at.isoformat()},
        ledger=proposals.proposed(timeline.state, level.sanctions, about),
    )
    if not at_the_top:
        above = part.levels[part.level + 1]
        clock = clocks.of_level(timeline.plan, above, at=now)
        climbed = part.model_copy(update={"level": part.level + 1, "clock": clock})
        timeline.add(
            TransitionKind.PART_ESCALATED,
            now,
            with_part(timeline, up.number, climbed),
            detail={"agency": part.agency, "from": level.holder, "to": above.holder},
        )


def with_part(timeline: Timeline, number: int, part: Part) -> Standing:
    """Return the present standing with one part changed."""
    parts = timeline.state.parts
    return replace(timeline.standing, parts=(*parts[:number], part, *parts[number + 1 :]))


def _not_cured(timeline: Timeline, up: Upcoming, now: datetime) -> None:
    state = timeline.state
    rule = next(rule for rule in timeline.plan.sanctions if rule.rule == up.rule)
    entries = proposals.not_cured(state, rule, state.ledger[up.number - 1], now)
    detail = {"rule": rule.rule, "entry": str(up.number)}
    timeline.add(TransitionKind.NOT_CURED, now, detail=detail, ledger=entries)


def _close_window(timeline: Timeline, _: Upcoming, now: datetime) -> None:
    window = timeline.state.window
    assert window is not None
    match window.kind:
        case WindowKind.INFORMATION:
            ended = timeline.change(status=Status.CLOSED, clock=None, statutory=None, window=None)
            timeline.add(TransitionKind.CLOSED, now, ended, detail={"reason": "nothing came from the reporter in time"})
        case WindowKind.CONTEST:
            close(timeline, now, reason="nobody contested it in time")
        case WindowKind.HOLD:
            timeline.add(
                TransitionKind.RESUMED, now, back_to_work(timeline, now), detail={"reason": "its time is over"}
            )
        case WindowKind.REMINDER:
            detail = {"holder": _top_holders(timeline.state)}
            window = reminder(timeline.state, now, more=1)
            timeline.add(TransitionKind.REMINDED, now, timeline.change(window=window), detail=detail)


def _top_holders(state: CaseState) -> str:
    waiting = [part.holder for part in state.parts if part.answered_at is None and part.clock is None]
    return ", ".join(waiting or [state.holder or ""])


def close(timeline: Timeline, at: datetime, *, reason: str) -> None:
    """End a case that has its answer: resolved ones are closed, others keep the status that says how they ended."""
    status = Status.CLOSED if timeline.state.status is Status.RESOLVED else timeline.state.status
    ended = timeline.change(status=status, clock=None, statutory=None, window=None)
    timeline.add(TransitionKind.CLOSED, at, ended, detail={"reason": reason})


def back_to_work(timeline: Timeline, at: datetime) -> Standing:
    """Return how a case stands that goes on after its window: with all that its clocks had left."""
    state, calendar = timeline.state, timeline.plan.calendar
    clock = clocks.resumed(calendar, state.clock, at)
    return timeline.change(
        status=state.window.back_to if state.window else state.status,
        clock=clock,
        statutory=clocks.resumed(calendar, state.statutory, at),
        window=reminder(state, at) if clock is None else None,
    )


_ACTS: dict[_What, Callable[[Timeline, Upcoming, datetime], None]] = {
    _What.WARN: _warn,
    _What.BREACH: _breach,
    _What.WARN_STATUTORY: _warn_statutory,
    _What.BREACH_STATUTORY: _breach_statutory,
    _What.WARN_PART: _warn_part,
    _What.BREACH_PART: _breach_part,
    _What.NOT_CURED: _not_cured,
    _What.CLOSE_WINDOW: _close_window,
}
