"""What cases tell registers, made up: proposals, annulments and answers, and rules to judge them by."""

from datetime import datetime
from typing import Any

from domain.chain import seal
from domain.register_state import governed
from domain.view import view
from schemas.calendar import limit
from schemas.case import CaseState, CommitRequest, Transition, TransitionKind
from schemas.handling import Handling
from schemas.ledger import GENESIS, EntryKind, LedgerEntry
from schemas.messages import Actor, Role
from schemas.policy import Agency, Period, Policy
from schemas.sanctions import Subject, Trigger, TriggeredRule
from schemas.scorecard import AnsweredItem, Decide, LedgerItem, Object, Outcome, RegisterRules, Scorecard
from schemas.status import Status
from tests import making
from tests.making import NOON

OPERATOR, DIVISION = "operator@ROADS", "head-of-division@ROADS"


def late_again(times: int = 2, within: str = "30 days", *, rule: str = "late-again") -> TriggeredRule:
    """Return a rule about whoever is late so often."""
    return TriggeredRule(
        rule=rule,
        trigger=Trigger.LATE_AGAIN,
        subject=Subject.HOLDER,
        sanction="written warning",
        points=50,
        basis="PP 94/2021",
        times=times,
        within=limit(within),
    )


def low_share(
    share: float = 0.8, at_least: int = 5, *, subject: Subject = Subject.AGENCY, rule: str = "low-share"
) -> TriggeredRule:
    """Return a rule about agencies that answer too few cases in time."""
    return TriggeredRule(
        rule=rule,
        trigger=Trigger.LOW_SHARE,
        subject=subject,
        sanction="allowance deduction",
        points=20,
        basis="Pergub",
        share=share,
        at_least=at_least,
    )


def rules(*sanctions: TriggeredRule, minutes: int = 0, **changes: Any) -> RegisterRules:
    """Return rules by which proposals can be objected to for 14 days, in a zone so many minutes ahead of UTC."""
    given: dict[str, Any] = {
        "policy_version": "test",
        "late_again": tuple(rule for rule in sanctions if rule.trigger is Trigger.LATE_AGAIN),
        "low_share": tuple(rule for rule in sanctions if rule.trigger is Trigger.LOW_SHARE),
        "lateness": (("operator-late", 0),),
        "head_role": "head-of-agency",
        "points_period": Period.MONTH,
        "objection": limit("14 days"),
        "calendar": making.calendar(minutes=minutes),
    }
    return RegisterRules(**(given | changes))


def register(*sanctions: TriggeredRule, agency: str = "ROADS", **changes: Any) -> Scorecard:
    """Return an empty register under such rules."""
    return governed(Scorecard(agency=agency), rules(*sanctions, **changes), NOON)


def entry(case_id: str, number: int = 1, *, at: datetime = NOON, **changes: Any) -> LedgerEntry:
    """Return a sealed proposal about an operator of ROADS who was late."""
    given: dict[str, Any] = {
        "case_id": case_id,
        "entry": number,
        "kind": EntryKind.PROPOSED,
        "level": 0,
        "rule": "operator-late",
        "subject": OPERATOR,
        "sanction": "oral warning",
        "points": 3,
        "basis": "PP 94/2021",
        "at": at,
        "reason": "no answer",
        "agency": "ROADS",
        "deciders": (DIVISION, "head-of-agency@ROADS"),
        "previous_hash": "",
        "hash": "",
    }
    return seal(LedgerEntry(**(given | changes)), GENESIS)


def late(
    case_id: str, number: int = 1, *, at: datetime = NOON, holder: str | None = None, **changes: Any
) -> LedgerItem:
    """Return what a case tells when the holder of a level let its time pass."""
    proposal = entry(case_id, number, at=at, **changes)
    return LedgerItem(policy_version="test", opened_at=NOON, late=holder or proposal.subject, entry=proposal)


def taken_back(item: LedgerItem, *, at: datetime | None = None) -> LedgerItem:
    """Return what a case tells when it takes that proposal back."""
    proposal = item.entry
    annulment = proposal.model_copy(
        update={
            "entry": proposal.entry + 100,
            "kind": EntryKind.ANNULLED,
            "points": -proposal.points,
            "at": at or proposal.at,
            "refers_to": proposal.entry,
        }
    )
    return item.model_copy(update={"late": None, "entry": seal(annulment, proposal.hash)})


def answered(case_id: str, seq: int = 3, *, at: datetime = NOON, on_time: bool = True) -> AnsweredItem:
    """Return what a case tells when it is answered."""
    return AnsweredItem(policy_version="test", opened_at=NOON, case_id=case_id, seq=seq, at=at, on_time=on_time)


def objection(number: int, *, message_id: str = "objection-1", **changes: Any) -> Object:
    """Return an operator's objection to a proposal about the operator."""
    actor = Actor(id="operator-7", agency="ROADS", office=OPERATOR)
    given = {"message_id": message_id, "actor": actor, "entry": number, "reason": "was-ill"}
    return Object.model_validate(given | changes)


def decision(
    number: int, outcome: Outcome = Outcome.ANNULLED, *, message_id: str = "decision-1", **changes: Any
) -> Decide:
    """Return the head of division's decision about a proposal."""
    actor = Actor(id="superior-2", role=Role.SUPERIOR, agency="ROADS", office=DIVISION)
    given = {"message_id": message_id, "actor": actor, "entry": number, "reason": "was-ill", "outcome": outcome}
    return Decide.model_validate(given | changes)


def policy(
    agency: str, *sanctions: TriggeredRule, each_level: str = "10 days", objection_window: str | None = "14 days"
) -> Policy:
    """Return a policy with one more agency, which owns the roads."""
    bare = making.policy(each_level, name=f"policy-of-{agency}")
    changes = {
        "agencies": (*bare.agencies, Agency(code=agency, name=agency)),
        "routes": tuple(
            route.model_copy(update={"agency": agency}) if route.category == "road" else route for route in bare.routes
        ),
        "sanctions": sanctions,
        "handling": Handling(objection=limit(objection_window) if objection_window else None),
        "points_period": Period.MONTH,
    }
    return Policy.model_validate(dict(bare) | changes)


def committed(
    policy: Policy,
    agency: str,
    *entries: LedgerEntry,
    case_id: str,
    answered_at: datetime | None = None,
    on_time: bool = True,
    opened_at: datetime = NOON,
) -> CommitRequest:
    """Return a case's commit of a breach with these ledger entries, and of an answer if there is one."""
    complaint = making.complaint(case_id, policy_version=policy.version, accepted_at=opened_at)
    case = view(CaseState(complaint=complaint, plan=making.plan()))
    about: dict[str, Any] = {"status": Status.ASSIGNED, "level": 0, "clock": None}
    transitions = [
        Transition(
            seq=number,
            kind=TransitionKind.BREACHED,
            at=entry.at,
            detail={"holder": f"operator@{agency}"},
            ledger=(entry,),
            **about,
        )
        for number, entry in enumerate(entries, start=3)
    ]
    if answered_at is not None:
        seq = len(transitions) + 3
        answer = Transition(seq=seq, kind=TransitionKind.RESPONDED, at=answered_at, message_id="answer", **about)
        transitions.append(answer)
    return CommitRequest(
        case=case.model_copy(update={"agency": agency, "on_time": on_time}), transitions=tuple(transitions)
    )
