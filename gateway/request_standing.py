"""How a service request stands and what comes next, in words and moments: all that is shown of it."""

from pydantic import Field

from domain import service_view
from gateway.post_words import Language, in_words
from schemas.base import CaseId, Model, UtcDatetime
from schemas.calendar import Deadline
from schemas.carrier import Receipt
from schemas.case import ENGINE, CaseView
from schemas.delivery import DeliveryView
from schemas.money import MoneyKind
from schemas.service_request import (
    Payment,
    Refund,
    RequestStanding,
    RequestState,
    RequestStatus,
    RequestStep,
    RequestTransition,
    RequestTransitionKind,
    RequestView,
)
from schemas.status import Status
from storage import case_records, deliveries, payments, service_requests
from storage.database import Pool
from storage.request_pages import Accepted


class Next(Model):
    """What happens next."""

    says: str = Field(description="in plain English")
    until: Deadline | None = Field(default=None, description="at the latest, and why then")


class Preparation(Model):
    """The case in which an agency prepares what was requested."""

    case_id: CaseId
    status: Status
    holder: str | None = Field(description="who has to act: role@agency")
    due: Deadline | None


class ByHand(Model):
    """Money that people have to give back, for nothing gives it back by itself."""

    amount: int = Field(description="rupiah that came when the request was over")
    receipts: tuple[Receipt, ...] = Field(description="payments that the post refused to give back")


class Standing(Model):
    """How a request stands."""

    request: RequestView
    status_words: str
    zone: str = Field(description="of the request's calendar: people read moments in it")
    next: Next | None = Field(description="none: it is over")
    pay_until: Deadline | None
    confirm_until: Deadline | None
    money: dict[MoneyKind, int] = Field(description="rupiah that the post says it received or paid out, by kind")
    to_be_given_back_by_hand: ByHand
    preparation: Preparation | None = Field(description="none: no agency has it yet, or needs it any more")
    deliveries: tuple[DeliveryView, ...]


class Line(Model):
    """One line of a request's timeline."""

    seq: int
    kind: RequestTransitionKind
    at: UtcDatetime
    actor: str | None = Field(description="an account, or the engine; for people outside, no account but theirs")
    message_id: str | None
    payment: Payment | None
    refund: Refund | None
    detail: dict[str, str]
    status: RequestStatus = Field(description="how it stood afterwards")


_STEPS = {
    RequestStep.ASK_PAYMENT: "the post is asked to receive the payment, and gives it a code",
    RequestStep.VOID_PAYMENT: "the payment's code is taken back, unless it was paid at the last moment",
    RequestStep.REFUND: "the post is asked to give money back",
    RequestStep.STOP_CASE: "the agency is told to stop",
    RequestStep.STOP_DELIVERY: "the post is told to stop, if it still can",
}


def view_of(accepted: Accepted) -> RequestView:
    """Return how a request stands: requested, until a workflow has taken it up."""
    return accepted.view or service_view.view(RequestState(start=accepted.start))


async def standing(pool: Pool, accepted: Accepted, case: CaseView | None, language: Language) -> Standing:
    """Return all that is shown of a request.

    Args:
        pool: the database.
        accepted: the request.
        case: in which an agency prepares it, if one does.
        language: of the words for its status.
    """
    request_id, view = accepted.start.request_id, view_of(accepted)
    transitions = await service_requests.transitions(pool, request_id)
    now = transitions[-1].after if transitions else RequestStanding()
    plan = next((step.plan for step in transitions if step.plan is not None), None)
    money = await payments.total(pool, request_id)
    return Standing(
        request=view,
        status_words=in_words(view.status, language),
        zone=plan.calendar.zone if plan else "UTC",
        next=None if view.over_at else _next(view, now, case),
        pay_until=now.pay_until,
        confirm_until=now.confirm_until,
        money=money,
        to_be_given_back_by_hand=ByHand(amount=_untaken(view, money), receipts=now.not_refunded),
        preparation=_preparation(case) if case else None,
        deliveries=tuple(await deliveries.of(pool, request_id)),
    )


def _preparation(case: CaseView) -> Preparation:
    return Preparation(case_id=case.case_id, status=case.status, holder=case.holder, due=case.due)


def _next(request: RequestView, now: RequestStanding, case: CaseView | None) -> Next:
    if now.step is not None:
        return Next(says=_STEPS[now.step])
    match request.status:
        case RequestStatus.PREPARING:
            return Next(says="the agency prepares it", until=case.due if case else None)
        case RequestStatus.AWAITING_PAYMENT:
            return Next(says="it expires unless it is paid", until=now.pay_until)
        case RequestStatus.DELIVERING:
            return Next(says="the post delivers it")
        case RequestStatus.CONFIRMING:
            return Next(says="silence confirms; until then it may be disputed", until=now.confirm_until)
        case RequestStatus.ENDING:
            return Next(says="what was begun ends; then it is over")
    return Next(says="it is taken up")


def _untaken(request: RequestView, money: dict[MoneyKind, int]) -> int:
    """Return money that came and that the request did not take, for it was over: rupiah."""
    received = money.get(MoneyKind.PAYMENT, 0) + money.get(MoneyKind.COD, 0)
    return max(received - request.paid, 0) if request.over_at else 0


def line(step: RequestTransition, *, known_to: str | None) -> Line:
    """Return a line of a request's timeline.

    Args:
        step: what happened.
        known_to: the account of somebody outside the government, who learns of no other; none: of anybody inside.
    """
    said = {name: getattr(step, name) for name in Line.model_fields if name != "status"}
    if known_to is not None and step.actor not in (ENGINE, known_to):
        said["actor"] = None
    if known_to is not None and step.kind is RequestTransitionKind.REFUSED_MESSAGE:
        said["detail"] = {}
    return Line.model_validate(said | {"status": step.after.status})


async def preparation_of(pool: Pool, accepted: Accepted) -> CaseView | None:
    """Return the case in which an agency prepares a request, once one has it."""
    case_id = accepted.view.case_id if accepted.view else None
    return await case_records.case(pool, case_id) if case_id else None
