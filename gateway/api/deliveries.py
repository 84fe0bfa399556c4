"""Where something is that the post carries."""

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import Field

from domain.access import relation_to_case
from gateway.api.guard import Who, check
from gateway.api.problems import RESPONSES, missing
from gateway.api.request_access import request_for
from gateway.kawal import Here, Kawal
from gateway.post_words import Language, in_words
from schemas.access import Action, Caller
from schemas.base import CaseId, Model, UtcDatetime
from schemas.delivery import DeliveryStatus, DeliveryTransition, DeliveryTransitionKind, DeliveryView
from storage import case_records, deliveries, intake, tracking
from storage.tracking import ScanSeen

router = APIRouter(prefix="/v1/deliveries", tags=["deliveries"])

_SEEN: dict[int | str, dict[str, Any]] = {status: RESPONSES[status] for status in (401, 403, 404, 422, 503)}

Id = Annotated[CaseId, Path(description="of the delivery", examples=["L261123-8H2KQ7WD-d1"])]
Words = Annotated[Language, Query(description="of the words for what happened")]


class DeliveryLine(Model):
    """One line of a delivery's timeline."""

    seq: int
    kind: DeliveryTransitionKind
    at: UtcDatetime
    status: DeliveryStatus = Field(description="how it stood afterwards")


class Delivery(Model):
    """Where a delivery is, when it is due and why then. Names nobody."""

    delivery: DeliveryView
    status_words: str
    reason_words: str | None = Field(description="why the last attempt failed")
    zone: str = Field(description="of its calendar: people read moments in it")
    attempts_allowed: int | None = Field(description="at the door; none: its rules are not known yet")
    timeline: tuple[DeliveryLine, ...]


class ScanLine(Model):
    """One scan of the carrier."""

    seen: ScanSeen
    words: str


@router.get("/{delivery_id}", operation_id="getDelivery", summary="Where a delivery is", responses=_SEEN)
async def read(kawal: Here, caller: Who, delivery_id: Id, language: Words = "id") -> Delivery:
    """Return where a delivery is, when it is due and why then, and what has happened to it."""
    delivery = await _delivery(kawal, caller, delivery_id)
    transitions = await deliveries.transitions(kawal.pool, delivery_id)
    plan = next((step.plan for step in transitions if step.plan is not None), None)
    return Delivery(
        delivery=delivery,
        status_words=in_words(delivery.status, language),
        reason_words=delivery.reason and in_words(delivery.reason, language),
        zone=plan.calendar.zone if plan else "UTC",
        attempts_allowed=plan.terms.attempts if plan else None,
        timeline=tuple(map(_line, transitions)),
    )


def _line(step: DeliveryTransition) -> DeliveryLine:
    return DeliveryLine(seq=step.seq, kind=step.kind, at=step.at, status=step.after.status)


@router.get("/{delivery_id}/tracking", operation_id="trackDelivery", summary="Its scans", responses=_SEEN)
async def track(kawal: Here, caller: Who, delivery_id: Id, language: Words = "id") -> list[ScanLine]:
    """Return all that the carrier told of a delivery, in the order in which it happened."""
    await _delivery(kawal, caller, delivery_id)
    scans = await tracking.of_delivery(kawal.pool, delivery_id)
    return [ScanLine(seen=scan, words=in_words(scan.scan, language)) for scan in scans]


async def _delivery(kawal: Kawal, caller: Caller, delivery_id: str) -> DeliveryView:
    """Return a delivery for a caller who may see the request or case that it was ordered by."""
    delivery = await deliveries.find(kawal.pool, delivery_id)
    if delivery is None:
        raise missing("delivery")
    case = await case_records.case(kawal.pool, delivery.ordered_by)
    if case is None:
        await request_for(kawal, caller, Action.SEE, delivery.ordered_by, "delivery")
    else:
        reporter = await intake.reported_by(kawal.pool, case.case_id)
        check(caller, Action.SEE, relation_to_case(caller, case, reporter), "delivery")
    return delivery
