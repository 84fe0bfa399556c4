"""How a request ends: what is open is closed one after the other, and money given back; then it is over."""

from datetime import datetime

from domain.service_draft import Draft, changed
from domain.service_events import Refunded
from schemas.service_request import Refund, RequestPlan, RequestStanding, RequestStatus, RequestStep
from schemas.service_request import RequestTransitionKind as Kind


def stepped(now: RequestStanding) -> RequestStanding:
    """Return how it stands once a step is done: money that is to be given back is the next one."""
    return changed(now, step=RequestStep.REFUND if now.to_refund else None)


def taken_back(now: RequestStanding, plan: RequestPlan, at: datetime, ending_as: RequestStatus) -> RequestStanding:
    """Return how a request ends for which nothing was got: what was paid for it is given back, too."""
    if plan.payment is not None and plan.payment.refunded:
        gone = {*now.to_refund, *now.refunded, *now.not_refunded}
        kept = (payment.receipt for payment in now.payments if payment.receipt not in gone)
        now = changed(now, to_refund=(*now.to_refund, *kept))
    return wound_up(now, at, ending_as)


def completed(now: RequestStanding, at: datetime) -> RequestStanding:
    """Return how a request ends for which somebody got what was asked for: only what is not due is given back."""
    return wound_up(now, at, RequestStatus.COMPLETED)


def wound_up(now: RequestStanding, at: datetime, ending_as: RequestStatus) -> RequestStanding:
    """Return how the next thing that is open is closed; once nothing is left, the request is over."""
    now = changed(stepped(now), status=RequestStatus.ENDING, ending_as=ending_as)
    if now.payment_open:
        return changed(now, step=RequestStep.VOID_PAYMENT)
    return now if now.to_refund else changed(now, status=ending_as, over_at=at)


def take_refund(draft: Draft, event: Refunded) -> None:
    """Take what the carrier answered to a refund; what it refuses to give back is left to people."""
    now, at = draft.now, event.at
    if now.step is not RequestStep.REFUND or event.of not in now.to_refund:
        return
    payment = next(known for known in now.payments if known.receipt == event.of)
    now = changed(now, to_refund=tuple(receipt for receipt in now.to_refund if receipt != event.of))
    refund = None
    if event.outcome.refund_receipt is not None:
        refund = Refund(receipt=event.outcome.refund_receipt, of=payment.receipt, amount=payment.amount)
        now = changed(now, refunded=(*now.refunded, payment.receipt))
    else:
        now = changed(now, not_refunded=(*now.not_refunded, payment.receipt))
    if now.ending_as is not None and not now.case_open and not now.delivery_open:
        now = wound_up(now, at, now.ending_as)
    else:
        now = stepped(now)
    kind = Kind.REFUNDED if refund else Kind.REFUND_FAILED
    draft.add(kind, at, now, refund=refund, detail={"receipt": payment.receipt})
