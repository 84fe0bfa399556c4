"""Nobody is accused of what was another's, or twice of one thing; and nobody is let off by a detour."""

from datetime import timedelta

import pytest

from domain.view import view
from schemas.case import CommitRequest, TransitionKind
from schemas.coherence import oversights
from schemas.messages import Actor
from schemas.status import Status
from storage.scorecard_feed import items
from tests import making
from tests.life import Life
from tests.making import NOON
from tests.policies.packs import lampung

DAY = timedelta(days=1)


def proposed(life: Life, rule: str) -> list[str]:
    return [entry.subject for entry in life.ledger if entry.rule == rule]


def test_a_statutory_deadline_that_passes_again_under_another_class_is_not_proposed_for_again() -> None:
    life = Life()
    life.passes(days=61)
    life.says("verify", case_class="field")
    life.passes(days=70)
    assert life.kinds.count("statutory breached") == 2
    assert proposed(life, "statutory-late") == ["head-of-agency@ROADS"]


def test_each_answer_may_be_found_false_once_and_is_that_of_whoever_gave_it() -> None:
    life = Life()
    life.says("respond", evidence=("photo-1",))
    life.says("reopen")
    life.says("transfer", agency="SCHOOLS", reason="wrong-agency")
    life.says("disprove")
    life.says("respond", evidence=("photo-2",))
    life.says("disprove")
    assert proposed(life, "false-answer") == ["operator@ROADS", "operator@SCHOOLS"]


def test_of_several_answers_a_superior_says_whose_was_false() -> None:
    life = Life()
    life.says("coordinate", agencies=("SCHOOLS", "DESK"))
    for agency in ("SCHOOLS", "DESK"):
        life.says("respond", actor=making.operator(agency), evidence=("photo-1",))
    assert "say whose answer is false: SCHOOLS, DESK" in life.refuses("disprove")
    life.says("disprove", agency="DESK")
    assert proposed(life, "false-answer") == ["operator@DESK"]


def test_each_part_answers_for_its_own_evidence_and_the_lead_for_none() -> None:
    life = Life()
    life.says("respond", evidence=("photo-1",))
    life.says("reopen")
    life.says("coordinate", agencies=("SCHOOLS", "DESK"))
    life.says("respond", actor=making.operator("SCHOOLS"))
    life.says("respond", actor=making.operator("DESK"), evidence=("photo-2",))
    assert proposed(life, "no-evidence") == ["operator@SCHOOLS"]
    assert life.state.evidence == ("photo-2",)


def test_disproving_an_answer_does_not_use_up_the_reporter_s_reopening() -> None:
    life = Life(making.whole_policy(most_reopenings=1))
    life.says("respond", evidence=("photo-1",))
    life.says("disprove")
    life.says("respond", evidence=("photo-2",))
    life.says("reopen")
    assert life.status() is Status.ASSIGNED


def test_an_operator_who_answered_in_time_is_not_accused_for_the_level_that_a_reopening_began_at() -> None:
    policy = lampung()
    life = Life(policy, category="school-province", region="18")
    life.passes(days=1)
    life.says("respond", evidence=("photo-1",))
    life.passes(days=1)
    life.says("reopen")
    assert life.state.level == 1
    life.passes(days=10)
    assert "breached" in life.kinds
    assert [subject for subject in proposed(life, "first-response-late") if subject.startswith("liaison")] == []


def test_what_was_to_be_cured_is_forgotten_when_the_case_is_passed_on_or_was_answered() -> None:
    passed_on, answered = Life(), Life()
    passed_on.passes(days=61)
    passed_on.says("transfer", agency="SCHOOLS", reason="wrong-agency")
    passed_on.passes(days=100)
    answered.passes(days=149)
    answered.says("respond", evidence=("photo-1",))
    answered.passes(days=8)
    answered.says("reopen")
    answered.passes(days=1)
    assert proposed(passed_on, "not-cured") == proposed(answered, "not-cured") == []


def test_an_agency_s_share_on_time_counts_its_own_lateness_alone() -> None:
    life = Life()
    life.passes(days=12)
    life.says("transfer", agency="SCHOOLS", reason="wrong-agency")
    life.says("respond", evidence=("photo-1",))
    request = CommitRequest(case=view(life.state), transitions=tuple(life.timeline))
    answers = [(agency, item.on_time) for agency, _, _, item in items(request) if item.kind == "answered"]
    assert answers == [("SCHOOLS", True)]
    assert not life.state.on_time


def test_of_a_coordinated_case_each_agency_s_part_counts_and_the_lead_has_no_answer_of_its_own() -> None:
    life = Life()
    life.says("coordinate", agencies=("SCHOOLS", "DESK"))
    life.says("respond", actor=making.operator("DESK"), evidence=("photo-1",))
    life.passes(days=12)
    life.says("respond", actor=making.operator("SCHOOLS"), evidence=("photo-2",))
    request = CommitRequest(case=view(life.state), transitions=tuple(life.timeline))
    answers = [(agency, item.on_time) for agency, _, _, item in items(request) if item.kind == "answered"]
    assert answers == [("DESK", True), ("SCHOOLS", False)]


def test_a_superior_who_holds_a_part_may_answer_it_and_may_say_anew_whose_parts_there_are() -> None:
    life = Life()
    life.says("coordinate", agencies=("SCHOOLS", "DESK"))
    life.passes(days=35)
    assert view(life.state).owners == ("inspector@INSPECTORATE", "inspector@INSPECTORATE")
    inspector = making.superior("INSPECTORATE")
    assert "part: the case waits for SCHOOLS, DESK" in life.refuses("respond", actor=inspector)
    assert "only a superior" in life.refuses("coordinate", agencies=("SCHOOLS",))
    life.says("coordinate", agencies=("SCHOOLS",), actor=inspector)
    assert [part.agency for part in life.state.parts] == ["SCHOOLS"]
    life.says("respond", actor=inspector, evidence=("photo-1",))
    assert life.status() is Status.RESOLVED


def test_the_accused_agency_does_not_get_a_report_by_any_correction() -> None:
    life = Life(category="report", region=None, respondent="ROADS")
    assert "ROADS is the agency that the report accuses" in life.refuses("verify", agency="ROADS")
    life.says("verify", category="road", region="north")
    assert "ROADS" not in {level.agency for level in life.state.plan.levels} if life.state.plan else False
    assert view(life.state).bypassed == "ROADS"
    assert "ROADS is the agency" in life.refuses("transfer", agency="ROADS", reason="wrong-agency")


def test_a_case_is_not_passed_to_an_agency_whose_cases_would_climb_nothing() -> None:
    policy = making.whole_policy()
    only = policy.model_copy(
        update={
            "ladders": tuple(ladder for ladder in policy.ladders if ladder.code != "default"),
            "categories": tuple(c.model_copy(update={"ladder": "reports"}) for c in policy.categories),
        }
    )
    assert any("agency DESK names no ladder" in problem for problem in oversights(only))


def test_one_name_for_a_level_s_rule_and_another_one_is_a_mistake_in_a_pack() -> None:
    policy = making.whole_policy()
    twice = policy.model_copy(
        update={"sanctions": (policy.sanctions[0].model_copy(update={"rule": "operator-late"}), *policy.sanctions[1:])}
    )
    assert any("sanction operator-late is the name of a level's rule" in problem for problem in oversights(twice))


def test_a_calendar_that_never_opens_is_refused() -> None:
    closed = {str(NOON.date() + timedelta(days=n)): "closed" for n in range(400)}
    never = making.calendar(holidays=closed)
    reason = Life().refuses("recalculate", policy_version="v2", calendar=never, basis="Decree 8/2026")
    assert reason.startswith("calendar: has no working time for over a year from ")


def test_more_time_that_was_given_before_the_deadline_and_delivered_after_it_leaves_nobody_accused() -> None:
    life = Life()
    life.passes(days=11)
    life.says("extend", by="5 days", reason="parts-ordered", accepted_at=NOON + 9 * DAY)
    assert life.state.on_time
    assert life.timeline[-1].kind is TransitionKind.RESCINDED


@pytest.mark.parametrize("office", ["budi.santoso@gmail.com", "budi@kantor.go.id"])
def test_an_office_is_no_e_mail_address(office: str) -> None:
    with pytest.raises(ValueError, match=r"office\n") as caught:
        Actor(id="operator-7", office=office)
    assert "budi" not in str(caught.value)


def test_a_deadline_that_passes_after_all_is_proposed_for_in_place_of_the_proposal_that_was_taken_back() -> None:
    life = Life()
    life.passes(days=61)
    life.says("ask", accepted_at=NOON + 59 * DAY)
    life.says("provide")
    life.passes(days=10)
    first, again = (entry for entry in life.ledger if entry.rule == "statutory-late" and entry.points > 0)
    assert again.refers_to == first.entry
    assert [breach.rescinded for breach in life.state.breaches if breach.statutory] == [True, False]
