"""A delivery comes to its end whatever the carrier tells or keeps to itself, and says how."""

from datetime import timedelta
from typing import Any

import pytest

from domain.delivery import MOST_REFUSALS, decide, decide_all, evolve_all, next_moment, todo
from domain.delivery_events import (
    Asked,
    CancellationAsked,
    CancellationTried,
    ClaimFiled,
    Ordered,
    Planned,
    TimeReached,
    ToldOf,
    Unreadable,
    at_moment,
    moments,
)
from domain.delivery_told import MOST_EVENTS
from schemas.calendar import limit
from schemas.carrier import FailureReason, Relation, Scan
from schemas.delivery import (
    ENDS,
    AskOutcome,
    ClaimOutcome,
    DeliveryPlanReply,
    DeliveryState,
    DeliveryStatus,
    DeliveryStep,
    OrderOutcome,
)
from schemas.post import Proof, Recipient, Temperatures, Watch
from tests.domain.carrying import END_OF_TIME, SIGNED, Carried, plan, revived, scanned, start, unsound
from tests.making import NOON

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
S = DeliveryStatus


def lost(**terms: Any) -> Carried:
    """A delivery whose first order the carrier has told to be lost."""
    life = Carried(plan(**terms))
    life.passes(days=1)
    life.tells(Scan.LOST)
    return life


# ---- The good way ------------------------------------------------------------------------------------------------


def test_it_is_planned_ordered_and_into_the_right_hands() -> None:
    life = Carried()
    assert (life.status, life.shown.waybill) == (S.ON_THE_WAY, "P26112200001")
    life.passes(days=2)
    life.hands_over()
    assert life.kinds == ["planned", "ordered", "told"]
    assert (life.result.status, life.result.at, life.shown.on_time) == (S.DELIVERED, NOON + 2 * DAY, True)


def test_it_is_planned_only_once() -> None:
    life = Carried()
    assert life.decides(Planned(life.now, DeliveryPlanReply(plan=plan(due="1 day")))) == ()


def test_whose_rules_cannot_be_found_is_refused_and_says_why() -> None:
    state = DeliveryState(start=start())
    reply = DeliveryPlanReply(problem="service: papers is not one of the policy's")
    state, [ended] = decide_all(state, [Planned(NOON, reply)])
    assert (state.now.status, state.over, ended.detail) == (S.REFUSED, True, {"reason": reply.problem})


def test_what_the_carrier_does_not_take_is_refused_and_says_the_field() -> None:
    life = Carried(takes=False)
    assert (life.status, life.over, life.standing.reason) == (S.REFUSED, True, FailureReason.NO_COURIER)
    assert life.timeline[-1].detail == {"problem": "destination.address"}


def test_money_of_the_door_is_in_the_result() -> None:
    life = Carried(collect=150_000)
    life.hands_over(receipt="COD-1", amount=150_000)
    assert (life.result.receipt, life.result.amount) == ("COD-1", 150_000)


def test_a_payout_is_not_over_before_the_carrier_has_told_of_its_receipt() -> None:
    life = Carried(pay_out=600_000)
    life.tells(Scan.PROVEN, relation=Relation.OWNER, proofs=SIGNED)
    assert (life.status, life.over) == (DeliveryStatus.HANDED_OVER, False)
    life.tells(Scan.DELIVERED, ago=timedelta(days=2), receipt="PO-1", amount=600_000)
    assert (life.status, life.result.receipt, life.result.amount) == (DeliveryStatus.DELIVERED, "PO-1", 600_000)


def test_failed_attempts_are_counted_and_shown_with_their_reason_until_it_is_delivered() -> None:
    life = Carried()
    for _ in range(2):
        life.tells(Scan.FAILED, reason=FailureReason.NOBODY_THERE)
        life.passes(hours=22)
    assert (life.status, life.shown.attempts, life.shown.reason) == (S.ATTEMPTED, 2, FailureReason.NOBODY_THERE)
    life.tells(Scan.HELD)
    assert life.status is S.HELD
    life.hands_over()
    assert (life.shown.attempts, life.shown.reason) == (2, None)


def test_the_same_report_under_another_name_is_not_another_attempt() -> None:
    life = Carried()
    life.happens(ToldOf(life.now, scanned("ev-1", Scan.FAILED)))
    assert life.happens(ToldOf(life.now, scanned("ev-1-again", Scan.FAILED))) == ()
    assert life.standing.attempts == 1


@pytest.mark.parametrize("scan", [Scan.CONFIRMED, Scan.DEPARTED, Scan.OUT_FOR_DELIVERY])
def test_scans_that_decide_nothing_stay_out_of_its_history(scan: Scan) -> None:
    assert Carried().tells(scan) == ()


def test_what_is_told_of_an_order_that_was_never_placed_is_nobodys() -> None:
    assert Carried().tells(Scan.DELIVERED, order=2) == ()


# ---- On time -----------------------------------------------------------------------------------------------------


def test_the_service_level_passes_once() -> None:
    life = Carried(plan(due="2 days"))
    life.passes(days=3)
    assert life.kinds == ["planned", "ordered", "overdue"]
    life.hands_over()
    assert not life.shown.on_time


def test_on_time_is_judged_by_when_it_was_handed_over_not_by_when_that_was_told() -> None:
    life = Carried(plan(due="2 days"))
    life.passes(days=4)
    assert not life.shown.on_time
    life.hands_over(ago=3 * DAY)
    assert life.shown.on_time


def test_what_was_handed_over_too_late_is_late_even_if_nobody_had_noticed_before() -> None:
    life = Carried(plan(due="2 days"))
    life.now += 3 * DAY
    life.hands_over(ago=HOUR)
    assert not life.shown.on_time


def test_waiting_for_proofs_is_not_late() -> None:
    life = Carried(plan(due="2 days"))
    life.hands_over(proofs=())
    life.lives_on()
    assert (life.status, life.shown.on_time) == (S.UNPROVEN, True)


# ---- Proofs ------------------------------------------------------------------------------------------------------


def test_a_handover_without_its_proofs_waits_for_them() -> None:
    life = Carried()
    life.hands_over(proofs=())
    assert (life.status, life.over) == (S.HANDED_OVER, False)
    life.passes(days=6)
    life.tells(Scan.PROVEN, ago=6 * DAY, proofs=SIGNED)
    assert (life.status, life.over) == (S.DELIVERED, True)


def test_proofs_that_never_come_are_claimed() -> None:
    life = Carried()
    life.hands_over(proofs=())
    life.passes(days=7)
    assert (life.status, life.over, life.shown.claim) == (S.UNPROVEN, True, "cl-1")
    assert life.kinds[-2:] == ["proofs overdue", "claimed"]


def test_a_wait_for_proofs_does_not_end_while_the_carrier_cannot_be_asked() -> None:
    life = Carried()
    life.tells(Scan.DELIVERED)
    life.reached = False
    life.passes(days=20)
    assert (life.status, life.over) == (DeliveryStatus.HANDED_OVER, False)
    life.reached = True
    life.knows = (scanned("ev-1", Scan.DELIVERED), scanned("ev-2", Scan.PROVEN, relation="owner", proofs=SIGNED))
    life.lives_on()
    assert (life.status, life.over) == (DeliveryStatus.DELIVERED, True)


def test_the_time_for_proofs_does_not_begin_anew_with_every_report() -> None:
    life = Carried()
    life.hands_over(proofs=())
    life.passes(days=5)
    life.hands_over(proofs=(Proof.PLACE,), ago=5 * DAY)
    life.passes(days=2)
    assert life.status is S.UNPROVEN


@pytest.mark.parametrize(("scan", "stands"), [(Scan.RETURNED, S.RETURNED), (Scan.LOST, S.LOST)])
def test_a_late_proof_says_that_it_was_delivered_after_all(scan: Scan, stands: DeliveryStatus) -> None:
    life = Carried()
    life.passes(days=1)
    life.tells(scan)
    life.passes(days=6)
    assert (life.status, life.over) == (stands, False)
    life.hands_over(ago=6 * DAY + HOUR)
    assert (life.status, life.over, life.shown.contradicted) == (S.DELIVERED, True, True)


@pytest.mark.parametrize(
    ("scan", "ends"), [(Scan.RETURNED, S.RETURNED), (Scan.LOST, S.CLAIMED), (Scan.DELIVERED, S.MISDELIVERED)]
)
def test_an_end_without_a_delivery_is_one_once_no_proof_came_in_time(scan: Scan, ends: DeliveryStatus) -> None:
    life = Carried()
    life.tells(scan, relation=Relation.NEIGHBOUR)
    life.passes(days=6, hours=23)
    assert not life.over
    life.passes(hours=1)
    assert (life.status, life.over) == (ends, True)


def test_a_neighbour_does_not_get_the_papers_of_an_owner_and_the_carrier_hears_of_it() -> None:
    life = Carried(plan(handed_to=Recipient.OWNER))
    life.hands_over(relation=Relation.NEIGHBOUR)
    assert (life.status, life.shown.claim) == (S.MISDELIVERED, "cl-1")


def test_the_owner_may_get_from_wrong_hands_what_is_hers_until_the_end() -> None:
    life = Carried()
    life.hands_over(relation=Relation.NEIGHBOUR)
    life.passes(days=2)
    life.hands_over()
    assert (life.status, life.over) == (S.DELIVERED, True)


def test_what_was_too_warm_is_spoiled_and_claimed_at_once() -> None:
    cold = plan(carriage="cold", temperatures=Temperatures(lowest=2, highest=8), proofs=(Proof.TEMPERATURE,))
    life = Carried(cold)
    life.hands_over(proofs=(Proof.TEMPERATURE,), temperatures=Temperatures(lowest=4, highest=19))
    assert (life.status, life.over, life.shown.claim) == (S.SPOILED, True, "cl-1")


def test_what_was_disposed_of_is_spoiled() -> None:
    life = Carried()
    life.tells(Scan.DISPOSED, reason=FailureReason.DAMAGED)
    assert (life.status, life.over, life.result.reason) == (S.SPOILED, True, FailureReason.DAMAGED)


def test_a_carrier_that_takes_no_claim_holds_up_nothing() -> None:
    life = Carried()
    life.claims = False
    life.tells(Scan.DISPOSED)
    assert (life.over, life.shown.claim) == (True, None)
    assert life.timeline[-1].detail == {"claim": "the carrier takes none"}


@pytest.mark.parametrize("scan", [Scan.DISPOSED, Scan.DELIVERED])
def test_what_was_claimed_as_lost_and_turns_out_otherwise_comes_to_an_end(scan: Scan) -> None:
    life = lost()
    life.passes(days=1)
    life.tells(scan, relation=Relation.OWNER)
    life.lives_on()
    assert life.over
    assert life.status is (S.SPOILED if scan is Scan.DISPOSED else S.UNPROVEN)
    assert life.kinds.count("claimed") == 1


@pytest.mark.parametrize(("scan", "ends"), [(Scan.REJECTED, S.REFUSED), (Scan.CANCELLED, S.CANCELLED)])
def test_what_the_carrier_gives_back_before_it_went_is_over(scan: Scan, ends: DeliveryStatus) -> None:
    life = Carried()
    life.tells(scan)
    assert (life.status, life.over) == (ends, True)


# ---- Lost, and another one in its place --------------------------------------------------------------------------


def test_what_is_lost_is_claimed_and_waits_to_be_found_where_none_is_sent_in_its_place() -> None:
    life = lost()
    assert (life.status, life.shown.claim, life.shown.orders) == (S.LOST, "cl-1", 1)
    life.lives_on()
    assert (life.status, life.result.at) == (S.CLAIMED, NOON + 8 * DAY)


def test_another_one_is_sent_for_a_lost_one_under_its_own_order() -> None:
    life = lost(reissues=1)
    assert life.kinds == ["planned", "ordered", "told", "claimed", "reissued"]
    assert (life.status, life.shown.orders, life.shown.waybill) == (S.ON_THE_WAY, 2, "P26112200002")
    life.hands_over(order=2)
    assert (life.status, life.over) == (S.DELIVERED, True)


def test_another_one_begins_with_no_attempts_and_its_own_legs() -> None:
    life = Carried(plan(reissues=1, legs=({"to": "ONE", "within": "1 day"},)))
    life.tells(Scan.FAILED)
    life.passes(days=2)
    life.tells(Scan.LOST)
    [leg] = life.standing.legs
    assert (life.standing.attempts, leg.begun_at, leg.late) == (0, NOON + 2 * DAY, False)


def test_no_more_are_sent_than_the_service_allows() -> None:
    life = lost(reissues=2)
    for order in (2, 3):
        life.tells(Scan.LOST, order=order)
    life.lives_on()
    assert (life.status, life.shown.orders, life.shown.claim) == (S.CLAIMED, 3, "cl-3")


def test_money_is_never_sent_a_second_time() -> None:
    life = Carried(plan(reissues=1, carriage="cash"), pay_out=600_000)
    life.tells(Scan.LOST)
    assert (life.status, life.shown.orders) == (S.LOST, 1)


def test_a_lost_one_that_is_found_and_delivered_makes_its_replacement_superfluous() -> None:
    life = lost(reissues=1)
    life.hands_over(order=1)
    assert (life.status, life.over, life.shown.contradicted, life.shown.on_time) == (S.DELIVERED, True, False, True)
    assert life.result.at == life.now


def test_a_replacement_that_cannot_be_stopped_any_more_is_for_people_to_look_at() -> None:
    life = lost(reissues=1)
    life.cancels = False
    life.hands_over(order=1)
    assert (life.status, life.over, life.shown.contradicted) == (S.DELIVERED, True, True)
    assert life.timeline[-1].detail == {"reason": "its replacement is on the way, too, and cannot be stopped"}


def test_two_that_both_came_are_for_people_to_look_at() -> None:
    life = lost(reissues=1)
    life.hands_over(order=2, proofs=())
    life.hands_over(order=1)
    assert (life.status, life.over, life.shown.contradicted) == (S.DELIVERED, True, True)


def test_what_happens_to_the_replacement_while_it_is_stopped_does_not_undo_the_delivery() -> None:
    life = lost(reissues=1)
    life.decides(ToldOf(life.now, scanned("found", Scan.DELIVERED, 25, relation=Relation.OWNER, proofs=SIGNED)))
    assert todo(life.state, None) is DeliveryStep.CANCEL
    life.decides(ToldOf(life.now, scanned("failed", Scan.FAILED, 30, order=2)))
    assert (life.status, life.standing.contradicted) == (S.DELIVERED, False)
    life.decides(ToldOf(life.now, scanned("both", Scan.DELIVERED, 31, order=2)))
    life.decides(CancellationTried(life.now, cancelled=True))
    assert (life.status, life.over, life.standing.contradicted) == (S.DELIVERED, True, True)


def test_a_lost_one_that_is_found_before_its_replacement_went_needs_none() -> None:
    life = Carried(plan(reissues=1))
    life.decides(ToldOf(life.now, scanned("lost", Scan.LOST)))
    life.decides(ClaimFiled(life.now, ClaimOutcome(claim="cl-1")))
    assert todo(life.state, None) is DeliveryStep.ORDER
    life.hands_over(order=1)
    assert (life.status, life.over, life.shown.orders) == (S.DELIVERED, True, 1)


def test_other_news_of_a_lost_one_changes_nothing_about_its_replacement() -> None:
    life = lost(reissues=1)
    before = life.standing
    life.tells(Scan.RETURNED, order=1)
    assert life.standing == before


@pytest.mark.parametrize("how", ["refused", "rejected", "cancelled by the carrier", "cancelled by somebody"])
def test_a_replacement_that_comes_to_nothing_leaves_the_claim_for_the_lost_one(how: str) -> None:
    life = Carried(plan(reissues=1))
    life.takes = how != "refused"
    life.tells(Scan.LOST)
    if how == "cancelled by somebody":
        life.cancel()
    elif how != "refused":
        life.tells(Scan.REJECTED if how == "rejected" else Scan.CANCELLED, order=2)
    assert (life.status, life.over) == (S.CLAIMED, True), "nobody can be sure that nobody got anything"


# ---- Silence -----------------------------------------------------------------------------------------------------


def test_a_silent_carrier_is_asked_with_growing_pauses_up_to_the_longest() -> None:
    life = Carried()
    life.passes(days=16)
    assert [(moment - NOON).days for moment in life.asked_at] == [1, 3, 7, 11, 15]


def test_news_make_it_asked_soon_again() -> None:
    life = Carried()
    life.passes(days=10)
    life.tells(Scan.ARRIVED, point="ONE")
    life.asked_at.clear()
    life.passes(days=1)
    assert life.asked_at == [life.now]


def test_what_is_learnt_by_asking_counts_as_if_it_had_been_told() -> None:
    life = Carried()
    life.knows = (
        scanned("a", Scan.FAILED, 5),
        scanned("b", Scan.DELIVERED, 23, relation=Relation.OWNER, proofs=SIGNED),
    )
    life.passes(days=1)
    assert (life.status, life.over, life.shown.attempts) == (S.DELIVERED, True, 1)


def test_one_answer_counts_as_a_whole_also_what_comes_after_the_end_in_it() -> None:
    life = Carried()
    handed = scanned("a", Scan.DELIVERED, 20, relation=Relation.OWNER, proofs=SIGNED)
    life.knows = (handed, scanned("b", Scan.RETURNING, 22), scanned("c", Scan.PROVEN, 20, receipt="OUT-1", amount=1))
    life.passes(days=1)
    assert (life.status, life.shown.contradicted, life.result.receipt) == (S.DELIVERED, True, "OUT-1")


def test_silence_for_longer_than_anything_takes_counts_as_lost() -> None:
    life = Carried()
    life.passes(days=23)
    assert not life.over
    assert life.kinds[-2:] == ["presumed lost", "claimed"]
    life.lives_on()
    assert life.status is S.CLAIMED


def test_nothing_is_presumed_of_a_carrier_that_could_not_be_reached() -> None:
    life = Carried()
    life.reached = False
    life.passes(days=90)
    assert "presumed lost" not in life.kinds
    life.reached = True
    life.passes(days=4)
    assert life.status is S.LOST


def test_scans_of_any_kind_break_the_silence() -> None:
    life = Carried()
    life.passes(days=22)
    assert next_moment(life.state) == NOON + 23 * DAY
    life.now = NOON + 23 * DAY
    life.happens(Asked(life.now, AskOutcome(news_at=NOON + 20 * DAY)))
    assert life.status is S.ON_THE_WAY


def test_a_carrier_whose_clock_is_wrong_does_not_put_off_the_loss_for_ever() -> None:
    life = Carried()
    life.passes(days=22)
    life.now = NOON + 23 * DAY
    life.happens(Asked(life.now, AskOutcome(news_at=NOON + 2000 * DAY)))
    assert life.status is S.LOST


def test_what_the_post_keeps_for_collection_is_not_lost_by_lying_there() -> None:
    life = Carried(plan(held_for="30 days"))
    life.tells(Scan.HELD)
    life.passes(days=50)
    assert "presumed lost" not in life.kinds
    life.passes(days=5)
    assert life.status is S.LOST


def test_what_counted_as_lost_and_comes_forth_goes_on() -> None:
    life = Carried()
    life.passes(days=24)
    life.tells(Scan.ARRIVED, point="ONE")
    assert (life.status, life.standing.ends_at) == (S.ON_THE_WAY, None)
    life.hands_over()
    assert life.status is S.DELIVERED


def test_the_longest_watch_that_a_policy_can_write_is_no_problem() -> None:
    watch = Watch(first=limit("10000 days"), longest=limit("10000 days"), lost_after=limit("10000 days"))
    state = Carried(plan(watch=watch)).state
    state = state.model_copy(update={"now": state.now.model_copy(update={"asked": 10**6})})
    ask_at = state.now.ask_at
    assert ask_at is not None
    [silent] = decide(state, Asked(ask_at, AskOutcome(reached=False)))
    assert silent.after.ask_at == ask_at + timedelta(days=10_000)


# ---- Not wanted any more -----------------------------------------------------------------------------------------


def test_what_is_on_the_way_is_stopped_if_the_carrier_still_can() -> None:
    life = Carried()
    life.cancel()
    assert life.kinds == ["planned", "ordered", "cancellation asked", "ended"]
    assert (life.status, life.over) == (S.CANCELLED, True)


def test_what_cannot_be_stopped_any_more_goes_on() -> None:
    life = Carried()
    life.cancels = False
    life.cancel()
    assert life.kinds[-2:] == ["cancellation asked", "too late to cancel"]
    life.hands_over()
    assert life.status is S.DELIVERED


@pytest.mark.parametrize("scan", [Scan.FAILED, Scan.HELD, Scan.RETURNING])
def test_at_the_door_it_is_too_late_to_cancel(scan: Scan) -> None:
    life = Carried()
    life.tells(scan)
    life.cancel()
    assert (life.kinds[-1], life.over) == ("too late to cancel", False)


def test_whoever_cancels_many_times_has_cancelled_once() -> None:
    life = Carried()
    life.cancels = False
    life.cancel()
    assert [life.cancel(f"again-{n}") for n in range(50)] == [()] * 50


def test_what_was_not_ordered_yet_is_not_ordered_any_more() -> None:
    state, _ = decide_all(DeliveryState(start=start()), [Planned(NOON, DeliveryPlanReply(plan=plan()))])
    state, _ = decide_all(state, [CancellationAsked(NOON, "no-more")])
    assert (state.now.status, state.over, todo(state, None)) == (S.CANCELLED, True, None)


def test_nothing_is_sent_in_place_of_a_lost_one_that_nobody_wants() -> None:
    life = Carried(plan(reissues=1))
    life.cancels = False
    life.cancel()
    life.tells(Scan.LOST)
    assert (life.status, life.shown.orders) == (S.LOST, 1)


def test_a_loss_that_is_told_while_it_is_being_stopped_is_claimed() -> None:
    life = Carried(plan(reissues=1))
    life.decides(CancellationAsked(life.now, "no-more"))
    life.happens(ToldOf(life.now, scanned("a", Scan.LOST)))
    life.lives_on()
    assert (life.status, life.shown.orders, life.shown.claim) == (S.CLAIMED, 1, "cl-1")


# ---- Legs --------------------------------------------------------------------------------------------------------

LEGS = ({"to": "PANJANG", "within": "1 day"}, {"to": "PRIOK", "within": "2 days"})


def consignment() -> Carried:
    return Carried(
        plan(legs=LEGS, handed_to=Recipient.ANYONE, watch=Watch(first=limit("30 days"), longest=limit("30 days")))
    )


def test_each_leg_begins_when_the_one_before_is_over() -> None:
    life = consignment()
    life.passes(hours=20)
    life.tells(Scan.ARRIVED, point="PANJANG", ago=2 * HOUR)
    first, second = life.shown.legs
    assert (first.begun_at, first.arrived_at, first.late) == (NOON, NOON + 18 * HOUR, False)
    assert second.due is not None
    assert (second.begun_at, second.due.at) == (NOON + 18 * HOUR, NOON + 66 * HOUR)


def test_a_leg_whose_time_passes_is_late_at_once_and_once() -> None:
    life = consignment()
    life.passes(days=4)
    assert life.kinds == ["planned", "ordered", "leg overdue"]
    assert life.timeline[-1].detail == {"to": "PANJANG"}
    assert [leg.late for leg in life.shown.legs] == [True, False]


def test_a_leg_that_was_in_time_is_not_late_however_late_that_is_told() -> None:
    life = consignment()
    life.passes(days=2)
    assert life.shown.legs[0].late
    life.tells(Scan.ARRIVED, point="PANJANG", ago=30 * HOUR)
    assert not life.shown.legs[0].late


def test_a_hub_that_forgot_to_scan_makes_no_leg_late() -> None:
    life = consignment()
    life.passes(hours=12)
    life.tells(Scan.ARRIVED, point="PRIOK")
    life.passes(days=4)
    assert "leg overdue" not in life.kinds
    assert [leg.late for leg in life.shown.legs] == [False, False]


def test_what_is_at_the_door_or_lost_is_not_awaited_at_a_hub() -> None:
    for scan in (Scan.FAILED, Scan.RETURNED):
        life = consignment()
        life.tells(scan)
        life.passes(days=4)
        assert "leg overdue" not in life.kinds


# ---- Nonsense, and what is told twice ----------------------------------------------------------------------------


def test_nonsense_is_recorded_without_its_content_and_cannot_fill_the_history() -> None:
    life = Carried()
    for number in range(3 * MOST_REFUSALS):
        life.happens(Unreadable(life.now, f"(signal {number})", "told", "its payload cannot be read as JSON"))
    assert life.kinds.count("message refused") == MOST_REFUSALS
    assert revived(life.state) == life.state


def test_nothing_happens_after_the_end() -> None:
    life = Carried()
    life.hands_over()
    events = (
        *(
            ToldOf(life.now, scanned("x", Scan.RETURNED, 99)),
            TimeReached(END_OF_TIME),
            CancellationAsked(life.now, "x"),
        ),
        *(Asked(life.now, AskOutcome()), Unreadable(life.now, "(signal 9)", "told", "is none")),
        *(Ordered(life.now, OrderOutcome()), ClaimFiled(life.now, ClaimOutcome(claim="x"))),
    )
    assert [decide(life.state, event) for event in events] == [()] * len(events)


def test_an_answer_of_the_carrier_that_was_taken_is_not_taken_again() -> None:
    life = Carried()
    assert next_moment(life.state) == NOON + DAY
    silent = Asked(NOON + DAY, AskOutcome())
    assert len(life.decides(silent)) == 1
    assert life.decides(silent) == ()
    assert life.decides(Ordered(NOON, OrderOutcome(reason=FailureReason.OTHER))) == ()
    assert life.decides(CancellationTried(NOON, cancelled=True)) == ()


def test_events_that_are_decided_again_are_decided_at_the_moments_of_the_first_time() -> None:
    event = scanned("a", Scan.FAILED)
    known = moments([ToldOf(NOON, event), ToldOf(NOON + HOUR, event), CancellationAsked(NOON + DAY, "x")])
    assert at_moment(ToldOf(NOON + 2 * DAY, event), known) == ToldOf(NOON, event), "that of the first of the two"
    assert at_moment(CancellationAsked(NOON, "x"), known).at == NOON + DAY
    other = event.model_copy(update={"order": 2})
    assert at_moment(ToldOf(NOON + 2 * DAY, other), known).at == NOON + 2 * DAY


# ---- Every status and every end ----------------------------------------------------------------------------------


def test_every_status_is_reached_by_something() -> None:
    reached: set[DeliveryStatus] = set()
    for scan in (*Scan, None):
        for relation in (Relation.OWNER, Relation.NEIGHBOUR):
            for proofs in ((), SIGNED):
                life = Carried(takes=scan is not None)
                if scan is not None:
                    life.tells(scan, relation=relation, proofs=proofs)
                life.lives_on()
                assert life.over
                assert not list(unsound(life.state))
                reached |= {transition.after.status for transition in life.timeline}
    assert reached == set(DeliveryStatus)
    assert reached >= ENDS


def test_the_view_says_what_happens_next_and_when() -> None:
    life = Carried(plan(due="12 hours"))
    assert (life.shown.next_at, life.shown.next_kind) == (NOON + 12 * HOUR, "overdue")
    life.passes(hours=12)
    assert (life.shown.next_at, life.shown.next_kind) == (NOON + DAY, "silent")
    life.hands_over()
    assert (life.shown.next_at, life.shown.next_kind) == (None, None)


def test_a_history_comes_back_as_it_was_written() -> None:
    life = lost(reissues=1, legs=LEGS)
    life.hands_over(order=1)
    state = DeliveryState(start=start())
    assert evolve_all(state, map(revived, life.timeline)) == life.state == revived(life.state)


def test_a_flood_of_news_counts_no_further_than_any_shipment_goes_and_people_look() -> None:
    life = Carried()
    flood = [scanned(f"ev-{n}", Scan.FAILED, n / 100) for n in range(MOST_EVENTS + 50)]
    for event in flood:
        life.happens(ToldOf(life.now, event))
    assert (len(life.state.events), life.standing.contradicted) == (MOST_EVENTS, True)
