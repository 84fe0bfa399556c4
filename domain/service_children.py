"""What a service request has others do: the case in which an agency prepares it, and the delivery of the result."""

from datetime import datetime

from schemas.case import CaseResult
from schemas.complaint import Complaint
from schemas.delivery import DeliveryResult, DeliveryStart, DeliveryStatus
from schemas.ledger import GENESIS
from schemas.messages import Actor, Role, Withdraw
from schemas.post import PaymentTime
from schemas.service_request import RequestState
from schemas.status import Status


def case_of(request: RequestState, now: datetime) -> Complaint:
    """Return the case of this round's preparation; its clocks start with the request, later rounds' start now."""
    start, plan = request.start, request.plan
    assert plan is not None
    return Complaint(
        case_id=request.case_id,
        channel=start.channel,
        category=plan.category,
        region=start.region,
        accepted_at=start.accepted_at if request.now.round == 1 else now,
        policy_version=start.policy_version,
        service=start.service,
    )


def delivery_of(request: RequestState, now: datetime) -> DeliveryStart:
    """Return the delivery of this round, and the money that changes hands at the door."""
    start, plan = request.start, request.plan
    assert plan is not None
    at_the_door = plan.payment is not None and plan.payment.due is PaymentTime.ON_DELIVERY
    left_to_pay = (plan.amount or 0) - request.now.kept
    return DeliveryStart(
        delivery_id=request.delivery_id,
        service=start.service,
        ordered_by=start.request_id,
        recipient=start.recipient,
        region=start.region,
        policy_version=start.policy_version,
        ordered_at=now,
        collect=left_to_pay if at_the_door and left_to_pay > 0 else None,
        pay_out=plan.amount if plan.pays_out else None,
    )


def withdrawal(request: RequestState) -> Withdraw:
    """Return the message that stops the agency's work on it."""
    return Withdraw(message_id=f"{request.start.request_id}:cancel", actor=Actor(id="kawal", role=Role.SYSTEM))


def unheard_of_case(case_id: str) -> CaseResult:
    """Return the end of a case that was ended from outside, so that nothing is known to be prepared."""
    return CaseResult(
        case_id=case_id,
        status=Status.CLOSED,
        on_time=True,
        level=0,
        seq=0,
        ledger_length=0,
        ledger_head=GENESIS,
        answered=False,
    )


def unheard_of_delivery(delivery_id: str, now: datetime) -> DeliveryResult:
    """Return the end of a delivery that was ended from outside: where the thing is, nobody can tell."""
    return DeliveryResult(delivery_id=delivery_id, status=DeliveryStatus.UNPROVEN, at=now)
