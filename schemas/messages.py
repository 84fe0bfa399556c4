"""Messages that people and systems send to a running case, and what they get back.

Words that people write (reasons, questions, answers) are stored apart under the message's id: a message carries codes
and references alone.
"""

import re
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from schemas.base import CaseId, Code, MessageId, Model, Reference, UtcDatetime
from schemas.calendar import Limit, WorkingCalendar
from schemas.complaint import PlainCode
from schemas.delivery_status import DeliveryStatus

Reason = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9]*(-[a-z0-9]+)*$", max_length=60)]
"""A reason as a short code in lower case, e.g. wrong-agency. What there is to say about it is the message's text."""


def _no_address(office: str) -> str:
    if re.search(r"@[^@]*\.[A-Za-z]{2,}$", office):
        raise ValueError("looks like an e-mail address: write role@agency")
    return office


Office = Annotated[str, StringConstraints(pattern=r"^[!-~]+@[!-~]+$", max_length=240), AfterValidator(_no_address)]
"""role@agency."""


class Role(StrEnum):
    """In what capacity somebody sends a message."""

    REPORTER = "reporter"
    OPERATOR = "operator"
    SUPERIOR = "superior"
    SYSTEM = "system"


class Actor(Model):
    """Who sends a message: an account, its role, and the agency that it works for."""

    id: Reference
    role: Role = Role.OPERATOR
    agency: Code | None = Field(default=None, description="an operator's agency; must be one of the case's ladder")
    office: Office | None = Field(default=None, description="role@agency that the account acts as")


class _Message(Model):
    message_id: MessageId
    actor: Actor
    accepted_at: UtcDatetime | None = Field(
        default=None,
        description="when the edge made the message durable; it counts as answered then, however late it is delivered",
    )
    seen: int | None = Field(
        default=None, ge=0, description="the case's seq that the sender decided upon; refused if it has moved on since"
    )


class Verify(_Message):
    """The complaint was looked at: it is one, and this is what it is about. May correct any of it, or assign it."""

    kind: Literal["verify"] = "verify"
    category: PlainCode | None = None
    region: PlainCode | None = None
    case_class: PlainCode | None = Field(default=None, description="e.g. once it is known that a field check is needed")
    agency: Code | None = Field(default=None, description="put this agency in charge, whatever the routes say")


class Ask(_Message):
    """The reporter is asked for something; the level clock rests until it comes or the window for it closes."""

    kind: Literal["ask"] = "ask"


class Provide(_Message):
    """The reporter provides what was asked for."""

    kind: Literal["provide"] = "provide"


class Acknowledge(_Message):
    """The agency has seen the case and works on it. Moves no deadline."""

    kind: Literal["acknowledge"] = "acknowledge"


class Note(_Message):
    """A word on the progress. Moves no deadline."""

    kind: Literal["note"] = "note"


class Respond(_Message):
    """The agency's answer to the reporter. Its text is stored apart, under the same message id."""

    kind: Literal["respond"] = "respond"
    evidence: tuple[Reference, ...] = Field(default=(), max_length=20, description="stored photos and documents")
    part: Code | None = Field(default=None, description="the agency whose part it answers; None: the sender's own")


class Transfer(_Message):
    """The case belongs to another agency, which takes it over."""

    kind: Literal["transfer"] = "transfer"
    agency: Code
    reason: Reason
    category: PlainCode | None = Field(default=None, description="what it really is about")


class Coordinate(_Message):
    """Several agencies have to act: each gets its part with its own clock, and all have to answer.

    Of a case that is coordinated already, a superior may say anew who has to answer: who has a part keeps it.
    """

    kind: Literal["coordinate"] = "coordinate"
    agencies: tuple[Code, ...] = Field(min_length=1, max_length=10)
    reason: Reason = "several-agencies"


class Refer(_Message):
    """Outside the government's authority: the reporter is sent to a named addressee."""

    kind: Literal["refer"] = "refer"
    addressee: Code
    reason: Reason = "outside-authority"


class Reject(_Message):
    """No complaint that can be dealt with, for a reason. The reporter may appeal."""

    kind: Literal["reject"] = "reject"
    reason: Reason


class Appeal(_Message):
    """The reporter wants a superior to look at the rejection or referral."""

    kind: Literal["appeal"] = "appeal"


class Merge(_Message):
    """The same complaint as another case, which goes on alone."""

    kind: Literal["merge"] = "merge"
    into: CaseId


class Unmerge(_Message):
    """Not the same complaint after all."""

    kind: Literal["unmerge"] = "unmerge"


class Withdraw(_Message):
    """The reporter takes the complaint back."""

    kind: Literal["withdraw"] = "withdraw"


class Reopen(_Message):
    """The reporter contests the answer."""

    kind: Literal["reopen"] = "reopen"


class Rate(_Message):
    """The reporter rates the answer, which ends the case; a poor rating reopens it if the policy says so."""

    kind: Literal["rate"] = "rate"
    score: int = Field(ge=1, le=5, description="5 is best")


class Pause(_Message):
    """Nothing can be done until something outside has happened; the level clock rests, for so long at most."""

    kind: Literal["pause"] = "pause"
    limit: Limit
    reason: Reason


class Resume(_Message):
    """The case goes on before its pause is over."""

    kind: Literal["resume"] = "resume"


class ClockName(StrEnum):
    """Which of a case's two clocks."""

    LEVEL = "level"
    STATUTORY = "statutory"


class Extend(_Message):
    """A superior gives a running clock more time, for a reason."""

    kind: Literal["extend"] = "extend"
    clock: ClockName = ClockName.LEVEL
    by: Limit
    reason: Reason


class Recalculate(_Message):
    """The calendar was changed by decree: running deadlines are reckoned anew, and none moves into the past."""

    kind: Literal["recalculate"] = "recalculate"
    policy_version: Code = Field(description="of the policy that the calendar comes from")
    calendar: WorkingCalendar
    basis: str = Field(min_length=1, max_length=200, description="the decree")


class Disprove(_Message):
    """A superior has found that an answer was false."""

    kind: Literal["disprove"] = "disprove"
    agency: Code | None = Field(default=None, description="whose answer, when several agencies answered")


class Deliver(_Message):
    """The agency has something carried to somebody as the remedy: a delivery by one of the policy's services.

    Its preparation is the case itself, and nothing is paid for it.
    """

    kind: Literal["deliver"] = "deliver"
    service: PlainCode
    recipient: Reference = Field(description="of the person and address, which are stored apart")
    region: PlainCode | None = Field(default=None, description="of the recipient; none: that of the case")


class Carried(_Message):
    """A delivery that the case ordered has ended."""

    kind: Literal["carried"] = "carried"
    delivery: CaseId
    outcome: DeliveryStatus


Message = (
    Verify
    | Ask
    | Provide
    | Acknowledge
    | Note
    | Respond
    | Transfer
    | Coordinate
    | Refer
    | Reject
    | Appeal
    | Merge
    | Unmerge
    | Withdraw
    | Reopen
    | Rate
    | Pause
    | Resume
    | Extend
    | Recalculate
    | Disprove
    | Deliver
    | Carried
)
MESSAGES: dict[str, type[Message]] = {
    "verify": Verify,
    "ask": Ask,
    "provide": Provide,
    "acknowledge": Acknowledge,
    "note": Note,
    "respond": Respond,
    "transfer": Transfer,
    "coordinate": Coordinate,
    "refer": Refer,
    "reject": Reject,
    "appeal": Appeal,
    "merge": Merge,
    "unmerge": Unmerge,
    "withdraw": Withdraw,
    "reopen": Reopen,
    "rate": Rate,
    "pause": Pause,
    "resume": Resume,
    "extend": Extend,
    "recalculate": Recalculate,
    "disprove": Disprove,
    "deliver": Deliver,
    "carried": Carried,
}
"""Every message by the name that signals and updates carry it under."""


class MessageReceipt(Model):
    """Proof that a message took effect: its first transition is committed to the database."""

    case_id: CaseId
    message_id: MessageId
    seq: int = Field(description="the case's transition that the message caused")
    status: str = Field(description="the case's status now")
