"""Which messages a request refuses, and why: the same answer for a validator and the core."""

from domain.service_draft import is_known
from schemas.messages import Role
from schemas.service_request import (
    Cancel,
    Confirm,
    Dispute,
    Paid,
    RequestMessage,
    RequestState,
    RequestStatus,
)
from schemas.service_request import RequestTransitionKind as Kind

_TAKEN_AS: dict[type[RequestMessage], Kind] = {
    Confirm: Kind.CONFIRMED,
    Dispute: Kind.DISPUTED,
    Cancel: Kind.CANCELLED,
}


def refusal(state: RequestState, message: RequestMessage) -> str | None:
    """Return why a message cannot take effect now, naming the mend; None when it can. Money is taken until the end."""
    now = state.now
    if state.over:
        return f"the request is over: {now.status}"
    if isinstance(message, Paid):
        return None
    if message.message_id in state.messages and not took_effect(state, message):
        return f"message_id: {message.message_id} was that of an earlier message: give this one its own"
    if isinstance(message, Confirm | Dispute) and message.actor.role in (Role.OPERATOR, Role.SUPERIOR):
        return f"actor.role: only the recipient, or a system on the recipient's behalf, can {message.kind} a receipt"
    match message:
        case Confirm() if now.status is not RequestStatus.CONFIRMING:
            return "nothing was delivered that could be confirmed: wait for the delivery"
        case Dispute() if now.status is not RequestStatus.CONFIRMING:
            return "nothing was delivered that could be disputed: wait for the delivery, or submit a complaint"
        case Dispute() if state.plan is not None and now.round > state.plan.prepare_again:
            return "it was prepared again as often as the service allows: submit a complaint"
        case Cancel() if now.ending_as is not None:
            return "it ends already: wait until what was begun is taken back"
        case Cancel() if now.status is RequestStatus.CONFIRMING or now.dispute is not None:
            return "it was delivered before: dispute the receipt, or submit a complaint"
    return None


def took_effect(state: RequestState, message: RequestMessage) -> bool:
    """Return whether this very message took effect before; money may have been heard of in another way, too."""
    if isinstance(message, Paid):
        return is_known(state.now, message.payment)
    return state.messages.get(message.message_id) is _TAKEN_AS[type(message)]
