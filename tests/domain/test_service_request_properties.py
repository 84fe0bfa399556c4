"""What holds for every request, whatever people, the agency and the post do: a machine tries, and checks the money."""

from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.service_children import case_of, delivery_of
from domain.service_events import (
    CaseEnded,
    DeliveryEnded,
    Event,
    MessageReceived,
    PaymentAsked,
    Planned,
    Refunded,
    Stopped,
    TimeReached,
    Unreadable,
    Voided,
)
from domain.service_request import MOST_REFUSALS, decide, decide_all, evolve_all, next_moment, refusal, took_effect
from domain.service_view import result, view
from schemas.delivery import ENDS, DeliveryResult, DeliveryStatus
from schemas.service_request import (
    Cancel,
    Confirm,
    Dispute,
    DisputeReason,
    Paid,
    Payment,
    PaymentCode,
    RefundOutcome,
    RequestMessage,
    RequestPlan,
    RequestPlanReply,
    RequestState,
    RequestStatus,
    RequestStep,
    RequestTransition,
    RequestTransitionKind,
    RequestView,
    VoidOutcome,
)
from tests.domain.carrying import revived
from tests.domain.requesting import (
    PRICE,
    RECIPIENT,
    case_result,
    paid_at_the_door,
    paid_first,
    paid_out,
    plan,
    start,
    unsound,
)
from tests.making import NOON

K = RequestTransitionKind
PLANS = {
    "free": plan(prepare_again=2),
    "paid first": paid_first(),
    "paid for good": paid_first(refunded=False, prepare_again=0),
    "paid at the door": paid_at_the_door(),
    "paid out": paid_out(),
}
MOST_HAPPENINGS = 100
"""Within which a request is over once everybody does what is to be done and no more."""

durations = st.integers(0, 24 * 20).map(lambda hours: timedelta(hours=hours))
amounts = st.sampled_from([PRICE, PRICE, PRICE, 1, 2 * PRICE])
receipts = st.integers(1, 4).map("R-{}".format)
mostly = st.sampled_from([True, True, True, False])
ends = st.sampled_from([*sorted(ENDS), DeliveryStatus.DELIVERED, DeliveryStatus.DELIVERED, DeliveryStatus.CLAIMED])


class AnyRequest(RuleBasedStateMachine):
    """One request. Its clock never runs backwards; the engine may sleep, and tasks may be lost after their commit.

    The post has books of its own, by which the machine knows what was paid and given back.
    """

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = NOON
        self.timeline: list[RequestTransition] = []
        self.received: dict[str, int] = {}
        self.given_back: list[str] = []

    @initialize(rules=st.sampled_from(sorted(PLANS)))
    def begin(self, rules: str) -> None:
        self.state = self.begun = RequestState(start=start())
        self.happens(Planned(self.now, RequestPlanReply(plan=PLANS[rules])))

    # ---- What may happen ---------------------------------------------------------------------------------------------

    @rule()
    def all_goes_well(self) -> None:
        """Whatever is waited for comes, but for the money of the wrong sum and for the moment itself."""
        if self.state.now.step is not None or self.state.now.case_open or self.state.now.delivery_open:
            self.somebody_does_what_is_to_be_done()
        elif self.state.now.status is RequestStatus.AWAITING_PAYMENT:
            self.happens(MessageReceived(self.now, Paid(payment=self.pay("R-good", PRICE))))

    @rule(answered=mostly)
    @precondition(lambda self: self.state.now.case_open)
    def the_agency_ends_its_work(self, answered: bool) -> None:  # noqa: FBT001
        self.happens(CaseEnded(self.now, case_result(self.state.case_id, answered=answered)))

    @rule(status=ends, receipt=st.none() | receipts, amount=amounts)
    @precondition(lambda self: self.state.now.delivery_open)
    def the_delivery_ends(self, status: DeliveryStatus, receipt: str | None, amount: int) -> None:
        ended = DeliveryResult(delivery_id=self.state.delivery_id, status=status, at=self.now)
        if receipt is not None:
            money = {"receipt": f"door-{receipt}", "amount": self.received.get(f"door-{receipt}", amount)}
            ended = ended.model_copy(update=money)
            if not self.plan.pays_out:
                self.received[f"door-{receipt}"] = ended.amount or amount
        self.happens(DeliveryEnded(self.now, ended))

    @rule(old=st.integers(1, 3))
    def an_end_is_heard_of_that_is_not_of_the_work_under_way(self, old: int) -> None:
        now, of_request = self.state.now, self.state.start.request_id
        if not (now.case_open and old == now.round):
            assert decide(self.state, CaseEnded(self.now, case_result(f"{of_request}-p{old}", answered=True))) == ()
        if not (now.delivery_open and old == now.round):
            ended = DeliveryResult(delivery_id=f"{of_request}-d{old}", status=DeliveryStatus.DELIVERED, at=self.now)
            assert decide(self.state, DeliveryEnded(self.now, ended)) == ()

    @rule(receipt=receipts, amount=amounts)
    @precondition(lambda self: not self.state.over)
    def somebody_pays(self, receipt: str, amount: int) -> None:
        self.happens(MessageReceived(self.now, Paid(payment=self.pay(receipt, amount))))

    def pay(self, receipt: str, amount: int) -> Payment:
        return Payment(receipt=receipt, amount=self.received.setdefault(receipt, amount), at=self.now)

    @rule(succeeds=mostly, receipt=receipts, amount=amounts)
    @precondition(lambda self: self.state.now.step is not None)
    def the_engine_does_its_step(self, succeeds: bool, receipt: str, amount: int) -> None:  # noqa: FBT001
        paid = None if succeeds else (receipt, amount)
        self.happens(self.answer(succeeds=succeeds, paid=paid))

    def answer(self, *, succeeds: bool, paid: tuple[str, int] | None = None) -> Event:
        match self.state.now.step:
            case RequestStep.ASK_PAYMENT:
                return PaymentAsked(self.now, PaymentCode(code="PAY-1"))
            case RequestStep.VOID_PAYMENT:
                return Voided(self.now, VoidOutcome(paid=self.pay(*paid) if paid else None))
            case RequestStep.REFUND:
                of = self.state.now.to_refund[0]
                if succeeds:
                    self.given_back.append(of)
                return Refunded(self.now, RefundOutcome(refund_receipt=f"back-{of}" if succeeds else None), of)
            case _:
                return Stopped(self.now)

    @rule()
    def an_answer_comes_that_nobody_waits_for(self) -> None:
        stale: dict[RequestStep, Event] = {
            RequestStep.ASK_PAYMENT: PaymentAsked(self.now, PaymentCode(code="PAY-9")),
            RequestStep.VOID_PAYMENT: Voided(self.now, VoidOutcome()),
            RequestStep.REFUND: Refunded(self.now, RefundOutcome(refund_receipt="stale"), "R-99"),
        }
        events = [event for step, event in stale.items() if step is not self.state.now.step]
        assert [decide(self.state, event) for event in events] == [()] * len(events)

    @rule(number=st.integers(1, 4))
    def somebody_confirms(self, number: int) -> None:
        self.says(Confirm(message_id=f"said-{number}", actor=RECIPIENT))

    @rule(number=st.integers(1, 4), reason=st.sampled_from(DisputeReason))
    def somebody_disputes(self, number: int, reason: DisputeReason) -> None:
        self.says(Dispute(message_id=f"said-{number}", actor=RECIPIENT, reason=reason))

    @rule(number=st.integers(1, 4))
    def somebody_cancels(self, number: int) -> None:
        self.says(Cancel(message_id=f"said-{number}", actor=RECIPIENT))

    def says(self, message: RequestMessage) -> None:
        taken_before, reason, before = took_effect(self.state, message), refusal(self.state, message), self.state
        self.happens(MessageReceived(self.now, message))
        assert took_effect(self.state, message) is (taken_before or reason is None)
        assert not taken_before or self.state == before

    @rule(number=st.integers(1, 40))
    def nonsense_comes(self, number: int) -> None:
        self.happens(Unreadable(self.now, f"(signal {number})", "confirm", "its payload cannot be read as JSON"))

    @rule(passed=durations)
    def time_passes(self, passed: timedelta) -> None:
        end = self.now + passed
        while self.state.now.step is None and (moment := next_moment(self.state)) is not None and moment <= end:
            self.wakes_at(max(moment, self.now))
        self.now = end

    @rule(passed=durations)
    def the_engine_sleeps(self, passed: timedelta) -> None:
        self.now += passed

    # ---- How it happens ----------------------------------------------------------------------------------------------

    def wakes_at(self, moment: datetime) -> None:
        self.now, before = moment, self.state
        self.happens(TimeReached(moment))
        assert self.state != before, "whoever is woken at the moment that it waits for gets further"

    def happens(self, event: Event) -> None:
        transitions = decide(self.state, event)
        assert decide(revived(self.state), event) == transitions, "a request in a new history decides as it would have"
        assert not (self.state.over and transitions), "a request that is over is silent"
        self.timeline += transitions
        self.state = evolve_all(self.state, map(revived, transitions))
        assert decide_all(self.state, [event, event]) == (self.state, ()), "what a lost task committed is adopted"
        if self.state.now.case_open:
            case_of(self.state, self.now)
        if self.state.now.delivery_open:
            delivery_of(self.state, self.now)

    def somebody_does_what_is_to_be_done(self) -> None:
        now = self.state.now
        if now.step is not None:
            self.happens(self.answer(succeeds=True))
        elif now.case_open:
            self.happens(CaseEnded(self.now, case_result(self.state.case_id, answered=True)))
        elif now.delivery_open:
            delivery_id = self.state.delivery_id
            ended = DeliveryResult(delivery_id=delivery_id, status=DeliveryStatus.DELIVERED, at=self.now)
            self.happens(DeliveryEnded(self.now, ended))
        elif (moment := next_moment(self.state)) is not None:
            self.wakes_at(max(moment, self.now))

    def teardown(self) -> None:
        """Let everybody do what is to be done and no more: it comes to an end."""
        if not hasattr(self, "begun"):
            return
        for _ in range(MOST_HAPPENINGS):
            self.somebody_does_what_is_to_be_done()
        assert self.state.over
        self.money_is_kept_given_back_or_for_people_to_look_at()
        assert list(unsound(self.state)) == []
        assert result(self.state).status == self.state.now.status
        assert evolve_all(revived(self.begun), map(revived, self.timeline)) == self.state

    # ---- What always holds -------------------------------------------------------------------------------------------

    @property
    def plan(self) -> RequestPlan:
        assert self.state.plan is not None
        return self.state.plan

    def count(self, kind: RequestTransitionKind) -> int:
        return sum(transition.kind is kind for transition in self.timeline)

    @invariant()
    def nothing_is_unsound(self) -> None:
        assert list(unsound(self.state)) == []

    @invariant()
    def money_is_kept_given_back_or_for_people_to_look_at(self) -> None:
        now = self.state.now
        known = {payment.receipt: payment.amount for payment in now.payments}
        assert known == {receipt: amount for receipt, amount in self.received.items() if receipt in known}
        assert sorted(now.refunded) == sorted(self.given_back), "what was given back was given back once"
        apart = sum(known[receipt] for receipt in (*now.to_refund, *now.refunded, *now.not_refunded))
        assert sum(known.values()) == now.kept + apart
        refunds = [transition.refund for transition in self.timeline if transition.refund is not None]
        assert [(refund.of, refund.amount) for refund in refunds] == [(of, known[of]) for of in self.given_back]

    @invariant()
    def all_that_was_paid_at_a_counter_before_the_end_is_known(self) -> None:
        known = {payment.receipt for payment in self.state.now.payments}
        assert {receipt for receipt in self.received if receipt.startswith("R-")} <= known

    @invariant()
    def no_more_is_kept_of_what_came_at_a_counter_than_is_due(self) -> None:
        now = self.state.now
        gone = {*now.to_refund, *now.refunded, *now.not_refunded}
        at_counters = [p.amount for p in now.payments if p.receipt.startswith("R-") and p.receipt not in gone]
        assert at_counters in ([], [self.plan.amount])

    @invariant()
    def nothing_is_delivered_that_has_to_be_paid_first_and_is_not(self) -> None:
        if (
            self.state.now.delivery_open
            and self.state.now.ending_as is None
            and self.plan in map(PLANS.get, ("paid first",))
        ):
            assert self.state.now.kept >= PRICE

    @invariant()
    def what_is_given_back_to_somebody_who_has_it_is_only_what_was_too_much(self) -> None:
        if self.state.over and self.state.now.status is RequestStatus.COMPLETED:
            paid = [t.payment.receipt for t in self.timeline if t.kind is K.PAID and t.payment is not None]
            assert not set(paid) & {*self.state.now.refunded, *self.state.now.not_refunded}

    @invariant()
    def money_is_paid_out_in_one_delivery_alone(self) -> None:
        assert not self.plan.pays_out or self.state.now.carried_in in (None, 1)

    @invariant()
    def it_is_prepared_as_often_as_the_service_allows(self) -> None:
        assert self.state.now.round <= 1 + self.plan.prepare_again

    @invariant()
    def the_timeline_has_no_gap(self) -> None:
        assert [transition.seq for transition in self.timeline] == list(range(1, self.state.seq + 1))

    @invariant()
    def what_is_carried_into_a_new_history_is_the_whole_state(self) -> None:
        assert revived(self.state) == self.state

    @invariant()
    def how_it_stands_can_be_shown(self) -> None:
        shown = view(self.state)
        assert RequestView.model_validate_json(shown.model_dump_json()) == shown
        assert shown.refunded == sum(self.received[receipt] for receipt in self.given_back)
        assert not (shown.frees_benefit and shown.paid_out)

    @invariant()
    def nobody_fills_the_history(self) -> None:
        assert self.count(K.REFUSED_MESSAGE) <= MOST_REFUSALS
        assert self.count(K.DISPUTED) <= self.plan.prepare_again


AnyRequest.TestCase.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
TestAnyRequest = AnyRequest.TestCase
