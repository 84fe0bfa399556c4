"""Deliveries and service requests as the core makes them, ready to be written."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zlib import crc32

from domain import delivery, delivery_events, delivery_view, service_events, service_request, service_view
from schemas.calendar import Deadline, limit
from schemas.carrier import CarrierEvent, OrderRef, Scan
from schemas.case import CaseResult
from schemas.delivery import (
    DeliveryCommit,
    DeliveryPlan,
    DeliveryPlanReply,
    DeliveryResult,
    DeliveryStart,
    DeliveryState,
    DeliveryStatus,
    OrderOutcome,
)
from schemas.post import Carriage, DeliveryTerms, PaymentTerms, Proof, Watch
from schemas.post import Recipient as HandedTo
from schemas.service_request import (
    Paid,
    Payment,
    PaymentCode,
    Recipient,
    RefundOutcome,
    RequestCommit,
    RequestIntake,
    RequestPlan,
    RequestPlanReply,
    RequestStart,
    RequestState,
)
from schemas.status import Status
from storage import policies
from storage.database import Pool
from tests import making

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
NIK = "1871010101900001"
PRICE = 150_000


async def published(pool: Pool) -> str:
    """Return the version of a policy that requests may be accepted under."""
    policy = making.policy(name="post-storage")
    await policies.publish(pool, policy)
    return policy.version


def told(event_id: str, scan: Scan, hours: float = 1, **fields: Any) -> CarrierEvent:
    """Return what a carrier tells of something that happened so many hours after noon."""
    return CarrierEvent.model_validate(
        {"event_id": event_id, "order": 1, "scan": scan, "at": NOON + hours * HOUR} | fields
    )


def handed_over(event_id: str, hours: float = 1, **fields: Any) -> CarrierEvent:
    """Return a delivery into the right hands, proven."""
    proofs = {"relation": "owner", "proofs": (Proof.SIGNATURE,)}
    return told(event_id, Scan.DELIVERED, hours, **(proofs | fields))


def deliveries(
    delivery_id: str,
    *events: CarrierEvent,
    ordered_by: str = "req-1",
    carriage: Carriage = Carriage.DOCUMENT,
    waybill: str | None = None,
) -> list[DeliveryCommit]:
    """Return the commits of a delivery: planned, ordered, and one for each thing that the carrier tells."""
    start = DeliveryStart(
        delivery_id=delivery_id,
        service="papers",
        ordered_by=ordered_by,
        recipient=f"rcp-{delivery_id}",
        region="north",
        policy_version="v1",
        ordered_at=NOON,
    )
    plan = DeliveryPlan(
        terms=DeliveryTerms(carriage=carriage),
        handed_to=HandedTo.OWNER,
        watch=Watch(),
        calendar=making.calendar(),
        due=Deadline(at=NOON + timedelta(days=5), steps=("starts", "over")),
        point="35100",
        point_km=2.4,
    )
    order = OrderRef(order_id=f"or-{delivery_id}", waybill=waybill or f"WB{crc32(delivery_id.encode()):010d}")
    happening: list[delivery_events.Event] = [
        delivery_events.Planned(NOON, DeliveryPlanReply(plan=plan)),
        delivery_events.Ordered(NOON, OrderOutcome(taken=order)),
        *(delivery_events.ToldOf(event.at, event) for event in events),
    ]
    state, commits = DeliveryState(start=start), []
    for one in happening:
        state, transitions = delivery.decide_all(state, [one])
        if transitions:
            view = delivery_view.view(state)
            commits.append(
                DeliveryCommit(delivery=view, recipient=start.recipient, region="north", transitions=transitions)
            )
    return commits


def intake(external_id: str | None = None, **fields: Any) -> RequestIntake:
    """Return a request as the super-app hands it in."""
    recipient = Recipient(name="Siti Aminah", national_id=NIK, phone="+628117200000", address="Jl. Kartini 1")
    return RequestIntake.model_validate(
        {
            "channel": "super-app",
            "external_id": external_id,
            "service": "papers",
            "region": "north",
            "recipient": recipient,
            "period": "2026-11",
        }
        | fields
    )


def start(request_id: str, **fields: Any) -> RequestStart:
    """Return what a request's workflow is given."""
    return RequestStart.model_validate(
        {
            "request_id": request_id,
            "service": "papers",
            "channel": "super-app",
            "region": "north",
            "recipient": f"rcp-{request_id}",
            "accepted_at": NOON,
            "policy_version": "v1",
        }
        | fields
    )


PLAN = RequestPlan(
    category="road",
    payment=PaymentTerms(amount=PRICE),
    pays_out=False,
    amount=PRICE,
    confirm_within=limit("7 days"),
    prepare_again=1,
    calendar=making.calendar(),
)
PLANNED = service_events.Planned(NOON, RequestPlanReply(plan=PLAN))
PLANNED_AS_AID = service_events.Planned(
    NOON, RequestPlanReply(plan=PLAN.model_copy(update={"payment": None, "pays_out": True}))
)
UNPLANNED = service_events.Planned(NOON, RequestPlanReply(problem="service: there is none"))
ASKED = service_events.PaymentAsked(NOON + 2 * HOUR, PaymentCode(code="PAY-1"))


def prepared(request_id: str) -> service_events.CaseEnded:
    """Return the end of its preparation, an hour later."""
    result = CaseResult(
        case_id=f"{request_id}-p1",
        status=Status.CLOSED,
        on_time=True,
        level=0,
        seq=5,
        ledger_length=0,
        ledger_head="0" * 64,
        answered=True,
    )
    return service_events.CaseEnded(NOON + HOUR, result)


def paid(receipt: str, amount: int = PRICE, hours: float = 3) -> service_events.MessageReceived:
    """Return money that the post received so many hours after noon."""
    at = NOON + hours * HOUR
    return service_events.MessageReceived(at, Paid(payment=Payment(receipt=receipt, amount=amount, at=at)))


def carried(request_id: str, status: DeliveryStatus, **money: Any) -> service_events.DeliveryEnded:
    """Return the end of its delivery, a day later."""
    at = NOON + timedelta(days=1)
    result = DeliveryResult(delivery_id=f"{request_id}-d1", status=status, at=at, **money)
    return service_events.DeliveryEnded(at, result)


def refunded(receipt: str, of: str) -> service_events.Refunded:
    """Return that the carrier gave a payment back."""
    return service_events.Refunded(NOON + timedelta(days=1), RefundOutcome(refund_receipt=receipt), of)


def requests(request: RequestStart, events: Sequence[service_events.Event] = (PLANNED,)) -> list[RequestCommit]:
    """Return the commits of a request: one for each thing that happens to it."""
    state, commits = RequestState(start=request), []
    for event in events:
        state, transitions = service_request.decide_all(state, [event])
        assert transitions, event
        commits.append(
            RequestCommit(request=service_view.view(state), recipient=request.recipient, transitions=transitions)
        )
    return commits
