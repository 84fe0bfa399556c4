"""What a webhook says, and what proves whose it is: CloudEvents 1.0 as JSON, signed as Standard Webhooks asks."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from standardwebhooks import Webhook

from schemas.base import Model, UtcDatetime
from storage.webhooks_out import Due

SOURCE = "urn:kawal"
MEDIA_TYPE = "application/cloudevents+json"


class CloudEvent(Model):
    """A CloudEvent in its structured form."""

    specversion: str = "1.0"
    id: str
    source: str = SOURCE
    type: str
    subject: str
    time: UtcDatetime
    datacontenttype: str = "application/json"
    data: dict[str, Any]


def body_of(due: Due) -> str:
    """Return what is said of an event: the same at each try."""
    event = CloudEvent(id=due.event_id, type=due.type, subject=due.subject, time=due.at, data=due.data)
    return event.model_dump_json()


def webhook_id(subscription: str, event_id: str) -> str:
    """Return what tells this event to this subscriber from all else, however often it is tried.

    Ids of cases may hold dots, which separate what is signed: so it is a hash of both.
    """
    return f"msg_{hashlib.sha256(f'{subscription} {event_id}'.encode()).hexdigest()[:32]}"


def headers_of(due: Due, body: str, secrets: Sequence[str], now: datetime) -> dict[str, str]:
    """Return the headers that go with a body, signed by each of the secrets at this moment."""
    named = webhook_id(due.subscription, due.event_id)
    return {
        "content-type": MEDIA_TYPE,
        "user-agent": "Kawal",
        "webhook-id": named,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Webhook(secret).sign(named, now, body) for secret in secrets),
    }
