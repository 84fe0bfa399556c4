"""What other systems are told over HTTP, and who is."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from schemas.base import Model, UtcDatetime
from schemas.case import TransitionKind
from schemas.complaint import PlainCode
from schemas.delivery import DeliveryTransitionKind
from schemas.service_request import RequestTransitionKind


class About(StrEnum):
    """What an event is about."""

    CASE = "case"
    REQUEST = "request"
    DELIVERY = "delivery"


_HAPPENS: dict[About, type[StrEnum]] = {
    About.CASE: TransitionKind,
    About.REQUEST: RequestTransitionKind,
    About.DELIVERY: DeliveryTransitionKind,
}

PING = "id.kawal.ping"
"""The type of what is sent to try a webhook: nothing happened."""


def type_of(about: About, kind: StrEnum) -> str:
    """Return the type of an event as others read it: id.kawal.case.statutory-breached."""
    return f"id.kawal.{about}.{kind.value.replace(' ', '-')}"


EVENT_TYPES = frozenset(type_of(about, kind) for about, kinds in _HAPPENS.items() for kind in kinds)
"""All that can be subscribed to."""


def _known(event_type: str) -> str:
    if event_type not in EVENT_TYPES:
        raise ValueError("is no type of event: write it as id.kawal.case.escalated; docs/webhooks.md names them")
    return event_type


EventType = Annotated[str, AfterValidator(_known)]


def _some(kinds: tuple[str, ...]) -> tuple[str, ...]:
    if not kinds:
        raise ValueError("names no type, so nothing would ever be sent: leave it out for all")
    return kinds


WebhookUrl = Annotated[str, StringConstraints(pattern=r"^https?://[!-~]+$", max_length=2000)]
"""Where events are sent to. It may hold a token of the receiver: it enters no log."""


class Event(Model):
    """Something that happened. Ids, codes and moments alone: nobody's words, nothing personal."""

    id: str = Field(description="the same for the same event, and for no other")
    type: str
    subject: str = Field(description="id of the case, request or delivery")
    at: UtcDatetime
    data: dict[str, str | int | None]


class Subscribing(Model):
    """Where events are to be sent to, and which."""

    url: WebhookUrl = Field(description="https, reachable from the public network; it is called with POST")
    channel: PlainCode | None = Field(
        default=None, description="whose events; none: the caller's own, or of all channels for who may manage all"
    )
    kinds: Annotated[tuple[EventType, ...], Field(max_length=200), AfterValidator(_some)] | None = Field(
        default=None, description="types of events, e.g. id.kawal.case.escalated; none: all"
    )


class Subscription(Model):
    """Where events of a channel are sent to."""

    id: str
    owner: str = Field(description="the account that made it")
    url: WebhookUrl
    channel: PlainCode | None = Field(description="whose events; none: of all channels, but for what is confidential")
    kinds: tuple[str, ...] | None = Field(description="types of events; none: all")
    made_at: UtcDatetime
    paused_at: UtcDatetime | None = Field(default=None, description="since when nothing is sent; what happens, waits")
    failing_since: UtcDatetime | None = Field(default=None, description="none: the last try was taken")


class OutgoingState(StrEnum):
    """How far an event is on its way to a subscriber."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    """It was tried in vain, and will be tried again."""
    DEAD = "dead"
    """It was tried in vain for the last time, unless somebody has it sent again."""


class Outgoing(Model):
    """One event on its way to one subscriber."""

    id: int
    subscription: str
    event_id: str
    type: str
    subject: str
    at: UtcDatetime
    state: OutgoingState
    attempts: int
    last_error: str | None = Field(description="what kind of problem it was; nothing that the receiver wrote")
    status_code: int | None = Field(description="what the receiver answered last")
    next_attempt_at: UtcDatetime | None = Field(description="none: it is not tried any more")
    sent_at: UtcDatetime | None
