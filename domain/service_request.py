"""The life of a service request as pure functions: prepared, paid for, delivered, confirmed; or taken back.

The agency prepares it as a case, with the same clocks, ladder and sanctions as any. What was begun when it ends early
is taken back in turn: the work on it is stopped, the payment's code voided, the money given back.
"""

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from domain import working_time
from domain.service_draft import Draft, changed, evolve, evolve_all, is_known
from domain.service_ending import completed, stepped, take_refund, taken_back, wound_up
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
    Unreadable,
    Voided,
)
from domain.service_refusal import refusal, took_effect
from schemas.delivery import DeliveryResult, DeliveryStatus
from schemas.post import PaymentTime
from schemas.service_request import (
    Cancel,
    Confirm,
    Dispute,
    Paid,
    Payment,
    RequestPlan,
    RequestStanding,
    RequestState,
    RequestStatus,
    RequestStep,
    RequestTransition,
)
from schemas.service_request import RequestTransitionKind as Kind

__all__ = ["decide", "decide_all", "evolve", "evolve_all", "next_moment", "refusal", "took_effect"]

MOST_REFUSALS = 20
"""Refusals that are recorded of one request; whoever floods it with nonsense cannot fill its history."""

_TO_BE_PREPARED_AGAIN = frozenset({DeliveryStatus.CLAIMED, DeliveryStatus.SPOILED, DeliveryStatus.MISDELIVERED})
"""Nothing came back, and nothing came into the right hands."""


def next_moment(state: RequestState) -> datetime | None:
    """Return when it has to be woken if nobody says anything before; None when time alone changes nothing."""
    now = state.now
    if state.over:
        return None
    if now.status is RequestStatus.AWAITING_PAYMENT and now.pay_until is not None and now.step is None:
        return now.pay_until.at
    if now.status is RequestStatus.CONFIRMING and now.confirm_until is not None:
        return now.confirm_until.at
    return None


def decide(state: RequestState, event: Event) -> tuple[RequestTransition, ...]:
    """Return what an event leads to, in order; nothing when it changes nothing, as the same one does a second time.

    An answer that nobody waits for any more is one that was taken before.
    """
    if state.over:
        return ()
    draft = Draft(state)
    _HANDLERS[type(event)](draft, event)
    return tuple(draft.added)


def decide_all(state: RequestState, events: Iterable[Event]) -> tuple[RequestState, tuple[RequestTransition, ...]]:
    """Return what events lead to, one after the other, and the state after them."""
    added: list[RequestTransition] = []
    for event in events:
        transitions = decide(state, event)
        state = evolve_all(state, transitions)
        added += transitions
    return state, tuple(added)


# The good way: prepared, paid for, delivered, confirmed.


def _planned(draft: Draft, event: Planned) -> None:
    plan = event.reply.plan
    if draft.state.plan is not None:
        return
    if plan is None:
        detail = {"reason": event.reply.problem or "there can be no plan"}
        draft.add(Kind.DECLINED, event.at, wound_up(draft.now, event.at, RequestStatus.DECLINED), detail=detail)
        return
    after = changed(draft.now, status=RequestStatus.PREPARING, case_open=True)
    draft.add(Kind.RECEIVED, event.at, after, plan=plan)


def _case_ended(draft: Draft, event: CaseEnded) -> None:
    if event.result.case_id != draft.state.case_id or not draft.now.case_open:
        return
    now, plan, at = changed(draft.now, case_open=False), draft.plan, event.at
    detail = {"case": event.result.case_id, "status": str(event.result.status)}
    if event.result.answered:
        draft.add(Kind.PREPARED, at, _gone_on(now, plan, at), detail=detail)
    elif now.outcome is DeliveryStatus.DELIVERED:
        draft.add(Kind.DISPUTE_SETTLED, at, completed(now, at), detail=detail)
    else:
        after = taken_back(now, plan, at, now.ending_as or RequestStatus.DECLINED)
        draft.add(Kind.DECLINED, at, after, detail=detail)


def _gone_on(now: RequestStanding, plan: RequestPlan, at: datetime) -> RequestStanding:
    """Return what comes after the preparation."""
    if now.ending_as is not None:
        return taken_back(now, plan, at, now.ending_as)
    if plan.pays_out and now.outcome is DeliveryStatus.DELIVERED:  # money is never paid a second time
        return completed(now, at)
    if _is_paid_first(plan) and now.kept < (plan.amount or 0):
        return changed(now, status=RequestStatus.AWAITING_PAYMENT, step=RequestStep.ASK_PAYMENT)
    return changed(now, status=RequestStatus.DELIVERING, delivery_open=True, carried_in=now.round, outcome=None)


def _is_paid_first(plan: RequestPlan) -> bool:
    return plan.payment is not None and plan.payment.due is PaymentTime.BEFORE_DELIVERY


def _payment_asked(draft: Draft, event: PaymentAsked) -> None:
    if draft.now.step is not RequestStep.ASK_PAYMENT or draft.plan.payment is None:
        return
    until = working_time.due(draft.plan.calendar, event.at, draft.plan.payment.within)
    code = event.code.code
    after = changed(stepped(draft.now), payment_code=code, payment_open=True, pay_until=until)
    draft.add(Kind.PAYMENT_ASKED, event.at, after, detail={"code": code})


def _delivery_ended(draft: Draft, event: DeliveryEnded) -> None:
    result, plan, at = event.result, draft.plan, event.at
    if result.delivery_id != draft.state.delivery_id or not draft.now.delivery_open:
        return
    collected = _collected(draft, result)
    detail = {"delivery": result.delivery_id, "outcome": str(result.status)}
    now = changed(draft.now, delivery_open=False, outcome=result.status)
    if plan.pays_out and result.receipt is not None:
        now = changed(now, paid_out=result.receipt)
    if collected is not None:
        now = changed(now, payments=(*now.payments, collected))
    if result.status is DeliveryStatus.DELIVERED:
        until = working_time.due(plan.calendar, at, plan.confirm_within)
        after = changed(now, status=RequestStatus.CONFIRMING, confirm_until=until, ending_as=None, dispute=None)
        draft.add(Kind.DELIVERED, at, stepped(after), payment=collected, detail=detail)
        return
    again = result.status in _TO_BE_PREPARED_AGAIN and now.round <= plan.prepare_again and not plan.pays_out
    if again and now.ending_as is None:
        after = _prepared_again(now)
    else:
        after = taken_back(now, plan, at, now.ending_as or RequestStatus.UNDELIVERED)
    draft.add(Kind.UNDELIVERED, at, after, payment=collected, detail=detail)


def _collected(draft: Draft, result: DeliveryResult) -> Payment | None:
    """Return the money that was received at the door, if any was that is not known yet."""
    if draft.plan.pays_out or result.receipt is None or result.amount is None:
        return None
    payment = Payment(receipt=result.receipt, amount=result.amount, at=result.at)
    return None if is_known(draft.now, payment) else payment


def _prepared_again(now: RequestStanding) -> RequestStanding:
    return changed(now, status=RequestStatus.PREPARING, round=now.round + 1, case_open=True)


# What people and the post say.


def _message(draft: Draft, event: MessageReceived) -> None:
    message, now, at = event.message, draft.now, event.at
    if took_effect(draft.state, message):
        return
    if (reason := refusal(draft.state, message)) is not None:
        _refuse(draft, at, message.message_id, message.kind, reason)
        return
    match message:
        case Paid():
            _paid(draft, at, message.payment, message)
        case Confirm():
            draft.add(Kind.CONFIRMED, at, completed(now, at), message=message)
        case Dispute():
            after = changed(_prepared_again(now), dispute=message.reason)
            draft.add(Kind.DISPUTED, at, after, message=message, detail={"reason": message.reason})
        case Cancel():
            draft.add(Kind.CANCELLED, at, _stopping(draft, at), message=message, detail={"reason": message.reason})


def _paid(draft: Draft, at: datetime, payment: Payment, message: Paid | None = None) -> None:
    """Take money that is new. What is not the sum that is due, or comes when nothing is due any more, is given back."""
    now, plan = changed(draft.now, payments=(*draft.now.payments, payment)), draft.plan
    if _is_due(now) and payment.amount == plan.amount:
        after = _gone_on(stepped(changed(now, payment_open=False, ending_as=None)), plan, at)
        draft.add(Kind.PAID, at, after, message=message, payment=payment)
        return
    after = changed(now, to_refund=(*now.to_refund, payment.receipt), step=now.step or RequestStep.REFUND)
    draft.add(Kind.PAID_TOO_MUCH, at, after, message=message, payment=payment)


def _is_due(now: RequestStanding) -> bool:
    """Return whether a payment is waited for; one at the last moment is still in time."""
    return now.status is RequestStatus.AWAITING_PAYMENT or now.ending_as is RequestStatus.EXPIRED


def _stopping(draft: Draft, at: datetime) -> RequestStanding:
    """Return how a request that is not wanted any more stands: whoever works on it is told first."""
    now = changed(draft.now, ending_as=RequestStatus.CANCELLED)
    if now.case_open:
        return changed(now, status=RequestStatus.ENDING, step=RequestStep.STOP_CASE)
    if now.delivery_open:
        return changed(now, status=RequestStatus.ENDING, step=RequestStep.STOP_DELIVERY)
    return taken_back(now, draft.plan, at, RequestStatus.CANCELLED)


def _stopped(draft: Draft, event: Stopped) -> None:
    if draft.now.step in (RequestStep.STOP_CASE, RequestStep.STOP_DELIVERY):
        draft.add(Kind.STOPPED, event.at, stepped(draft.now))


def _unreadable(draft: Draft, event: Unreadable) -> None:
    _refuse(draft, event.at, event.id, event.name, event.problem)


def _refuse(draft: Draft, at: datetime, arrival: str, name: str, reason: str) -> None:
    refused = draft.state.refused
    if arrival not in refused and len(refused) < MOST_REFUSALS:
        draft.add(Kind.REFUSED_MESSAGE, at, draft.now, arrival=arrival, detail={"message": name, "reason": reason})


# Time, and the way back.


def _time_reached(draft: Draft, event: TimeReached) -> None:
    due, now, at = next_moment(draft.state), draft.now, event.at
    if due is None or due > at:
        return
    if now.status is RequestStatus.CONFIRMING:
        detail = {"reason": "nothing else was heard in time"}
        draft.add(Kind.CONFIRMED, at, completed(now, at), detail=detail)
    else:
        draft.add(Kind.EXPIRED, at, taken_back(now, draft.plan, at, RequestStatus.EXPIRED))


def _voided(draft: Draft, event: Voided) -> None:
    now, at, paid = stepped(changed(draft.now, payment_open=False)), event.at, event.outcome.paid
    if draft.now.step is not RequestStep.VOID_PAYMENT or now.ending_as is None:
        return
    if paid is None or is_known(now, paid):
        draft.add(Kind.VOIDED, at, wound_up(now, at, now.ending_as))
        return
    draft.add(Kind.VOIDED, at, now, detail={"reason": "too late: it was paid before"})
    _paid(draft, at, paid)


_HANDLERS: dict[type[Any], Callable[[Draft, Any], None]] = {
    Planned: _planned,
    CaseEnded: _case_ended,
    DeliveryEnded: _delivery_ended,
    PaymentAsked: _payment_asked,
    Voided: _voided,
    Refunded: take_refund,
    Stopped: _stopped,
    MessageReceived: _message,
    TimeReached: _time_reached,
    Unreadable: _unreadable,
}
