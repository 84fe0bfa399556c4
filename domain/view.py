"""A case as people see it: where it stands, who has it, and what happens next and when."""

from domain import ledger
from domain.lifecycle import next_moment
from schemas.case import CaseResult, CaseState, CaseView, NextStep, TransitionKind


def view(state: CaseState) -> CaseView:
    """Return the case's present standing. Before it is routed, what only the plan knows is None."""
    complaint, plan = state.complaint, state.plan
    return CaseView(
        case_id=complaint.case_id,
        status=state.status,
        channel=complaint.channel,
        category=complaint.category,
        region=complaint.region,
        agency=plan.agency if plan else None,
        queue=plan.queue if plan else None,
        triage_reason=plan.triage_reason if plan else None,
        level=state.level,
        level_title=plan.levels[state.level].title if plan else None,
        holder=state.holder,
        policy_version=complaint.policy_version,
        opened_at=complaint.accepted_at,
        due=state.clock.due if state.clock else None,
        what_next=_what_next(state),
        on_time=state.on_time,
        answered_at=state.answered_at,
        closed_at=state.closed_at,
        seq=state.seq,
        ledger_length=len(state.ledger),
        ledger_head=ledger.head_of(state.ledger),
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
    )


def _what_next(state: CaseState) -> NextStep | None:
    moment = next_moment(state)
    if moment is None or state.clock is None:
        return None
    warns = moment == state.clock.warn_at and not state.clock.warned
    return NextStep(kind=TransitionKind.WARNED if warns else TransitionKind.BREACHED, at=moment)
