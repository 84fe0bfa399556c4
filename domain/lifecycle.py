"""The life of a case as pure functions: `decide` says what an event leads to, `evolve` folds it into the state.

Nothing here reads a clock: every event carries its moment. The workflow, the auditor and the backtest all drive the
same functions, and must come to the same timeline.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from domain import ledger, level_clock
from domain.refusal import refusal, took_effect
from schemas.case import (
    EFFECTS,
    ENGINE,
    Breach,
    CasePlan,
    CaseState,
    Effect,
    LevelClock,
    Status,
    Transition,
    TransitionKind,
)
from schemas.ledger import LedgerEntry
from schemas.messages import Acknowledge, Message, Respond, Withdraw


@dataclass(frozen=True)
class Opened:
    """The case was routed: its plan is in the state, and its life begins."""

    at: datetime


@dataclass(frozen=True)
class TimeReached:
    """The moment that the case waited for has come."""

    at: datetime


@dataclass(frozen=True)
class MessageReceived:
    """Somebody sent a message; `at` is when it was delivered, which may be later than when it was accepted."""

    at: datetime
    message: Message


@dataclass(frozen=True)
class Unreadable:
    """Something arrived that is no message. It is recorded without its content, which may hold anything.

    It has an id all the same, so that the same arrival told twice is one arrival.
    """

    at: datetime
    id: str
    name: str
    problem: str


_KINDS = {effect: kind for kind, effect in EFFECTS.items()}

MOST_REFUSALS = 100
"""Refusals that are recorded of one case; whoever floods it with nonsense cannot fill its timeline."""

Event = Opened | TimeReached | MessageReceived | Unreadable


def decide(state: CaseState, event: Event) -> tuple[Transition, ...]:
    """Return what an event leads to, in order; nothing when it changes nothing.

    The same event a second time changes nothing: messages are known by their ids. One that the case refuses becomes one
    transition that says why, and may be sent again once it is right. A final case is silent.
    """
    if state.status.final:
        return ()
    timeline = _Timeline(state)
    match event:
        case Opened() if state.seq == 0:
            _open(timeline, event)
        case TimeReached():
            _let_time_pass(timeline, event.at)
        case MessageReceived():
            _receive(timeline, event)
        case Unreadable():
            _refuse(timeline, event.at, event.id, ENGINE, {"message": event.name, "reason": event.problem})
    return tuple(timeline.added)


def evolve(state: CaseState, transition: Transition) -> CaseState:
    """Return the state after a transition."""
    changes: dict[str, object] = {
        "seq": transition.seq,
        "status": transition.status,
        "level": transition.level,
        "clock": transition.clock,
        "ledger": state.ledger + transition.ledger,
    }
    if transition.message_id is not None:
        if transition.kind is TransitionKind.REFUSED:
            changes["refused"] = (*state.refused, transition.message_id)
        else:
            effect = Effect(kind=_KINDS[transition.kind], seq=transition.seq)
            changes["messages"] = state.messages | {transition.message_id: effect}
    match transition.kind:
        case TransitionKind.ACKNOWLEDGED:
            changes["acknowledged_by"] = transition.actor
        case TransitionKind.BREACHED if state.clock is not None:
            entries = tuple(entry.entry for entry in transition.ledger)
            breach = Breach(level=state.level, due_at=state.clock.due.at, proposals=entries)
            changes["breaches"] = (*state.breaches, breach)
        case TransitionKind.RESCINDED:
            changes["breaches"] = tuple(
                breach.model_copy(update={"rescinded": True}) if breach.level == transition.breached_level else breach
                for breach in state.breaches
            )
        case TransitionKind.RESPONDED:
            changes["answered_at"] = transition.at
        case TransitionKind.CLOSED | TransitionKind.WITHDRAWN:
            changes["closed_at"] = transition.at
    return state.model_copy(update=changes)


def decide_all(state: CaseState, events: Iterable[Event]) -> tuple[CaseState, tuple[Transition, ...]]:
    """Return what events lead to, one after the other, and the state after them."""
    added: list[Transition] = []
    for event in events:
        transitions = decide(state, event)
        state = evolve_all(state, transitions)
        added += transitions
    return state, tuple(added)


def evolve_all(state: CaseState, transitions: Iterable[Transition]) -> CaseState:
    """Return the state after transitions."""
    for transition in transitions:
        state = evolve(state, transition)
    return state


def next_moment(state: CaseState) -> datetime | None:
    """Return when the case has to be woken if nobody says anything before; None when time alone changes nothing."""
    if state.clock is None:
        return None
    return state.clock.due.at if state.clock.warned else min(state.clock.warn_at, state.clock.due.at)


class _Timeline:
    """The transitions that an event adds, each folded into the state before the next is decided."""

    def __init__(self, state: CaseState) -> None:
        self.state = state
        self.added: list[Transition] = []

    @property
    def plan(self) -> CasePlan:
        if self.state.plan is None:
            raise ValueError(f"case {self.state.complaint.case_id} has no plan yet: route it before it lives")
        return self.state.plan

    def add(
        self,
        kind: TransitionKind,
        at: datetime,
        *,
        actor: str = ENGINE,
        message_id: str | None = None,
        status: Status | None = None,
        level: int | None = None,
        clock: LevelClock | None = None,
        breached_level: int | None = None,
        detail: dict[str, str] | None = None,
        ledger: tuple[LedgerEntry, ...] = (),
    ) -> None:
        """Add a transition; without a clock the present one goes on, unless the status ends it."""
        status = status or self.state.status
        stopped = status.final or status is Status.RESOLVED or kind is TransitionKind.BREACHED
        transition = Transition(
            seq=self.state.seq + 1,
            kind=kind,
            at=at,
            actor=actor,
            message_id=message_id,
            status=status,
            level=self.state.level if level is None else level,
            clock=None if stopped else clock or self.state.clock,
            breached_level=breached_level,
            detail=detail or {},
            ledger=ledger,
        )
        self.added.append(transition)
        self.state = evolve(self.state, transition)


def _open(timeline: _Timeline, event: Opened) -> None:
    plan, complaint = timeline.plan, timeline.state.complaint
    timeline.add(TransitionKind.RECEIVED, event.at, detail={"channel": complaint.channel})
    timeline.add(
        TransitionKind.TRIAGED if plan.triage_reason else TransitionKind.ASSIGNED,
        event.at,
        status=Status.VERIFYING if plan.triage_reason else Status.ASSIGNED,
        clock=level_clock.start(plan, level=0, at=event.at, promised_at=complaint.promised_at),
        detail={"queue": plan.queue, "agency": plan.agency} | _reason(plan.triage_reason),
    )


def _let_time_pass(timeline: _Timeline, now: datetime, *, breach_when_due: bool = True) -> None:
    """Warn, and breach and climb one level, as far as the present level's clock says so at this moment.

    The next level's clock starts now, not when the breach was due: a superior who learns of a case late, because the
    engine was down, still has the full limit. A warning that was slept through is recorded before the breach.
    """
    clock = timeline.state.clock
    if clock is not None and not clock.warned and clock.warn_at <= now:
        clock = clock.model_copy(update={"warned": True})
        holder = timeline.plan.levels[timeline.state.level].holder
        timeline.add(TransitionKind.WARNED, now, clock=clock, detail={"holder": holder})
    if clock is not None and (clock.due.at < now or (breach_when_due and clock.due.at == now)):
        _breach(timeline, now)


def _breach(timeline: _Timeline, now: datetime) -> None:
    late, top = timeline.state.level, len(timeline.plan.levels) - 1
    timeline.add(
        TransitionKind.BREACHED,
        now,
        breached_level=late,
        detail={"holder": timeline.plan.levels[late].holder},
        ledger=ledger.proposals(timeline.state, now),
    )
    if late < top:
        timeline.add(
            TransitionKind.ESCALATED,
            now,
            level=late + 1,
            clock=level_clock.start(timeline.plan, level=late + 1, at=now),
            detail={"from": timeline.plan.levels[late].holder, "to": timeline.plan.levels[late + 1].holder},
        )


def _receive(timeline: _Timeline, event: MessageReceived) -> None:
    message, opened_at = event.message, timeline.state.complaint.accepted_at
    at = max(opened_at, min(message.accepted_at or event.at, event.at))
    if took_effect(timeline.state, message):
        return
    # An answer at the very moment that it is due is in time, so lateness before it is strict.
    _let_time_pass(timeline, at, breach_when_due=False)
    if reason := refusal(timeline.state, message):
        detail = {"message": message.kind, "reason": reason}
        _refuse(timeline, at, message.message_id, message.actor.id, detail)
        return
    actor, message_id = message.actor.id, message.message_id
    match message:
        case Acknowledge():
            timeline.add(TransitionKind.ACKNOWLEDGED, at, actor=actor, message_id=message_id, status=Status.IN_PROGRESS)
        case Respond():
            timeline.add(TransitionKind.RESPONDED, at, actor=actor, message_id=message_id, status=Status.RESOLVED)
            _rescind_what_was_in_time(timeline, at)
            timeline.add(TransitionKind.CLOSED, at, status=Status.CLOSED, detail={"reason": "answered"})
        case Withdraw():
            timeline.add(TransitionKind.WITHDRAWN, at, actor=actor, message_id=message_id, status=Status.WITHDRAWN)
            _rescind_what_was_in_time(timeline, at)


def _refuse(timeline: _Timeline, at: datetime, message_id: str, actor: str, detail: dict[str, str]) -> None:
    known = timeline.state.refused
    if message_id not in known and len(known) < MOST_REFUSALS:
        timeline.add(TransitionKind.REFUSED, at, message_id=message_id, actor=actor, detail=detail)


def _rescind_what_was_in_time(timeline: _Timeline, ended_at: datetime) -> None:
    """Take back breaches that the end had forestalled: its message was accepted in time and only delivered late."""
    reason = f"the case's end was accepted at {ended_at.isoformat()}, in time, and delivered late"
    for breach in timeline.state.breaches:
        if ended_at <= breach.due_at and not breach.rescinded:
            timeline.add(
                TransitionKind.RESCINDED,
                ended_at,
                breached_level=breach.level,
                detail={"reason": reason},
                ledger=ledger.annulments(timeline.state, breach, ended_at, reason),
            )


def _reason(reason: str | None) -> dict[str, str]:
    return {"reason": reason} if reason else {}
