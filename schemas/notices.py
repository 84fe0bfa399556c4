"""Notices: who has to hear of what happened to a case, and where people are reached."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import CaseId, Model, UtcDatetime
from schemas.status import Status

REPORTER = "reporter"
"""The recipient who is no office."""

EMAIL = "email"
"""The channel of e-mail."""


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

EmailAddress = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*$", max_length=254
    ),
]
"""An e-mail address: personal data, which enters no log, no error and no history."""


class Contact(Model):
    """Where somebody is reached."""

    recipient: Addressee
    channel: str = EMAIL
    address: EmailAddress


def masked(address: str) -> str:
    """Return an address so that who knows it recognises it, and nobody else learns it: b***@example.go.id."""
    name, _, host = address.rpartition("@")
    return f"{name[:1]}***@{host}"


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
