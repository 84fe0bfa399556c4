"""What a case is about and whose it is: verification, transfer, coordination of several agencies."""

from dataclasses import replace
from datetime import datetime

from domain import clocks
from domain.answering import resolve_if_all_answered
from domain.evolution import same_holders
from domain.taken import Taken, fresh, rescind_what_was_in_time
from schemas.case import CasePlan, CaseState, Clock, Part, PlanRequest, TransitionKind
from schemas.handling import AfterTransfer
from schemas.messages import Coordinate, Message, Transfer, Verify
from schemas.sanctions import Trigger
from schemas.status import Status


def needed_plans(state: CaseState, message: Message) -> tuple[PlanRequest, ...]:
    """Return what plans a message needs before the case can take it: another agency has other rules."""
    if state.plan is None:
        return ()
    as_it_is = PlanRequest(
        complaint=state.complaint,
        category=state.plan.category or state.complaint.category,
        region=state.plan.region or state.complaint.region,
        case_class=state.plan.case_class,
        bypassed=state.plan.bypassed,
    )
    match message:
        case Verify(category=None, region=None, case_class=None, agency=None):
            return ()
        case Verify():
            changes = {"category": message.category or as_it_is.category, "region": message.region or as_it_is.region}
            case_class = message.case_class or (None if message.category else as_it_is.case_class)
            return (as_it_is.model_copy(update={**changes, "case_class": case_class, "agency": _kept(state, message)}),)
        case Transfer():
            changes = {"category": message.category or as_it_is.category}
            case_class = None if message.category else as_it_is.case_class
            return (as_it_is.model_copy(update={**changes, "case_class": case_class, "agency": message.agency}),)
        case Coordinate():
            return tuple(as_it_is.model_copy(update={"agency": agency}) for agency in message.agencies)
    return ()


def _kept(state: CaseState, message: Verify) -> str | None:
    """Return the agency that a corrected case stays with: a new place or category is routed anew."""
    assert state.plan is not None
    if message.agency or message.category or message.region or state.plan.triage_reason:
        return message.agency
    return state.plan.agency


def verify(taken: Taken, message: Verify) -> None:
    """Say what the case is about; where that makes it another agency's, it begins anew there."""
    before, state = taken.plan, taken.state
    new = taken.plans[0] if taken.plans else None
    status = Status.IN_PROGRESS if state.status is Status.IN_PROGRESS else Status.ASSIGNED
    standing = taken.timeline.change(status=status)
    detail = {"agency": (new or before).agency, "class": (new or before).case_class or ""}
    if new is not None:
        standing = replace(standing, plan=new, statutory=_under(taken, new))
        if not same_holders(new, before):
            standing = replace(
                standing, status=_first_status(new), level=0, clock=fresh(new, 0, taken.now), window=None
            )
            detail["to"] = new.levels[0].holder
    taken.add(message, standing, detail={name: value for name, value in detail.items() if value})
    if "to" in detail:
        rescind_what_was_in_time(taken, statutory=False)


def transfer(taken: Taken, message: Transfer) -> None:
    """Hand the case to another agency; the transfer that uses up the bound is proposed for a sanction."""
    before, new, bound = taken.plan, taken.plans[0], taken.plan.handling.most_transfers
    used_up = taken.state.counted(TransitionKind.TRANSFERRED) + 1 == bound
    reason = f"passed on for the {bound}. time, to {new.agency}"
    entries = taken.accuse(Trigger.TOO_MANY_TRANSFERS, reason) if used_up else ()
    clock = taken.state.clock
    if new.handling.after_transfer is AfterTransfer.FRESH or clock is None:
        clock = fresh(new, 0, taken.now)
    standing = taken.timeline.change(
        status=Status.ASSIGNED,
        level=0,
        clock=clock,
        statutory=_under(taken, new),
        window=None,
        plan=new,
    )
    detail = {
        "from": before.levels[taken.state.level].holder,
        "to": new.levels[0].holder,
        "agency": new.agency,
        "reason": message.reason,
    }
    taken.add(message, standing, detail=detail, entries=entries)
    rescind_what_was_in_time(taken, statutory=False)


def coordinate(taken: Taken, message: Coordinate) -> None:
    """Give several agencies a part each, with its own ladder and clock; who has one already keeps it."""
    clock, _ = taken.at_rest()
    had = {part.agency: part for part in taken.state.parts if taken.state.status is Status.COORDINATING}
    parts = [part for part in had.values() if part.answered_at is not None]
    known = {part.agency for part in parts}
    parts += [had.get(plan.agency) or _part(plan, taken.now) for plan in taken.plans if plan.agency not in known]
    window = taken.state.window if had else None
    standing = taken.timeline.change(status=Status.COORDINATING, clock=clock, parts=tuple(parts), window=window)
    detail = {"agencies": ", ".join(part.agency for part in parts), "reason": message.reason}
    taken.add(message, standing, detail=detail)
    if not had:
        rescind_what_was_in_time(taken, statutory=False)
    resolve_if_all_answered(taken)


def _part(plan: CasePlan, now: datetime) -> Part:
    return Part(agency=plan.agency, agency_head=plan.agency_head, levels=plan.levels, clock=fresh(plan, 0, now))


def _first_status(plan: CasePlan) -> Status:
    return Status.VERIFYING if plan.triage_reason else Status.ASSIGNED


def _under(taken: Taken, plan: CasePlan) -> Clock | None:
    """Return the statutory clock under a new plan: it counts from the opening still, with the rests it had.

    Another class may have a shorter deadline. It never puts the deadline into the past.
    """
    before = taken.state.statutory
    new = clocks.statutory(plan, opened_at=taken.state.complaint.accepted_at)
    if new is None or before is None or new.limits == before.limits:
        return new and (before or new)
    anew = clocks.reckon(
        plan.calendar, new.model_copy(update={"pauses": before.pauses, "extensions": before.extensions})
    )
    if before.breached and anew.due.at <= taken.now:
        return before
    kept = clocks.not_into_the_past(anew, before, taken.now)
    return kept.model_copy(update={"warned": before.warned and anew.due.at <= before.due.at})
