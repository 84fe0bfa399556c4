"""A request is prepared, paid for, delivered and confirmed; what ends early is taken back, and no money is lost."""

from datetime import timedelta

import pytest

from domain.service_children import case_of, delivery_of, unheard_of_case, unheard_of_delivery, withdrawal
from domain.service_events import (
    CaseEnded,
    DeliveryEnded,
    MessageReceived,
    PaymentAsked,
    Planned,
    Refunded,
    Stopped,
    TimeReached,
    Unreadable,
    Voided,
    at_moment,
    moments,
)
from domain.service_request import MOST_REFUSALS, decide, decide_all, evolve_all, next_moment, refusal, took_effect
from schemas.delivery import DeliveryStatus
from schemas.service_request import (
    REQUEST_ENDS,
    Cancel,
    Confirm,
    DisputeReason,
    Paid,
    PaymentCode,
    RefundOutcome,
    RequestPlan,
    RequestPlanReply,
    RequestState,
    RequestStatus,
    RequestStep,
    VoidOutcome,
)
from tests.domain.carrying import END_OF_TIME, revived
from tests.domain.requesting import (
    PRICE,
    RECIPIENT,
    Requested,
    case_result,
    paid_at_the_door,
    paid_first,
    paid_out,
    plan,
    start,
    unsound,
)
from tests.making import NOON

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
D, S = DeliveryStatus, RequestStatus
NEVER_THERE = [D.RETURNED, D.REFUSED, D.UNPROVEN, D.CANCELLED]
TO_BE_PREPARED_AGAIN = [D.CLAIMED, D.SPOILED, D.MISDELIVERED]


def awaiting_payment(rules: RequestPlan | None = None) -> Requested:
    life = Requested(rules or paid_first())
    life.prepared()
    return life


def delivering(rules: RequestPlan | None = None) -> Requested:
    life = Requested(rules)
    life.prepared()
    if life.status is S.AWAITING_PAYMENT:
        life.pays()
    return life


def confirming(rules: RequestPlan | None = None) -> Requested:
    life = delivering(rules)
    life.delivered()
    return life


# ---- The good way of every kind of service -----------------------------------------------------------------------


def test_what_is_free_is_prepared_delivered_and_confirmed() -> None:
    life = Requested()
    assert (life.status, life.shown.case_id, life.shown.delivery_id) == (S.PREPARING, "req-7-p1", None)
    life.prepared()
    assert (life.status, life.shown.delivery_id) == (S.DELIVERING, "req-7-d1")
    life.delivered()
    assert life.status is S.CONFIRMING
    life.confirms()
    assert life.kinds == ["received", "prepared", "delivered", "confirmed"]
    assert (life.result.status, life.result.outcome, life.result.paid) == (S.COMPLETED, D.DELIVERED, 0)


def test_what_is_paid_first_is_not_delivered_before_it_is_paid() -> None:
    life = Requested(paid_first())
    life.prepared()
    assert (life.status, life.shown.payment_code, life.standing.delivery_open) == (S.AWAITING_PAYMENT, "PAY-1", False)
    life.pays()
    assert (life.status, life.standing.payment_open) == (S.DELIVERING, False)
    life.delivered()
    life.confirms()
    assert life.kinds == ["received", "prepared", "payment asked", "paid", "delivered", "confirmed"]
    assert (life.result.status, life.result.paid, life.result.refunded) == (S.COMPLETED, PRICE, 0)


def test_what_is_paid_at_the_door_is_delivered_with_the_sum_to_collect() -> None:
    life = delivering(paid_at_the_door())
    assert delivery_of(life.state, life.now).collect == PRICE
    life.delivered(receipt="COD-1", amount=PRICE)
    life.confirms()
    assert (life.result.status, life.result.paid) == (S.COMPLETED, PRICE)


def test_a_benefit_is_paid_out_and_nothing_is_collected() -> None:
    life = delivering(paid_out())
    order = delivery_of(life.state, life.now)
    assert (order.pay_out, order.collect) == (600_000, None)
    life.delivered(receipt="OUT-1", amount=600_000)
    life.confirms()
    assert (life.result.status, life.result.paid_out, life.result.paid) == (S.COMPLETED, "OUT-1", 0)


def test_silence_confirms() -> None:
    life = confirming()
    life.passes(days=6)
    assert not life.over
    life.passes(days=1)
    assert (life.result.status, life.result.at) == (S.COMPLETED, NOON + 7 * DAY)
    assert life.timeline[-1].actor == "engine"


def test_whose_rules_cannot_be_found_is_declined_and_says_why() -> None:
    problem = "service: papers is not one of the policy's"
    state, [declined] = decide_all(RequestState(start=start()), [Planned(NOON, RequestPlanReply(problem=problem))])
    assert (state.now.status, state.over, declined.detail) == (S.DECLINED, True, {"reason": problem})


def test_an_agency_may_decline() -> None:
    life = Requested(paid_first())
    life.declined()
    assert (life.result.status, life.result.outcome, life.kinds) == (S.DECLINED, None, ["received", "declined"])


# ---- Payments ----------------------------------------------------------------------------------------------------


def test_the_same_receipt_is_the_same_money() -> None:
    life = awaiting_payment()
    life.pays()
    assert life.pays() == ()
    assert life.shown.paid == PRICE


def test_what_is_paid_twice_is_given_back_once() -> None:
    life = delivering(paid_first())
    life.pays("R-2")
    assert (life.standing.refunded, life.status) == (("R-2",), S.DELIVERING)
    life.delivered()
    life.confirms()
    assert (life.result.paid, life.result.refunded) == (2 * PRICE, PRICE)


@pytest.mark.parametrize("amount", [1, PRICE - 1, PRICE + 1])
def test_another_sum_is_given_back_and_the_right_one_still_waited_for(amount: int) -> None:
    life = awaiting_payment()
    life.pays("R-1", amount)
    assert (life.status, life.standing.refunded) == (S.AWAITING_PAYMENT, ("R-1",))
    life.pays("R-2")
    assert (life.status, life.standing.kept) == (S.DELIVERING, PRICE)


def test_money_that_cannot_be_given_back_does_not_stand_for_what_is_due() -> None:
    life = awaiting_payment()
    life.refunds = False
    life.pays("R-1", PRICE - 1)
    assert life.standing.not_refunded == ("R-1",)
    life.pays("R-2")
    assert (life.status, life.standing.kept) == (S.DELIVERING, PRICE)


def test_the_right_sum_that_comes_together_with_a_wrong_one_does_not_keep_the_wrong_one() -> None:
    life = awaiting_payment()
    life.decides(MessageReceived(life.now, Paid(payment=life.payment("R-1", 1))))
    life.pays("R-2")
    assert (life.status, life.standing.refunded) == (S.DELIVERING, ("R-1",))


def test_what_comes_while_the_receipt_is_confirmed_is_given_back_before_the_end() -> None:
    life = confirming(paid_first())
    life.decides(MessageReceived(life.now, Paid(payment=life.payment("R-2"))))
    life.decides(MessageReceived(life.now, life.confirm()))
    assert (life.status, life.over, life.standing.step) == (S.ENDING, False, RequestStep.REFUND)
    life.happens(Stopped(life.now))
    assert (life.result.status, life.result.refunded) == (S.COMPLETED, PRICE)


def test_what_is_paid_for_something_free_is_given_back() -> None:
    life = Requested()
    life.pays("R-1", 5)
    assert (life.standing.refunded, life.status) == (("R-1",), S.PREPARING)


def test_what_is_not_paid_in_time_expires_and_its_code_is_void() -> None:
    life = awaiting_payment()
    assert life.shown.next_at == NOON + 14 * DAY
    life.passes(days=14)
    assert life.kinds[-2:] == ["expired", "voided"]
    assert (life.result.status, life.standing.payment_open) == (S.EXPIRED, False)


def test_a_payment_at_the_very_moment_of_the_expiry_wins() -> None:
    life = awaiting_payment()
    life.paid_meanwhile = life.payment("R-1")
    life.passes(days=14)
    assert life.kinds[-3:] == ["expired", "voided", "paid"]
    assert (life.status, life.over, life.standing.kept) == (S.DELIVERING, False, PRICE)


def test_a_payment_that_is_told_while_its_code_is_being_voided_wins() -> None:
    life = awaiting_payment()
    life.decides(TimeReached(NOON + 14 * DAY))
    assert life.standing.step is RequestStep.VOID_PAYMENT
    life.pays("R-1")
    assert (life.status, life.standing.kept) == (S.DELIVERING, PRICE)


def test_another_sum_at_the_moment_of_the_expiry_is_given_back() -> None:
    life = awaiting_payment()
    life.paid_meanwhile = life.payment("R-1", 1)
    life.passes(days=14)
    assert (life.result.status, life.result.paid, life.result.refunded) == (S.EXPIRED, 1, 1)


def test_a_refund_that_the_carrier_refuses_is_left_to_people() -> None:
    life = delivering(paid_first())
    life.refunds = False
    life.delivered(D.RETURNED)
    assert (life.result.status, life.result.refunded) == (S.UNDELIVERED, 0)
    assert (life.kinds[-1], life.standing.not_refunded) == ("refund failed", ("R-1",))


def test_an_answer_to_a_refund_counts_for_the_payment_that_it_was_about_alone() -> None:
    life = awaiting_payment()
    for receipt in ("R-1", "R-2"):
        life.decides(MessageReceived(life.now, Paid(payment=life.payment(receipt, 1))))
    answer = Refunded(life.now, RefundOutcome(refund_receipt="back-R-1"), "R-1")
    assert len(life.decides(answer)) == 1
    assert life.decides(answer) == (), "as a task that was lost after its commit decides it again"
    assert (life.standing.refunded, life.standing.to_refund) == (("R-1",), ("R-2",))


@pytest.mark.parametrize(("rules", "back"), [(paid_first(), PRICE), (paid_first(refunded=False), 0)])
def test_what_was_paid_is_given_back_when_nothing_was_delivered_if_the_service_says_so(
    rules: RequestPlan, back: int
) -> None:
    life = delivering(rules)
    life.delivered(D.RETURNED)
    assert (life.result.status, life.result.paid, life.result.refunded) == (S.UNDELIVERED, PRICE, back)


# ---- Delivered, or not -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", NEVER_THERE)
def test_what_came_back_or_nobody_can_tell_ends_undelivered(status: DeliveryStatus) -> None:
    life = delivering()
    life.delivered(status)
    assert (life.result.status, life.result.outcome) == (S.UNDELIVERED, status)


@pytest.mark.parametrize("status", TO_BE_PREPARED_AGAIN)
def test_what_is_gone_is_prepared_again_as_often_as_the_service_allows(status: DeliveryStatus) -> None:
    life = delivering(paid_first(prepare_again=1))
    life.delivered(status)
    assert (life.status, life.shown.case_id, life.shown.delivery_id) == (S.PREPARING, "req-7-p2", "req-7-d1")
    life.passes(days=1)
    assert case_of(life.state, life.now).accepted_at == life.now, "the agency has its whole time again"
    life.prepared()
    assert (life.status, life.shown.delivery_id) == (S.DELIVERING, "req-7-d2"), "it is not paid a second time"
    life.delivered(status)
    assert (life.result.status, life.result.outcome, life.result.refunded) == (S.UNDELIVERED, status, PRICE)


def test_what_was_collected_at_the_door_of_wrong_hands_is_not_collected_again() -> None:
    life = delivering(paid_at_the_door())
    life.delivered(D.MISDELIVERED, receipt="COD-1", amount=PRICE)
    life.prepared()
    assert delivery_of(life.state, life.now).collect is None


@pytest.mark.parametrize("status", TO_BE_PREPARED_AGAIN)
def test_money_is_never_prepared_again(status: DeliveryStatus) -> None:
    life = delivering(paid_out(prepare_again=5))
    life.delivered(status)
    assert (life.result.status, life.kinds[-1]) == (S.UNDELIVERED, "undelivered")


def test_the_second_preparation_may_be_declined_and_the_money_is_given_back() -> None:
    life = delivering(paid_first())
    life.delivered(D.CLAIMED)
    life.declined()
    assert (life.result.status, life.result.outcome, life.result.refunded) == (S.DECLINED, D.CLAIMED, PRICE)
    assert life.shown.delivery_id == "req-7-d1"


# ---- Disputed ----------------------------------------------------------------------------------------------------


def test_what_is_rightly_disputed_is_prepared_and_delivered_again() -> None:
    life = confirming()
    life.disputes(DisputeReason.DAMAGED)
    assert (life.status, life.shown.dispute, life.shown.case_id) == (S.PREPARING, DisputeReason.DAMAGED, "req-7-p2")
    life.prepared()
    assert (life.status, life.shown.outcome) == (S.DELIVERING, None)
    life.delivered()
    assert (life.status, life.shown.dispute) == (S.CONFIRMING, None)
    life.confirms()
    assert life.kinds == ["received", "prepared", "delivered", "disputed", "prepared", "delivered", "confirmed"]


def test_a_dispute_that_the_agency_does_not_follow_is_settled() -> None:
    life = confirming()
    life.disputes()
    life.declined()
    assert (life.result.status, life.kinds[-1]) == (S.COMPLETED, "dispute settled")


def test_it_is_not_disputed_more_often_than_the_service_prepares_it() -> None:
    life = confirming()
    life.disputes()
    life.prepared()
    life.delivered()
    assert "as often as the service allows: submit a complaint" in life.refuses(life.dispute())


def test_a_payout_that_is_disputed_is_looked_into_and_never_paid_twice() -> None:
    life = confirming(paid_out())
    life.disputes(DisputeReason.NOT_RECEIVED)
    assert (life.status, life.shown.case_id) == (S.PREPARING, "req-7-p2")
    life.prepared()
    assert (life.result.status, life.standing.carried_in) == (S.COMPLETED, 1)


# ---- Not wanted any more -----------------------------------------------------------------------------------------


def test_a_cancellation_stops_the_agency_first() -> None:
    life = Requested()
    life.cancels()
    assert life.steps == [RequestStep.STOP_CASE]
    assert (life.result.status, life.result.outcome) == (S.CANCELLED, None)
    assert withdrawal(life.state).kind == "withdraw"


def test_a_cancellation_before_the_payment_voids_its_code() -> None:
    life = awaiting_payment()
    life.cancels()
    assert life.steps[-1:] == [RequestStep.VOID_PAYMENT]
    assert (life.result.status, life.standing.payment_open) == (S.CANCELLED, False)


def test_what_was_paid_at_the_very_moment_of_the_cancellation_is_given_back() -> None:
    life = awaiting_payment()
    life.paid_meanwhile = life.payment("R-1")
    life.cancels()
    assert life.kinds[-4:] == ["cancelled", "voided", "paid too much", "refunded"]
    assert (life.result.status, life.result.refunded) == (S.CANCELLED, PRICE)


def test_a_cancellation_on_the_way_stops_the_delivery_and_gives_the_money_back() -> None:
    life = delivering(paid_first())
    life.cancels()
    assert life.steps[-2:] == [RequestStep.STOP_DELIVERY, RequestStep.REFUND]
    assert (life.result.status, life.result.outcome, life.result.refunded) == (S.CANCELLED, D.CANCELLED, PRICE)


def test_what_is_delivered_although_it_was_cancelled_is_delivered() -> None:
    life = delivering(paid_first())
    life.stops = False
    life.cancels()
    assert (life.status, life.over) == (S.ENDING, False)
    life.delivered()
    assert life.status is S.CONFIRMING
    life.confirms()
    assert (life.result.status, life.result.refunded) == (S.COMPLETED, 0)


@pytest.mark.parametrize("step", [RequestStep.STOP_CASE, RequestStep.VOID_PAYMENT, RequestStep.STOP_DELIVERY])
def test_money_that_comes_with_a_cancellation_is_given_back_and_the_work_is_stopped_all_the_same(
    step: RequestStep,
) -> None:
    begun = {RequestStep.STOP_CASE: Requested, RequestStep.VOID_PAYMENT: awaiting_payment}
    life = begun.get(step, delivering)(paid_first())
    life.decides(MessageReceived(life.now, life.cancel()))
    life.pays("R-9")
    assert step in life.steps
    assert life.result.status is S.CANCELLED
    assert "R-9" in life.standing.refunded


def test_what_comes_to_nothing_after_it_was_cancelled_is_not_prepared_again() -> None:
    life = delivering()
    life.stops = False
    life.cancels()
    life.delivered(D.CLAIMED)
    assert (life.result.status, life.result.outcome) == (S.CANCELLED, D.CLAIMED)


def test_what_the_agency_prepared_although_it_was_cancelled_is_not_delivered() -> None:
    life = Requested(paid_first())
    life.stops = False
    life.cancels()
    life.prepared()
    assert (life.result.status, life.standing.carried_in) == (S.CANCELLED, None)


def test_a_cancellation_that_comes_with_the_end_of_the_delivery_stops_nothing_any_more() -> None:
    life = delivering()
    life.decides(MessageReceived(life.now, life.cancel()))
    life.decides(DeliveryEnded(life.now, life.delivery(D.DELIVERED)))
    assert (life.status, life.standing.step) == (S.CONFIRMING, None)


def test_what_was_lost_may_be_cancelled_while_it_is_prepared_again() -> None:
    life = delivering(paid_first())
    life.delivered(D.CLAIMED)
    life.cancels()
    assert (life.result.status, life.result.refunded) == (S.CANCELLED, PRICE)


def test_what_was_delivered_is_not_cancelled_but_disputed() -> None:
    life = confirming()
    assert life.refuses(life.cancel()) == "it was delivered before: dispute the receipt, or submit a complaint"
    life.disputes()
    assert life.refuses(life.cancel()).startswith("it was delivered before")


def test_what_ends_already_is_not_cancelled_again() -> None:
    life = delivering()
    life.stops = False
    life.cancels()
    assert life.refuses(life.cancel()).startswith("it ends already")


# ---- Messages ----------------------------------------------------------------------------------------------------


def test_nothing_can_be_confirmed_or_disputed_before_it_was_delivered() -> None:
    life = delivering()
    assert "wait for the delivery" in life.refuses(life.confirm())
    assert "wait for the delivery" in life.refuses(life.dispute())


def test_the_same_message_again_took_effect_before() -> None:
    life = confirming()
    dispute = life.dispute()
    life.says(dispute)
    assert took_effect(life.state, dispute)
    assert life.says(dispute) == ()


def test_another_message_under_the_id_of_an_earlier_one_is_refused() -> None:
    life = confirming()
    dispute = life.dispute()
    life.says(dispute)
    life.prepared()
    life.delivered()
    confirm = Confirm(message_id=dispute.message_id, actor=RECIPIENT)
    assert not took_effect(life.state, confirm)
    assert life.refuses(confirm).endswith("was that of an earlier message: give this one its own")


def test_money_is_taken_whatever_others_called_their_messages() -> None:
    life = delivering(paid_first())
    life.stops = False
    life.says(Cancel(message_id="receipt:R-2", actor=RECIPIENT))
    life.pays("R-2")
    assert "R-2" in life.standing.refunded


def test_a_message_that_was_refused_may_be_sent_again_when_it_is_right() -> None:
    life = delivering()
    confirm = life.confirm()
    life.refuses(confirm)
    life.delivered()
    life.says(confirm)
    assert life.result.status is S.COMPLETED


def test_nonsense_is_recorded_without_its_content_and_cannot_fill_the_history() -> None:
    life = Requested()
    for number in range(2 * MOST_REFUSALS):
        life.happens(Unreadable(life.now, f"(signal {number})", "confirm", "its payload cannot be read as JSON"))
        life.says(life.confirm())
    assert life.kinds.count("message refused") == MOST_REFUSALS
    assert revived(life.state) == life.state


def test_events_that_are_decided_again_are_decided_at_the_moments_of_the_first_time() -> None:
    life = Requested()
    confirm = life.confirm()
    known = moments([MessageReceived(NOON, confirm), MessageReceived(NOON + HOUR, confirm)])
    assert at_moment(MessageReceived(NOON + DAY, confirm), known).at == NOON
    cancel = Cancel(message_id=confirm.message_id, actor=RECIPIENT)
    assert at_moment(MessageReceived(NOON + DAY, cancel), known).at == NOON + DAY


# ---- The end -----------------------------------------------------------------------------------------------------


def test_nothing_happens_after_the_end_and_messages_are_told_so() -> None:
    life = confirming(paid_first())
    life.confirms()
    late = Paid(payment=life.payment("R-9"))
    events = (
        *(
            MessageReceived(life.now, late),
            TimeReached(END_OF_TIME),
            Stopped(life.now),
            Voided(life.now, VoidOutcome()),
        ),
        *(
            PaymentAsked(life.now, PaymentCode(code="PAY-2")),
            CaseEnded(life.now, case_result("req-7-p1", answered=True)),
        ),
        *(DeliveryEnded(life.now, life.delivery(D.RETURNED)), Unreadable(life.now, "(signal 1)", "x", "is none")),
    )
    assert [decide(life.state, event) for event in events] == [()] * len(events)
    assert refusal(life.state, life.cancel()) == refusal(life.state, late) == "the request is over: completed"


def test_an_end_that_is_not_of_its_work_under_way_is_not_heard() -> None:
    life = delivering()
    life.delivered(D.CLAIMED)
    assert life.decides(DeliveryEnded(life.now, unheard_of_delivery("req-7-d1", life.now))) == ()
    assert life.decides(CaseEnded(life.now, case_result("req-7-p1", answered=True))) == ()


def test_work_that_was_ended_from_outside_ends_the_request_without_pretending() -> None:
    life = Requested()
    life.happens(CaseEnded(life.now, unheard_of_case("req-7-p1")))
    assert life.result.status is S.DECLINED
    life = delivering(paid_first())
    life.happens(DeliveryEnded(life.now, unheard_of_delivery("req-7-d1", life.now)))
    assert (life.result.status, life.result.outcome, life.result.refunded) == (S.UNDELIVERED, D.UNPROVEN, PRICE)


def test_every_end_is_reached() -> None:
    lives = [Requested(paid_first()) for _ in REQUEST_ENDS]
    completed, declined, expired, cancelled, undelivered = lives
    declined.declined()
    cancelled.cancels()
    for life in (completed, expired, undelivered):
        life.prepared()
    expired.passes(days=14)
    for life in (completed, undelivered):
        life.pays()
    undelivered.delivered(D.RETURNED)
    completed.delivered()
    completed.passes(days=7)
    assert {life.result.status for life in lives} == REQUEST_ENDS
    assert [list(unsound(life.state)) for life in lives] == [[]] * len(lives)
    assert all(next_moment(life.state) is None for life in lives)


@pytest.mark.parametrize(
    ("status", "money", "frees"),
    [
        (D.RETURNED, {}, True),
        (D.REFUSED, {}, True),
        (D.CANCELLED, {}, True),
        (D.RETURNED, {"receipt": "OUT-1", "amount": 600_000}, False),
        *((status, {}, False) for status in (D.CLAIMED, D.UNPROVEN, D.MISDELIVERED, D.SPOILED)),
    ],
)
def test_a_benefit_may_be_asked_for_again_only_if_it_is_certain_that_nobody_got_it(
    status: DeliveryStatus,
    money: dict[str, object],
    frees: bool,  # noqa: FBT001
) -> None:
    life = delivering(paid_out())
    assert not life.shown.frees_benefit
    life.delivered(status, **money)
    assert life.shown.frees_benefit is frees


def test_what_came_back_the_second_time_does_not_free_a_benefit_whose_first_was_lost() -> None:
    life = delivering(plan())
    life.delivered(D.CLAIMED)
    life.prepared()
    life.delivered(D.RETURNED)
    assert not life.shown.frees_benefit


def test_a_history_comes_back_as_it_was_written() -> None:
    life = confirming(paid_first())
    life.disputes()
    life.prepared()
    life.delivered(D.RETURNED)
    assert evolve_all(RequestState(start=start()), map(revived, life.timeline)) == life.state == revived(life.state)
