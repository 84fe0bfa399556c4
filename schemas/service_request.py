"""A service request: what somebody asked for, how it stands, and the transitions that its history is made of."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from schemas.base import CaseId, Code, MessageId, Model, Prose, Reference, Rupiah, UtcDatetime
from schemas.calendar import Deadline, Limit, WorkingCalendar
from schemas.carrier import Receipt
from schemas.complaint import ExternalId, PlainCode
from schemas.delivery import DeliveryStatus
from schemas.messages import Actor, Reason
from schemas.person import NationalId
from schemas.post import PaymentTerms


def _room_for_its_parts(request_id: str) -> str:
    if len(request_id) > 56:
        raise ValueError("is longer than 56 characters: its case, payment and delivery add to it")
    return request_id


RequestId = Annotated[CaseId, AfterValidator(_room_for_its_parts)]
"""Names one request everywhere. Its case of preparation, payment and delivery are named after it."""

BenefitPeriod = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
"""The period that a benefit is for, as its programme names it, e.g. 2026-11 or 2026-Q4."""


class RequestStatus(StrEnum):
    """How a service request stands."""

    REQUESTED = "requested"
    PREPARING = "preparing"
    """The agency in charge has it as a case, with the same clocks, ladder and sanctions as any."""
    AWAITING_PAYMENT = "awaiting payment"
    DELIVERING = "delivering"
    CONFIRMING = "confirming"
    """Delivered; the recipient may say that it is not so."""
    ENDING = "ending"
    """What was begun is taken back."""

    COMPLETED = "completed"
    DECLINED = "declined"
    """By the agency."""
    EXPIRED = "expired"
    """It was not paid in time."""
    CANCELLED = "cancelled"
    """By whoever asked for it."""
    UNDELIVERED = "undelivered"
    """How, says the outcome of its delivery."""


REQUEST_ENDS = frozenset(
    {
        *(RequestStatus.COMPLETED, RequestStatus.DECLINED, RequestStatus.EXPIRED),
        *(RequestStatus.CANCELLED, RequestStatus.UNDELIVERED),
    }
)


class Recipient(Model):
    """Who gets the result, and where. Lives in the database alone."""

    name: Annotated[Prose, Field(max_length=200)]
    national_id: NationalId | None = None
    phone: Annotated[Prose, Field(max_length=40)] | None = Field(
        default=None, description="E.164; without it attempts fail more often"
    )
    address: Annotated[Prose, Field(max_length=500)]
    postal_code: str | None = Field(default=None, pattern=r"^[0-9]{5}$")
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)


class RequestIntake(Model):
    """A request as a channel hands it in. Lives in the database alone."""

    channel: PlainCode = Field(description="where it came in, e.g. super-app, counter, batch")
    external_id: ExternalId | None = Field(default=None, description="the channel's own id: makes a repeat harmless")
    service: PlainCode
    region: PlainCode | None = Field(default=None, description="of the recipient; decides who prepares it")
    recipient: Recipient
    amount: Rupiah | None = Field(default=None, le=1_000_000_000, description="rupiah: to be paid by, or paid out to")
    period: BenefitPeriod | None = Field(default=None, description="of a benefit that is given once in each")


class RequestStart(Model):
    """What a request's workflow is given: references, never personal data."""

    request_id: RequestId
    service: PlainCode
    channel: PlainCode
    region: PlainCode | None = Field(default=None, description="of the recipient; decides who prepares it")
    recipient: Reference
    amount: Rupiah | None = Field(default=None, description="rupiah: to be paid by, or paid out to, the recipient")
    period: BenefitPeriod | None = None
    accepted_at: UtcDatetime = Field(description="when it was made durable: all clocks start here")
    policy_version: Code
    carried: "RequestState | None" = Field(default=None, description="as the history before left it")
    signals: int = Field(default=0, description="how many came in before")


class RequestPlan(Model):
    """All rules of one request, pinned when it begins."""

    category: Code
    payment: PaymentTerms | None
    pays_out: bool
    amount: int | None
    confirm_within: Limit
    prepare_again: int
    calendar: WorkingCalendar


class RequestPlanReply(Model):
    """The rules of a request, or why there can be none."""

    plan: RequestPlan | None = None
    problem: str | None = None


class RequestStep(StrEnum):
    """What the engine has to do next for a request, by itself."""

    ASK_PAYMENT = "ask for payment"
    VOID_PAYMENT = "void payment"
    """Take the payment's reference back, unless it was paid at the last moment."""
    REFUND = "refund"
    STOP_CASE = "stop case"
    STOP_DELIVERY = "stop delivery"


class DisputeReason(StrEnum):
    """Why a recipient says that something did not arrive as it should."""

    NOT_RECEIVED = "not received"
    WRONG = "wrong"
    DAMAGED = "damaged"
    INCOMPLETE = "incomplete"


class Payment(Model):
    """Money that the post received for a request."""

    receipt: Receipt
    amount: Rupiah = Field(description="rupiah")
    at: UtcDatetime


class Refund(Model):
    """A payment that was given back."""

    receipt: Receipt = Field(description="of giving it back")
    of: Receipt
    amount: Rupiah = Field(description="rupiah")


class RequestStanding(Model):
    """All that can change about a request; each transition says how it stands afterwards."""

    status: RequestStatus = RequestStatus.REQUESTED
    round: int = Field(default=1, description="counts up when the agency prepares it anew")
    case_open: bool = Field(default=False, description="whether the agency's case of this round is to be heard of")
    delivery_open: bool = Field(default=False, description="whether the delivery of this round is to be heard of")
    payment_code: str | None = None
    payment_open: bool = Field(default=False, description="whether it can still be paid under its code")
    pay_until: Deadline | None = None
    payments: tuple[Payment, ...] = ()
    to_refund: tuple[Receipt, ...] = Field(default=(), description="payments that are to be given back")
    refunded: tuple[Receipt, ...] = Field(default=(), description="payments that were given back")
    not_refunded: tuple[Receipt, ...] = Field(
        default=(), description="payments that the carrier refused to give back: people have to look"
    )
    paid_out: Receipt | None = None
    carried_in: int | None = Field(default=None, description="the round of the last delivery that was begun")
    outcome: DeliveryStatus | None = Field(default=None, description="how its last delivery ended")
    confirm_until: Deadline | None = None
    dispute: DisputeReason | None = None
    ending_as: RequestStatus | None = Field(default=None, description="what it will be once all is taken back")
    step: RequestStep | None = None
    over_at: UtcDatetime | None = None

    @property
    def kept(self) -> int:
        """What was paid for it and is neither given back nor to be, in rupiah."""
        gone = {*self.to_refund, *self.refunded, *self.not_refunded}
        return sum(payment.amount for payment in self.payments if payment.receipt not in gone)


class RequestTransitionKind(StrEnum):
    """What can happen to a request."""

    RECEIVED = "received"
    PREPARED = "prepared"
    DECLINED = "declined"
    PAYMENT_ASKED = "payment asked"
    PAID = "paid"
    PAID_TOO_MUCH = "paid too much"
    """Not the money that is due, or no longer: it is given back."""
    EXPIRED = "expired"
    VOIDED = "voided"
    DELIVERED = "delivered"
    UNDELIVERED = "undelivered"
    CONFIRMED = "confirmed"
    DISPUTED = "disputed"
    DISPUTE_SETTLED = "dispute settled"
    CANCELLED = "cancelled"
    """Somebody does not want it any more; what was begun is taken back."""
    REFUNDED = "refunded"
    REFUND_FAILED = "refund failed"
    """The carrier refuses; people have to look."""
    STOPPED = "stopped"
    """Whoever works on it was told."""
    REFUSED_MESSAGE = "message refused"


class RequestTransition(Model):
    """One line of a request's history."""

    seq: int = Field(ge=1)
    kind: RequestTransitionKind
    at: UtcDatetime
    actor: str = "engine"
    message_id: str | None = None
    plan: RequestPlan | None = Field(default=None, description="the rules, when they become known")
    payment: Payment | None = Field(default=None, description="money received")
    refund: Refund | None = Field(default=None, description="money given back")
    detail: dict[str, str] = {}
    after: RequestStanding


class RequestState(Model):
    """Everything that is known of a request. Only `domain.service_request` makes new ones."""

    start: RequestStart
    plan: RequestPlan | None = None
    now: RequestStanding = RequestStanding()
    seq: int = 0
    messages: dict[str, RequestTransitionKind] = Field(default={}, description="that took effect, and as what")
    refused: tuple[str, ...] = Field(default=(), description="messages and other arrivals whose refusal is recorded")

    @property
    def over(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.now.over_at is not None

    @property
    def case_id(self) -> str:
        """The case in which the agency prepares it."""
        return f"{self.start.request_id}-p{self.now.round}"

    @property
    def delivery_id(self) -> str:
        """The delivery of what was prepared."""
        return f"{self.start.request_id}-d{self.now.round}"


class RequestView(Model):
    """A request as queries, the database and commands show it."""

    request_id: RequestId
    service: Code
    channel: Code
    region: Code | None
    status: RequestStatus
    case_id: CaseId | None
    delivery_id: CaseId | None
    outcome: DeliveryStatus | None
    payment_code: str | None
    amount_due: int | None
    paid: int
    refunded: int
    paid_out: Receipt | None
    frees_benefit: bool = Field(default=False, description="whether it is certain that nobody got anything")
    dispute: DisputeReason | None
    next_at: UtcDatetime | None = Field(default=None, description="when time alone takes it further")
    accepted_at: UtcDatetime
    over_at: UtcDatetime | None
    seq: int


class RequestResult(Model):
    """How a request ended."""

    request_id: RequestId
    status: RequestStatus
    outcome: DeliveryStatus | None
    paid: int
    refunded: int
    paid_out: Receipt | None
    at: UtcDatetime


class _FromSomebody(Model):
    message_id: MessageId
    actor: Actor


class Confirm(_FromSomebody):
    """The recipient has it."""

    kind: Literal["confirm"] = "confirm"


class Dispute(_FromSomebody):
    """The recipient does not have it, or not as it should be."""

    kind: Literal["dispute"] = "dispute"
    reason: DisputeReason


class Cancel(_FromSomebody):
    """Whoever asked for it, or the agency, does not want it any more."""

    kind: Literal["cancel"] = "cancel"
    reason: Reason = "not-wanted"


class Paid(Model):
    """The post has received money. The receipt is the message's identity."""

    kind: Literal["paid"] = "paid"
    payment: Payment

    @property
    def message_id(self) -> str:
        """Its identity: the same receipt is the same money."""
        return f"receipt:{self.payment.receipt}"


RequestMessage = Confirm | Dispute | Cancel | Paid
REQUEST_MESSAGES: dict[str, type[RequestMessage]] = {
    "confirm": Confirm,
    "dispute": Dispute,
    "cancel": Cancel,
    "paid": Paid,
}
"""Every message by the name that signals and updates carry it under."""


class RequestReceipt(Model):
    """Proof that a message took effect: its transition is committed to the database."""

    request_id: RequestId
    message_id: str
    status: RequestStatus


class PaymentAsked(Model):
    """A payment that the post is asked to receive, once however often it is asked for."""

    request_id: RequestId
    amount: int
    within: Limit = Field(description="of now; then the code expires at the carrier, too")


class PaymentCode(Model):
    """What the payer names at the counter."""

    code: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{2,63}$")]


class VoidRequest(Model):
    """A payment's reference that is to be taken back."""

    request_id: RequestId
    code: str


class VoidOutcome(Model):
    """What came of it: it was paid before, or never can be."""

    paid: Payment | None = None


class RefundRequest(Model):
    """Money that is to be given back, once however often it is asked for."""

    request_id: RequestId
    code: str | None
    receipt: Receipt


class RefundOutcome(Model):
    """The receipt of the money given back; none when the carrier refuses, and people have to look."""

    refund_receipt: Receipt | None


class RequestCommit(Model):
    """Transitions to be written in one transaction with how the request stands after them."""

    request: RequestView
    recipient: Reference
    transitions: tuple[RequestTransition, ...] = Field(min_length=1)
    moments: dict[str, UtcDatetime] = {}
    history_length: int = 0


class RequestCommitResult(Model):
    """What came of it; unless nothing was written before, it stands in the database."""

    written_before: tuple[RequestTransition, ...] = Field(default=(), description="others stand under these numbers")
    moments: dict[str, UtcDatetime] = {}
    history_length: int = 0
