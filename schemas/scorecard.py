"""An agency's register of accountability: what cases tell it, its sealed entries, messages about them, its state."""

from datetime import date
from enum import StrEnum
from typing import Literal

from pydantic import Field

from schemas.base import CaseId, Code, MessageId, Model, UtcDatetime
from schemas.calendar import Limit, WorkingCalendar
from schemas.ledger import GENESIS, LedgerEntry, Sealed
from schemas.messages import Actor, Reason
from schemas.policy import Period
from schemas.sanctions import TriggeredRule

ENGINE = "engine"
"""The actor of every entry that nobody sent a message for."""

MOST_ITEMS = 50
"""That one signal carries."""


class LedgerItem(Model):
    """A case's ledger has a new entry."""

    kind: Literal["ledger"] = "ledger"
    policy_version: Code
    opened_at: UtcDatetime = Field(description="the case's opening: the case opened last knows the rules in force")
    late: str | None = Field(default=None, description="role@agency of the level that was late, if it is about that")
    entry: LedgerEntry

    @property
    def identity(self) -> str:
        """Tells this item from all others, however often it is delivered."""
        return ledger_identity(self.entry.case_id, self.entry.entry)


class AnsweredItem(Model):
    """An agency answered a case, or its part of one."""

    kind: Literal["answered"] = "answered"
    policy_version: Code
    opened_at: UtcDatetime
    case_id: CaseId
    seq: int = Field(ge=1, description="the case's transition")
    at: UtcDatetime
    on_time: bool

    @property
    def identity(self) -> str:
        """Tells this item from all others, however often it is delivered."""
        return answer_identity(self.case_id, self.seq)


FeedItem = LedgerItem | AnsweredItem


def ledger_identity(case_id: str, entry: int) -> str:
    """Return how an entry of a case's ledger is known."""
    return f"{case_id}/entry-{entry}"


def answer_identity(case_id: str, seq: int) -> str:
    """Return how an answer is known."""
    return f"{case_id}/answer-{seq}"


class Delivery(Model):
    """Items for one agency, in the order in which cases committed them; the signal `deliver` carries it."""

    items: tuple[FeedItem, ...] = Field(min_length=1, max_length=MOST_ITEMS)


class RegisterKind(StrEnum):
    """What an entry of the register says."""

    RECEIVED = "received"
    """A case proposes a sanction."""
    PROPOSED = "proposed"
    """The register proposes one, for what happened across cases."""
    OBJECTED = "objected"
    UPHELD = "upheld"
    ANNULLED = "annulled"
    """A proposal is taken back: by its case, by a superior, or because what it rested on is gone."""
    ANSWERED = "answered"
    POSTPONED = "month kept open"
    """The month was over while the engine was away: its figures wait for what is still to be delivered."""
    MONTH_CLOSED = "month closed"


PROPOSALS = frozenset({RegisterKind.RECEIVED, RegisterKind.PROPOSED})


class RegisterEntry(Sealed):
    """One sealed entry. Nothing here is imposed: a superior decides about proposals."""

    agency: Code
    number: int = Field(ge=1, description="1, 2, 3 ... within the agency's register")
    kind: RegisterKind
    at: UtcDatetime
    actor: str = Field(default=ENGINE, description="an account's reference, or the engine")
    office: str | None = Field(default=None, description="role@agency that the account acted as")
    message_id: str | None = None
    reason: str | None = Field(default=None, description="a code; what people wrote is stored apart")
    subject: str | None = Field(default=None, description="role@agency, or the agency")
    rule: Code | None = None
    sanction: str | None = None
    points: int = Field(default=0, description="negative where they are taken back")
    basis: str | None = None
    period: str | None = Field(default=None, description="that the points belong to: 2026, 2026-Q4 or 2026-11")
    refers_to: int | None = Field(default=None, description="the register's proposal that an entry answers to")
    deciders: tuple[str, ...] | None = Field(default=None, description="offices that may decide; None: any superior")
    until: UtcDatetime | None = Field(
        default=None, description="of a proposal: when it can no longer be objected to; of a month: when it is closed"
    )
    case_id: CaseId | None = None
    case_entry: int | None = Field(default=None, description="in the case's ledger")
    case_refers_to: int | None = Field(default=None, description="the proposal in the case's ledger that is annulled")
    case_hash: str | None = Field(default=None, description="seal of that entry of the case's ledger")
    case_seq: int | None = Field(default=None, description="the case's transition, of an answer")
    offence: str | None = Field(default=None, description="the lateness it is about: case:round:part:level")
    grounds: tuple[int, ...] | None = Field(default=None, description="received proposals that this one rests on")
    month: str | None = Field(default=None, description="in the calendar's zone, e.g. 2026-11")
    on_time: bool | None = Field(default=None, description="of an answer")
    month_answered: int | None = Field(default=None, description="of a closed month: answers that counted")
    month_on_time: int | None = Field(default=None, description="of a closed month: how many of them were in time")

    @property
    def identity(self) -> str | None:
        """The delivered item that it records; None for what the register or a person adds."""
        if self.case_id is not None and self.case_entry is not None:
            return ledger_identity(self.case_id, self.case_entry)
        if self.case_id is not None and self.case_seq is not None:
            return answer_identity(self.case_id, self.case_seq)
        return None


class RulesRequest(Model):
    """Asks for what a policy says about registers."""

    policy_version: Code
    around: UtcDatetime = Field(description="the calendar's zone is resolved around this moment")


class RegisterRules(Model):
    """What a register needs of a policy, with the calendar's zone resolved."""

    policy_version: Code
    late_again: tuple[TriggeredRule, ...] = ()
    low_share: tuple[TriggeredRule, ...] = ()
    lateness: tuple[tuple[Code, int], ...] = Field(
        default=(), description="rules, with their level, that are about whoever held the level that was late"
    )
    head_role: Code
    points_period: Period
    objection: Limit | None = Field(default=None, description="None: there is no objecting")
    calendar: WorkingCalendar


class Outcome(StrEnum):
    """What a superior can decide about a proposal."""

    UPHELD = "upheld"
    ANNULLED = "annulled"


class _RegisterMessage(Model):
    message_id: MessageId
    actor: Actor
    accepted_at: UtcDatetime | None = Field(
        default=None, description="when the edge made the message durable; it counts from then"
    )
    entry: int = Field(ge=1, description="the proposal's number in the register")
    reason: Reason


class Object(_RegisterMessage):
    """Somebody objects to a proposal about themselves or their agency. The reasoning's text is stored apart."""

    kind: Literal["object"] = "object"


class Decide(_RegisterMessage):
    """A superior upholds or annuls a proposal. The reasoning's text is stored apart."""

    kind: Literal["decide"] = "decide"
    outcome: Outcome


RegisterMessage = Object | Decide
REGISTER_MESSAGES: dict[str, type[RegisterMessage]] = {"object": Object, "decide": Decide}
"""Every message by the name that signals and updates carry it under."""


class RegisterReceipt(Model):
    """Proof that a message took effect: its entry is committed to the database."""

    agency: Code
    message_id: MessageId
    entry: int = Field(description="the register's entry that the message caused")


class RegisterEffect(Model):
    """What a message led to."""

    kind: str = Field(description="of the message")
    about: int = Field(description="the proposal's number")
    entry: int = Field(description="that the message caused")


class Proposal(Model):
    """What a register remembers of a proposal, as long as something can still happen to it."""

    number: int
    kind: RegisterKind
    subject: str
    rule: Code
    points: int
    at: UtcDatetime
    period: str
    until: UtcDatetime | None = None
    deciders: tuple[str, ...] | None = None
    case: str | None = Field(default=None, description="identity of the entry of a case's ledger")
    offence: str | None = None
    grounds: tuple[int, ...] | None = None
    objected_by: str | None = Field(default=None, description="the account that objected")
    decided: Outcome | None = Field(default=None, description="by a superior")
    annulled: bool = False


class Month(Model):
    """An agency's answers of one month."""

    answered: int = 0
    on_time: int = 0
    came_late: int = Field(default=0, description="answers delivered after the month was closed: they do not count")
    closes_at: UtcDatetime
    closed: bool = False


class Scorecard(Model):
    """Everything that the workflow of a register knows. Only `domain.scorecard` makes new ones."""

    agency: Code
    length: int = 0
    head: str = GENESIS
    rules: RegisterRules | None = None
    rules_since: UtcDatetime | None = Field(default=None, description="opening of the case that the rules came with")
    proposals: dict[int, Proposal] = {}
    annulled_unseen: dict[str, UtcDatetime] = Field(
        default={}, description="proposals of cases whose annulment was delivered before them"
    )
    seen: dict[str, UtcDatetime] = Field(default={}, description="identities of items; the database knows all of them")
    months: dict[str, Month] = {}
    messages: dict[MessageId, RegisterEffect] = Field(default={}, description="messages that took effect")
    ignored: int = Field(default=0, description="signals that were no message, or that were refused")


class ScorecardStart(Model):
    """What the workflow of a register is given."""

    agency: Code
    carried: Scorecard | None = Field(default=None, description="where the history before this one ended")


class ScorecardView(Model):
    """How a register stands."""

    agency: Code
    length: int
    head: str
    policy_version: Code | None
    standing: int = Field(description="proposals that are remembered and not annulled")
    objected: tuple[int, ...] = Field(description="proposals with an objection that nobody has decided about")
    ignored: int
    next_at: UtcDatetime | None = Field(description="when the next month is closed")


class Score(Model):
    """By how much a subject's points of a period change, or how they stand."""

    subject: str
    period: str
    begins: date = Field(description="the period's first day")
    points: int
    standing: int = Field(description="proposals that are not annulled")


class MonthScore(Model):
    """By how much the figures of a month change, or how they stand."""

    month: str
    answered: int = 0
    on_time: int = 0
    came_late: int = 0
    closed: bool = False


class RegisterCommit(Model):
    """Entries of one register, to be written in one transaction together with what they change."""

    agency: Code
    entries: tuple[RegisterEntry, ...] = Field(min_length=1)
    scores: tuple[Score, ...] = ()
    months: tuple[MonthScore, ...] = ()
    moments: dict[str, UtcDatetime] = Field(default={}, description="when which event happened, by its identity")
    history_length: int = Field(default=0, description="events, when it was decided")


class RegisterCommitResult(Model):
    """What came of a commit. If something was written before or is known, it wrote nothing, and the register decides
    again.
    """

    written_before: tuple[RegisterEntry, ...] = Field(default=(), description="others stand under these numbers")
    known: tuple[str, ...] = Field(default=(), description="items and messages that stand in the register already")
    moments: dict[str, UtcDatetime] = Field(default={}, description="of the request that was written")
    history_length: int = Field(default=0, description="of the request that was written")
