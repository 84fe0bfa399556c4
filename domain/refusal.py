"""Which messages a case refuses, and why: the same answer for a validator, the core, a command and a page."""

from collections.abc import Callable, Mapping
from typing import Any

from domain import working_time
from domain.answering import false_answer, may_reopen, open_part
from schemas.calendar import Limit, Unit
from schemas.case import CasePlan, CaseState, TransitionKind, TriageReason
from schemas.delivery_status import ENDS
from schemas.messages import (
    Acknowledge,
    Carried,
    ClockName,
    Coordinate,
    Deliver,
    Disprove,
    Extend,
    Merge,
    Message,
    Pause,
    Recalculate,
    Refer,
    Reopen,
    Respond,
    Role,
    Transfer,
    Withdraw,
)
from schemas.status import UNSETTLED, WORKING, Status

MOST_NOTES = 500
"""Notes on the progress that one case takes; each costs the history, and nobody reads so many."""

MOST_REMEDIES = 5
"""Deliveries that one case may order."""

_TAKEN_IN: Mapping[str, frozenset[Status]] = {
    "verify": frozenset({Status.VERIFYING, Status.ASSIGNED, Status.IN_PROGRESS}),
    "ask": WORKING,
    "provide": frozenset({Status.NEEDS_INFORMATION}),
    "acknowledge": frozenset({Status.VERIFYING, Status.ASSIGNED}),
    "note": UNSETTLED,
    "respond": UNSETTLED,
    "transfer": WORKING,
    "coordinate": WORKING | {Status.COORDINATING},
    "refer": WORKING,
    "reject": WORKING,
    "appeal": frozenset({Status.REJECTED, Status.REFERRED}),
    "merge": WORKING,
    "unmerge": frozenset({Status.MERGED}),
    "withdraw": frozenset(Status),
    "reopen": frozenset({Status.RESOLVED}),
    "rate": frozenset({Status.RESOLVED}),
    "pause": WORKING,
    "resume": frozenset({Status.ON_HOLD}),
    "extend": WORKING,
    "recalculate": frozenset(Status),
    "disprove": frozenset(Status),
    "deliver": WORKING | {Status.COORDINATING, Status.RESOLVED},
    "carried": frozenset(Status),
}
"""In which statuses a case takes which message."""

_BY_REPORTER = frozenset({"provide", "appeal", "withdraw", "reopen", "rate"})
_BY_SUPERIOR = frozenset({"extend", "disprove"})
_BY_SYSTEM = frozenset({"recalculate", "carried"})
_SINCE_EDITION_3 = frozenset({"deliver", "carried"})
_BY_BOTH_SIDES = frozenset({"unmerge"})


def refusal(state: CaseState, message: Message) -> str | None:
    """Return why the case refuses a message, in words for its sender, or None when it takes it."""
    case_id = state.complaint.case_id
    if state.over:
        return f"case {case_id} is {state.status}: it is over"
    if (known := state.messages.get(message.message_id)) is not None and known.kind != message.kind:
        return f"message_id: {message.message_id} was that of an earlier {known.kind}: give this message its own"
    if _unknown_then(state.plan, message.kind):
        return f"case {case_id} was opened before there was {message.kind}"
    if message.seen is not None and message.seen != state.seq and not took_effect(state, message):
        return f"seen: case {case_id} has moved on from {message.seen} to {state.seq}: look at it again, then decide"
    if (reason := _by_role(message)) is not None or state.status is Status.RECEIVED:
        return reason  # a case that is not routed yet decides about the rest when it is
    return _by_agency(state, message) or _by_status(state, message) or _by_bound(state, message)


def took_effect(state: CaseState, message: Message) -> bool:
    """Return whether this very message took effect before: a message of another kind under its id is another one."""
    known = state.messages.get(message.message_id)
    return known is not None and known.kind == message.kind


def taken_in(kind: str) -> frozenset[Status]:
    """Return the statuses in which a case takes messages of a kind."""
    return _TAKEN_IN[kind]


def taken_now(state: CaseState) -> tuple[str, ...]:
    """Return the kinds of messages that the case takes as it stands."""
    if state.over:
        return ()
    return tuple(
        kind for kind, statuses in _TAKEN_IN.items() if state.status in statuses and not _unknown_then(state.plan, kind)
    )


def _unknown_then(plan: CasePlan | None, kind: str) -> bool:
    """Return whether the edition of the engine that a case was opened under did not know a kind of message."""
    return plan is not None and plan.edition < 3 and kind in _SINCE_EDITION_3


def _by_role(message: Message) -> str | None:
    role = message.actor.role
    if isinstance(message, Withdraw) and role in (Role.OPERATOR, Role.SUPERIOR):
        return "actor.role: only the reporter, or a system on the reporter's behalf, can withdraw a complaint"
    if role is Role.SYSTEM or message.kind in _BY_BOTH_SIDES:
        return None
    if message.kind in _BY_SYSTEM:
        return f"actor.role: only a system can {message.kind} a case"
    if (role is Role.REPORTER) != (message.kind in _BY_REPORTER):
        whose = "only the reporter" if message.kind in _BY_REPORTER else "a reporter cannot"
        return f"actor.role: {whose} {'can ' if whose.startswith('only') else ''}{message.kind} a case"
    if message.kind in _BY_SUPERIOR and role is not Role.SUPERIOR:
        return f"actor.role: only a superior can {message.kind} a case"
    return None


def _by_agency(state: CaseState, message: Message) -> str | None:
    """Return why somebody of this agency cannot send the message; the accused agency can send none."""
    case_id, agency = state.complaint.case_id, message.actor.agency
    if agency is None or state.plan is None or message.actor.role is Role.REPORTER:
        return None
    levels = [*state.plan.levels, *(level for part in state.parts for level in part.levels)]
    in_charge = dict.fromkeys(level.agency for level in levels)
    if agency not in in_charge:
        return f"actor.agency: case {case_id} is with {', '.join(in_charge)}; {agency} cannot {message.kind} it"
    return None


def _by_status(state: CaseState, message: Message) -> str | None:
    case_id = state.complaint.case_id
    if isinstance(message, Acknowledge) and state.status is Status.IN_PROGRESS:
        return f"case {case_id} was acknowledged already, by {state.acknowledged_by}"
    if state.status not in _TAKEN_IN[message.kind]:
        others = ", ".join(taken_now(state))
        return f"case {case_id} is {state.status}: nobody can {message.kind} it now; it takes {others}"
    return None


def _by_bound(state: CaseState, message: Message) -> str | None:
    if state.plan is None:
        return None
    check = _CHECKS.get(type(message))
    return check(state, state.plan, message) if check else _counted(state, state.plan, message)


def _counted(state: CaseState, plan: CasePlan, message: Message) -> str | None:
    bounds = {
        "ask": (TransitionKind.ASKED, plan.handling.most_questions, "the reporter was asked"),
        "note": (TransitionKind.NOTED, MOST_NOTES, "notes were taken"),
    }
    if message.kind not in bounds:
        return None
    kind, most, what = bounds[message.kind]
    if state.counted(kind) >= most:
        return f"{what} {_times(most)} already: respond, refer or reject"
    return None


def _respond(state: CaseState, plan: CasePlan, message: Respond) -> str | None:
    if plan.handling.evidence_required and not message.evidence:
        return "evidence: is required by the policy: name at least one stored photo or document"
    if state.status is Status.VERIFYING and plan.triage_reason is TriageReason.OUTSIDE_AUTHORITY:
        return "the case lies outside the government's authority: refer it, or verify whose it is"
    if state.status is not Status.COORDINATING:
        return None
    number = open_part(state, message)
    if number is None:
        waiting = ", ".join(part.agency for part in state.parts if part.answered_at is None)
        return f"part: the case waits for {waiting}: say whose part you answer"
    part, agency = state.parts[number], message.actor.agency
    if agency is not None and agency not in (level.agency for level in part.levels):
        return f"actor.agency: {agency} holds no level of the part of {part.agency}"
    return None


def _transfer(state: CaseState, plan: CasePlan, message: Transfer) -> str | None:
    if message.agency == plan.agency:
        return f"agency: the case is with {plan.agency} already"
    most = plan.handling.most_transfers
    if state.counted(TransitionKind.TRANSFERRED) >= most and message.actor.role is Role.OPERATOR:
        had = ", ".join((*state.had_by, plan.agency))
        return f"the case was passed on {_times(most)} already ({had}): a superior decides, or several coordinate"
    return _accused(plan, (message.agency,))


def _coordinate(state: CaseState, plan: CasePlan, message: Coordinate) -> str | None:
    if state.status is Status.COORDINATING and message.actor.role is Role.OPERATOR:
        return "actor.role: only a superior can say anew who has to answer a part"
    if len(set(message.agencies)) < len(message.agencies):
        return "agencies: one is named twice"
    return _accused(plan, message.agencies)


def _accused(plan: CasePlan, agencies: tuple[str, ...]) -> str | None:
    if plan.bypassed in agencies:
        return f"agency: {plan.bypassed} is the agency that the report accuses: it cannot have the case"
    return None


def _refer(_: CaseState, plan: CasePlan, message: Refer) -> str | None:
    if message.addressee not in plan.addressees:
        known = ", ".join(plan.addressees) or "none"
        return f"addressee: {message.addressee} is not one of the policy's ({known})"
    return None


def _merge(state: CaseState, _: CasePlan, message: Merge) -> str | None:
    return "into: a case cannot be merged into itself" if message.into == state.complaint.case_id else None


def _reopen(state: CaseState, plan: CasePlan, _: Reopen) -> str | None:
    if may_reopen(state):
        return None
    return f"the case was reopened {_times(plan.handling.most_reopenings)} already: another complaint can be made"


def _pause(state: CaseState, plan: CasePlan, message: Pause) -> str | None:
    longest = plan.handling.longest_hold
    if longest is None:
        return "the policy puts no case on hold"
    if state.counted(TransitionKind.PAUSED) >= plan.handling.most_holds:
        return f"the case was on hold {_times(plan.handling.most_holds)} already"
    return _no_longer("limit", message.limit, longest)


def _extend(state: CaseState, plan: CasePlan, message: Extend) -> str | None:
    of_level = message.clock is ClockName.LEVEL
    clock = state.clock if of_level else state.statutory
    longest = plan.handling.longest_extension if of_level else plan.handling.longest_statutory_extension
    if longest is None:
        return f"clock: the policy gives no extension of the {message.clock} clock"
    if clock is None or not clock.running:
        return f"clock: the {message.clock} clock does not run"
    if len(clock.extensions) >= plan.handling.most_extensions:
        return f"clock: the {message.clock} clock was extended {_times(len(clock.extensions))} already"
    return _no_longer("by", message.by, longest)


def _disprove(state: CaseState, _: CasePlan, message: Disprove) -> str | None:
    if false_answer(state, message) is not None:
        return None
    standing = [answer.agency for answer in state.answers if not answer.disproved]
    if len(standing) > 1:
        return f"agency: say whose answer is false: {', '.join(standing)}"
    return "there is no such answer that could be found false, or it was already"


def _recalculate(state: CaseState, _: CasePlan, message: Recalculate) -> str | None:
    if closed := working_time.closed_for_ever(message.calendar, state.complaint.accepted_at):
        return f"calendar: has no working time for over a year from {closed}: nothing would ever be due"
    return None


def _deliver(state: CaseState, plan: CasePlan, message: Deliver) -> str | None:
    if (prepared := state.complaint.service) is not None:
        return f"service: the case prepares {prepared}, which is carried once you respond: nothing else is"
    if message.service not in plan.services:
        known = ", ".join(plan.services) or "none"
        return f"service: {message.service} is not one by which a case may have something carried ({known})"
    if len(state.remedies) >= MOST_REMEDIES:
        return f"the case had something carried {_times(MOST_REMEDIES)} already"
    if len(remedy_id(state)) > 64:
        return "service: the case's id is too long to name a delivery after it: order a service request instead"
    return None


def _carried(state: CaseState, _: CasePlan, message: Carried) -> str | None:
    meant = next((remedy for remedy in state.remedies if remedy.delivery_id == message.delivery), None)
    if meant is None:
        return f"delivery: {message.delivery} is not one that this case ordered"
    if meant.outcome is not None:
        return f"delivery: {message.delivery} has ended already: it is {meant.outcome}"
    if message.outcome not in ENDS:
        return f"outcome: {message.outcome} is no end of a delivery"
    return None


def remedy_id(state: CaseState) -> str:
    """Return the id of the next delivery that the case orders."""
    return f"{state.complaint.case_id}-d{len(state.remedies) + 1}"


_ROUGHLY = {
    Unit.SECONDS: 1.0,
    Unit.MINUTES: 60.0,
    Unit.HOURS: 3600.0,
    Unit.DAYS: 86400.0,
    Unit.WORKING_HOURS: 3600.0,
    Unit.WORKING_DAYS: 86400.0,
}


def _no_longer(field: str, given: Limit, longest: Limit) -> str | None:
    """Return why a limit is too long; it has to count like the longest one does, or nobody could compare the two."""
    working = {Unit.WORKING_DAYS, Unit.WORKING_HOURS}
    if given.unit is not longest.unit and {given.unit, longest.unit} & working:
        return f"{field}: write it in {longest.unit}, as the policy's {longest}"
    if given.value * _ROUGHLY[given.unit] > longest.value * _ROUGHLY[longest.unit]:
        return f"{field}: {given} is more than the policy's {longest}"
    return None


def _times(number: int) -> str:
    return "once" if number == 1 else f"{number} times"


_CHECKS: dict[type[Message], Callable[[CaseState, CasePlan, Any], str | None]] = {
    Respond: _respond,
    Transfer: _transfer,
    Coordinate: _coordinate,
    Refer: _refer,
    Merge: _merge,
    Reopen: _reopen,
    Pause: _pause,
    Extend: _extend,
    Disprove: _disprove,
    Recalculate: _recalculate,
    Deliver: _deliver,
    Carried: _carried,
}
