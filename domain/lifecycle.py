"""The life of a case as pure functions: `decide` says what an event leads to, `evolve` folds it into the state.

Nothing here reads a clock: every event carries its moment. The workflow, the auditor and the backtest all drive the
same functions, and must come to the same timeline.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from domain import clocks, effects
from domain.evolution import evolve, evolve_all
from domain.passing_time import let_time_pass, next_moment, next_up
from domain.refusal import refusal, took_effect
from domain.timeline import ENGINE_ITSELF, Sender, Timeline
from schemas.case import CasePlan, CaseState, Transition, TransitionKind
from schemas.messages import Message
from schemas.status import Status

__all__ = ["decide", "decide_all", "evolve", "evolve_all", "next_moment", "next_up"]


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
    plans: tuple[CasePlan, ...] = ()
    """The plans that `needed_plans` asked for, in its order."""
    problem: str | None = None
    """Why the records speak against it, as far as they were asked."""


@dataclass(frozen=True)
class Unreadable:
    """Something arrived that is no message. It is recorded without its content, which may hold anything.

    It has an id all the same, so that the same arrival told twice is one arrival.
    """

    at: datetime
    id: str
    name: str
    problem: str


MOST_REFUSALS = 100
"""Refusals that are recorded of one case; whoever floods it with nonsense cannot fill its timeline."""

Event = Opened | TimeReached | MessageReceived | Unreadable


def key(event: Event) -> str:
    """Return what an event is known by among those that are decided together."""
    match event:
        case MessageReceived():
            return f"{event.message.kind} {event.message.message_id}"
        case Unreadable():
            return event.id
        case Opened():
            return "opening"
        case TimeReached():
            return "time"


def moments(events: Iterable[Event]) -> dict[str, datetime]:
    """Return when which event happened, by its key."""
    return {key(event): event.at for event in events}


def at_moment(event: Event, known: Mapping[str, datetime]) -> Event:
    """Return an event at the moment that is known of it."""
    return replace(event, at=known.get(key(event), event.at))


def decide(state: CaseState, event: Event) -> tuple[Transition, ...]:
    """Return what an event leads to, in order; nothing when it changes nothing.

    The same event a second time changes nothing: messages are known by their ids. One that the case refuses becomes one
    transition that says why, and may be sent again once it is right. A case that is over is silent.
    """
    if state.over:
        return ()
    timeline = Timeline(state)
    match event:
        case Opened() if state.seq == 0:
            _open(timeline, event.at)
        case TimeReached():
            let_time_pass(timeline, event.at, now=event.at)
        case MessageReceived():
            _receive(timeline, event)
        case Unreadable():
            sender = Sender(message_id=event.id)
            _refuse(timeline, event.at, sender, {"message": event.name, "reason": event.problem})
    return tuple(timeline.added)


def decide_all(state: CaseState, events: Iterable[Event]) -> tuple[CaseState, tuple[Transition, ...]]:
    """Return what events lead to, one after the other, and the state after them."""
    added: list[Transition] = []
    for event in events:
        transitions = decide(state, event)
        state = evolve_all(state, transitions)
        added += transitions
    return state, tuple(added)


def _open(timeline: Timeline, at: datetime) -> None:
    plan, complaint = timeline.plan, timeline.state.complaint
    timeline.add(TransitionKind.RECEIVED, at, detail={"channel": complaint.channel})
    detail = {"queue": plan.queue, "agency": plan.agency, "to": plan.levels[0].holder}
    if plan.triage_reason:
        detail["reason"] = plan.triage_reason
    if plan.possible_duplicates:
        detail["possible_duplicates"] = ", ".join(plan.possible_duplicates)
    timeline.add(
        TransitionKind.TRIAGED if plan.triage_reason else TransitionKind.ASSIGNED,
        at,
        timeline.change(
            status=Status.VERIFYING if plan.triage_reason else Status.ASSIGNED,
            clock=clocks.of_level(plan, plan.levels[0], at=at, promised_at=complaint.promised_at),
            statutory=clocks.statutory(plan, opened_at=at),
        ),
        detail=detail,
    )


def _receive(timeline: Timeline, event: MessageReceived) -> None:
    message, opened_at = event.message, timeline.state.complaint.accepted_at
    at = max(opened_at, min(message.accepted_at or event.at, event.at))
    if took_effect(timeline.state, message):
        return
    # A message at the very moment that something is due is in time, so lateness before it is strict.
    plan = timeline.state.plan
    seen_at = event.at if plan is not None and plan.edition >= 2 else at
    let_time_pass(timeline, at, now=seen_at, when_due=False)
    sender = Sender(message.actor.id, message.message_id)
    if reason := refusal(timeline.state, message) or event.problem:
        _refuse(timeline, at, sender, {"message": message.kind, "reason": reason})
        return
    effects.take(timeline, message, at, now=event.at, plans=event.plans)


def _refuse(timeline: Timeline, at: datetime, sender: Sender, detail: dict[str, str]) -> None:
    known = timeline.state.refused
    if timeline.state.over or sender == ENGINE_ITSELF:
        return
    if sender.message_id not in known and len(known) < MOST_REFUSALS:
        timeline.add(TransitionKind.REFUSED, at, sender=sender, detail=detail)
