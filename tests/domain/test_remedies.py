"""What a case may have carried to somebody as its remedy, who may order it, and how its end is heard."""

from datetime import timedelta
from typing import Any

import pytest

from domain.refusal import MOST_REMEDIES, refusal, taken_now
from domain.remedies import delivery_of, word_of
from domain.view import result, view
from schemas.case import CaseState, TransitionKind
from schemas.delivery import DeliveryResult, DeliveryStart
from schemas.delivery_status import ENDS, DeliveryStatus
from schemas.messages import Deliver, Role
from schemas.status import Status
from tests import making
from tests.life import Life
from tests.making import NOON

DAY = timedelta(days=1)
ORDER: dict[str, Any] = {"service": "papers", "recipient": "recipient-1"}


def ordered(**complaint: Any) -> Life:
    """Return a case that has papers carried."""
    life = Life(**complaint)
    life.says("deliver", **ORDER)
    return life


def of_edition(number: int) -> Life:
    """Return a case that was opened under an edition of the engine."""
    life = Life()
    assert life.state.plan is not None
    life.state = life.state.model_copy(update={"plan": life.state.plan.model_copy(update={"edition": number})})
    return life


# ---- Ordering ------------------------------------------------------------------------------------------------------


def test_an_agency_orders_a_remedy_and_still_owes_an_answer_by_the_same_deadlines() -> None:
    life = Life()
    before = (life.status(), life.due, life.statutory_due)
    life.passes(days=2)
    life.says("deliver", **ORDER)
    assert (life.status(), life.due, life.statutory_due) == before
    [remedy] = view(life.state).remedies
    assert (remedy.delivery_id, remedy.service, remedy.recipient) == ("case-1-d1", "papers", "recipient-1")
    assert (remedy.ordered_at, remedy.outcome) == (life.now, None)
    assert life.state.answered_at is None


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERIOR, Role.SYSTEM])
def test_operators_superiors_and_systems_order_remedies(role: Role) -> None:
    life = Life()
    life.says("deliver", actor={"id": "somebody", "role": role}, **ORDER)
    assert len(life.state.remedies) == 1


def test_neither_the_reporter_nor_an_agency_that_has_no_part_in_the_case_orders_one() -> None:
    life = Life()
    assert life.refuses("deliver", actor=making.reporter(), **ORDER).startswith("actor.role: a reporter cannot")
    assert life.refuses("deliver", actor=making.operator("SCHOOLS"), **ORDER).startswith("actor.agency: ")
    assert life.state.remedies == ()


def test_a_remedy_can_be_ordered_while_somebody_works_on_the_case_and_after_the_answer() -> None:
    life = Life()
    life.says("deliver", **ORDER)
    life.says("coordinate", agencies=("ROADS", "SCHOOLS"))
    life.says("deliver", **ORDER)
    life.says("respond", actor=making.operator("ROADS"))
    life.says("respond", actor=making.operator("SCHOOLS"))
    life.says("deliver", **ORDER)
    assert life.status() is Status.RESOLVED
    assert [remedy.delivery_id for remedy in life.state.remedies] == ["case-1-d1", "case-1-d2", "case-1-d3"]


@pytest.mark.parametrize(
    ("kind", "fields"), [("ask", {}), ("pause", {"limit": "5 days", "reason": "waits"}), ("reject", {"reason": "no"})]
)
def test_no_remedy_is_ordered_while_the_case_rests_or_once_it_is_turned_down(kind: str, fields: dict[str, Any]) -> None:
    life = Life()
    life.says("acknowledge")
    life.says(kind, **fields)
    assert "nobody can deliver it now" in life.refuses("deliver", **ORDER)


def test_it_goes_to_the_place_of_the_case_unless_the_message_says_another() -> None:
    life = Life()
    life.says("deliver", **ORDER)
    life.says("deliver", region="south", **ORDER)
    life.says("verify", region="north/hill")
    life.says("deliver", **ORDER)
    assert [remedy.region for remedy in life.state.remedies] == ["north", "south", "north/hill"]
    nowhere = ordered(category="advice", region=None)
    assert nowhere.state.remedies[0].region is None


def test_the_same_order_twice_is_one_delivery() -> None:
    life = Life()
    message = making.message("deliver", "order-1", **ORDER)
    life.says(message)
    assert life.says(message) == ()
    assert len(life.state.remedies) == 1


# ---- Which services, how often, under which name -------------------------------------------------------------------


def test_only_services_in_which_no_money_and_no_benefit_of_a_period_is_at_stake_carry_remedies() -> None:
    life = Life()
    for service in ("tax", "cash", "ration", "no-such-service"):
        reason = life.refuses("deliver", service=service, recipient="recipient-1")
        assert reason == f"service: {service} is not one by which a case may have something carried (papers, goods)"
    life.says("deliver", service="goods", recipient="recipient-1")
    assert [remedy.service for remedy in life.state.remedies] == ["goods"]


def test_where_the_policy_has_no_such_service_the_refusal_says_that_there_is_none() -> None:
    assert Life(making.policy()).refuses("deliver", **ORDER).endswith("something carried (none)")


def test_a_case_orders_so_many_remedies_and_no_more() -> None:
    life = Life()
    for _ in range(MOST_REMEDIES):
        life.says("deliver", **ORDER)
    assert life.refuses("deliver", **ORDER) == f"the case had something carried {MOST_REMEDIES} times already"


def test_a_case_whose_id_leaves_no_room_for_a_delivery_s_is_told_the_way_out() -> None:
    longest = "c" * 61
    assert ordered(case_id=longest).state.remedies[0].delivery_id == f"{longest}-d1"
    assert "order a service request instead" in Life(case_id=longest + "c").refuses("deliver", **ORDER)


@pytest.mark.parametrize("edition", [1, 2])
def test_cases_of_editions_that_did_not_know_remedies_refuse_both_messages(edition: int) -> None:
    life = of_edition(edition)
    assert not {"deliver", "carried"} & set(taken_now(life.state))
    for kind, fields in (("deliver", ORDER), ("carried", {"delivery": "case-1-d1", "outcome": "delivered"})):
        assert life.refuses(kind, **fields) == f"case case-1 was opened before there was {kind}"


def test_cases_of_today_name_both_among_what_they_take() -> None:
    assert {"deliver", "carried"} <= set(taken_now(Life().state))


# ---- The delivery and its end --------------------------------------------------------------------------------------


def delivery_start(life: Life) -> DeliveryStart:
    """Return the delivery that a case ordered last."""
    return delivery_of(life.state.complaint, life.state.remedies[-1])


def ended(delivery_id: str, outcome: DeliveryStatus = DeliveryStatus.DELIVERED) -> DeliveryResult:
    """Return how a delivery ended."""
    return DeliveryResult(delivery_id=delivery_id, status=outcome, at=NOON)


def test_the_delivery_belongs_to_the_case_costs_nobody_anything_and_tells_its_end() -> None:
    life = ordered()
    start = delivery_start(life)
    assert (start.delivery_id, start.ordered_by, start.recipient) == ("case-1-d1", "case-1", "recipient-1")
    assert (start.region, start.policy_version, start.ordered_at) == ("north", life.policy.version, NOON)
    assert (start.collect, start.pay_out, start.tells) == (None, None, True)


@pytest.mark.parametrize("outcome", sorted(ENDS))
def test_a_case_hears_of_every_end_of_its_delivery_and_goes_on_as_before(outcome: DeliveryStatus) -> None:
    life = ordered()
    before = (life.status(), life.due)
    life.says(word_of(ended("case-1-d1", outcome)))
    assert [remedy.outcome for remedy in view(life.state).remedies] == [outcome]
    assert (life.status(), life.due) == before
    assert life.kinds[-2:] == [TransitionKind.DELIVERY_ORDERED, TransitionKind.DELIVERY_ENDED]


def test_ends_are_told_apart_by_their_delivery() -> None:
    life = ordered()
    life.says("deliver", **ORDER)
    life.says(word_of(ended("case-1-d2", DeliveryStatus.RETURNED)))
    assert [remedy.outcome for remedy in life.state.remedies] == [None, DeliveryStatus.RETURNED]
    life.says(word_of(ended("case-1-d1")))
    assert [remedy.outcome for remedy in life.state.remedies] == [DeliveryStatus.DELIVERED, DeliveryStatus.RETURNED]


def test_an_end_that_is_told_again_is_heard_once() -> None:
    life = ordered()
    life.says(word_of(ended("case-1-d1")))
    assert life.says(word_of(ended("case-1-d1"))) == ()
    said = {"delivery": "case-1-d1", "outcome": "returned"}
    assert life.refuses("carried", **said) == "delivery: case-1-d1 has ended already: it is delivered"


def test_a_case_believes_no_end_of_what_it_did_not_order_and_no_end_that_is_none() -> None:
    life = ordered()
    stranger = life.refuses("carried", delivery="case-2-d1", outcome="delivered")
    assert stranger == "delivery: case-2-d1 is not one that this case ordered"
    no_end = life.refuses("carried", delivery="case-1-d1", outcome="on the way")
    assert no_end == "outcome: on the way is no end of a delivery"
    assert life.state.remedies[0].outcome is None


@pytest.mark.parametrize("sender", [making.operator(), making.superior(), making.reporter()])
def test_only_a_system_tells_the_end_of_a_delivery(sender: Any) -> None:
    life = ordered()
    said = {"actor": sender, "delivery": "case-1-d1", "outcome": "delivered"}
    assert life.refuses("carried", **said).startswith("actor.role: ")


def test_the_end_is_heard_in_every_status_and_nobody_waits_for_it() -> None:
    life = ordered()
    life.says("respond", evidence=("photo-1",))
    life.passes(days=3)
    life.says(word_of(ended("case-1-d1")))
    assert life.status() is Status.RESOLVED


def test_a_case_that_is_over_hears_nothing_any_more() -> None:
    life = ordered()
    life.says("respond", evidence=("photo-1",))
    life.passes(days=10)
    assert life.state.over
    assert "it is over" in str(refusal(life.state, word_of(ended("case-1-d1"))))


# ---- A case in which a service is prepared -------------------------------------------------------------------------


def preparing(service: str = "papers", **complaint: Any) -> Life:
    """Return a case in which an agency prepares a service."""
    return Life(service=service, **complaint)


def test_the_lowest_level_has_the_service_s_time_and_its_superiors_their_own() -> None:
    life = preparing()
    assert life.state.plan is not None
    assert [str(level.limit) for level in life.state.plan.levels] == ["3 days", "10 days", "10 days", "10 days"]
    assert life.due == NOON + 3 * DAY
    assert view(life.state).service == "papers"


def test_lateness_of_the_preparation_climbs_the_ladder_and_is_proposed_for_a_sanction() -> None:
    life = preparing()
    life.passes(days=3)
    assert (life.state.level, life.state.holder) == (1, "head-of-division@ROADS")
    assert life.proposals() == [(0, "operator-late", "operator@ROADS")]
    life.passes(days=10)
    assert life.state.level == 2


def test_the_law_sets_a_deadline_only_where_the_service_names_a_class() -> None:
    assert preparing("papers").statutory_due == NOON + 120 * DAY
    without = preparing("goods", category="school")
    assert without.state.statutory is None
    assert without.state.plan is not None
    assert without.state.plan.case_class is None


def test_another_agency_that_takes_the_preparation_over_has_the_service_s_time_too() -> None:
    life = preparing()
    life.passes(days=2)
    life.says("transfer", agency="SCHOOLS", reason="wrong-agency")
    assert life.due == life.now + 3 * DAY


def test_what_was_prepared_is_contested_at_the_door_so_that_the_case_is_over_with_the_answer() -> None:
    life = preparing()
    life.says("respond", evidence=("photo-1",))
    assert life.kinds[-2:] == [TransitionKind.RESPONDED, TransitionKind.CLOSED]
    assert result(life.state).answered is True


def test_a_request_that_is_rejected_can_be_appealed_and_leaves_nothing_that_was_answered() -> None:
    life = preparing()
    life.says("reject", reason="not-entitled")
    assert "appeal" in taken_now(life.state)
    life.passes(days=10)
    assert life.state.over
    assert result(life.state).answered is False


def test_a_case_that_prepares_a_service_has_nothing_else_carried() -> None:
    reason = preparing().refuses("deliver", **ORDER)
    assert reason == "service: the case prepares papers, which is carried once you respond: nothing else is"


def test_other_cases_say_whether_they_were_answered_and_those_of_older_editions_say_nothing() -> None:
    for edition, answered in ((1, None), (2, None), (3, True)):
        life = of_edition(edition)
        life.says("respond", evidence=("photo-1",))
        life.says("rate", score=5)
        assert result(life.state).answered is answered
    withdrawn = Life()
    withdrawn.says("withdraw")
    assert result(withdrawn.state).answered is False
    assert result(CaseState(complaint=making.complaint())).answered is None


def test_an_order_names_a_recipient_by_reference_and_never_by_number_or_address() -> None:
    for recipient in ("1871010101900001", "siti@example.org", "Siti Aminah"):
        with pytest.raises(ValueError, match="recipient"):
            Deliver(message_id="m", actor=making.operator(), service="papers", recipient=recipient)
