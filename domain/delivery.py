"""The life of a delivery as pure functions: `decide` says what an event leads to, `evolve` folds it into the state.

What the carrier told is a set: in whichever order its reports come in, and however often, a delivery stands the same in
the end (`domain.carrier_news`). Nothing here reads a clock: every event carries its moment.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from domain import delivery_legs
from domain.delivery_draft import OVER, Draft, evolve, evolve_all, nothing_came
from domain.delivery_events import (
    Asked,
    CancellationAsked,
    CancellationTried,
    ClaimFiled,
    Event,
    Ordered,
    Planned,
    TimeReached,
    ToldOf,
    Unreadable,
)
from domain.delivery_time import let_time_pass, upcoming
from domain.delivery_told import is_final, take_answer, take_news
from domain.working_time import length
from schemas.delivery import (
    DeliveryState,
    DeliveryStatus,
    DeliveryStep,
    DeliveryTransition,
)
from schemas.delivery import DeliveryTransitionKind as Kind

__all__ = ["decide", "decide_all", "evolve", "evolve_all", "next_moment", "todo"]

MOST_REFUSALS = 20
"""Arrivals that are no messages, of which so many are recorded; whoever sends nonsense cannot fill the history."""


def todo(state: DeliveryState, now: datetime | None) -> DeliveryStep | None:
    """Return what the engine has to do at once; `now` is the moment that came, None while all are ahead."""
    if state.over or state.now.step is not None:
        return state.now.step
    asks = state.now.ask_at is not None and now is not None and state.now.ask_at <= now
    return DeliveryStep.ASK if asks else None


def next_moment(state: DeliveryState) -> datetime | None:
    """Return when it has to be woken if nobody says anything before; None when time alone changes nothing."""
    return min((moment for moment, _ in upcoming(state)), default=None)


def decide(state: DeliveryState, event: Event) -> tuple[DeliveryTransition, ...]:
    """Return what an event leads to, in order; nothing when it changes nothing, as the same one does a second time.

    An answer that nobody waits for any more is one that was taken before.
    """
    if state.over:
        return ()
    draft = Draft(state)
    _HANDLERS[type(event)](draft, event)
    return tuple(draft.added)


def decide_all(state: DeliveryState, events: Iterable[Event]) -> tuple[DeliveryState, tuple[DeliveryTransition, ...]]:
    """Return what events lead to, one after the other, and the state after them."""
    added: list[DeliveryTransition] = []
    for event in events:
        transitions = decide(state, event)
        state = evolve_all(state, transitions)
        added += transitions
    return state, tuple(added)


# Ordered with the carrier.


def _plan(draft: Draft, event: Planned) -> None:
    plan = event.reply.plan
    if draft.state.plan is not None:
        return
    if plan is None:
        draft.end(event.at, DeliveryStatus.REFUSED, {"reason": event.reply.problem or "there can be no plan"})
        return
    detail = {"due": plan.due.at.isoformat()} | ({"point": plan.point} if plan.point else {})
    legs = delivery_legs.ahead(plan)
    draft.add(Kind.PLANNED, event.at, plan=plan, detail=detail, legs=legs, step=DeliveryStep.ORDER)


def _ordered(draft: Draft, event: Ordered) -> None:
    now, plan, outcome = draft.now, draft.plan, event.outcome
    if now.step is not DeliveryStep.ORDER:
        return
    if outcome.taken is None:
        detail = {"problem": outcome.problem} if outcome.problem else {}
        draft.end(event.at, nothing_came(now, DeliveryStatus.REFUSED), detail, reason=outcome.reason)
        return
    draft.add(
        Kind.REISSUED if now.order > 1 else Kind.ORDERED,
        event.at,
        detail={"waybill": outcome.taken.waybill},
        status=DeliveryStatus.ON_THE_WAY,
        orders=(*now.orders, outcome.taken),
        step=None,
        asked=0,
        news_at=event.at,
        ask_at=event.at + length(plan.watch.first),
        legs=delivery_legs.begun(plan, event.at),
    )


def _told_of(draft: Draft, event: ToldOf) -> None:
    take_news(draft, (event.event,), event.at)


def _time_reached(draft: Draft, event: TimeReached) -> None:
    let_time_pass(draft, event.at)


# Claims, and whoever does not want it any more.


def _claimed(draft: Draft, event: ClaimFiled) -> None:
    now, claim = draft.now, event.outcome.claim
    if now.step is not DeliveryStep.CLAIM:
        return
    changes: dict[str, Any] = {"claim": claim, "claimed": True, "step": None}
    if now.status is DeliveryStatus.LOST and _may_be_replaced(draft):
        changes |= OVER | {"status": DeliveryStatus.PLANNED, "order": now.order + 1, "step": DeliveryStep.ORDER}
        changes |= {"claimed": False, "attempts": 0, "reason": None}
    elif is_final(now.status):
        changes |= OVER | {"over_at": event.at}
    draft.add(Kind.CLAIMED, event.at, detail={"claim": claim or "the carrier takes none"}, **changes)


def _may_be_replaced(draft: Draft) -> bool:
    """Return whether another one is sent for a lost one; money is never sent a second time."""
    now, allowed = draft.now, draft.plan.terms.reissues
    return now.order <= allowed and not now.cancelling and draft.state.start.pay_out is None


def _cancel(draft: Draft, event: CancellationAsked) -> None:
    now = draft.now
    if now.cancelling:  # whoever asks twice has asked once
        return
    asked: dict[str, Any] = {"message_id": event.message_id, "cancelling": True}
    if now.step is DeliveryStep.ORDER:  # nothing that could be stopped was ordered yet
        draft.add(Kind.CANCELLATION_ASKED, event.at, **asked, step=None)
        draft.end(event.at, nothing_came(now, DeliveryStatus.CANCELLED))
    elif now.status is DeliveryStatus.ON_THE_WAY:
        draft.add(Kind.CANCELLATION_ASKED, event.at, **asked, step=DeliveryStep.CANCEL)
    else:
        draft.add(Kind.TOO_LATE, event.at, **asked)


def _cancellation_tried(draft: Draft, event: CancellationTried) -> None:
    now, at = draft.now, event.at
    if now.step is not DeliveryStep.CANCEL:
        return
    if now.status is DeliveryStatus.DELIVERED:  # of the replacement of one that was found
        detail = {} if event.cancelled else {"reason": "its replacement is on the way, too, and cannot be stopped"}
        draft.end(at, now.status, detail, contradicted=now.contradicted or not event.cancelled)
    elif event.cancelled:
        draft.end(at, nothing_came(now, DeliveryStatus.CANCELLED))
    else:
        draft.add(Kind.TOO_LATE, at, step=None)


def _unreadable(draft: Draft, event: Unreadable) -> None:
    state = draft.state
    if len(state.refused) < MOST_REFUSALS and event.id not in state.refused:
        detail = {"message": event.name, "reason": event.problem}
        draft.add(Kind.REFUSED_MESSAGE, event.at, message_id=event.id, detail=detail)


_HANDLERS: dict[type[Any], Callable[[Draft, Any], None]] = {
    Planned: _plan,
    Ordered: _ordered,
    ToldOf: _told_of,
    Asked: take_answer,
    ClaimFiled: _claimed,
    CancellationAsked: _cancel,
    CancellationTried: _cancellation_tried,
    TimeReached: _time_reached,
    Unreadable: _unreadable,
}
