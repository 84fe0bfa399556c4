"""A delivery as people see it, and what its workflow leaves behind."""

from domain.delivery_time import upcoming
from schemas.delivery import DeliveryResult, DeliveryState, DeliveryView


def view(state: DeliveryState) -> DeliveryView:
    """Return a delivery as people see it."""
    start, now, plan = state.start, state.now, state.plan
    first = min(upcoming(state), default=None)
    return DeliveryView(
        delivery_id=start.delivery_id,
        service=start.service,
        ordered_by=start.ordered_by,
        status=now.status,
        point=plan.point if plan else None,
        waybill=now.orders[-1].waybill if now.orders else None,
        orders=len(now.orders),
        attempts=now.attempts,
        reason=now.reason,
        due=plan.due if plan else None,
        on_time=not now.overdue,
        legs=now.legs,
        claim=now.claim,
        contradicted=now.contradicted,
        next_at=first[0] if first else None,
        next_kind=first[1] if first else None,
        ordered_at=start.ordered_at,
        over_at=now.over_at,
        seq=state.seq,
    )


def result(state: DeliveryState) -> DeliveryResult:
    """Return how a delivery that is over ended."""
    assert state.now.over_at is not None
    money = next((event for event in state.events if event.receipt is not None), None)
    return DeliveryResult(
        delivery_id=state.start.delivery_id,
        status=state.now.status,
        at=state.now.over_at,
        waybill=state.now.orders[-1].waybill if state.now.orders else None,
        reason=state.now.reason,
        receipt=money.receipt if money else None,
        amount=money.amount if money else None,
    )
