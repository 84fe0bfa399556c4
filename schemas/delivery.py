"""A delivery: what is carried to whom, how it stands, and the transitions that its history is made of."""

from enum import StrEnum

from pydantic import Field

from schemas.base import CaseId, Code, MessageId, Model, Reference, Rupiah, UtcDatetime
from schemas.calendar import Deadline, WorkingCalendar
from schemas.carrier import CarrierEvent, FailureReason, OrderRef, Receipt
from schemas.delivery_status import ENDS, DeliveryStatus
from schemas.post import DeliveryTerms, Recipient, Watch

__all__ = ["ENDS", "DeliveryStatus"]


class DeliveryStart(Model):
    """What a delivery's workflow is given: references, never personal data."""

    delivery_id: CaseId
    service: Code
    ordered_by: CaseId = Field(description="the service request or the case that it belongs to")
    recipient: Reference = Field(description="of the person and address, which live in the database alone")
    region: Code | None = Field(default=None, description="of the recipient")
    policy_version: Code
    ordered_at: UtcDatetime = Field(description="its time counts from here")
    collect: Rupiah | None = Field(default=None, description="rupiah to be paid at the door")
    pay_out: Rupiah | None = Field(default=None, description="rupiah to be paid to the recipient")
    tells: bool = Field(default=False, description="whether whoever ordered it hears of its end by a message")
    carried: "DeliveryState | None" = Field(default=None, description="as the history before left it")
    signals: int = Field(default=0, description="how many came in before")


class DeliveryPlan(Model):
    """All rules of one delivery, pinned when it begins."""

    terms: DeliveryTerms
    handed_to: Recipient
    watch: Watch
    calendar: WorkingCalendar
    due: Deadline = Field(description="the service level of the place")
    point: Code | None = Field(description="the office or agent that carries it to the door; none: the carrier chooses")
    point_km: float | None = Field(default=None, description="from the recipient, rounded")


class DeliveryPlanReply(Model):
    """The rules of a delivery, or why there can be none."""

    plan: DeliveryPlan | None = None
    problem: str | None = None


class DeliveryTransitionKind(StrEnum):
    """What can happen to a delivery."""

    PLANNED = "planned"
    ORDERED = "ordered"
    REISSUED = "reissued"
    """The carrier has taken another one in place of the lost one."""
    TOLD = "told"
    """The carrier told something; what, is its event."""
    SILENT = "silent"
    """Nothing new when the carrier was asked."""
    OVERDUE = "overdue"
    """The service level of the place has passed."""
    LEG_OVERDUE = "leg overdue"
    PRESUMED_LOST = "presumed lost"
    """Silence for longer than anything takes."""
    PROOFS_OVERDUE = "proofs overdue"
    CLAIMED = "claimed"
    CANCELLATION_ASKED = "cancellation asked"
    TOO_LATE = "too late to cancel"
    REFUSED_MESSAGE = "message refused"
    ENDED = "ended"


class DeliveryStep(StrEnum):
    """What the engine has to do next for a delivery, by itself."""

    ORDER = "order"
    ASK = "ask"
    """Ask the carrier what it knows."""
    CLAIM = "claim"
    CANCEL = "cancel"


class LegState(Model):
    """One leg of a consignment's way."""

    to: Code
    begun_at: UtcDatetime | None = Field(default=None, description="when the leg before was over")
    due: Deadline | None = None
    arrived_at: UtcDatetime | None = None
    late: bool = False


class DeliveryStanding(Model):
    """All that can change about a delivery; each transition says how it stands afterwards."""

    status: DeliveryStatus = DeliveryStatus.PLANNED
    order: int = Field(default=1, description="which order is under way, counted from 1")
    orders: tuple[OrderRef, ...] = Field(default=(), description="that the carrier has taken, in order")
    attempts: int = Field(default=0, description="at the door, that failed, of the order under way")
    reason: FailureReason | None = Field(default=None, description="of the last failure")
    legs: tuple[LegState, ...] = ()
    overdue: bool = False
    asked: int = Field(default=0, description="how often in a row the carrier knew nothing new")
    ask_at: UtcDatetime | None = None
    news_at: UtcDatetime | None = Field(default=None, description="when the carrier last told something")
    proofs_until: UtcDatetime | None = None
    ends_at: UtcDatetime | None = Field(
        default=None, description="an end without delivery waits until here for a proof of the contrary"
    )
    claim: str | None = Field(default=None, description="the carrier's name for a claim")
    claimed: bool = False
    cancelling: bool = Field(default=False, description="whether somebody does not want it any more")
    contradicted: bool = Field(default=False, description="the carrier told what cannot be; people have to look")
    step: DeliveryStep | None = Field(default=None, description="what the engine does next")
    over_at: UtcDatetime | None = None


class DeliveryTransition(Model):
    """One line of a delivery's history."""

    seq: int = Field(ge=1)
    kind: DeliveryTransitionKind
    at: UtcDatetime
    event: CarrierEvent | None = None
    message_id: str | None = None
    plan: DeliveryPlan | None = Field(default=None, description="the rules, when they become known")
    detail: dict[str, str] = {}
    after: DeliveryStanding


class DeliveryState(Model):
    """Everything that is known of a delivery. Only `domain.delivery` makes new ones."""

    start: DeliveryStart
    plan: DeliveryPlan | None = None
    now: DeliveryStanding = DeliveryStanding()
    seq: int = 0
    events: tuple[CarrierEvent, ...] = Field(default=(), description="decisive ones, in the order of their arrival")
    refused: tuple[str, ...] = Field(default=(), description="arrivals that are no messages, as far as recorded")

    @property
    def over(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.now.over_at is not None


class DeliveryView(Model):
    """A delivery as queries, the database and commands show it."""

    delivery_id: CaseId
    service: Code
    ordered_by: CaseId
    status: DeliveryStatus
    point: Code | None
    waybill: str | None
    orders: int
    attempts: int
    reason: FailureReason | None
    due: Deadline | None
    on_time: bool
    legs: tuple[LegState, ...] = ()
    claim: str | None = None
    contradicted: bool = False
    next_at: UtcDatetime | None = Field(default=None, description="when the engine acts, if nothing comes before")
    next_kind: DeliveryTransitionKind | None = None
    ordered_at: UtcDatetime
    over_at: UtcDatetime | None
    seq: int


class DeliveryResult(Model):
    """How a delivery ended."""

    delivery_id: CaseId
    status: DeliveryStatus
    at: UtcDatetime
    waybill: str | None = None
    reason: FailureReason | None = None
    receipt: Receipt | None = Field(default=None, description="of the money paid out or received at the door")
    amount: int | None = None


class Told(Model):
    """A message: the carrier told something, by a webhook or when asked."""

    events: tuple[CarrierEvent, ...] = Field(min_length=1, max_length=100)


class CancelDelivery(Model):
    """A message: it should not be carried any more, if it can still be stopped."""

    message_id: MessageId


DELIVERY_MESSAGES: dict[str, type[Told] | type[CancelDelivery]] = {"told": Told, "cancel": CancelDelivery}
"""Every message by the name that signals carry it under."""


class OrderRequest(Model):
    """An order that is to be placed with the carrier, once however often it is asked for."""

    delivery: DeliveryStart
    plan: DeliveryPlan
    number: int = Field(ge=1)


class OrderOutcome(Model):
    """What came of an order. Refused for good, unless it was taken."""

    taken: OrderRef | None = None
    reason: FailureReason | None = None
    problem: str | None = Field(default=None, description="the field that the carrier does not accept, no values")


class AskRequest(Model):
    """What the carrier is asked about an order."""

    delivery_id: CaseId
    number: int
    order_id: str


class AskOutcome(Model):
    """All decisive events that the carrier knows of an order; none when it could not be reached."""

    events: tuple[CarrierEvent, ...] = ()
    reached: bool = True
    news_at: UtcDatetime | None = Field(default=None, description="of the last scan of any kind")


class ClaimRequest(Model):
    """A claim that is to be filed, once however often it is asked for."""

    delivery_id: CaseId
    number: int
    order_id: str
    reason: DeliveryStatus


class ClaimOutcome(Model):
    """A claim, as the carrier calls it; none when it takes none."""

    claim: str | None


class CancelOutcome(Model):
    """Whether an order could still be stopped."""

    cancelled: bool


class DeliveryCommit(Model):
    """Transitions to be written in one transaction with how the delivery stands after them."""

    delivery: DeliveryView
    recipient: Reference
    region: Code | None = None
    transitions: tuple[DeliveryTransition, ...] = Field(min_length=1)
    moments: dict[str, UtcDatetime] = {}
    history_length: int = 0


class DeliveryCommitResult(Model):
    """What came of it; unless nothing was written before, it stands in the database."""

    written_before: tuple[DeliveryTransition, ...] = Field(default=(), description="others stand under these numbers")
    moments: dict[str, UtcDatetime] = {}
    history_length: int = 0
