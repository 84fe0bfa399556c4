"""Who calls, what they want to do, and how they stand to what they want to do it with."""

from enum import StrEnum

from pydantic import Field

from schemas.base import Code, Model, Reference
from schemas.complaint import PlainCode
from schemas.messages import Office


class CallerRole(StrEnum):
    """In what capacity somebody calls. A caller has one."""

    REPORTER = "reporter"
    """Somebody who complains or requests something, in person."""
    SYSTEM = "system"
    """A backend: the super-app, a bridge to another platform, a counter. It acts for the people of its channel."""
    OPERATOR = "operator"
    SUPERIOR = "superior"
    AUDITOR = "auditor"
    POLICY_ADMIN = "policy-admin"


class Action(StrEnum):
    """What somebody may do. Keys of systems are bounded to some of these: their scopes."""

    SUBMIT = "submit"
    """A complaint, a service request, a photo or document for one."""
    SEE = "see"
    """How something stands: status, clocks, what comes next, timeline, tracking. Nothing that people wrote."""
    READ_TEXT = "read-text"
    """What people wrote and sent: texts, photos, documents. Each such read is recorded."""
    READ_PERSON = "read-person"
    """Names, numbers and addresses. Each such read is recorded."""
    SPEAK = "speak"
    """As reporter or recipient: provide, appeal, withdraw, reopen, rate; confirm, dispute, cancel."""
    WORK = "work"
    """As the agency: verify, ask, acknowledge, note, respond, transfer, coordinate, refer, reject, merge ..."""
    OVERSEE = "oversee"
    """As a superior: extend, disprove."""
    SEE_INBOX = "see-inbox"
    """What an office has to act on."""
    SEE_SANCTIONS = "see-sanctions"
    """The ledger of a case, the register of an agency, points."""
    OBJECT = "object"
    """To a sanction proposal."""
    DECIDE = "decide"
    """About an objection or a proposal."""
    SEE_POLICIES = "see-policies"
    PUBLISH_POLICIES = "publish-policies"
    MANAGE_WEBHOOKS = "manage-webhooks"
    """Where events are sent to, what did not arrive, sending it again."""
    SEE_READS = "see-reads"
    """Who read personal data, and when."""
    DECODE = "decode"
    """Payloads of Temporal, for its web page."""


class Relation(StrEnum):
    """How a caller stands to a case, request, delivery, inbox or register."""

    OWN = "own"
    """A reporter's own; of a system's own channel; an office of the caller has to act on it now."""
    AGENCY = "agency"
    """The caller's agency has it, or a level of its ladder; somebody else there has to act."""
    FORMER = "former"
    """The caller's agency had it before."""
    OTHER = "other"
    """Somebody else's."""
    HIDDEN = "hidden"
    """Somebody else's, and confidential; or a report that accuses the caller's agency."""


class Caller(Model):
    """Who calls, as a token or key proved it."""

    id: Reference = Field(description="of the account: stands in histories, so no name, address or number")
    role: CallerRole
    agency: Code | None = Field(default=None, description="of an operator or superior")
    offices: tuple[Office, ...] = Field(default=(), max_length=20, description="role@agency that the caller holds")
    channel: PlainCode | None = Field(default=None, description="a system's: what it hands in came in by it")
    scopes: frozenset[Action] | None = Field(
        default=None, description="what a key is bounded to; none: all that the role may"
    )
