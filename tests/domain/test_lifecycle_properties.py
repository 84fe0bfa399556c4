"""What holds for every case, whatever is sent to it and whenever: a machine that sends at random, and checks."""

from datetime import datetime, timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from domain import ledger
from domain.lifecycle import Event, MessageReceived, Opened, TimeReached, Unreadable, decide, evolve, next_moment
from schemas.case import CaseState, Transition, TransitionKind
from schemas.ledger import EntryKind
from schemas.messages import Message
from schemas.status import Status
from tests import making
from tests.making import NOON

message_ids = st.sampled_from(["a", "b", "c", "d"])
agencies = st.sampled_from([None, "ROADS", "SCHOOLS"])
hours = st.integers(min_value=0, max_value=24 * 30).map(lambda n: timedelta(hours=n))


class AnyCase(RuleBasedStateMachine):
    """One case under random messages and times. Its clock never runs backwards; acceptance times may lie before."""

    @initialize()
    def open(self) -> None:
        self.now: datetime = NOON
        self.state: CaseState = making.routed()
        self.timeline: list[Transition] = []
        self.happens(Opened(NOON))

    def happens(self, event: Event) -> None:
        for transition in decide(self.state, event):
            self.timeline.append(transition)
            self.state = evolve(self.state, transition)

    @rule(passed=hours)
    def time_passes(self, passed: timedelta) -> None:
        end = self.now + passed
        while (moment := next_moment(self.state)) is not None and moment <= end:
            self.happens(TimeReached(moment))
        self.now = end

    @rule(passed=hours)
    def the_engine_sleeps(self, passed: timedelta) -> None:
        self.now += passed
        self.happens(TimeReached(self.now))

    @rule(message_id=message_ids)
    def somebody_acknowledges(self, message_id: str) -> None:
        self.says(making.acknowledge(message_id))

    @rule(message_id=message_ids, agency=agencies, ago=hours)
    def somebody_responds(self, message_id: str, agency: str | None, ago: timedelta) -> None:
        self.says(making.respond(message_id, agency=agency, accepted_at=self.now - ago))

    @rule(message_id=message_ids)
    def the_reporter_withdraws(self, message_id: str) -> None:
        self.says(making.withdraw(message_id))

    @rule(number=st.integers(1, 3))
    def something_unreadable_arrives(self, number: int) -> None:
        self.says(Unreadable(self.now, f"signal:{number}", "respond", "not JSON"))

    @rule()
    def the_opening_is_told_again(self) -> None:
        assert decide(self.state, Opened(NOON)) == ()

    def says(self, said: Message | Unreadable) -> None:
        event = said if isinstance(said, Unreadable) else MessageReceived(self.now, said)
        self.happens(event)
        assert decide(self.state, event) == (), "the same event told again must change nothing"

    @invariant()
    def the_timeline_has_no_gap(self) -> None:
        assert [transition.seq for transition in self.timeline] == list(range(1, self.state.seq + 1))

    @invariant()
    def every_level_is_warned_breached_and_left_once_at_most_and_in_order(self) -> None:
        for kind in (TransitionKind.WARNED, TransitionKind.ESCALATED):
            levels = [transition.level for transition in self.timeline if transition.kind is kind]
            assert levels == sorted(set(levels))
        breached = [t.breached_level for t in self.timeline if t.kind is TransitionKind.BREACHED]
        assert breached == list(range(len(breached)))

    @invariant()
    def the_ledger_is_chained_and_proposes_once_per_level_and_rule(self) -> None:
        assert ledger.broken_at(self.state.ledger) is None
        proposed = [(e.level, e.rule) for e in self.state.ledger if e.kind is EntryKind.PROPOSED]
        assert len(proposed) == len(set(proposed)) == len(self.state.breaches)
        assert [entry for transition in self.timeline for entry in transition.ledger] == list(self.state.ledger)

    @invariant()
    def points_stand_for_exactly_the_breaches_that_stand(self) -> None:
        standing = sum(not breach.rescinded for breach in self.state.breaches)
        assert sum(entry.points for entry in self.state.ledger) == 5 * standing

    @invariant()
    def an_ended_case_waits_for_nothing_and_an_open_one_below_the_top_waits(self) -> None:
        waits = next_moment(self.state) is not None
        top = len(self.state.breaches) == len(making.LEVELS)
        assert waits == (not self.state.over and not top)

    @invariant()
    def an_answered_case_is_on_time_exactly_if_no_breach_came_before_its_answer(self) -> None:
        if self.state.status is Status.CLOSED and self.state.answered_at is not None:
            answered = self.state.answered_at
            assert self.state.on_time == all(answered <= breach.due_at for breach in self.state.breaches)


AnyCase.TestCase.settings = settings(max_examples=150, stateful_step_count=25, deadline=None)
TestAnyCase = AnyCase.TestCase
