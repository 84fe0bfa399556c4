"""Who may object to a proposal and who may decide about it, and what others are told."""

from datetime import timedelta
from typing import Any

import pytest

from domain.objections import refusal, took_effect
from domain.scorecard import MessageReceived, TimeReached, decide, decide_all
from schemas.messages import Actor, Role
from schemas.scorecard import Outcome, RegisterMessage, Scorecard
from tests.domain.test_scorecard import DECEMBER, happens, month_of_answers
from tests.making import NOON
from tests.registers import DIVISION, OPERATOR, decision, late, low_share, objection, register

DAY = timedelta(days=1)
SOON, AFTERWARDS = NOON + DAY, NOON + 15 * DAY


def one_proposal(**about: Any) -> Scorecard:
    return happens(register(), late("cs-1", **about), at=NOON)


def about_the_agency() -> Scorecard:
    card = happens(register(low_share()), *month_of_answers(1, 4), at=NOON)
    moment = card.months["2026-11"].closes_at
    return decide_all(card, [TimeReached(moment)])[0]


def superior(office: str | None, *, account: str = "superior-2", role: Role = Role.SUPERIOR) -> Actor:
    return Actor(id=account, role=role, office=office)


def test_an_objection_and_a_decision_are_entries_that_refer_to_the_proposal() -> None:
    card, entries = decide_all(
        one_proposal(), [MessageReceived(SOON, objection(1)), MessageReceived(SOON, decision(1, Outcome.UPHELD))]
    )
    assert [(e.kind, e.refers_to, e.actor, e.office, e.reason) for e in entries] == [
        ("objected", 1, "operator-7", OPERATOR, "was-ill"),
        ("upheld", 1, "superior-2", DIVISION, "was-ill"),
    ]
    assert card.proposals[1].decided is Outcome.UPHELD


def test_an_annulment_takes_back_the_points() -> None:
    _, [entry] = decide_all(one_proposal(), [MessageReceived(SOON, decision(1))])
    assert (entry.kind, entry.points, entry.period) == ("annulled", -3, "2026-11")


@pytest.mark.parametrize("message", [objection(1), decision(1)])
def test_the_same_message_twice_is_one_message(message: RegisterMessage) -> None:
    card = happens(one_proposal(), message, at=SOON)
    assert took_effect(card, message)
    assert decide(card, MessageReceived(SOON, message)) == ()


def test_an_objection_counts_from_when_it_was_accepted() -> None:
    in_time = objection(1, accepted_at=NOON + 14 * DAY)
    assert happens(one_proposal(), in_time, at=NOON + 40 * DAY).proposals[1].objected_by == "operator-7"


def test_nobody_can_pretend_a_later_moment_than_that_of_the_delivery() -> None:
    message = decision(1, Outcome.UPHELD, accepted_at=AFTERWARDS)
    assert happens(one_proposal(), message, at=SOON).proposals[1].decided is None


@pytest.mark.parametrize(
    ("message", "at", "reason"),
    [
        (objection(9), SOON, "entry: the register of ROADS has no proposal number 9"),
        (objection(1), AFTERWARDS, "accepted_at: proposal 1 could be objected to until 2026-12-07 12:00 UTC"),
        (objection(1, actor=superior(DIVISION)), SOON, f"actor.office: only {OPERATOR} can object"),
        (objection(1, actor=superior(None)), SOON, f"actor.office: only {OPERATOR} can object"),
        (objection(1, actor=superior(OPERATOR, role=Role.REPORTER)), SOON, "actor.role: a reporter cannot object"),
        (decision(1, actor=superior(DIVISION, role=Role.OPERATOR)), SOON, "actor.role: a superior decides"),
        (decision(1, actor=superior(DIVISION, role=Role.SYSTEM)), SOON, "actor.role: a superior decides"),
        (decision(1, actor=superior(None)), SOON, "actor.office: say as which office you decide"),
        (decision(1, actor=superior(OPERATOR)), SOON, f"actor.office: {OPERATOR} cannot decide"),
        (decision(1, actor=superior("secretary@ROADS")), SOON, f"actor.office: {DIVISION} or head-of-agency@ROADS"),
        (decision(1, Outcome.UPHELD), SOON, "outcome: proposal 1 can be objected to until 2026-12-07 12:00 UTC"),
    ],
)
def test_what_is_refused_is_refused_with_the_field_and_the_mend(
    message: RegisterMessage, at: object, reason: str
) -> None:
    assert at in (SOON, AFTERWARDS)
    moment = SOON if at == SOON else AFTERWARDS
    said = refusal(one_proposal(), message, moment)
    assert said is not None
    assert said.startswith(reason)
    assert decide(one_proposal(), MessageReceived(moment, message)) == ()


def test_nobody_decides_about_the_own_objection() -> None:
    card = happens(one_proposal(), objection(1), at=SOON)
    same_account = decision(1, actor=superior(DIVISION, account="operator-7"))
    assert str(refusal(card, same_account, SOON)).startswith("actor.id: whoever objected cannot decide")


@pytest.mark.parametrize("outcome", Outcome)
def test_what_is_decided_is_decided(outcome: Outcome) -> None:
    card = happens(one_proposal(), decision(1, outcome), at=AFTERWARDS)
    for message in (objection(1), decision(1, outcome, message_id="again")):
        assert refusal(card, message, AFTERWARDS) == f"entry: proposal 1 is {outcome} already"


def test_an_objection_is_made_once() -> None:
    card = happens(one_proposal(), objection(1), at=SOON)
    assert "was objected to already" in str(refusal(card, objection(1, message_id="again"), SOON))


def test_a_message_id_belongs_to_one_message() -> None:
    card = happens(happens(one_proposal(), late("cs-2"), at=NOON), objection(1), at=SOON)
    assert str(refusal(card, objection(2), SOON)).startswith("message_id: objection-1 was that of entry 3")


def test_an_undisputed_proposal_can_be_upheld_once_the_time_to_object_is_over_and_annulled_at_any_time() -> None:
    assert refusal(one_proposal(), decision(1, Outcome.UPHELD), AFTERWARDS) is None
    assert refusal(one_proposal(), decision(1, Outcome.ANNULLED), SOON) is None


def test_a_system_may_object_on_somebodys_behalf() -> None:
    assert refusal(one_proposal(), objection(1, actor=superior(None, role=Role.SYSTEM)), SOON) is None


def test_anybody_of_an_agency_may_object_for_it_and_nobody_of_it_may_decide() -> None:
    card, soon = about_the_agency(), DECEMBER + DAY
    [number] = card.proposals
    clerk = Actor(id="clerk-1", agency="ROADS")
    assert refusal(card, objection(number, actor=clerk), soon) is None
    stranger = Actor(id="clerk-1", agency="SCHOOLS")
    assert str(refusal(card, objection(number, actor=stranger), soon)).startswith(
        "actor.agency: only somebody of ROADS"
    )
    assert str(refusal(card, decision(number), soon)).startswith("actor.office: nobody of ROADS can decide")
    assert refusal(card, decision(number, actor=superior("inspector@INSPECTORATE")), soon) is None


def test_an_agency_may_speak_for_its_head_too() -> None:
    card = one_proposal(subject="head-of-agency@ROADS", deciders=("inspector@INSPECTORATE",))
    assert refusal(card, objection(1, actor=Actor(id="clerk-1", agency="ROADS")), SOON) is None
    assert str(refusal(card, decision(1), SOON)).startswith("actor.office: nobody of ROADS can decide")


def test_without_deciders_any_superior_decides() -> None:
    card = one_proposal(deciders=())
    assert refusal(card, decision(1, actor=superior("secretary@ROADS")), SOON) is None
