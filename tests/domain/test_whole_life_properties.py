"""What holds for every case, whatever is said to it, by whom, and however late: a machine that tries, and checks.

The machine keeps the whole timeline with the state before each transition, so that rounds and clocks can be told.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TypeVar

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from pydantic import BaseModel

from domain import ledger, working_time
from domain.lifecycle import (
    Event,
    MessageReceived,
    Opened,
    TimeReached,
    Unreadable,
    decide,
    decide_all,
    evolve,
    evolve_all,
    next_moment,
)
from domain.refusal import MOST_NOTES, MOST_REMEDIES, taken_now, took_effect
from domain.view import view
from schemas.calendar import Limit, Unit
from schemas.case import Absence, CasePlan, CaseState, CaseView, Clock, Transition, TransitionKind
from schemas.complaint import Complaint, Intake
from schemas.ledger import EntryKind, LedgerEntry
from schemas.status import UNSETTLED, WORKING, Status
from tests import making
from tests.life import Life
from tests.making import NOON
from tests.workflows.script import (
    COMPLAINTS,
    OTHER_CALENDARS,
    POLICIES,
    Says,
    awake,
    complaint_of,
    fields_of,
    planned,
    received,
    sayings,
)

Stored = TypeVar("Stored", bound=BaseModel)
K = TransitionKind
ELAPSED = {
    Unit.SECONDS: timedelta(seconds=1),
    Unit.MINUTES: timedelta(minutes=1),
    Unit.HOURS: timedelta(hours=1),
    Unit.DAYS: timedelta(days=1),
}
FRESH = {K.ASSIGNED, K.TRIAGED, K.ESCALATED, K.TRANSFERRED, K.REOPENED, K.APPEALED, K.VERIFIED}
AT_REST = {Status.NEEDS_INFORMATION, Status.ON_HOLD, Status.COORDINATING, Status.MERGED}
OFFICES = ("operator@ROADS", "operator@SCHOOLS", "head-of-division@ROADS", "head-of-agency@ROADS", "operator@DESK")

durations = st.one_of(
    st.integers(0, 24 * 30).map(lambda n: timedelta(hours=n)),
    st.integers(0, 3 * 86400).map(lambda n: timedelta(seconds=n)),
)
past = st.one_of(st.just(timedelta()), st.just(timedelta()), durations)


class AnyLife(RuleBasedStateMachine):
    """One case. Its clock never runs backwards; acceptance times may lie before, and the engine may sleep."""

    def __init__(self) -> None:
        super().__init__()
        self.policy = POLICIES["days"]
        self.now: datetime = NOON
        self.befores: list[CaseState] = []
        self.timeline: list[Transition] = []
        self.heard_at: list[datetime] = []
        self.taken: list[MessageReceived] = []
        self.woken = False

    @initialize(
        policy=st.sampled_from(sorted(POLICIES)),
        about=st.sampled_from(["road", "road", "road", *sorted(COMPLAINTS)]),
        promised=st.one_of(st.none(), st.none(), st.none(), st.integers(-48, 480)),
    )
    def open(self, policy: str, about: str, promised: int | None) -> None:
        self.policy = POLICIES[policy]
        promise = {} if promised is None else {"promised_at": NOON + timedelta(hours=promised)}
        complaint = complaint_of(self.policy, about, **promise)
        self.state = self.opened = CaseState(complaint=complaint, plan=planned(self.policy, complaint))
        self.happens(Opened(NOON))

    # ---- What may happen -------------------------------------------------------------------------------------------

    @rule(passed=durations)
    def time_passes(self, passed: timedelta) -> None:
        self.awake_until(self.now + passed)

    @rule(before=st.sampled_from([0, 0, 1, -1]))
    def time_passes_until_something_is_due(self, before: int) -> None:
        """Or a second before or after: boundaries are where mistakes are."""
        if (moment := next_moment(self.state)) is not None:
            self.awake_until(max(self.now, moment - timedelta(seconds=before)), at_the_end=before != 0)

    @rule(passed=durations)
    def the_engine_sleeps(self, passed: timedelta) -> None:
        self.now += passed
        self.happens(TimeReached(self.now))
        self.woken = True

    @rule(passed=durations)
    def the_engine_sleeps_and_does_not_wake_yet(self, passed: timedelta) -> None:
        self.now += passed
        self.woken = False

    @rule(said=sayings(ago=past))
    def somebody_says_anything(self, said: Says) -> None:
        self.says(said)

    @rule(data=st.data(), number=st.integers(1, 6), ago=past)
    @precondition(lambda self: not self.state.over)
    def somebody_says_what_the_case_takes_now(self, data: st.DataObject, number: int, ago: timedelta) -> None:
        ends = ("withdraw", "rate", "disprove")
        kinds = [kind for kind in taken_now(self.state) if kind not in ends or number == 1]
        kind = data.draw(st.sampled_from(kinds), label="kind")
        sender = "schools" if kind == "respond" and data.draw(st.booleans(), label="for the schools") else None
        sender = "roads" if kind == "respond" and number % 2 and sender is None else sender
        self.says(Says(kind, data.draw(fields_of(kind), label="fields"), number=number, ago=ago, sender=sender))

    @rule(number=st.integers(1, 9), evidence=st.sampled_from([(), ("photo-1",)]), ago=past)
    @precondition(lambda self: self.state.status in UNSETTLED)
    def the_case_or_one_of_its_parts_is_answered(self, number: int, evidence: tuple[str, ...], ago: timedelta) -> None:
        waiting = [part.agency for part in self.state.parts if part.answered_at is None]
        sender = {"ROADS": "roads", "SCHOOLS": "schools"}.get(waiting[-1]) if waiting else None
        self.says(Says("respond", {"evidence": evidence}, number=10 + number, ago=ago, sender=sender))

    @rule(number=st.integers(1, 9), passed=durations)
    @precondition(lambda self: self.state.settled and not self.state.over)
    def the_reporter_contests(self, number: int, passed: timedelta) -> None:
        kinds = {Status.RESOLVED: "reopen", Status.MERGED: "unmerge"}
        self.awake_until(self.now + passed / 6)
        self.says(Says(kinds.get(self.state.status, "appeal"), number=20 + number))

    @rule(number=st.integers(1, 9), case_class=st.sampled_from(["field", "either", "complaint"]))
    @precondition(lambda self: self.state.status in WORKING)
    def it_turns_out_to_be_of_another_class(self, number: int, case_class: str) -> None:
        self.says(Says("verify", {"case_class": case_class}, number=30 + number))

    @rule(number=st.integers(1, 9))
    @precondition(lambda self: self.state.counted(K.RESPONDED) > self.state.counted(K.DISPROVED))
    def an_answer_is_found_false(self, number: int) -> None:
        self.says(Says("disprove", number=40 + number))

    @rule(number=st.integers(1, 3))
    def something_unreadable_arrives(self, number: int) -> None:
        self.happens(Unreadable(self.now, f"(signal {number})", "respond", "not JSON"))

    @rule(
        office=st.sampled_from(OFFICES),
        ago=durations,
        lasts=durations,
        deputy=st.sampled_from([None, "deputy@ROADS", "operator@ROADS"]),
    )
    def an_office_is_found_to_be_left(self, office: str, ago: timedelta, lasts: timedelta, deputy: str | None) -> None:
        absence = Absence(office=office, since=self.now - ago, until=self.now + lasts, deputy=deputy)
        others = tuple(known for known in self.state.absences if known.office != office)
        self.knows((*others, absence))

    @rule()
    def everybody_is_found_to_be_there(self) -> None:
        self.knows(())

    @rule(data=st.data())
    @precondition(lambda self: bool(self.taken))
    def a_message_is_told_again(self, data: st.DataObject) -> None:
        event = data.draw(st.sampled_from(self.taken))
        assert decide(self.state, event) == ()

    @rule()
    def the_opening_is_told_again(self) -> None:
        assert decide(self.state, Opened(NOON)) == ()

    def knows(self, absences: tuple[Absence, ...]) -> None:
        self.state = self.state.model_copy(update={"absences": absences})
        self.opened = self.opened.model_copy(update={"absences": absences})

    def says(self, said: Says) -> None:
        message = said.message(self.now)
        event = received(self.policy, self.state, message, self.now)
        self.happens(event)
        if took_effect(self.state, message):
            self.taken.append(event)
        self.woken = False

    def awake_until(self, end: datetime, *, at_the_end: bool = True) -> None:
        if not self.woken:
            self.happens(TimeReached(self.now))
        while (moment := next_moment(self.state)) is not None and (moment < end or (at_the_end and moment == end)):
            assert self.happens(TimeReached(moment)), "whoever is woken at the moment that it waits for gets further"
            after = next_moment(self.state)
            assert after is None or after > moment, "nothing that was due is left over"
        self.now, self.woken = end, at_the_end

    def happens(self, event: Event) -> tuple[Transition, ...]:
        transitions = decide(self.state, event)
        assert decide(revived(self.state), event) == transitions, "a case in a new history decides as it would have"
        assert not (self.state.over and transitions), "a case that is over is silent"
        for transition in transitions:
            self.befores.append(self.state)
            self.timeline.append(transition)
            self.heard_at.append(event.at)
            self.state = evolve(self.state, transition)
        assert decide(self.state, event) == (), "the same event told again must change nothing"
        return transitions

    def lived(self, *kinds: TransitionKind) -> Iterator[tuple[CaseState, Transition]]:
        """Yield transitions, of these kinds or of all, with the state before each."""
        for before, transition in zip(self.befores, self.timeline, strict=True):
            if not kinds or transition.kind in kinds:
                yield before, transition

    # ---- The timeline and the state --------------------------------------------------------------------------------

    @invariant()
    def the_timeline_has_no_gap(self) -> None:
        assert [transition.seq for transition in self.timeline] == list(range(1, self.state.seq + 1))

    def teardown(self) -> None:
        """Fold the timeline once more, as it comes back from the database: the same state follows from it alone."""
        assert evolve_all(revived(self.opened), map(revived, self.timeline)) == self.state

    @invariant()
    def what_is_carried_into_a_new_history_is_the_whole_state(self) -> None:
        assert revived(self.state) == self.state

    @invariant()
    def how_the_case_stands_can_be_shown_and_says_what_is_next(self) -> None:
        shown = view(self.state)
        assert CaseView.model_validate_json(shown.model_dump_json()) == shown
        assert (shown.what_next.at if shown.what_next else None) == next_moment(self.state)
        assert bool(shown.messages) is not self.state.over

    @invariant()
    def nothing_is_taken_more_often_than_its_bound(self) -> None:
        handling = self.plan.handling
        assert self.state.counted(K.ASKED) <= handling.most_questions
        assert self.state.counted(K.PAUSED) <= handling.most_holds
        assert self.state.counted(K.REOPENED) <= handling.most_reopenings + self.state.counted(K.DISPROVED)
        assert self.state.counted(K.NOTED) <= MOST_NOTES
        assert len(self.state.remedies) <= MOST_REMEDIES

    @invariant()
    def what_is_carried_is_what_was_ordered_each_under_a_name_of_its_own_and_ends_once_at_most(self) -> None:
        orders = [transition.detail["delivery"] for _, transition in self.lived(K.DELIVERY_ORDERED)]
        ends = [transition.detail["delivery"] for _, transition in self.lived(K.DELIVERY_ENDED)]
        assert orders == [remedy.delivery_id for remedy in self.state.remedies]
        assert sorted(ends) == sorted(remedy.delivery_id for remedy in self.state.remedies if remedy.outcome)
        assert len(set(orders)) == len(orders)
        assert len(set(ends)) == len(ends)

    @invariant()
    def a_remedy_moves_no_deadline(self) -> None:
        for before, transition in self.lived(K.DELIVERY_ORDERED, K.DELIVERY_ENDED):
            now = (transition.status, transition.level, transition.clock, transition.statutory, transition.parts)
            assert now == (before.status, before.level, before.clock, before.statutory, before.parts)

    @property
    def plan(self) -> CasePlan:
        assert self.state.plan is not None
        return self.state.plan

    # ---- Levels and moments ----------------------------------------------------------------------------------------

    @invariant()
    def every_level_is_warned_breached_and_left_once_at_most_in_every_round_and_in_order(self) -> None:
        reached: dict[tuple[int, str | None, int], int] = {}
        order = {K.WARNED: 1, K.PART_WARNED: 1, K.BREACHED: 2, K.PART_BREACHED: 2, K.ESCALATED: 3, K.PART_ESCALATED: 3}
        for before, transition in self.lived(*order):
            agency = transition.detail.get("agency")
            level = before.level
            if agency is not None:
                [level] = [part.level for part in before.parts if part.agency == agency]
            which = (before.round, agency, level)
            assert reached.get(which, 0) < order[transition.kind], f"{transition.kind} again of {which}"
            reached[which] = order[transition.kind]

    @invariant()
    def the_level_goes_up_one_at_a_time_and_never_beyond_the_top(self) -> None:
        for before, transition in self.lived(K.ESCALATED):
            assert transition.level == before.level + 1
        assert self.state.level < len(self.plan.levels)

    @invariant()
    def only_a_running_clock_warns_or_passes_and_not_before_its_time(self) -> None:
        for before, transition in self.lived():
            clock = clock_of(before, transition)
            if clock is None:
                continue
            warns = transition.kind in (K.WARNED, K.STATUTORY_WARNED, K.PART_WARNED)
            assert clock.running
            assert clock.warned is not warns, "a warning comes once, and before the breach"
            assert transition.at >= (min(clock.warn_at, clock.due.at) if warns else clock.due.at)

    @invariant()
    def an_awake_engine_has_nothing_left_to_do(self) -> None:
        moment = next_moment(self.state)
        assert not self.woken or moment is None or moment > self.now

    @invariant()
    def a_settled_case_has_no_running_clock_and_waits_for_its_window_alone(self) -> None:
        if not self.state.settled:
            return
        clocks = (self.state.clock, self.state.statutory, *(part.clock for part in self.state.parts))
        assert not any(clock.running for clock in clocks if clock)
        assert self.state.over is (self.state.window is None)
        assert next_moment(self.state) == (self.state.window.until.at if self.state.window else None)

    @invariant()
    def a_case_that_is_over_waits_for_nothing(self) -> None:
        assert not self.state.over or next_moment(self.state) is None

    @invariant()
    def an_open_case_waits_for_something_unless_the_top_itself_is_late_and_nobody_is_above_it(self) -> None:
        if self.state.status not in UNSETTLED or next_moment(self.state) is not None:
            return
        assert not self.plan.reminders
        if self.state.status is Status.COORDINATING:
            waiting = [part for part in self.state.parts if part.answered_at is None]
            assert waiting
            assert all(part.clock is None and part.level == len(part.levels) - 1 for part in waiting)
        else:
            assert self.state.clock is None
            assert self.state.level == len(self.plan.levels) - 1

    @invariant()
    def reminders_go_out_only_while_somebody_at_the_top_is_late(self) -> None:
        for before, _ in self.lived(K.REMINDED):
            waiting = [part for part in before.parts if part.answered_at is None]
            assert any(part.clock is None for part in waiting) if waiting else before.clock is None

    # ---- Clocks ----------------------------------------------------------------------------------------------------

    @invariant()
    def the_law_s_clock_counts_from_the_opening_whatever_happens(self) -> None:
        for transition in self.timeline:
            assert transition.statutory is None or transition.statutory.started_at == NOON

    @invariant()
    def the_law_s_clock_has_run_out_exactly_when_a_breach_of_it_stands(self) -> None:
        """Or else a deadline that was kept, and only looked missed, would never pass again after a reopening."""
        if self.state.statutory is not None and self.state.statutory.breached:
            assert any(breach.statutory and not breach.rescinded for breach in self.state.breaches)

    @invariant()
    def a_running_clock_has_consumed_all_time_but_its_rests(self) -> None:
        """Reckoned again from the timeline alone: starts, stretches of rest, extensions. Elapsed time only."""
        clock = self.state.clock
        if clock is None or not clock.running or not elapsed(clock):
            return
        started_at, rests, resting = NOON, list[tuple[datetime, datetime]](), False
        for (before, transition), heard_at in zip(self.lived(), self.heard_at, strict=True):
            if transition.clock is not None and is_fresh(transition.clock, before.clock):
                assert transition.kind in FRESH
                started_at, rests, resting = heard_at, [], False
            rests_now = transition.clock is not None and transition.status in AT_REST
            if rests_now and not resting:
                since = max(transition.at, started_at, *(until for _, until in rests[-1:]))
            if resting and not rests_now:
                rests.append((since, max(since, heard_at)))
            resting = rests_now
        assert clock.started_at == started_at
        budget = min(given.value * ELAPSED[given.unit] for given in clock.limits)
        if clock.promised_at is not None:
            budget = clock.promised_at - started_at
        budget += sum((given.by.value * ELAPSED[given.by.unit] for given in clock.extensions), timedelta())
        assert clock.due.at == started_at + budget + total(rests)

    @invariant()
    def a_clock_s_deadline_is_its_start_its_limit_its_extensions_and_its_rests(self) -> None:
        for clock in (self.state.clock, self.state.statutory, *(part.clock for part in self.state.parts)):
            if clock is None or not elapsed(clock) or clock.kept is not None:
                continue
            budget = min(given.value * ELAPSED[given.unit] for given in clock.limits)
            begin = clock.started_at + budget if clock.promised_at is None else clock.promised_at
            more = sum((given.by.value * ELAPSED[given.by.unit] for given in clock.extensions), timedelta())
            rests = [(pause.since, pause.until) for pause in clock.pauses if pause.until is not None]
            assert clock.due.at == begin + more + total(rests)

    @invariant()
    def a_clock_rests_in_one_stretch_after_the_other(self) -> None:
        for clock in (self.state.clock, self.state.statutory):
            moments = [clock.started_at] if clock else []
            for pause in clock.pauses if clock else ():
                moments += [pause.since, *([pause.until] if pause.until else [])]
            assert moments == sorted(moments)

    @invariant()
    def more_time_a_rest_and_a_changed_calendar_put_no_deadline_into_the_past(self) -> None:
        for before, transition in self.lived(K.EXTENDED, K.PROVIDED, K.RESUMED, K.UNMERGED, K.RECALCULATED):
            for was, now in ((before.clock, transition.clock), (before.statutory, transition.statutory)):
                if was is None or now is None or was.breached or was.due.at <= transition.at:
                    continue
                if transition.kind is K.RECALCULATED:
                    assert now.due.at > transition.at
                else:
                    assert now.due.at >= was.due.at

    @invariant()
    def the_calendar_is_that_of_the_latest_decree(self) -> None:
        if self.state.plan is None:
            return
        decreed = [transition.plan.calendar for _, transition in self.lived(K.RECALCULATED) if transition.plan]
        assert self.state.plan.calendar == (decreed or [self.opened_plan.calendar])[-1]

    @property
    def opened_plan(self) -> CasePlan:
        assert self.opened.plan is not None
        return self.opened.plan

    # ---- The ledger ------------------------------------------------------------------------------------------------

    @invariant()
    def the_ledger_is_chained_and_is_what_the_timeline_says(self) -> None:
        assert ledger.broken_at(self.state.ledger) is None
        assert [entry for transition in self.timeline for entry in transition.ledger] == list(self.state.ledger)

    @invariant()
    def a_rule_proposes_once_for_one_lateness(self) -> None:
        """The database refuses a second one, and with it all that is committed together with it, for ever."""
        proposed = [
            (entry.round, entry.part, entry.level, entry.rule, entry.refers_to)
            for entry in self.state.ledger
            if entry.kind is EntryKind.PROPOSED
        ]
        assert len(proposed) == len(set(proposed))

    @invariant()
    def exactly_the_proposals_of_rescinded_breaches_are_annulled_each_by_its_points(self) -> None:
        entries = self.state.ledger
        annulled = [entry for entry in entries if entry.kind is EntryKind.ANNULLED]
        rescinded = {number for breach in self.state.breaches if breach.rescinded for number in breach.proposals}
        assert sorted(entry.refers_to or 0 for entry in annulled if entry.rule != "not-cured") == sorted(rescinded)
        for entry in annulled:
            assert entry.refers_to is not None
            proposal = entries[entry.refers_to - 1]
            same = {"rule", "level", "subject", "sanction", "agency", "part", "round", "deciders"}
            assert entry.model_dump(include=same) == proposal.model_dump(include=same)
            assert entry.points == -proposal.points

    @invariant()
    def nothing_stands_that_follows_from_what_was_annulled(self) -> None:
        annulled = {entry.refers_to for entry in self.state.ledger if entry.kind is EntryKind.ANNULLED}
        for entry in self.state.ledger:
            if entry.kind is EntryKind.PROPOSED and entry.refers_to in annulled:
                assert entry.entry in annulled

    @invariant()
    def nobody_is_said_not_to_have_cured_what_was_answered_within_its_time(self) -> None:
        answers = [transition.at for _, transition in self.lived(K.RESPONDED)]
        for before, transition in self.lived(K.NOT_CURED):
            assert before.plan is not None
            proposal = self.state.ledger[int(transition.detail["entry"]) - 1]
            [after] = [found.after for found in before.plan.sanctions if found.rule == transition.detail["rule"]]
            assert after is not None
            until = working_time.due(before.plan.calendar, proposal.at, after).at
            answered = any(proposal.at <= at <= until for at in answers)
            assert not answered or self.state.counted(K.DISPROVED), "a contested answer is an answer"

    @invariant()
    def breaches_of_a_part_are_rescinded_by_that_part_s_answer_alone(self) -> None:
        answered: dict[tuple[int, str], datetime] = {}
        lateness: list[tuple[int, str, datetime]] = []
        for before, transition in self.lived(K.PART_ANSWERED, K.PART_BREACHED):
            part = transition.detail["agency"]
            if transition.kind is K.PART_ANSWERED:
                answered[before.round, part] = transition.at
            else:
                [clock] = [found.clock for found in before.parts if found.agency == part]
                assert clock is not None
                lateness.append((before.round, part, clock.due.at))
        of_parts = [breach for breach in self.state.breaches if breach.part is not None]
        for breach, (number, part, due_at) in zip(of_parts, lateness, strict=True):
            if breach.rescinded and (number, part) in answered:
                assert answered[number, part] <= due_at

    @invariant()
    def an_answer_rests_on_the_evidence_of_its_own_round(self) -> None:
        named: list[str] = []
        for _, transition in self.lived(K.PART_ANSWERED, K.COORDINATED, K.RESPONDED):
            if transition.kind is K.COORDINATED:
                named = []
            elif transition.kind is K.PART_ANSWERED:
                named += transition.evidence
            elif transition.message_id is None:
                assert list(transition.evidence) == named

    @invariant()
    def a_coordinated_case_is_answered_when_its_last_part_is(self) -> None:
        for before, transition in self.lived(K.RESPONDED):
            if transition.message_id is None:
                assert transition.at == max(part.answered_at for part in before.parts if part.answered_at)


def clock_of(before: CaseState, transition: Transition) -> Clock | None:
    """Return the clock that a transition says has reached a moment; None when it is about none."""
    match transition.kind:
        case K.WARNED | K.BREACHED:
            clock = before.clock
        case K.STATUTORY_WARNED | K.STATUTORY_BREACHED:
            clock = before.statutory
        case K.PART_WARNED | K.PART_BREACHED:
            clock = next(part.clock for part in before.parts if part.agency == transition.detail["agency"])
        case _:
            return None
    assert clock is not None
    return clock


def is_fresh(clock: Clock, before: Clock | None) -> bool:
    """Return whether a clock began anew: its account does not go on from the one before."""
    if before is None or clock.started_at != before.started_at:
        return True
    return len(clock.pauses) < len(before.pauses) or len(clock.extensions) < len(before.extensions)


def elapsed(clock: Clock) -> bool:
    """Return whether all that a clock counts simply elapses."""
    counted: list[Limit] = [*clock.limits, *(extension.by for extension in clock.extensions)]
    return bool(counted) and all(limit.unit in ELAPSED for limit in counted)


def total(stretches: list[tuple[datetime, datetime]]) -> timedelta:
    """Return how much time stretches cover, what several cover counted once."""
    covered, end = timedelta(), datetime.min.replace(tzinfo=NOON.tzinfo)
    for since, until in sorted(stretches):
        covered += max(until - max(since, end), timedelta())
        end = max(end, until)
    return covered


def revived(value: Stored) -> Stored:
    """Return a value as it comes back from a history or the database."""
    return type(value).model_validate_json(value.model_dump_json())


AnyLife.TestCase.settings = settings(
    max_examples=150, stateful_step_count=30, deadline=None, derandomize=True, print_blob=True
)
TestAnyLife = pytest.mark.timeout(900)(AnyLife.TestCase)
"""With time to shrink what it finds."""


# ---- Outages -------------------------------------------------------------------------------------------------------


KEEP_IT_OPEN = ("verify", "acknowledge", "ask", "provide", "transfer", "coordinate")


@example(policy="lenient", steps=[timedelta(days=40)], longer=timedelta(days=30), outage=timedelta(days=30))
@settings(max_examples=150, deadline=None, derandomize=True, print_blob=True)
@given(
    policy=st.sampled_from(["days", "office", "office-hours", "lenient"]),
    steps=st.lists(
        st.one_of(durations, sayings(KEEP_IT_OPEN)),
        max_size=8,
    ),
    longer=durations,
    outage=durations,
)
def test_an_answer_that_was_accepted_in_time_costs_nobody_anything_however_late_it_is_delivered(
    policy: str, steps: list[timedelta | Says], longer: timedelta, outage: timedelta
) -> None:
    state, now = _opened(policy)
    for step in (*steps, longer):
        if isinstance(step, timedelta):
            state, now = awake(state, now + step), now + step
        else:
            state, _ = decide_all(state, [received(POLICIES[policy], state, step.message(now), now)])
    waiting = [part.agency for part in state.parts if part.answered_at is None]
    sender = {"ROADS": "roads", "SCHOOLS": "schools"}.get(waiting[0], "system") if waiting else "system"
    assume(state.status in UNSETTLED and (not waiting or sender != "system"))
    answer = Says("respond", {"evidence": ("photo-1",)}, sender=sender).message(now)
    punctual, _ = decide_all(state, [MessageReceived(now, answer)])
    punctual = awake(punctual, now + outage)
    late = awake(state, now + outage)
    assume(not late.over)
    late, _ = decide_all(late, [MessageReceived(now + outage, answer)])
    assert late.on_time == punctual.on_time
    assert _standing(late) == _standing(punctual)


def _opened(policy: str) -> tuple[CaseState, datetime]:
    complaint = complaint_of(POLICIES[policy], "road")
    unopened = CaseState(complaint=complaint, plan=planned(POLICIES[policy], complaint))
    return decide_all(unopened, [Opened(NOON)])[0], NOON


def _standing(state: CaseState) -> list[tuple[int | None, str | None, int, str, str, int]]:
    """Return the proposals that are not annulled."""
    annulled = {entry.refers_to for entry in state.ledger if entry.kind is EntryKind.ANNULLED}

    def what(entry: LedgerEntry) -> tuple[int | None, str | None, int, str, str, int]:
        return entry.round, entry.part, entry.level, entry.rule, entry.subject, entry.points

    return [what(e) for e in state.ledger if e.kind is EntryKind.PROPOSED and e.entry not in annulled]


# ---- Lives in which something once went wrong ----------------------------------------------------------------------


def test_a_coordinated_case_that_is_withdrawn_waits_for_no_part() -> None:
    life = Life()
    life.says("coordinate", agencies=("ROADS", "SCHOOLS"))
    life.says("withdraw")
    assert next_moment(life.state) is None
    assert view(life.state).what_next is None


def test_a_deadline_of_the_law_that_was_kept_after_all_may_still_pass_after_a_reopening() -> None:
    life = Life()
    life.passes(days=61)
    life.says("respond", evidence=("photo-1",), accepted_at=NOON + timedelta(days=59))
    life.passes(days=1)
    life.says("reopen")
    life.passes(days=9)
    assert [breach.rescinded for breach in life.state.breaches if breach.statutory] == [True, False]


def test_a_rest_within_a_rest_is_counted_once() -> None:
    life = Life()
    life.passes(days=3)
    life.says("ask")
    life.passes(days=2)
    life.says("provide")
    life.passes(days=1)
    life.says("ask", accepted_at=NOON + timedelta(days=2))
    life.passes(days=2)
    life.says("provide")
    assert life.due <= NOON + timedelta(days=16)


def test_a_rest_that_begins_at_the_very_deadline_leaves_a_deadline_at_its_end_not_in_it() -> None:
    life = Life()
    life.now = NOON + timedelta(days=10)
    life.says("ask")
    life.now += timedelta(days=3)
    life.says("provide")
    assert life.due >= life.now


def test_a_changed_calendar_holds_for_whoever_the_case_is_passed_on_to() -> None:
    life = Life()
    life.says("recalculate", policy_version="decree", calendar=OTHER_CALENDARS["closed for a month"], basis="Decree 7")
    life.says("transfer", agency="SCHOOLS", reason="wrong-agency")
    assert life.state.plan is not None
    assert life.state.plan.calendar == OTHER_CALENDARS["closed for a month"]


@pytest.mark.parametrize("then", ["rest", "extension"])
def test_a_deadline_that_a_changed_calendar_left_where_it_was_stays_there_when_time_is_added(then: str) -> None:
    life = Life(POLICIES["office-hours"])
    life.passes(days=1)
    life.says("recalculate", policy_version="decree", calendar=OTHER_CALENDARS["open at all times"], basis="Decree 7")
    due = life.due
    if then == "rest":
        life.says("ask")
        life.passes(hours=3)
        life.says("provide")
    else:
        life.says("extend", by="1 hour", reason="parts-ordered")
    assert life.due >= due > life.now


def test_a_calendar_that_never_opens_is_refused() -> None:
    days = {NOON.date() + timedelta(days=number): "Closed" for number in range(-30, 1500)}
    calendar = making.calendar(making.office_week(), holidays=days)
    life = Life(POLICIES["office"])
    assert "no working time" in life.refuses(
        "recalculate", policy_version="decree", calendar=calendar, basis="Decree 7"
    )


def test_the_law_s_deadline_of_another_class_may_pass_too_and_is_no_second_proposal_for_the_same() -> None:
    life = Life()
    life.passes(days=61)
    life.says("verify", case_class="field")
    life.passes(days=70)
    assert life.kinds.count("statutory breached") == 2
    assert_proposals_can_be_told_apart(life)


def test_two_answers_that_are_found_false_at_once_are_no_second_proposal_for_the_same() -> None:
    life = Life()
    for _ in range(2):
        life.says("respond", evidence=("photo-1",))
        life.says("reopen")
    life.says("disprove")
    life.says("disprove")
    assert_proposals_can_be_told_apart(life)


def assert_proposals_can_be_told_apart(life: Life) -> None:
    """Or the database refuses the second one for ever, and the case stands still."""
    keys = [(entry.round, entry.part, entry.level, entry.rule, entry.refers_to) for entry in life.ledger]
    assert len(keys) == len(set(keys))


def test_an_answer_that_is_found_false_is_the_fault_of_whoever_gave_it_not_of_who_has_the_case_now() -> None:
    life = Life()
    life.says("respond", evidence=("photo-1",))
    life.says("reopen")
    life.says("transfer", agency="SCHOOLS", reason="wrong-agency")
    life.says("disprove")
    assert [(entry.rule, entry.subject) for entry in life.ledger] == [("false-answer", "operator@ROADS")]


def test_evidence_of_an_answer_that_was_contested_is_no_evidence_of_the_next() -> None:
    life = Life()
    life.says("respond", evidence=("photo-1",))
    life.says("reopen")
    life.says("coordinate", agencies=("ROADS",))
    life.says("respond", actor=making.operator("ROADS"))
    assert [entry.rule for entry in life.ledger] == ["no-evidence"]


def test_a_part_that_was_late_stays_late_when_the_last_part_s_answer_in_time_is_delivered_after_it() -> None:
    life = Life()
    life.says("coordinate", agencies=("ROADS", "SCHOOLS"))
    life.passes(days=12)
    life.says("respond", actor=making.operator("ROADS"), evidence=("photo-1",))
    life.passes(days=1)
    in_time = NOON + timedelta(days=9)
    life.says("respond", actor=making.operator("SCHOOLS"), evidence=("photo-2",), accepted_at=in_time)
    assert [(breach.part, breach.rescinded) for breach in life.state.breaches] == [("ROADS", False), ("SCHOOLS", True)]
    assert life.state.answered_at == NOON + timedelta(days=12)


def test_what_was_answered_within_its_time_was_cured_even_if_the_answer_is_contested() -> None:
    life = Life()
    life.passes(days=145)
    life.says("respond", evidence=("photo-1",))
    life.passes(days=8)
    life.says("reopen")
    life.passes(days=1)
    assert "not cured" not in life.kinds


def test_a_proposal_for_not_curing_falls_with_the_lateness_that_it_follows_from() -> None:
    life = Life()
    life.passes(days=151)
    life.says("respond", evidence=("photo-1",), accepted_at=NOON + timedelta(days=59))
    annulled = {entry.refers_to for entry in life.ledger if entry.kind is EntryKind.ANNULLED}
    proposed = [entry for entry in life.ledger if entry.kind is EntryKind.PROPOSED and entry.rule == "not-cured"]
    assert proposed
    assert all(entry.entry in annulled for entry in proposed)


def test_a_case_that_was_passed_on_in_time_by_its_verification_was_not_late() -> None:
    life = Life(region=None)
    life.passes(days=12)
    life.says("verify", region="north", accepted_at=NOON + timedelta(days=9))
    assert life.state.on_time


def test_more_time_that_was_given_in_time_was_not_given_to_the_next_level() -> None:
    life = Life()
    life.passes(days=12)
    life.says("extend", by="5 days", reason="parts-ordered", accepted_at=NOON + timedelta(days=9))
    assert life.state.on_time or life.due == NOON + timedelta(days=20)


def test_a_late_message_lets_a_case_climb_one_level_and_the_superior_has_the_full_limit_from_then_on() -> None:
    life = Life()
    life.now = NOON + timedelta(days=40)
    life.says("note", accepted_at=NOON + timedelta(days=12))
    life.happens(TimeReached(life.now))
    assert life.state.level == 1
    assert life.due == life.now + timedelta(days=10)


# ---- Personal data -------------------------------------------------------------------------------------------------


def test_neither_a_timeline_nor_a_case_has_a_place_for_what_people_write_or_where_they_live() -> None:
    personal = set(Intake.model_fields) - set(Complaint.model_fields)
    assert personal == {"external_id", "text", "place", "postal_code", "reporter", "attributes", "evidence"}
    references = {"evidence"}
    for model in (CaseState, Transition, CaseView):
        assert not (personal - references) & set(_field_names(model.model_json_schema()))


def _field_names(schema: object) -> Iterator[str]:
    if isinstance(schema, dict):
        yield from schema.get("properties", {})
        for inner in schema.values():
            yield from _field_names(inner)
    elif isinstance(schema, list):
        for inner in schema:
            yield from _field_names(inner)
