"""What follows from what a carrier tells of a delivery, by itself or when it is asked."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from domain import delivery_legs
from domain.carrier_news import News, news
from domain.delivery_draft import OVER, Draft, nothing_came
from domain.delivery_events import Asked
from domain.working_time import length
from schemas.carrier import DECISIVE, CarrierEvent
from schemas.delivery import ENDS, DeliveryPlan, DeliveryStanding, DeliveryStart, DeliveryStatus, DeliveryStep
from schemas.delivery import DeliveryTransitionKind as Kind

TO_BE_CLAIMED = frozenset(
    {DeliveryStatus.LOST, DeliveryStatus.SPOILED, DeliveryStatus.MISDELIVERED, DeliveryStatus.UNPROVEN}
)
_MAY_BE_DISPROVED = frozenset({DeliveryStatus.RETURNED, DeliveryStatus.LOST, DeliveryStatus.MISDELIVERED})
"""A proof that was captured without a network may still come in, and say that it was delivered."""
_UNDER_WAY = frozenset(
    {DeliveryStatus.ON_THE_WAY, DeliveryStatus.ATTEMPTED, DeliveryStatus.HELD, DeliveryStatus.RETURNING}
)
MOST_EVENTS = 200
"""Decisive events that count. No shipment has so many: whoever tells of more does not follow one, and people look."""
HANDED_OVER = frozenset({DeliveryStatus.HANDED_OVER, DeliveryStatus.UNPROVEN})
"""As far as anybody knows: whether it is proven is not a question of time."""
_WITH_SOMEBODY = HANDED_OVER | {DeliveryStatus.MISDELIVERED, DeliveryStatus.SPOILED}


def take_news(draft: Draft, events: Sequence[CarrierEvent], at: datetime) -> bool:
    """Take what the carrier told of one order; return whether any of it is news.

    What comes at once counts at once: the last of it says what all amounts to.
    """
    heard = _unheard_of(draft, events)
    for event in heard[:-1]:
        draft.add(Kind.TOLD, at, event=event)
    for event in heard[-1:]:
        told = news((*draft.state.events, event), event.order, draft.plan.terms, draft.plan.handed_to)
        draft.add(Kind.TOLD, at, event=event, **_after(draft, event.order, told, at))
    return bool(heard)


def _unheard_of(draft: Draft, events: Sequence[CarrierEvent]) -> list[CarrierEvent]:
    """Return the events that are news: what is told once more under another name is not more."""
    names = {(event.order, event.event_id) for event in draft.state.events}
    contents = {_without_name(event) for event in draft.state.events}
    heard: list[CarrierEvent] = []
    for event in events:
        of_an_order = event.order <= len(draft.now.orders) and event.scan in DECISIVE
        known = (event.order, event.event_id) in names or _without_name(event) in contents
        if of_an_order and not known and len(names) < MOST_EVENTS:
            heard.append(event)
            names.add((event.order, event.event_id))
            contents.add(_without_name(event))
    return heard


def _without_name(event: CarrierEvent) -> CarrierEvent:
    return event.model_copy(update={"event_id": "-"})


def _after(draft: Draft, order: int, told: News, at: datetime) -> dict[str, Any]:
    """Return what is otherwise once something is known of an order."""
    now = draft.now
    if now.status is DeliveryStatus.DELIVERED:  # its replacement is being stopped
        both = order == now.order and told.delivered_at is not None
        return {"contradicted": now.contradicted or both}
    if order == now.order:
        return _standing(draft, told, at)
    return _found(draft, told, at) if told.status is DeliveryStatus.DELIVERED else {}


def _found(draft: Draft, told: News, at: datetime) -> dict[str, Any]:
    """Return how a delivery stands whose lost order was delivered after all: its replacement is not needed any more."""
    now = draft.now
    stoppable = now.status in _UNDER_WAY
    return OVER | {
        "status": DeliveryStatus.DELIVERED,
        "reason": None,
        "overdue": _is_late(draft.plan, told),
        "contradicted": now.contradicted or told.contradicted or now.status in _WITH_SOMEBODY,
        "step": DeliveryStep.CANCEL if stoppable else None,
        "over_at": None if stoppable else at,
    }


def _standing(draft: Draft, told: News, at: datetime) -> dict[str, Any]:
    """Return how a delivery stands once something is known of the order under way."""
    now, plan = draft.now, draft.plan
    status = told.status or now.status
    if status is DeliveryStatus.DELIVERED and _money_is_missing(draft.state.start, told):
        status = DeliveryStatus.HANDED_OVER
    if status in (DeliveryStatus.REFUSED, DeliveryStatus.CANCELLED):
        status = nothing_came(now, status)
    known = {
        "status": status,
        "attempts": told.attempts,
        "reason": None if status is DeliveryStatus.DELIVERED else told.reason,
        "legs": delivery_legs.arrived(plan, now.legs, told.arrivals),
        "overdue": _is_late(plan, told) if status in HANDED_OVER | {DeliveryStatus.DELIVERED} else now.overdue,
        "contradicted": now.contradicted or told.contradicted or _cannot_be(draft, told),
        "asked": 0,
        "news_at": at,
    }
    claims = status in TO_BE_CLAIMED and not now.claimed
    if is_final(status) and not claims:
        return known | OVER | {"over_at": at}
    waits_until = at + length(plan.terms.proofs_within)
    proofs_until = now.proofs_until or waits_until if status is DeliveryStatus.HANDED_OVER else None
    ends_at = now.ends_at or waits_until if status in _MAY_BE_DISPROVED else None
    return known | {
        "ask_at": _no_later(at + length(plan.watch.first), proofs_until or ends_at, at),
        "proofs_until": proofs_until,
        "ends_at": ends_at,
        "step": DeliveryStep.CLAIM if claims else now.step if _still_stops(now, status) else None,
    }


def _money_is_missing(start: DeliveryStart, told: News) -> bool:
    """Return whether money was to change hands at the door, and the carrier has told of none yet."""
    return _due_at_the_door(start) > 0 and not told.money


def _due_at_the_door(start: DeliveryStart) -> int:
    return start.pay_out or start.collect or 0


def _cannot_be(draft: Draft, told: News) -> bool:
    """Return whether the carrier tells of other money than was ordered, or of more than happens to any shipment."""
    amounts = list(told.money.values())
    return (bool(amounts) and amounts != [_due_at_the_door(draft.state.start)]) or (
        len(draft.state.events) + 1 >= MOST_EVENTS
    )


def _no_later(ask_at: datetime, until: datetime | None, at: datetime) -> datetime:
    """Return when to ask: also when the wait for a late proof is over, as it ends with an answer that knows of none."""
    return ask_at if until is None or until <= at else min(ask_at, until)


def is_final(status: DeliveryStatus) -> bool:
    """Return whether it ends so at once, but for a claim: no late proof could say otherwise."""
    return status in ENDS and status not in _MAY_BE_DISPROVED


def _still_stops(now: DeliveryStanding, status: DeliveryStatus) -> bool:
    return now.step is DeliveryStep.CANCEL and status in _UNDER_WAY


def _is_late(plan: DeliveryPlan, told: News) -> bool:
    return told.delivered_at is not None and told.delivered_at > plan.due.at


def take_answer(draft: Draft, event: Asked) -> None:
    """Take what the carrier answered; one that knows of nothing new is asked again later, or has lost it."""
    now, outcome, at = draft.now, event.outcome, event.at
    if take_news(draft, outcome.events, at) or now.ask_at is None or now.ask_at > at:
        return
    watch, terms = draft.plan.watch, draft.plan.terms
    heard_at = [moment for moment in (now.news_at, outcome.news_at) if moment is not None and moment <= at]
    news_at = max(heard_at, default=at)
    first, longest = length(watch.first), length(watch.longest)
    ask_at = at + first * min(2.0 ** min(now.asked + 1, 60), longest / first)
    patience = length(watch.lost_after)
    if now.status is DeliveryStatus.HELD:  # nothing happens to it while the post keeps it
        patience += length(terms.held_for)
    if outcome.reached and now.status in _UNDER_WAY and at - news_at >= patience:
        ends_at = at + length(terms.proofs_within)
        changes: dict[str, Any] = {"ask_at": min(ask_at, ends_at), "news_at": news_at, "ends_at": ends_at}
        claims = None if now.claimed else DeliveryStep.CLAIM
        draft.add(Kind.PRESUMED_LOST, at, status=DeliveryStatus.LOST, step=claims, **changes)
        return
    until = now.proofs_until or now.ends_at
    if outcome.reached and until is not None and until <= at:
        _wait_no_longer(draft, at)
        return
    draft.add(Kind.SILENT, at, asked=now.asked + 1, news_at=news_at, ask_at=_no_later(ask_at, until, at))


def _wait_no_longer(draft: Draft, at: datetime) -> None:
    """End what only a late proof could still have changed: the carrier says that there is none."""
    now = draft.now
    if now.status is not DeliveryStatus.HANDED_OVER:
        draft.end(at, DeliveryStatus.CLAIMED if now.status is DeliveryStatus.LOST else now.status)
        return
    then: dict[str, Any] = {"over_at": at} if now.claimed else {"step": DeliveryStep.CLAIM}
    draft.add(Kind.PROOFS_OVERDUE, at, status=DeliveryStatus.UNPROVEN, **(OVER | then))
