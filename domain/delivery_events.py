"""What can happen to a delivery. Every event carries its moment; the workflow takes it from its own clock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.carrier import CarrierEvent
from schemas.delivery import AskOutcome, ClaimOutcome, DeliveryPlanReply, OrderOutcome


@dataclass(frozen=True)
class Planned:
    """Its rules are known, or why there can be none."""

    at: datetime
    reply: DeliveryPlanReply


@dataclass(frozen=True)
class Ordered:
    """The carrier answered to an order."""

    at: datetime
    outcome: OrderOutcome


@dataclass(frozen=True)
class ToldOf:
    """The carrier told something by itself."""

    at: datetime
    event: CarrierEvent


@dataclass(frozen=True)
class Asked:
    """The carrier was asked, and told all that it knows."""

    at: datetime
    outcome: AskOutcome


@dataclass(frozen=True)
class ClaimFiled:
    """The carrier answered to a claim."""

    at: datetime
    outcome: ClaimOutcome


@dataclass(frozen=True)
class CancellationAsked:
    """Somebody does not want it carried any more."""

    at: datetime
    message_id: str


@dataclass(frozen=True)
class CancellationTried:
    """The carrier answered to a cancellation."""

    at: datetime
    cancelled: bool


@dataclass(frozen=True)
class TimeReached:
    """The moment that it waited for has come."""

    at: datetime


@dataclass(frozen=True)
class Unreadable:
    """Something arrived that is no message. Recorded without its content, which may hold anything."""

    at: datetime
    id: str
    name: str
    problem: str


Event = (
    Planned | Ordered | ToldOf | Asked | ClaimFiled | CancellationAsked | CancellationTried | TimeReached | Unreadable
)


def key(event: Event) -> str:
    """Return what an event is known by among those that are decided together."""
    match event:
        case ToldOf():
            return f"told {event.event.order} {event.event.event_id}"
        case CancellationAsked():
            return f"cancel {event.message_id}"
        case Unreadable():
            return event.id
        case _:
            return type(event).__name__


def moments(events: Iterable[Event]) -> dict[str, datetime]:
    """Return when which event happened, by its key; of the same one told twice, the first."""
    return {key(event): event.at for event in reversed(tuple(events))}


def at_moment(event: Event, known: Mapping[str, datetime]) -> Event:
    """Return an event at the moment that is known of it."""
    return replace(event, at=known.get(key(event), event.at))
