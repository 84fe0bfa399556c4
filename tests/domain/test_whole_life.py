"""Everything that can happen to a case between its opening and its end, in the pure core."""

from datetime import timedelta
from typing import Any

import pytest

from domain.ledger import broken_at
from domain.view import view
from schemas.case import TransitionKind, WindowKind
from schemas.messages import Actor, Role
from schemas.status import Status
from tests import making
from tests.life import Life
from tests.making import NOON

DAY = timedelta(days=1)


# ---- Verification and triage ---------------------------------------------------------------------------------------


def test_a_triaged_case_is_verified_and_begins_at_the_lowest_level_of_the_agency_that_owns_it() -> None:
    life = Life(region=None)
    life.passes(days=12)
    assert (life.status(), life.state.level) == (Status.VERIFYING, 1)
    life.says("verify", region="north")
    assert (life.status(), life.state.level, life.state.holder) == (Status.ASSIGNED, 0, "operator@ROADS")
    assert life.due == life.now + 10 * DAY


def test_verifying_what_a_case_is_about_moves_no_level_deadline() -> None:
    life = Life()
    due = life.due
    life.passes(days=2)
    life.says("verify", case_class="field")
    assert life.due == due
    assert life.statutory_due == NOON + 120 * DAY
    assert life.state.plan is not None
    assert life.state.plan.case_class == "field"


def test_verification_may_put_any_agency_in_charge() -> None:
    life = Life(category="orphan")
    life.says("verify", agency="SCHOOLS")
    assert life.state.holder == "operator@SCHOOLS"


# ---- Asking the reporter -------------------------------------------------------------------------------------------


def test_the_level_clock_rests_while_the_reporter_is_asked_and_goes_on_with_all_that_it_had_left() -> None:
    life = Life()
    life.passes(days=4)
    life.says("ask")
    life.passes(days=5)
    assert life.status() is Status.NEEDS_INFORMATION
    life.says("provide")
    assert life.status() is Status.ASSIGNED
    assert life.due == NOON + 15 * DAY
    assert life.statutory_due == NOON + 65 * DAY


def test_the_statutory_clock_goes_on_where_the_law_lets_it_not_rest() -> None:
    life = Life()
    life.says("verify", case_class="field")
    life.says("ask")
    life.passes(days=5)
    life.says("provide")
    assert life.statutory_due == NOON + 120 * DAY


def test_a_reporter_who_provides_nothing_in_time_finds_the_case_closed() -> None:
    life = Life()
    life.says("ask")
    life.passes(days=10)
    assert life.status() is Status.CLOSED
    assert life.state.over
    assert life.timeline[-1].detail["reason"] == "nothing came from the reporter in time"
    assert life.ledger == ()


def test_a_reporter_is_not_asked_for_ever() -> None:
    life = Life(making.whole_policy(most_questions=2))
    for _ in range(2):
        life.says("ask")
        life.says("provide")
    assert "was asked 2 times already" in life.refuses("ask")


# ---- Answering, contesting, rating ---------------------------------------------------------------------------------


def test_an_answer_stops_all_clocks_and_silence_closes_the_case() -> None:
    life = Life()
    life.says("respond", evidence=("photo-1",))
    assert life.status() is Status.RESOLVED
    assert life.state.clock is None
    life.passes(days=9)
    assert not life.state.over
    life.passes(days=1)
    assert life.status() is Status.CLOSED
    assert life.kinds == ["received", "assigned", "responded", "closed"]


def test_a_reopened_case_gets_the_clock_that_the_policy_names_and_the_statutory_one_goes_on() -> None:
    life = Life()
    life.passes(days=12)
    assert life.state.level == 1
    life.says("respond", evidence=("photo-1",))
    life.passes(days=3)
    life.says("reopen")
    assert (life.status(), life.state.level) == (Status.ASSIGNED, 0)
    assert life.due == life.now + 10 * DAY
    assert life.statutory_due == NOON + 63 * DAY
    assert life.state.answered_at is None


@pytest.mark.parametrize(("after", "level"), [("lowest level", 0), ("same level", 1), ("next level", 2)])
def test_the_policy_says_at_which_level_a_reopened_case_goes_on(after: str, level: int) -> None:
    life = Life(making.whole_policy(after_reopening=after))
    life.passes(days=12)
    life.says("respond", evidence=("photo-1",))
    life.says("reopen")
    assert life.state.level == level


def test_a_case_is_not_reopened_for_ever() -> None:
    life = Life(making.whole_policy(most_reopenings=1))
    life.says("respond")
    life.says("reopen")
    life.says("respond")
    assert "reopened once already" in life.refuses("reopen")


def test_a_good_rating_ends_the_case_and_a_poor_one_takes_it_to_the_next_senior_level() -> None:
    good, poor = Life(), Life()
    for life, score in ((good, 5), (poor, 1)):
        life.says("respond")
        life.says("rate", score=score)
    assert good.status() is Status.CLOSED
    assert (poor.status(), poor.state.level) == (Status.ASSIGNED, 1)
    assert poor.state.rating == 1


def test_lateness_after_reopening_is_another_lateness_and_may_be_proposed_for_again() -> None:
    life = Life()
    life.passes(days=11)
    life.says("respond", evidence=("photo-1",))
    life.says("reopen")
    life.passes(days=11)
    assert [(e.round, e.level, e.rule) for e in life.ledger] == [(None, 0, "operator-late"), (2, 0, "operator-late")]
    assert broken_at(life.ledger) is None


def test_an_answer_without_evidence_leads_to_a_proposal_and_where_it_is_required_it_is_refused() -> None:
    life = Life()
    life.says("respond")
    assert life.proposals() == [(0, "no-evidence", "operator@ROADS")]
    strict = Life(making.whole_policy(evidence_required=True))
    assert strict.refuses("respond").startswith("evidence: is required")


def test_an_answer_that_is_found_false_reopens_the_case_and_is_proposed_for_once() -> None:
    life = Life()
    life.says("respond", evidence=("photo-1",))
    life.says("disprove")
    assert life.status() is Status.ASSIGNED
    assert life.proposals() == [(0, "false-answer", "operator@ROADS")]
    assert "it was already" in life.refuses("disprove")


# ---- Passing on, several agencies ----------------------------------------------------------------------------------


def test_a_transferred_case_begins_anew_with_the_other_agency_and_its_past_holders_still_see_it() -> None:
    life = Life()
    life.passes(days=9)
    life.says("transfer", agency="SCHOOLS", reason="wrong-agency")
    assert life.state.holder == "operator@SCHOOLS"
    assert life.due == life.now + 10 * DAY
    assert life.statutory_due == NOON + 60 * DAY
    assert view(life.state).watchers == ("operator@ROADS", "operator@SCHOOLS")
    assert view(life.state).owners == ("operator@SCHOOLS",)


def test_the_policy_may_let_the_clock_go_on_after_a_transfer() -> None:
    life = Life(making.whole_policy(after_transfer="continued clock"))
    due = life.due
    life.passes(days=9)
    life.says("transfer", agency="SCHOOLS", reason="wrong-agency")
    assert life.due == due


def test_ping_pong_costs_the_agency_that_passes_the_case_on_and_then_only_a_superior_can() -> None:
    life = Life(making.whole_policy(most_transfers=2))
    life.says("transfer", agency="SCHOOLS", reason="wrong-agency")
    life.says("transfer", agency="ROADS", reason="wrong-agency")
    assert life.proposals() == [(0, "ping-pong", "operator@SCHOOLS")]
    reason = life.refuses("transfer", agency="SCHOOLS", reason="wrong-agency")
    assert reason.startswith("the case was passed on 2 times already (ROADS, SCHOOLS, ROADS)")
    life.says("transfer", agency="SCHOOLS", reason="wrong-agency", actor=making.superior())
    assert life.state.holder == "operator@SCHOOLS"


def test_a_coordinated_case_is_resolved_when_all_parts_are_answered_and_each_part_has_its_own_clock() -> None:
    life = Life()
    life.says("coordinate", agencies=("ROADS", "SCHOOLS"))
    assert life.status() is Status.COORDINATING
    life.passes(days=5)
    life.says("respond", actor=making.operator("ROADS"), evidence=("photo-1",))
    assert life.status() is Status.COORDINATING
    life.passes(days=6)
    assert [(part.agency, part.level) for part in life.state.parts] == [("ROADS", 0), ("SCHOOLS", 1)]
    assert view(life.state).owners == ("head-of-division@SCHOOLS",)
    life.says("respond", actor=making.operator("SCHOOLS"), evidence=("photo-2",))
    assert life.status() is Status.RESOLVED
    assert life.state.evidence == ("photo-1", "photo-2")
    assert [(e.part, e.subject) for e in life.ledger] == [("SCHOOLS", "operator@SCHOOLS")]
    assert not life.state.on_time


def test_an_agency_without_an_open_part_cannot_answer_a_coordinated_case() -> None:
    life = Life()
    life.says("coordinate", agencies=("ROADS", "SCHOOLS"))
    assert "the case waits for ROADS, SCHOOLS" in life.refuses("respond", actor=making.operator("INSPECTORATE"))


# ---- Other answers -------------------------------------------------------------------------------------------------


def test_what_lies_outside_the_authority_is_referred_to_a_named_addressee_never_just_closed() -> None:
    life = Life(category="police", region="north")
    assert view(life.state).triage_reason == "outside the government's authority"
    assert view(life.state).suggested_addressee == "POLICE"
    assert life.refuses("refer", addressee="NOBODY").startswith("addressee: NOBODY is not one of the policy's (POLICE)")
    life.says("refer", addressee="POLICE")
    assert life.status() is Status.REFERRED
    assert view(life.state).referred_to == "Police"
    life.passes(days=11)
    assert (life.status(), life.state.over) == (Status.REFERRED, True)


def test_a_rejected_case_can_be_appealed_and_goes_to_the_superior() -> None:
    life = Life()
    life.says("reject", reason="not-a-complaint")
    life.passes(days=3)
    assert life.ledger == ()
    life.says("appeal")
    assert (life.status(), life.state.level) == (Status.VERIFYING, 1)
    assert life.due == life.now + 10 * DAY


def test_a_merged_case_is_silent_and_goes_on_where_it_was_when_it_is_not_the_same_after_all() -> None:
    life = Life()
    life.passes(days=4)
    life.says("merge", into="case-2")
    life.passes(days=9)
    assert life.kinds == ["received", "assigned", "merged"]
    life.says("unmerge")
    assert life.status() is Status.ASSIGNED
    assert life.due == NOON + 19 * DAY
    assert "into itself" in life.refuses("merge", into="case-1")


@pytest.mark.parametrize(
    "status", ["assigned", "in progress", "needs information", "on hold", "coordinating", "resolved"]
)
def test_the_reporter_may_withdraw_at_any_open_state(status: str) -> None:
    life = Life()
    ways: dict[str, tuple[str, dict[str, Any]]] = {
        "in progress": ("acknowledge", {}),
        "needs information": ("ask", {}),
        "on hold": ("pause", {"limit": "5 days", "reason": "waits-for-court"}),
        "coordinating": ("coordinate", {"agencies": ("ROADS", "SCHOOLS")}),
        "resolved": ("respond", {}),
    }
    if status in ways:
        kind, fields = ways[status]
        life.says(kind, **fields)
    assert life.status() == status
    life.says("withdraw")
    assert (life.status(), life.state.over) == (Status.WITHDRAWN, True)


# ---- Clocks --------------------------------------------------------------------------------------------------------


def test_a_case_on_hold_goes_on_by_itself_when_its_time_is_over() -> None:
    life = Life()
    life.passes(days=2)
    life.says("pause", limit="30 days", reason="waits-for-court")
    life.passes(days=31)
    assert life.status() is Status.ASSIGNED
    assert life.due == NOON + 40 * DAY
    assert "on hold once already" in life.refuses("pause", limit="1 day", reason="waits-for-court")


def test_a_case_is_put_on_hold_no_longer_than_the_policy_allows() -> None:
    assert "limit: 91 days is more than the policy's 90 days" in Life().refuses(
        "pause", limit="91 days", reason="waits-for-court"
    )


def test_a_superior_extends_a_clock_once_within_the_bound_and_the_deadline_says_why() -> None:
    life = Life()
    assert "only a superior can" in life.refuses("extend", by="5 days", reason="parts-ordered", actor=making.operator())
    assert "by: 6 days is more than" in life.refuses("extend", by="6 days", reason="parts-ordered")
    assert "gives no extension of the statutory clock" in life.refuses(
        "extend", by="5 days", reason="parts-ordered", clock="statutory"
    )
    life.says("extend", by="5 days", reason="parts-ordered")
    assert life.due == NOON + 15 * DAY
    assert life.state.clock is not None
    assert any("extended by 5 days (parts-ordered)" in step for step in life.state.clock.due.steps)
    assert "extended once already" in life.refuses("extend", by="1 day", reason="parts-ordered")


def test_notes_and_acknowledgements_move_no_deadline() -> None:
    life = Life()
    due, statutory = life.due, life.statutory_due
    life.passes(days=1)
    for kind in ("note", "acknowledge", "note"):
        life.says(kind)
    assert (life.due, life.statutory_due) == (due, statutory)


def test_the_law_s_deadline_is_warned_about_and_passes_once_whatever_level_the_case_is_at() -> None:
    life = Life()
    life.passes(days=61)
    kinds = [kind for kind in life.kinds if kind.startswith("statutory")]
    assert kinds == ["statutory warned", "statutory breached"]
    assert ("statutory-late", "head-of-agency@ROADS") in [(e.rule, e.subject) for e in life.ledger]


def test_a_warning_that_is_not_cured_in_time_leads_to_one_further_proposal_that_refers_to_it() -> None:
    life = Life()
    life.passes(days=400)
    [warning] = [entry for entry in life.ledger if entry.rule == "statutory-late"]
    [further] = [entry for entry in life.ledger if entry.rule == "not-cured"]
    assert further.refers_to == warning.entry
    assert further.at == warning.at + 90 * DAY


def test_a_changed_calendar_moves_running_deadlines_in_the_open_and_never_into_the_past() -> None:
    office = making.whole_policy("5 working days")
    office = office.model_copy(update={"calendar": making.rules(making.office_week())})
    life = Life(office)
    before = life.due
    decree = making.calendar(making.office_week(), holidays={"2026-11-30": "Election day"})
    life.says("recalculate", policy_version="v2", calendar=decree, basis="Decree 7/2026")
    assert life.due == before + DAY
    assert life.timeline[-1].detail["due"] == f"{before.isoformat()} -> {life.due.isoformat()}"
    assert life.timeline[-1].kind is TransitionKind.RECALCULATED
    assert not life.state.over


# ---- The ladder ----------------------------------------------------------------------------------------------------


def test_the_top_is_reminded_at_a_slowing_pace_and_the_ombudsman_is_offered_once_superiors_were_asked() -> None:
    life = Life()
    life.passes(days=40 + 7 + 14 + 28 + 28)
    assert life.kinds.count("reminded") == 4
    assert life.kinds.count("offered") == 1
    offered = next(t for t in life.timeline if t.kind is TransitionKind.OFFERED)
    assert offered.at == NOON + 30 * DAY
    assert [offer.route for offer in view(life.state).offers] == ["Ombudsman"]


def test_reminders_stop_when_the_case_is_answered() -> None:
    life = Life()
    life.passes(days=50)
    life.says("respond", evidence=("photo-1",))
    life.passes(days=365)
    assert life.kinds.count("reminded") == 1
    assert life.state.over


def test_asking_at_the_top_suspends_the_reminders() -> None:
    life = Life()
    life.passes(days=41)
    assert life.state.window is not None
    assert life.state.window.kind is WindowKind.REMINDER
    life.says("ask")
    life.passes(days=9)
    assert "reminded" not in life.kinds
    life.says("provide")
    life.passes(days=7)
    assert life.kinds.count("reminded") == 1


# ---- Whistle-blowing -----------------------------------------------------------------------------------------------


def test_a_whistle_blowing_report_goes_past_the_accused_agency() -> None:
    life = Life(category="report", region=None, respondent="ROADS")
    assert life.state.holder == "officer@INSPECTORATE"
    assert "ROADS is the agency that the report accuses" in life.refuses(
        "transfer", agency="ROADS", reason="wrong-agency"
    )
    assert "ROADS cannot note it" in life.refuses("note", actor=making.operator("ROADS"))


def test_a_report_about_the_inspectorate_itself_goes_to_whom_the_policy_names_instead() -> None:
    life = Life(category="report", region=None, respondent="INSPECTORATE")
    assert life.state.plan is not None
    assert life.state.plan.agency == "SECRETARIAT"
    assert [level.holder for level in life.state.plan.levels] == ["secretary@SECRETARIAT"]


# ---- Who may say what ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "actor", "reason"),
    [
        ("reopen", making.operator(), "actor.role: only the reporter can reopen"),
        ("respond", making.reporter(), "actor.role: a reporter cannot respond"),
        ("acknowledge", making.reporter(), "actor.role: a reporter cannot acknowledge"),
        ("withdraw", making.superior(), "actor.role: only the reporter, or a system"),
        ("note", making.operator("SCHOOLS"), "actor.agency: case case-1 is with ROADS, INSPECTORATE; SCHOOLS cannot"),
    ],
)
def test_nobody_speaks_for_another(kind: str, actor: Actor, reason: str) -> None:
    assert Life().refuses(kind, actor=actor).startswith(reason)


def test_a_system_may_speak_for_anybody() -> None:
    life = Life()
    life.says("ask", actor=Actor(id="bridge", role=Role.SYSTEM))
    life.says("provide", actor=Actor(id="bridge", role=Role.SYSTEM))
    assert life.status() is Status.ASSIGNED


def test_a_message_out_of_place_is_refused_with_what_the_case_takes_instead() -> None:
    assert "is assigned: nobody can provide it now; it takes verify, ask" in Life().refuses("provide")
