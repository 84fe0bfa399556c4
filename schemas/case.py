"""A case: the plan it was opened under, its state, and the transitions that its timeline is made of."""

from enum import StrEnum

from pydantic import Field

from schemas.base import CaseId, Code, MessageId, Model, UtcDatetime
from schemas.calendar import Deadline, Limit, WorkingCalendar
from schemas.complaint import Complaint, Identity
from schemas.delivery_status import DeliveryStatus
from schemas.handling import Handling
from schemas.ledger import LedgerEntry
from schemas.policy import Offer
from schemas.sanctions import SanctionRule, TriggeredRule
from schemas.status import SETTLED, Status

EDITION = 3
"""Of the engine's rules. A case keeps the edition that it was opened under, so that it replays as it was lived."""


class TriageReason(StrEnum):
    """Why no agency could be put in charge."""

    NO_PLACE = "no place given"
    UNKNOWN_PLACE = "unknown place"
    UNKNOWN_CATEGORY = "unknown category"
    NO_OWNER = "no agency owns the category here"
    OUTSIDE_AUTHORITY = "outside the government's authority"
    RESPONDENT = "the agency in charge is the accused one"


class LevelPlan(Model):
    """One level of a case's ladder, with the holder already looked up."""

    title: str
    holder: str = Field(description="role@agency")
    agency: Code
    limit: Limit
    warn_share: float
    sanctions: tuple[SanctionRule, ...]
    deputies: tuple[str, ...] = Field(default=(), description="role@agency, in the order in which they stand in")
    offer: Offer | None = None
    around_the_clock: bool = False


class StatutoryPlan(Model):
    """The law's deadline for a case of this class."""

    limits: tuple[Limit, ...] = Field(min_length=1)
    warn_share: float
    pauses_for_information: bool
    basis: str


class CasePlan(Model):
    """All rules of one case, pinned when it is opened; it needs no policy afterwards."""

    policy_version: str
    edition: int = 1
    agency: Code
    agency_head: str
    queue: Code
    triage_reason: TriageReason | None = None
    calendar: WorkingCalendar
    levels: tuple[LevelPlan, ...]
    category: Code | None = Field(default=None, description="None: that of the complaint")
    region: Code | None = None
    case_class: Code | None = None
    statutory: StatutoryPlan | None = None
    handling: Handling = Handling()
    sanctions: tuple[TriggeredRule, ...] = Field(default=(), description="rules about this one case")
    reminders: tuple[Limit, ...] = ()
    addressees: dict[Code, str] = Field(default={}, description="to whom the reporter may be referred, with names")
    suggested_addressee: Code | None = None
    possible_duplicates: tuple[CaseId, ...] = ()
    bypassed: Code | None = Field(default=None, description="the accused agency, which must have no part in the case")
    services: tuple[Code, ...] = Field(default=(), description="by which something may be carried as the remedy")


class PlanRequest(Model):
    """What a plan is asked for: a complaint as it came, or corrected."""

    complaint: Complaint
    category: Code
    region: Code | None
    case_class: Code | None = Field(default=None, description="None: that of the category")
    agency: Code | None = Field(default=None, description="None: as the routes say")
    bypassed: Code | None = Field(default=None, description="the accused agency, once the case has to go past it")


class PlanReply(Model):
    """The plan that was asked for, or why there can be none."""

    plan: CasePlan | None = None
    problem: str | None = None


class Pause(Model):
    """A stretch of time that a clock does not count; it still lasts while there is no end."""

    since: UtcDatetime
    until: UtcDatetime | None = None


class Kept(Model):
    """A deadline that a correction would have moved into the past, and that stays for that reason."""

    due: Deadline
    at: UtcDatetime = Field(description="when it was kept: what rests or is added later still counts")


class Extension(Model):
    """More time, counted from the deadline before."""

    at: UtcDatetime
    by: Limit
    reason: str


class Clock(Model):
    """How long something has: consumed from `started_at`, warned at `warn_at`, breached at `due`.

    `limits`, `pauses` and `extensions` are the account that the two moments follow from, under any calendar.
    """

    started_at: UtcDatetime
    warn_at: UtcDatetime
    due: Deadline
    warned: bool = False
    breached: bool = False
    limits: tuple[Limit, ...] = Field(default=(), description="the earliest counts")
    promised_at: UtcDatetime | None = Field(default=None, description="takes the place of the limits")
    warn_share: float = 0.75
    around_the_clock: bool = False
    pauses: tuple[Pause, ...] = ()
    extensions: tuple[Extension, ...] = ()
    kept: Kept | None = Field(default=None, description="takes the place of the limits")

    @property
    def paused(self) -> bool:
        """Whether it rests now."""
        return bool(self.pauses) and self.pauses[-1].until is None

    @property
    def running(self) -> bool:
        """Whether time alone takes it further."""
        return not self.paused and not self.breached


class Breach(Model):
    """A deadline that passed, and the ledger's entries that propose something for it."""

    level: int
    due_at: UtcDatetime
    proposals: tuple[int, ...] = Field(description="entry numbers in the case's ledger")
    rescinded: bool = Field(default=False, description="the answer turned out to have been accepted in time")
    part: Code | None = Field(default=None, description="the agency of the part that was late")
    statutory: bool = False
    agency: Code | None = Field(default=None, description="who had the case then")
    round: int = 1


class Part(Model):
    """One agency's part of a case that several have to answer."""

    agency: Code
    agency_head: str
    levels: tuple[LevelPlan, ...]
    level: int = 0
    clock: Clock | None = None
    answered_at: UtcDatetime | None = None

    @property
    def holder(self) -> str:
        """Who has to act on this part, as role@agency."""
        return self.levels[self.level].holder


class Answer(Model):
    """An answer and whose it is, for when it turns out to be false."""

    agency: Code
    agency_head: str
    levels: tuple[LevelPlan, ...]
    level: int
    round: int
    part: bool = Field(default=False, description="whether it was the answer to a part")
    disproved: bool = False


class WindowKind(StrEnum):
    """What a window is open for, and what follows when it closes."""

    INFORMATION = "information"
    """For the reporter to provide something; then the case is closed."""
    HOLD = "hold"
    """Then the case goes on."""
    CONTEST = "contest"
    """For the reporter to contest or rate the answer; then the case is over."""
    REMINDER = "reminder"
    """Until the top of the ladder is reminded once more."""


class Window(Model):
    """A stretch of time that belongs to somebody or something else than the level clock."""

    kind: WindowKind
    until: Deadline
    back_to: Status = Field(description="where the case goes on afterwards")


class Absence(Model):
    """Somebody does not hold an office for a while."""

    office: str = Field(description="role@agency")
    since: UtcDatetime
    until: UtcDatetime
    deputy: str | None = Field(default=None, description="role@agency; None: whom the ladder names")


class TransitionKind(StrEnum):
    """What can happen to a case."""

    RECEIVED = "received"
    ASSIGNED = "assigned"
    TRIAGED = "triaged"
    VERIFIED = "verified"
    ASKED = "asked"
    PROVIDED = "provided"
    ACKNOWLEDGED = "acknowledged"
    NOTED = "noted"
    WARNED = "warned"
    BREACHED = "breached"
    ESCALATED = "escalated"
    REMINDED = "reminded"
    OFFERED = "offered"
    STATUTORY_WARNED = "statutory warned"
    STATUTORY_BREACHED = "statutory breached"
    NOT_CURED = "not cured"
    TRANSFERRED = "transferred"
    COORDINATED = "coordinated"
    PART_WARNED = "part warned"
    PART_BREACHED = "part breached"
    PART_ESCALATED = "part escalated"
    PART_ANSWERED = "part answered"
    RESPONDED = "responded"
    RESCINDED = "rescinded"
    REFERRED = "referred"
    REJECTED = "rejected"
    APPEALED = "appealed"
    MERGED = "merged"
    UNMERGED = "unmerged"
    PAUSED = "paused"
    RESUMED = "resumed"
    EXTENDED = "extended"
    RECALCULATED = "recalculated"
    REOPENED = "reopened"
    RATED = "rated"
    DISPROVED = "disproved"
    DELIVERY_ORDERED = "delivery ordered"
    DELIVERY_ENDED = "delivery ended"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"
    REFUSED = "message refused"


EFFECTS = {
    "verify": TransitionKind.VERIFIED,
    "ask": TransitionKind.ASKED,
    "provide": TransitionKind.PROVIDED,
    "acknowledge": TransitionKind.ACKNOWLEDGED,
    "note": TransitionKind.NOTED,
    "respond": TransitionKind.RESPONDED,
    "transfer": TransitionKind.TRANSFERRED,
    "coordinate": TransitionKind.COORDINATED,
    "refer": TransitionKind.REFERRED,
    "reject": TransitionKind.REJECTED,
    "appeal": TransitionKind.APPEALED,
    "merge": TransitionKind.MERGED,
    "unmerge": TransitionKind.UNMERGED,
    "withdraw": TransitionKind.WITHDRAWN,
    "reopen": TransitionKind.REOPENED,
    "rate": TransitionKind.RATED,
    "pause": TransitionKind.PAUSED,
    "resume": TransitionKind.RESUMED,
    "extend": TransitionKind.EXTENDED,
    "recalculate": TransitionKind.RECALCULATED,
    "disprove": TransitionKind.DISPROVED,
    "deliver": TransitionKind.DELIVERY_ORDERED,
    "carried": TransitionKind.DELIVERY_ENDED,
}
"""What each kind of message leads to when the case takes it. An answer to a part is a part's."""

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
    clock: Clock | None
    statutory: Clock | None = None
    window: Window | None = None
    parts: tuple[Part, ...] = ()
    plan: CasePlan | None = Field(default=None, description="the case's new plan, when it gets one")
    breached_level: int | None = Field(default=None, description="the level whose lateness this is about")
    breach: int | None = Field(default=None, description="the breach that is rescinded: 1, 2, 3 ... of the case")
    evidence: tuple[str, ...] = ()
    detail: dict[str, str] = {}
    ledger: tuple[LedgerEntry, ...] = ()


class Remedy(Model):
    """Something that the case has had carried to somebody."""

    delivery_id: CaseId
    service: Code
    recipient: str
    region: Code | None
    ordered_at: UtcDatetime
    outcome: DeliveryStatus | None = Field(default=None, description="none while it is on its way")


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
    round: int = Field(default=1, description="counts up with every transfer, reopening and appeal")
    began_at: int = Field(default=0, description="the level at which the present round began")
    clock: Clock | None = None
    statutory: Clock | None = None
    window: Window | None = None
    parts: tuple[Part, ...] = ()
    seq: int = 0
    messages: dict[MessageId, Effect] = Field(default={}, description="messages that took effect")
    refused: tuple[str, ...] = Field(default=(), description="messages and other arrivals whose refusal is recorded")
    breaches: tuple[Breach, ...] = ()
    ledger: tuple[LedgerEntry, ...] = ()
    absences: tuple[Absence, ...] = ()
    had_by: tuple[Code, ...] = Field(default=(), description="agencies that passed the case on, in order")
    watchers: tuple[str, ...] = Field(default=(), description="everybody who has held the case, in order")
    not_cured: tuple[tuple[str, int], ...] = Field(default=(), description="(rule, entry) that were not cured in time")
    counts: dict[TransitionKind, int] = Field(default={}, description="how often what happened that is bounded")
    acknowledged_by: str | None = None
    answered_at: UtcDatetime | None = None
    evidence: tuple[str, ...] = ()
    answers: tuple[Answer, ...] = ()
    merged_into: CaseId | None = None
    referred_to: Code | None = None
    rating: int | None = None
    remedies: tuple[Remedy, ...] = ()
    closed_at: UtcDatetime | None = None

    @property
    def over(self) -> bool:
        """Whether nothing can happen to the case any more."""
        return self.closed_at is not None

    @property
    def settled(self) -> bool:
        """Whether the reporter has an answer, or took the complaint back."""
        return self.over or self.status in SETTLED

    @property
    def on_time(self) -> bool:
        """Whether no deadline has passed (rescinded breaches do not count)."""
        return all(breach.rescinded for breach in self.breaches)

    @property
    def holder(self) -> str | None:
        """Who has to act now, as role@agency; nobody before the case is routed."""
        return self.plan.levels[self.level].holder if self.plan else None

    def counted(self, kind: TransitionKind) -> int:
        """Return how often something happened."""
        return self.counts.get(kind, 0)


class NextStep(Model):
    """What happens to a case at which moment if nobody acts before."""

    kind: TransitionKind
    at: UtcDatetime
    of: str | None = Field(default=None, description="whom it is about: role@agency, or nobody in particular")


class ClockView(Model):
    """A clock as people see it: when, and why then."""

    due: Deadline
    started_at: UtcDatetime
    warn_at: UtcDatetime
    warned: bool
    breached: bool
    paused_since: UtcDatetime | None
    left: str | None = Field(default=None, description="what a resting clock still has, e.g. 12:30:00 of working time")


class PartView(Model):
    """One agency's part as people see it."""

    agency: Code
    level: int
    holder: str
    clock: ClockView | None
    answered_at: UtcDatetime | None


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
    due: Deadline | None = Field(description="when the present level is in breach; none while its clock rests")
    what_next: NextStep | None
    on_time: bool
    answered_at: UtcDatetime | None
    closed_at: UtcDatetime | None
    seq: int
    ledger_length: int
    ledger_head: str
    case_class: Code | None = None
    level_clock: ClockView | None = None
    statutory_clock: ClockView | None = None
    window: Window | None = None
    parts: tuple[PartView, ...] = ()
    owners: tuple[str, ...] = Field(default=(), description="who has to act now: role@agency, of every open part")
    watchers: tuple[str, ...] = Field(default=(), description="who has held it, and still sees it")
    round: int = 1
    identity: Identity = Identity.NAMED
    respondent: Code | None = None
    bypassed: Code | None = Field(default=None, description="the agency that must neither see the case nor touch it")
    merged_into: CaseId | None = None
    referred_to: str | None = Field(default=None, description="the addressee's name")
    suggested_addressee: str | None = None
    possible_duplicates: tuple[CaseId, ...] = ()
    rating: int | None = None
    service: Code | None = Field(default=None, description="what is prepared in this case, if that is what it is for")
    remedies: tuple[Remedy, ...] = ()
    offers: tuple[Offer, ...] = Field(default=(), description="routes outside that are open to the reporter now")
    messages: tuple[str, ...] = Field(default=(), description="kinds of messages that the case takes now")


class CaseResult(Model):
    """What a finished workflow returns: enough to hold the database and the ledger against the history."""

    case_id: CaseId
    status: Status
    on_time: bool
    level: int
    seq: int
    ledger_length: int
    ledger_head: str
    answered: bool | None = Field(default=None, description="none: of editions before 3, which did not say")


class CaseStart(Complaint):
    """What a case's workflow is given: a complaint, or a case that goes on in a new history."""

    carried: CaseState | None = Field(default=None, description="the case as the history before left it")
    signals: int = Field(default=0, description="how many signals came in before")

    @property
    def complaint(self) -> Complaint:
        """The complaint alone."""
        return Complaint(**{name: getattr(self, name) for name in Complaint.model_fields})


class CommitRequest(Model):
    """Transitions of one case, to be written in one transaction together with how the case stands after them."""

    case: CaseView
    transitions: tuple[Transition, ...] = Field(min_length=1)
    offices: tuple[str, ...] = Field(default=(), description="whose absence matters to the case")
    absences: tuple[Absence, ...] = Field(default=(), description="what the case knows of absences")
    moments: dict[str, UtcDatetime] = Field(default={}, description="when which event happened, by its key")
    history_length: int = Field(default=0, description="events, when it was decided")


class CommitResult(Model):
    """What came of a commit. Unless `written`, nothing was, for one of three reasons; the case decides again."""

    written_before: tuple[Transition, ...] = Field(default=(), description="others stand under these numbers")
    absences: tuple[Absence, ...] | None = Field(default=None, description="offices are held otherwise than it knew")
    refused: dict[MessageId, str] = Field(default={}, description="messages that the records speak against, and why")
    moments: dict[str, UtcDatetime] = Field(default={}, description="of the request that was written")
    history_length: int = Field(default=0, description="of the request that was written")

    @property
    def written(self) -> bool:
        """Whether what was asked for stands in the database."""
        return not self.written_before and self.absences is None and not self.refused
