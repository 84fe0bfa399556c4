"""A case as people see it: where it stands, who has it, and what happens next and when, and why then."""

from domain import clocks, ledger
from domain.lifecycle import next_up
from domain.refusal import taken_now
from schemas.case import CasePlan, CaseResult, CaseState, CaseView, Clock, ClockView, NextStep, PartView
from schemas.policy import Offer
from schemas.status import Status


def view(state: CaseState) -> CaseView:
    """Return the case's present standing. Before it is routed, what only the plan knows is None."""
    complaint, plan = state.complaint, state.plan
    return CaseView(
        case_id=complaint.case_id,
        status=state.status,
        channel=complaint.channel,
        category=(plan.category if plan else None) or complaint.category,
        region=(plan.region if plan else None) or complaint.region,
        agency=plan.agency if plan else None,
        queue=plan.queue if plan else None,
        triage_reason=plan.triage_reason if plan else None,
        level=state.level,
        level_title=plan.levels[state.level].title if plan else None,
        holder=state.holder,
        policy_version=complaint.policy_version,
        opened_at=complaint.accepted_at,
        due=state.clock.due if state.clock and not state.clock.paused else None,
        what_next=_what_next(state),
        on_time=state.on_time,
        answered_at=state.answered_at,
        closed_at=state.closed_at,
        seq=state.seq,
        ledger_length=len(state.ledger),
        ledger_head=ledger.head_of(state.ledger),
        case_class=plan.case_class if plan else None,
        level_clock=_clock(plan, state.clock),
        statutory_clock=_clock(plan, state.statutory),
        window=state.window,
        parts=tuple(
            PartView(
                agency=part.agency,
                level=part.level,
                holder=part.holder,
                clock=_clock(plan, part.clock),
                answered_at=part.answered_at,
            )
            for part in state.parts
        ),
        owners=_owners(state),
        watchers=state.watchers,
        round=state.round,
        identity=complaint.identity,
        respondent=complaint.respondent,
        bypassed=plan.bypassed if plan else None,
        merged_into=state.merged_into,
        referred_to=plan.addressees.get(state.referred_to) if plan and state.referred_to else None,
        suggested_addressee=plan.suggested_addressee if plan else None,
        possible_duplicates=plan.possible_duplicates if plan else (),
        rating=state.rating,
        service=complaint.service,
        remedies=state.remedies,
        offers=_offers(state),
        messages=taken_now(state),
    )


def result(state: CaseState) -> CaseResult:
    """Return what a finished case leaves behind in its history."""
    return CaseResult(
        case_id=state.complaint.case_id,
        status=state.status,
        on_time=state.on_time,
        level=state.level,
        seq=state.seq,
        ledger_length=len(state.ledger),
        ledger_head=ledger.head_of(state.ledger),
        answered=state.answered_at is not None if state.plan and state.plan.edition >= 3 else None,
    )


def _clock(plan: CasePlan | None, clock: Clock | None) -> ClockView | None:
    if plan is None or clock is None:
        return None
    left = clocks.left(plan.calendar, clock)
    return ClockView(
        due=clock.due,
        started_at=clock.started_at,
        warn_at=clock.warn_at,
        warned=clock.warned,
        breached=clock.breached,
        paused_since=clock.pauses[-1].since if clock.paused else None,
        left=str(left) if left is not None else None,
    )


def _owners(state: CaseState) -> tuple[str, ...]:
    """Return who has to act now: the holder, or of a coordinated case those of the parts that wait for an answer."""
    if state.plan is None or state.settled:
        return ()
    if state.status is Status.COORDINATING:
        return tuple(part.holder for part in state.parts if part.answered_at is None)
    return (state.plan.levels[state.level].holder,)


def _offers(state: CaseState) -> tuple[Offer, ...]:
    if state.plan is None or state.settled:
        return ()
    late = {breach.level for breach in state.breaches if not (breach.rescinded or breach.statutory or breach.part)}
    return tuple(level.offer for n, level in enumerate(state.plan.levels) if n in late and level.offer is not None)


def _what_next(state: CaseState) -> NextStep | None:
    up = next_up(state)
    if up is None:
        return None
    of = state.parts[up.number].holder if up.is_of_part else state.holder
    return NextStep(kind=up.kind(state), at=up.at, of=of)
