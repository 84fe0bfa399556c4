"""What can happen to a service request. Every event carries its moment; the workflow takes it from its own clock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.carrier import Receipt
from schemas.case import CaseResult
from schemas.delivery import DeliveryResult
from schemas.service_request import (
    PaymentCode,
    RefundOutcome,
    RequestMessage,
    RequestPlanReply,
    VoidOutcome,
)


@dataclass(frozen=True)
class Planned:
    """Its rules are known, or why there can be none."""

    at: datetime
    reply: RequestPlanReply


@dataclass(frozen=True)
class CaseEnded:
    """The case of its preparation is over."""

    at: datetime
    result: CaseResult


@dataclass(frozen=True)
class DeliveryEnded:
    """Its delivery is over."""

    at: datetime
    result: DeliveryResult


@dataclass(frozen=True)
class PaymentAsked:
    """The post receives the payment under a code."""

    at: datetime
    code: PaymentCode


@dataclass(frozen=True)
class Voided:
    """The payment's code is void, or was paid before."""

    at: datetime
    outcome: VoidOutcome


@dataclass(frozen=True)
class Refunded:
    """The carrier answered to a refund."""

    at: datetime
    outcome: RefundOutcome
    of: Receipt
    """The payment that was to be given back."""


@dataclass(frozen=True)
class Stopped:
    """Whoever works on it was told to stop; whether it still could will be heard from the end of the work."""

    at: datetime


@dataclass(frozen=True)
class MessageReceived:
    """Somebody sent a message."""

    at: datetime
    message: RequestMessage


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
    Planned
    | CaseEnded
    | DeliveryEnded
    | PaymentAsked
    | Voided
    | Refunded
    | Stopped
    | MessageReceived
    | TimeReached
    | Unreadable
)


def key(event: Event) -> str:
    """Return what an event is known by among those that are decided together."""
    match event:
        case MessageReceived():
            return f"{event.message.kind} {event.message.message_id}"
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
