"""Notices: who has to hear of what happened to a case, and where people are reached."""

from enum import StrEnum
from typing import Annotated

from pydantic import (
    AfterValidator,
    Field,
    StringConstraints,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from schemas.base import CaseId, EmailAddress, Model, UtcDatetime
from schemas.status import Status

REPORTER = "reporter"
"""The recipient who is no office."""

EMAIL, WHATSAPP, SMS = "email", "whatsapp", "sms"
"""The channels on which people are reached."""

PhoneNumber = Annotated[str, StringConstraints(pattern=r"^\+[1-9][0-9]{6,14}$")]
"""A phone number as E.164, e.g. +6281234567001: personal data, which enters no log, no error and no history."""

_ADDRESSES: dict[str, tuple[TypeAdapter[str], str]] = {
    EMAIL: (TypeAdapter(EmailAddress), "is no e-mail address: write it as in name@example.go.id"),
    WHATSAPP: (TypeAdapter(PhoneNumber), "is no phone number with its country: write it as in +6281234567001"),
    SMS: (TypeAdapter(PhoneNumber), "is no phone number with its country: write it as in +6281234567001"),
}
"""What an address of each channel is, and the mend."""


def _channel(name: str) -> str:
    if name not in _ADDRESSES:
        raise ValueError(f"is no channel: write one of {', '.join(_ADDRESSES)}")
    return name


ContactChannel = Annotated[str, AfterValidator(_channel)]
"""On which people are reached."""


class What(StrEnum):
    """What somebody hears of. Each has its words in `gateway/words.toml`."""

    ASSIGNED_TO_YOU = "assigned-to-you"
    TRIAGED_TO_YOU = "triaged-to-you"
    TRANSFERRED_TO_YOU = "transferred-to-you"
    PART_FOR_YOU = "part-for-you"
    DUE_SOON = "due-soon"
    OVERDUE = "overdue"
    ESCALATED_TO_YOU = "escalated-to-you"
    STILL_OVERDUE = "still-overdue"
    STATUTORY_DUE_SOON = "statutory-due-soon"
    STATUTORY_OVERDUE = "statutory-overdue"
    PROVIDED = "provided"
    APPEALED = "appealed"
    REOPENED_FOR_YOU = "reopened-for-you"
    UNMERGED = "unmerged"
    WITHDRAWN = "withdrawn"
    # For the reporter.
    ASKED = "asked"
    ANSWERED = "answered"
    REFERRED = "referred"
    REJECTED = "rejected"
    MERGED = "merged"
    REOPENED = "reopened"
    CLOSED = "closed"
    OTHER_ROUTE = "other-route"


class Notice(Model):
    """One recipient has to hear of one event. Codes and ids alone: neither words nor addresses, nothing personal."""

    case_id: CaseId
    seq: int = Field(ge=1, description="of the case's transition that this is about")
    what: What
    recipient: str = Field(description='role@agency, or "reporter"')
    at: UtcDatetime = Field(description="when it happened")
    status: Status = Field(description="of the case, once it had happened")
    due_at: UtcDatetime | None = Field(default=None, description="until when the recipient has time, or had")
    owners: tuple[str, ...] = Field(default=(), description="who has to act now: role@agency")
    whereto: str | None = Field(default=None, description="where else the reporter can go, in the policy's words")
    around_the_clock: bool = Field(default=False, description="the recipient works day and night: nothing is quiet")

    @property
    def addressee(self) -> str:
        """Under which name contacts know the recipient: role@agency, or reporter:<case id>."""
        return addressee_of(self.case_id) if self.recipient == REPORTER else self.recipient

    @property
    def identity(self) -> str:
        """The same for the same event told twice, and for no other: two events of one day are two notices."""
        return f"{self.case_id}/{self.seq}/{self.what}/{self.addressee}"


def addressee_of(case_id: str) -> str:
    """Return under which name contacts know the reporter of a case."""
    return f"{REPORTER}:{case_id}"


Addressee = Annotated[
    str, StringConstraints(pattern=r"^(?:[!-~][ -~]*@[ -~]*[!-~]|reporter:[A-Za-z0-9][A-Za-z0-9._-]{2,63})$")
]
"""Who is reached at a contact: role@agency, or reporter:<case id>."""


class Contact(Model):
    """Where somebody is reached."""

    recipient: Addressee
    channel: ContactChannel = EMAIL
    address: str = Field(description="as its channel has them")

    @field_validator("address")
    @classmethod
    def _of_its_channel(cls, address: str, known: ValidationInfo) -> str:
        if (channel := known.data.get("channel")) is None:  # which is wrong already
            return address
        kind, mend = _ADDRESSES[channel]
        try:
            return kind.validate_python(address)
        except ValidationError:
            raise ValueError(mend) from None


def masked(address: str) -> str:
    """Return an address so that who knows it recognises it, and nobody else learns it.

    b***@example.go.id, or +62812****001.
    """
    name, sign, host = address.rpartition("@")
    if sign:
        return f"{name[:1]}***@{host}"
    shown = max(0, min(6, len(address) - 7))
    return f"{address[:shown]}****{address[-3:]}"


class NoticeState(StrEnum):
    """How far a notice is."""

    WAITING = "waiting"
    """For its moment, or for whoever addresses it next."""
    ADDRESSED = "addressed"
    """Every destination of the recipient has its delivery."""
    NOBODY = "nobody to tell"
    """The recipient had no contact when its moment came. It is addressed once there is one."""


class DeliveryState(StrEnum):
    """How far a notice is on its way to one destination."""

    PENDING = "pending"
    SENT = "sent"
    FAILED = "failed"
    """It was tried in vain, and will be tried again."""
    DEAD = "dead"
    """It was tried in vain for the last time, unless somebody has it sent again."""
