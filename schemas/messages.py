"""Messages that people and systems send to a running case, and what they get back."""

import re
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from schemas.base import CaseId, Code, MessageId, Model, UtcDatetime


def _no_personal_number(reference: str) -> str:
    a_uuid = re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", reference)
    if not a_uuid and re.search(r"(\d[._:-]?){10}", reference):
        raise ValueError("looks like a national identity, staff or phone number: use the account's reference instead")
    return reference


ActorId = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$"),
    AfterValidator(_no_personal_number),
]
"""Reference to an account. Histories keep it for years, so e-mail addresses and personal numbers are refused; a name
cannot be told from a reference, so keep names out."""


class Role(StrEnum):
    """In what capacity somebody sends a message."""

    REPORTER = "reporter"
    OPERATOR = "operator"
    SYSTEM = "system"


class Actor(Model):
    """Who sends a message: an account, its role, and the agency that it works for."""

    id: ActorId
    role: Role = Role.OPERATOR
    agency: Code | None = Field(default=None, description="an operator's agency; must be one of the case's ladder")


class _Message(Model):
    message_id: MessageId
    actor: Actor
    accepted_at: UtcDatetime | None = Field(
        default=None,
        description="when the edge made the message durable; it counts as answered then, however late it is delivered",
    )


class Acknowledge(_Message):
    """The agency has seen the case and works on it. Moves no deadline."""

    kind: Literal["acknowledge"] = "acknowledge"


class Respond(_Message):
    """The agency's answer to the reporter. Its text is stored apart, under the same message id."""

    kind: Literal["respond"] = "respond"


class Withdraw(_Message):
    """The reporter takes the complaint back."""

    kind: Literal["withdraw"] = "withdraw"


Message = Acknowledge | Respond | Withdraw
MESSAGES: dict[str, type[Acknowledge] | type[Respond] | type[Withdraw]] = {
    "acknowledge": Acknowledge,
    "respond": Respond,
    "withdraw": Withdraw,
}
"""Every message by the name that signals and updates carry it under."""


class MessageReceipt(Model):
    """Proof that a message took effect: its first transition is committed to the database."""

    case_id: CaseId
    message_id: MessageId
    seq: int = Field(description="the case's transition that the message caused")
    status: str = Field(description="the case's status now")
