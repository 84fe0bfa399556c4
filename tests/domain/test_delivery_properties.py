"""What holds for every delivery, whatever the carrier tells, answers or keeps to itself: a machine tries and checks."""

from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from domain.delivery import MOST_REFUSALS, decide, decide_all, evolve_all, next_moment, todo
from domain.delivery_events import (
    Asked,
    CancellationAsked,
    CancellationTried,
    ClaimFiled,
    Event,
    Ordered,
    Planned,
    TimeReached,
    ToldOf,
    Unreadable,
)
from domain.delivery_view import result, view
from schemas.carrier import CarrierEvent, FailureReason, OrderRef, Relation, Scan
from schemas.delivery import (
    AskOutcome,
    ClaimOutcome,
    DeliveryPlan,
    DeliveryPlanReply,
    DeliveryState,
    DeliveryStatus,
    DeliveryStep,
    DeliveryTransition,
    DeliveryTransitionKind,
    DeliveryView,
    OrderOutcome,
)
from schemas.post import Proof, Recipient, Temperatures
from tests.domain.carrying import SIGNED, plan, revived, scanned, start, unsound
from tests.making import NOON

K = DeliveryTransitionKind
MOST_WAKINGS = 200
"""Within which whatever is left alone has come to its end."""

PLANS = {
    "plain": plan(),
    "money": plan(carriage="cash", reissues=2),
    "replaced": plan(reissues=2, due="2 days"),
    "by hubs": plan(
        reissues=1,
        handed_to=Recipient.ANYONE,
        legs=({"to": "ONE", "within": "1 day"}, {"to": "TWO", "within": "2 days"}, {"to": "SIX", "within": "6 days"}),
    ),
    "cold": plan(
        carriage="cold",
        temperatures=Temperatures(lowest=2, highest=8),
        proofs=(Proof.TEMPERATURE, Proof.SIGNATURE),
        proofs_within="1 day",
        held_for="1 day",
    ),
}
durations = st.one_of(
    st.integers(0, 24 * 4).map(lambda hours: timedelta(hours=hours)),
    st.integers(0, 24 * 30).map(lambda hours: timedelta(hours=hours)),
    st.integers(0, 86400).map(lambda seconds: timedelta(seconds=seconds)),
)
scans = st.sampled_from(
    [
        *(
            Scan.ARRIVED,
            Scan.ARRIVED,
            Scan.FAILED,
            Scan.FAILED,
            Scan.HELD,
            Scan.RETURNING,
            Scan.RETURNED,
            Scan.DEPARTED,
        ),
        *(Scan.LOST, Scan.LOST, Scan.LOST, Scan.DELIVERED, Scan.DELIVERED, Scan.PROVEN, Scan.PROVEN),
    ]
)
ending_scans = st.sampled_from([Scan.REJECTED, Scan.CANCELLED, Scan.DISPOSED])


mostly = st.sampled_from([True, True, True, False])


@st.composite
def reports(draw: st.DrawFn, orders: st.SearchStrategy[int], scans: st.SearchStrategy[Scan] = scans) -> CarrierEvent:
    """Return what a carrier may tell, by no means only what can be."""
    return scanned(
        f"ev-{draw(st.integers(1, 30))}",
        draw(scans),
        draw(st.integers(-24, 24 * 40)),
        order=draw(orders),
        relation=draw(st.sampled_from([None, Relation.OWNER, Relation.OWNER, Relation.NEIGHBOUR])),
        proofs=draw(st.sampled_from([(), SIGNED, (Proof.SIGNATURE, Proof.TEMPERATURE)])),
        temperatures=draw(
            st.sampled_from([None, Temperatures(lowest=3, highest=7), Temperatures(lowest=3, highest=20)])
        ),
        point=draw(st.sampled_from([None, "ONE", "TWO", "SIX"])),
        reason=draw(st.sampled_from([None, *FailureReason])),
    )


class AnyDelivery(RuleBasedStateMachine):
    """One delivery. Its clock never runs backwards; the engine may sleep, and tasks may be lost after their commit."""

    def __init__(self) -> None:
        super().__init__()
        self.now: datetime = NOON
        self.timeline: list[DeliveryTransition] = []
        self.befores: list[DeliveryState] = []

    @initialize(rules=st.sampled_from([*sorted(PLANS), "replaced", "replaced"]), taken=mostly)
    def begin(self, rules: str, taken: bool) -> None:  # noqa: FBT001
        self.state = self.begun = DeliveryState(start=start(pay_out=600_000 if rules == "money" else None))
        self.happens(Planned(self.now, DeliveryPlanReply(plan=PLANS[rules])))
        if taken:
            self.happens(self.answer(agrees=True))

    # ---- What may happen ---------------------------------------------------------------------------------------------

    @rule(report=reports(st.integers(1, 3)))
    def the_carrier_tells(self, report: CarrierEvent) -> None:
        self.happens(ToldOf(self.now, report))

    @rule(report=reports(st.just(1)))
    def the_carrier_tells_of_the_order_under_way(self, report: CarrierEvent) -> None:
        self.happens(ToldOf(self.now, report.model_copy(update={"order": self.state.now.order})))

    @rule(report=reports(st.just(1), ending_scans))
    @precondition(lambda self: self.state.seq > 5)
    def the_carrier_gives_it_up(self, report: CarrierEvent) -> None:
        self.happens(ToldOf(self.now, report.model_copy(update={"order": self.state.now.order})))

    @rule(number=st.integers(1, 9), steps=st.integers(0, 2))
    def the_order_under_way_is_lost(self, number: int, steps: int) -> None:
        """And claimed, and replaced, if it is to be."""
        report = scanned(f"lost-{number}", Scan.LOST, 24 * 30 + number, order=self.state.now.order)
        self.happens(ToldOf(self.now, report))
        for _ in range(steps):
            if self.state.now.step is not None:
                self.happens(self.answer(agrees=True))

    @rule(number=st.integers(1, 9))
    def a_lost_one_is_found(self, number: int) -> None:
        report = scanned(f"found-{number}", Scan.DELIVERED, number, relation=Relation.OWNER, proofs=SIGNED)
        if self.state.now.order > 1:
            self.happens(ToldOf(self.now, report))

    @rule(answer=st.lists(reports(st.just(1)), max_size=4), reached=st.booleans(), ago=st.none() | durations)
    def the_carrier_is_asked(self, answer: list[CarrierEvent], reached: bool, ago: timedelta | None) -> None:  # noqa: FBT001
        if todo(self.state, self.now) is DeliveryStep.ASK:
            order = len(self.state.now.orders)
            events = tuple(event.model_copy(update={"order": order}) for event in answer) if reached else ()
            news_at = None if ago is None else self.now - ago
            self.happens(Asked(self.now, AskOutcome(events=events, reached=reached, news_at=news_at)))

    @rule(agrees=mostly)
    @precondition(lambda self: self.state.now.step is not None)
    def the_engine_does_its_step(self, agrees: bool) -> None:  # noqa: FBT001
        self.happens(self.answer(agrees=agrees))

    def answer(self, *, agrees: bool) -> Event:
        number = self.state.now.order
        match self.state.now.step:
            case DeliveryStep.ORDER:
                taken = OrderRef(order_id=f"or-{number}", waybill=f"P2611220000{number}")
                refused = OrderOutcome(reason=FailureReason.OTHER, problem="recipient")
                return Ordered(self.now, OrderOutcome(taken=taken) if agrees else refused)
            case DeliveryStep.CLAIM:
                return ClaimFiled(self.now, ClaimOutcome(claim=f"cl-{number}" if agrees else None))
            case _:
                return CancellationTried(self.now, cancelled=agrees)

    @rule(passed=durations)
    def time_passes(self, passed: timedelta) -> None:
        end = self.now + passed
        while (moment := next_moment(self.state)) is not None and moment <= end and self.state.now.step is None:
            self.wakes_at(max(moment, self.now), reached=False)
        self.now = end

    @rule(passed=durations)
    def the_engine_sleeps(self, passed: timedelta) -> None:
        self.now += passed

    @rule(number=st.integers(1, 3))
    def somebody_cancels(self, number: int) -> None:
        self.happens(CancellationAsked(self.now, f"cancel-{number}"))

    @rule(number=st.integers(1, 40))
    def nonsense_comes(self, number: int) -> None:
        self.happens(Unreadable(self.now, f"(signal {number})", "told", "its payload cannot be read as JSON"))

    @rule()
    def an_answer_comes_that_nobody_waits_for(self) -> None:
        stale: dict[DeliveryStep, Event] = {
            DeliveryStep.ORDER: Ordered(self.now, OrderOutcome()),
            DeliveryStep.CLAIM: ClaimFiled(self.now, ClaimOutcome(claim="stale")),
            DeliveryStep.CANCEL: CancellationTried(self.now, cancelled=True),
        }
        events = [event for step, event in stale.items() if step is not self.state.now.step]
        assert [decide(self.state, event) for event in events] == [()] * len(events)

    # ---- How it happens ----------------------------------------------------------------------------------------------

    def wakes_at(self, moment: datetime, *, reached: bool) -> None:
        """Let the engine wake because it is time, and do what it has to; it always gets further."""
        self.now, before = moment, self.state
        self.happens(TimeReached(moment))
        if todo(self.state, moment) is DeliveryStep.ASK:
            self.happens(Asked(moment, AskOutcome(reached=reached)))
        assert self.state != before, "whoever is woken at the moment that it waits for gets further"
        after = next_moment(self.state)
        assert after is None or after > moment or self.state.now.step is not None, "nothing that was due is left over"

    def happens(self, event: Event) -> None:
        transitions = decide(self.state, event)
        assert decide(revived(self.state), event) == transitions, "a delivery in a new history decides as it would have"
        assert not (self.state.over and transitions), "a delivery that is over is silent"
        for transition in transitions:
            self.befores.append(self.state)
            self.timeline.append(transition)
            self.state = evolve_all(self.state, [revived(transition)])
        assert decide_all(self.state, [event, event]) == (self.state, ()), "what a lost task committed is adopted"

    def teardown(self) -> None:
        """Leave it alone: the carrier says nothing any more, and it comes to an end all the same."""
        if not hasattr(self, "begun"):
            return
        for _ in range(MOST_WAKINGS):
            if self.state.now.step is not None:
                self.happens(self.answer(agrees=True))
            elif (moment := next_moment(self.state)) is not None:
                self.wakes_at(max(moment, self.now), reached=True)
        assert self.state.over
        assert list(unsound(self.state)) == []
        assert result(self.state).status == self.state.now.status
        assert evolve_all(revived(self.begun), map(revived, self.timeline)) == self.state

    # ---- What always holds -------------------------------------------------------------------------------------------

    @property
    def plan(self) -> DeliveryPlan:
        assert self.state.plan is not None
        return self.state.plan

    def count(self, kind: DeliveryTransitionKind) -> int:
        return sum(transition.kind is kind for transition in self.timeline)

    @invariant()
    def nothing_is_unsound(self) -> None:
        assert list(unsound(self.state)) == []

    @invariant()
    def the_timeline_has_no_gap(self) -> None:
        assert [transition.seq for transition in self.timeline] == list(range(1, self.state.seq + 1))

    @invariant()
    def what_is_carried_into_a_new_history_is_the_whole_state(self) -> None:
        assert revived(self.state) == self.state

    @invariant()
    def how_it_stands_can_be_shown(self) -> None:
        shown = view(self.state)
        assert DeliveryView.model_validate_json(shown.model_dump_json()) == shown
        assert shown.next_at == next_moment(self.state)

    @invariant()
    def money_is_ordered_once(self) -> None:
        assert self.state.start.pay_out is None or len(self.state.now.orders) <= 1

    @invariant()
    def nobody_fills_the_history(self) -> None:
        assert self.count(K.REFUSED_MESSAGE) <= MOST_REFUSALS
        assert self.count(K.CANCELLATION_ASKED) <= 1
        assert self.count(K.TOO_LATE) <= 1

    @invariant()
    def every_order_is_claimed_once_at_most(self) -> None:
        assert self.count(K.CLAIMED) <= len(self.state.now.orders)

    @invariant()
    def nothing_is_told_twice(self) -> None:
        names = [(event.order, event.event_id) for event in self.state.events]
        assert len(names) == len(set(names))

    @invariant()
    def a_claim_is_filed_for_what_went_wrong_alone(self) -> None:
        wrong = {DeliveryStatus.LOST, DeliveryStatus.SPOILED, DeliveryStatus.MISDELIVERED, DeliveryStatus.UNPROVEN}
        for before, transition in zip(self.befores, self.timeline, strict=True):
            assert transition.kind is not K.CLAIMED or before.now.status in wrong

    @invariant()
    def a_delivery_ends_what_is_delivered_and_nothing_undoes_it(self) -> None:
        for before, transition in zip(self.befores, self.timeline, strict=True):
            if before.now.status is DeliveryStatus.DELIVERED:
                assert transition.after.status is DeliveryStatus.DELIVERED

    @invariant()
    def nothing_unwanted_is_sent_anew(self) -> None:
        for before, transition in zip(self.befores, self.timeline, strict=True):
            assert transition.kind is not K.REISSUED or not before.now.cancelling


AnyDelivery.TestCase.settings = settings(max_examples=200, stateful_step_count=30, deadline=None)
TestAnyDelivery = AnyDelivery.TestCase
