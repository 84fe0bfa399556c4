"""One service request lived through the pure core: what people, the agency and the post do, and how time passes."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from domain.service_children import case_of, delivery_of
from domain.service_events import (
    CaseEnded,
    DeliveryEnded,
    Event,
    MessageReceived,
    PaymentAsked,
    Planned,
    Refunded,
    Stopped,
    TimeReached,
    Voided,
)
from domain.service_request import decide, evolve_all, next_moment
from domain.service_view import result, view
from schemas.calendar import limit
from schemas.case import CaseResult
from schemas.delivery import DeliveryResult, DeliveryStatus
from schemas.ledger import GENESIS
from schemas.messages import Actor, Role
from schemas.post import PaymentTerms, PaymentTime
from schemas.service_request import (
    Cancel,
    Confirm,
    Dispute,
    DisputeReason,
    Paid,
    Payment,
    PaymentCode,
    RefundOutcome,
    RequestMessage,
    RequestPlan,
    RequestPlanReply,
    RequestResult,
    RequestStanding,
    RequestStart,
    RequestState,
    RequestStatus,
    RequestStep,
    RequestTransition,
    RequestTransitionKind,
    RequestView,
    VoidOutcome,
)
from schemas.status import Status
from tests import making
from tests.making import NOON

PRICE = 150_000
RECIPIENT = Actor(id="citizen-1", role=Role.REPORTER)


def start(**changes: Any) -> RequestStart:
    """Return a request that was accepted at noon."""
    fields: dict[str, Any] = {
        "request_id": "req-7",
        "service": "papers",
        "channel": "super-app",
        "region": "north",
        "recipient": "recipient-of-req-7",
        "accepted_at": NOON,
        "policy_version": "test",
    }
    return RequestStart(**(fields | changes))


def plan(**changes: Any) -> RequestPlan:
    """Return the rules of a request for something that is free."""
    fields: dict[str, Any] = {
        "category": "road",
        "payment": None,
        "pays_out": False,
        "amount": None,
        "confirm_within": limit("7 days"),
        "prepare_again": 1,
        "calendar": making.calendar(),
    }
    return RequestPlan(**(fields | changes))


def paid_first(*, refunded: bool = True, **changes: Any) -> RequestPlan:
    """Return the rules of what is paid for at a counter before it is delivered."""
    return plan(payment=PaymentTerms(refunded=refunded, within=limit("14 days")), amount=PRICE, **changes)


def paid_at_the_door(**changes: Any) -> RequestPlan:
    """Return the rules of what is paid for when it is delivered."""
    return plan(payment=PaymentTerms(due=PaymentTime.ON_DELIVERY), amount=PRICE, **changes)


def paid_out(**changes: Any) -> RequestPlan:
    """Return the rules of a benefit that is paid out."""
    return plan(pays_out=True, amount=600_000, **changes)


def case_result(case_id: str, *, answered: bool) -> CaseResult:
    """Return the end of a preparation."""
    return CaseResult(
        case_id=case_id,
        status=Status.CLOSED if answered else Status.REJECTED,
        on_time=True,
        level=0,
        seq=5,
        ledger_length=0,
        ledger_head=GENESIS,
        answered=answered,
    )


class Requested:
    """A request, accepted at noon. The engine is awake, and does at once whatever it has to do.

    Whoever is told to stop can do so, and money can be given back, unless told otherwise.
    """

    def __init__(self, rules: RequestPlan | None = None, **changes: Any) -> None:
        self.stops, self.refunds = True, True
        self.paid_meanwhile: Payment | None = None
        """What the carrier answers when a payment is voided."""
        self.state = RequestState(start=start(**changes))
        self.now = NOON
        self.timeline: list[RequestTransition] = []
        self.steps: list[RequestStep] = []
        self._said = 0
        self.happens(Planned(NOON, RequestPlanReply(plan=rules or plan())))

    def happens(self, event: Event) -> tuple[RequestTransition, ...]:
        """Let something happen, and the engine do what it leads to; return what the event itself led to."""
        transitions = self.decides(event)
        while (step := self.state.now.step) is not None:
            self.steps.append(step)
            self.decides(self.answer(step))
            if step is RequestStep.STOP_CASE and self.stops:
                self.decides(CaseEnded(self.now, case_result(self.state.case_id, answered=False)))
            if step is RequestStep.STOP_DELIVERY and self.stops:
                self.decides(DeliveryEnded(self.now, self.delivery(DeliveryStatus.CANCELLED)))
        return transitions

    def decides(self, event: Event) -> tuple[RequestTransition, ...]:
        """Let something happen, and the engine do nothing yet."""
        transitions = decide(self.state, event)
        self.timeline += transitions
        self.state = evolve_all(self.state, transitions)
        return transitions

    def answer(self, step: RequestStep) -> Event:
        """Return what comes of a step."""
        match step:
            case RequestStep.ASK_PAYMENT:
                return PaymentAsked(self.now, PaymentCode(code="PAY-1"))
            case RequestStep.VOID_PAYMENT:
                return Voided(self.now, VoidOutcome(paid=self.paid_meanwhile))
            case RequestStep.REFUND:
                of = self.state.now.to_refund[0]
                return Refunded(self.now, RefundOutcome(refund_receipt=f"back-{of}" if self.refunds else None), of)
            case RequestStep.STOP_CASE | RequestStep.STOP_DELIVERY:
                return Stopped(self.now)

    def delivery(self, status: DeliveryStatus, **money: Any) -> DeliveryResult:
        """Return an end of the delivery under way."""
        return DeliveryResult(delivery_id=self.state.delivery_id, status=status, at=self.now, **money)

    def prepared(self) -> None:
        """Let the agency say that it is ready."""
        case_of(self.state, self.now)
        self.happens(CaseEnded(self.now, case_result(self.state.case_id, answered=True)))

    def declined(self) -> None:
        """Let the agency refuse."""
        self.happens(CaseEnded(self.now, case_result(self.state.case_id, answered=False)))

    def delivered(self, status: DeliveryStatus = DeliveryStatus.DELIVERED, **money: Any) -> None:
        """Let the delivery end."""
        delivery_of(self.state, self.now)
        self.happens(DeliveryEnded(self.now, self.delivery(status, **money)))

    def pays(self, receipt: str = "R-1", amount: int = PRICE) -> tuple[RequestTransition, ...]:
        """Let the post receive money."""
        return self.happens(MessageReceived(self.now, Paid(payment=self.payment(receipt, amount))))

    def payment(self, receipt: str = "R-1", amount: int = PRICE) -> Payment:
        """Return money that the post receives now."""
        return Payment(receipt=receipt, amount=amount, at=self.now)

    def says(self, message: RequestMessage) -> tuple[RequestTransition, ...]:
        """Let somebody send a message."""
        return self.happens(MessageReceived(self.now, message))

    def refuses(self, message: RequestMessage) -> str:
        """Let somebody send a message that is refused; return why."""
        [transition] = self.says(message)
        assert transition.kind is RequestTransitionKind.REFUSED_MESSAGE, f"it was taken: {transition.kind}"
        return transition.detail["reason"]

    def confirms(self) -> None:
        """Let the recipient confirm."""
        self.says(self.confirm())

    def disputes(self, reason: DisputeReason = DisputeReason.WRONG) -> None:
        """Let the recipient dispute."""
        self.says(self.dispute(reason))

    def cancels(self) -> None:
        """Let the requester cancel."""
        self.says(self.cancel())

    def confirm(self) -> Confirm:
        """Return a new message of the recipient."""
        return Confirm(message_id=self._new_id(), actor=RECIPIENT)

    def dispute(self, reason: DisputeReason = DisputeReason.WRONG) -> Dispute:
        """Return a new message of the recipient."""
        return Dispute(message_id=self._new_id(), actor=RECIPIENT, reason=reason)

    def cancel(self) -> Cancel:
        """Return a new message of the requester."""
        return Cancel(message_id=self._new_id(), actor=RECIPIENT)

    def _new_id(self) -> str:
        self._said += 1
        return f"said-{self._said}"

    def passes(self, **time: float) -> None:
        """Let time pass; the engine wakes whenever it has to."""
        end = self.now + timedelta(**time)
        while (moment := next_moment(self.state)) is not None and moment <= end:
            self.now = moment
            assert self.happens(TimeReached(moment)), "whoever is woken at the moment that it waits for gets further"
        self.now = end

    @property
    def status(self) -> RequestStatus:
        """How it stands."""
        return self.standing.status

    @property
    def standing(self) -> RequestStanding:
        """All that can change about it."""
        return self.state.now

    @property
    def over(self) -> bool:
        """Whether nothing can happen to it any more."""
        return self.state.over

    @property
    def kinds(self) -> list[str]:
        """What happened."""
        return [transition.kind.value for transition in self.timeline]

    @property
    def shown(self) -> RequestView:
        """It as people see it."""
        return view(self.state)

    @property
    def result(self) -> RequestResult:
        """How it ended."""
        return result(self.state)


def unsound(state: RequestState) -> Iterator[str]:
    """Yield what cannot be about a request, however it came to it."""
    now = state.now
    if len({payment.receipt for payment in now.payments}) != len(now.payments):
        yield "the same money counted twice"
    gone = [*now.to_refund, *now.refunded, *now.not_refunded]
    if len(gone) != len(set(gone)) or not set(gone) <= {payment.receipt for payment in now.payments}:
        yield "money given back twice, or that never came"
    if now.to_refund and now.step is None:
        yield "money is to be given back, and nobody does it"
    if now.case_open and now.delivery_open:
        yield "prepared and delivered at once"
    if state.over:
        yield from _unsound_end(now)
    elif state.plan is not None and not _goes_on(state):
        yield "nothing and nobody will ever take it further"


def _goes_on(state: RequestState) -> bool:
    now = state.now
    return now.step is not None or now.case_open or now.delivery_open or next_moment(state) is not None


def _unsound_end(now: RequestStanding) -> Iterator[str]:
    if now.payment_open or now.case_open or now.delivery_open or now.step is not None:
        yield "over, and something is open"
    if now.to_refund:
        yield "over, and money is to be given back"
    if now.status is RequestStatus.COMPLETED and now.outcome is not DeliveryStatus.DELIVERED:
        yield "completed, and never delivered"


def moment_after(state: RequestState, now: datetime) -> datetime:
    """Return when time alone takes it further, or now."""
    return max(next_moment(state) or now, now)
