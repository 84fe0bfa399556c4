"""A service request as people see it, and what its workflow leaves behind."""

from domain.service_request import next_moment
from schemas.delivery import DeliveryStatus
from schemas.service_request import RequestResult, RequestState, RequestView

_NOBODY_GOT_IT = (None, DeliveryStatus.RETURNED, DeliveryStatus.CANCELLED, DeliveryStatus.REFUSED)


def view(state: RequestState) -> RequestView:
    """Return a request as people see it."""
    start, now = state.start, state.now
    return RequestView(
        request_id=start.request_id,
        service=start.service,
        channel=start.channel,
        region=start.region,
        status=now.status,
        case_id=state.case_id if state.plan else None,
        delivery_id=f"{start.request_id}-d{now.carried_in}" if now.carried_in else None,
        outcome=now.outcome,
        payment_code=now.payment_code,
        amount_due=state.plan.amount if state.plan and state.plan.payment else None,
        paid=sum(payment.amount for payment in now.payments),
        refunded=_refunded(state),
        paid_out=now.paid_out,
        frees_benefit=state.over and now.round == 1 and now.paid_out is None and now.outcome in _NOBODY_GOT_IT,
        dispute=now.dispute,
        next_at=next_moment(state),
        accepted_at=start.accepted_at,
        over_at=now.over_at,
        seq=state.seq,
    )


def result(state: RequestState) -> RequestResult:
    """Return how a request that is over ended."""
    assert state.now.over_at is not None
    return RequestResult(
        request_id=state.start.request_id,
        status=state.now.status,
        outcome=state.now.outcome,
        paid=sum(payment.amount for payment in state.now.payments),
        refunded=_refunded(state),
        paid_out=state.now.paid_out,
        at=state.now.over_at,
    )


def _refunded(state: RequestState) -> int:
    return sum(payment.amount for payment in state.now.payments if payment.receipt in state.now.refunded)
