"""Which messages a case refuses, and why: the same answer for a validator, the core and a command."""

from schemas.case import CaseState, Status
from schemas.messages import Acknowledge, Message, Role, Withdraw


def refusal(state: CaseState, message: Message) -> str | None:
    """Return why the case refuses a message, in words for its sender, or None when it takes it."""
    case_id = state.complaint.case_id
    if state.status.final:
        return f"case {case_id} is {state.status}: it is over"
    if (known := state.messages.get(message.message_id)) is not None and known.kind != message.kind:
        return f"message_id: {message.message_id} was that of an earlier {known.kind}: give this message its own"
    if isinstance(message, Withdraw):
        if message.actor.role is Role.OPERATOR:
            return "actor.role: only the reporter, or a system on the reporter's behalf, can withdraw a complaint"
        return None
    if message.actor.role is Role.REPORTER:
        return f"actor.role: a reporter cannot {message.kind} a case"
    if (agency := message.actor.agency) is not None and state.plan is not None:
        in_charge = dict.fromkeys(level.agency for level in state.plan.levels)
        if agency not in in_charge:
            return f"actor.agency: case {case_id} is with {', '.join(in_charge)}; {agency} cannot {message.kind} it"
    if isinstance(message, Acknowledge) and state.status is Status.IN_PROGRESS:
        return f"case {case_id} was acknowledged already, by {state.acknowledged_by}"
    return None


def took_effect(state: CaseState, message: Message) -> bool:
    """Return whether this very message took effect before: a message of another kind under its id is another one."""
    known = state.messages.get(message.message_id)
    return known is not None and known.kind == message.kind
