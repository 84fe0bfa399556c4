"""A case: the plan it was opened under, its state, and the transitions that its timeline is made of."""

from enum import StrEnum

from pydantic import Field

from schemas.base import CaseId, Code, MessageId, Model, UtcDatetime
from schemas.calendar import Deadline, Limit, WorkingCalendar
from schemas.complaint import Complaint
from schemas.ledger import LedgerEntry
from schemas.policy import SanctionRule


class Status(StrEnum):
    """Where a case stands."""

    RECEIVED = "received"
    VERIFYING = "verifying"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in progress"
    RESOLVED = "resolved"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"

    @property
    def final(self) -> bool:
        """Whether nothing can happen to the case any more."""
        return self in (Status.CLOSED, Status.WITHDRAWN)


class TriageReason(StrEnum):
    """Why no agency could be put in charge."""

    NO_PLACE = "no place given"
    UNKNOWN_PLACE = "unknown place"
    UNKNOWN_CATEGORY = "unknown category"
    NO_OWNER = "no agency owns the category here"


class LevelPlan(Model):
    """One level of a case's ladder, with the holder already looked up."""

    title: str
    holder: str = Field(description="role@agency")
    agency: Code
    limit: Limit
    warn_share: float
    sanctions: tuple[SanctionRule, ...]


class CasePlan(Model):
    """All rules of one case, pinned when it is opened; it needs no policy afterwards."""

    policy_version: str
    agency: Code
    agency_head: str
    queue: Code
    triage_reason: TriageReason | None = None
    calendar: WorkingCalendar
    levels: tuple[LevelPlan, ...]


class LevelClock(Model):
    """How long the present level has: consumed from `started_at`, warned at `warn_at`, breached at `due`."""

    started_at: UtcDatetime
    warn_at: UtcDatetime
    due: Deadline
    warned: bool = False


class Breach(Model):
    """A level that let its deadline pass, and the ledger's entries that propose something for it."""

    level: int
    due_at: UtcDatetime
    proposals: tuple[int, ...] = Field(description="entry numbers in the case's ledger")
    rescinded: bool = Field(default=False, description="the answer turned out to have been accepted in time")


class TransitionKind(StrEnum):
    """What can happen to a case."""

    RECEIVED = "received"
    ASSIGNED = "assigned"
    TRIAGED = "triaged"
    ACKNOWLEDGED = "acknowledged"
    WARNED = "warned"
    BREACHED = "breached"
    ESCALATED = "escalated"
    RESPONDED = "responded"
    RESCINDED = "rescinded"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    REFUSED = "message refused"


EFFECTS = {
    "acknowledge": TransitionKind.ACKNOWLEDGED,
    "respond": TransitionKind.RESPONDED,
    "withdraw": TransitionKind.WITHDRAWN,
}
"""What each kind of message leads to when the case takes it."""

ENGINE = "engine"
"""The actor of everything that nobody did: opening, warnings, breaches, climbs."""


class Transition(Model):
    """One line of a case's timeline: what happened, and how the case stands afterwards."""

    seq: int = Field(ge=1)
    kind: TransitionKind
    at: UtcDatetime
    actor: str = ENGINE
    message_id: str | None = Field(default=None, description="or what tells a signal apart that is no message")
    status: Status
    level: int
    clock: LevelClock | None
    breached_level: int | None = Field(default=None, description="the level whose lateness this is about")
    detail: dict[str, str] = {}
    ledger: tuple[LedgerEntry, ...] = ()


class Effect(Model):
    """What a message led to."""

    kind: str = Field(description="of the message")
    seq: int = Field(description="of its transition")


class CaseState(Model):
    """Everything that is known of a case. Only `domain.lifecycle` makes new ones."""

    complaint: Complaint
    plan: CasePlan | None = None
    status: Status = Status.RECEIVED
    level: int = 0
    clock: LevelClock | None = None
    seq: int = 0
    messages: dict[MessageId, Effect] = Field(default={}, description="messages that took effect")
    refused: tuple[str, ...] = Field(default=(), description="messages and other arrivals whose refusal is recorded")
    breaches: tuple[Breach, ...] = ()
    ledger: tuple[LedgerEntry, ...] = ()
    acknowledged_by: str | None = None
    answered_at: UtcDatetime | None = None
    closed_at: UtcDatetime | None = None

    @property
    def on_time(self) -> bool:
        """Whether no level has let its deadline pass (rescinded breaches do not count)."""
        return all(breach.rescinded for breach in self.breaches)

    @property
    def holder(self) -> str | None:
        """Who has to act now, as role@agency; nobody before the case is routed."""
        return self.plan.levels[self.level].holder if self.plan else None


class NextStep(Model):
    """What happens to a case at which moment if nobody acts before."""

    kind: TransitionKind
    at: UtcDatetime


class CaseView(Model):
    """A case as queries, the database and commands show it: where it stands, and what happens next and when."""

    case_id: CaseId
    status: Status
    channel: Code
    category: Code
    region: Code | None
    agency: Code | None
    queue: Code | None
    triage_reason: TriageReason | None
    level: int
    level_title: str | None
    holder: str | None
    policy_version: str
    opened_at: UtcDatetime
    due: Deadline | None = Field(description="when the present level is in breach; none once the ladder's top is")
    what_next: NextStep | None
    on_time: bool
    answered_at: UtcDatetime | None
    closed_at: UtcDatetime | None
    seq: int
    ledger_length: int
    ledger_head: str


class CaseResult(Model):
    """What a finished workflow returns: enough to hold the database and the ledger against the history."""

    case_id: CaseId
    status: Status
    on_time: bool
    level: int
    seq: int
    ledger_length: int
    ledger_head: str


class CommitRequest(Model):
    """Transitions of one case, to be written in one transaction together with how the case stands after them."""

    case: CaseView
    transitions: tuple[Transition, ...] = Field(min_length=1)


class CommitResult(Model):
    """What stands after a commit: the request's transitions, or those that were written before under their numbers."""

    written_before: tuple[Transition, ...] = ()
