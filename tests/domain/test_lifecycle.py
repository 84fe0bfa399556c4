"""What a case does, as the pure core decides it."""

from datetime import datetime, timedelta

import pytest

from domain.ledger import broken_at
from domain.lifecycle import (
    MOST_REFUSALS,
    Event,
    MessageReceived,
    Opened,
    TimeReached,
    Unreadable,
    decide,
    evolve,
    next_moment,
)
from domain.view import view
from schemas.case import CaseState
from schemas.messages import Message
from schemas.status import Status
from tests import making
from tests.making import NOON

DAY = timedelta(days=1)


def live(state: CaseState, *events: Event) -> CaseState:
    for event in events:
        for transition in decide(state, event):
            state = evolve(state, transition)
    return state


def opened() -> CaseState:
    return live(making.routed(), Opened(NOON))


def kinds(state: CaseState, event: Event) -> list[str]:
    return [transition.kind.value for transition in decide(state, event)]


def said(message: Message, at: datetime = NOON + DAY) -> MessageReceived:
    return MessageReceived(at, message)


def test_an_opened_case_waits_for_its_warning_first() -> None:
    assert next_moment(opened()) == NOON + timedelta(days=7.5)


def test_time_before_the_next_moment_changes_nothing() -> None:
    assert decide(opened(), TimeReached(NOON + 7 * DAY)) == ()


def test_a_breach_hands_the_case_to_the_next_level_with_a_fresh_clock() -> None:
    state = live(opened(), TimeReached(NOON + 8 * DAY), TimeReached(NOON + 10 * DAY))
    assert (state.level, state.holder) == (1, "head-of-division@ROADS")
    assert state.clock is not None
    assert state.clock.due.at == NOON + 20 * DAY


def test_a_case_that_slept_through_several_limits_climbs_one_level_and_records_its_warning() -> None:
    assert kinds(opened(), TimeReached(NOON + 100 * DAY)) == ["warned", "breached", "escalated"]


def test_the_superior_of_a_late_wake_up_still_has_the_full_limit() -> None:
    state = live(opened(), TimeReached(NOON + 100 * DAY))
    assert state.clock is not None
    assert state.clock.due.at == NOON + 110 * DAY


def test_at_the_top_a_breach_is_recorded_and_time_alone_changes_nothing_any_more() -> None:
    state = opened()
    for days in (10, 20, 30, 40):
        state = live(state, TimeReached(NOON + days * DAY))
    assert (state.level, next_moment(state), len(state.breaches)) == (3, None, 4)
    assert decide(state, TimeReached(NOON + 999 * DAY)) == ()


def test_the_same_moment_reached_twice_breaches_once() -> None:
    state = live(opened(), TimeReached(NOON + 10 * DAY))
    assert decide(state, TimeReached(NOON + 10 * DAY)) == ()


def test_an_answer_at_the_due_moment_is_in_time_and_one_second_later_is_not() -> None:
    due = NOON + 10 * DAY
    assert live(opened(), said(making.respond(), due)).on_time
    assert not live(opened(), said(making.respond(), due + timedelta(seconds=1))).on_time


def test_an_answer_accepted_in_time_but_delivered_late_rescinds_what_it_had_forestalled() -> None:
    late = live(opened(), TimeReached(NOON + 10 * DAY), TimeReached(NOON + 20 * DAY))
    state = live(late, said(making.respond(accepted_at=NOON + 15 * DAY), NOON + 21 * DAY))
    assert [breach.rescinded for breach in state.breaches] == [False, True]
    assert [entry.refers_to for entry in state.ledger] == [None, None, 2]
    assert sum(entry.points for entry in state.ledger) == 5
    assert broken_at(state.ledger) is None


def test_a_withdrawal_accepted_in_time_rescinds_too() -> None:
    late = live(opened(), TimeReached(NOON + 10 * DAY))
    withdrawal = making.withdraw().model_copy(update={"accepted_at": NOON + 9 * DAY})
    state = live(late, said(withdrawal, NOON + 11 * DAY))
    assert (state.status, state.on_time, sum(entry.points for entry in state.ledger)) == (Status.WITHDRAWN, True, 0)


def test_the_same_id_with_another_kind_is_another_message_and_refused() -> None:
    state = live(opened(), said(making.acknowledge("one-id")))
    assert kinds(state, said(making.respond("one-id"))) == ["message refused"]


def test_a_flood_of_nonsense_cannot_fill_the_timeline() -> None:
    state = live(opened(), *(Unreadable(NOON + DAY, f"(signal {n})", "respond", "not JSON") for n in range(300)))
    assert state.seq == 2 + MOST_REFUSALS


def test_breaches_without_sanctions_are_rescinded_too() -> None:
    state = CaseState(complaint=making.complaint(), plan=making.plan(sanctions=False))
    state = live(state, Opened(NOON), TimeReached(NOON + 10 * DAY))
    state = live(state, said(making.respond(accepted_at=NOON + 9 * DAY), NOON + 11 * DAY))
    assert state.on_time
    assert state.ledger == ()


def test_a_message_cannot_be_accepted_in_the_future_or_before_the_complaint() -> None:
    early = live(opened(), said(making.respond(accepted_at=NOON - DAY)))
    future = live(opened(), said(making.respond(accepted_at=NOON + 99 * DAY)))
    assert (early.answered_at, future.answered_at) == (NOON, NOON + DAY)


def test_time_is_let_pass_before_a_message_is_looked_at() -> None:
    assert kinds(opened(), said(making.acknowledge(), NOON + 11 * DAY)) == [
        "warned",
        "breached",
        "escalated",
        "acknowledged",
    ]


def test_the_same_message_id_takes_effect_once() -> None:
    state = live(opened(), said(making.acknowledge("m")))
    assert decide(state, said(making.acknowledge("m"))) == ()


def test_a_refused_message_may_be_sent_again_under_its_id_once_it_is_right() -> None:
    state = live(opened(), said(making.respond("m", agency="SCHOOLS")))
    assert kinds(state, said(making.respond("m", agency="ROADS"))) == ["responded", "closed"]


@pytest.mark.parametrize("message", [making.respond(), making.acknowledge(), making.withdraw()])
@pytest.mark.parametrize("end", [making.respond("end"), making.withdraw("end")])
def test_a_case_that_has_ended_is_silent(message: Message, end: Message) -> None:
    state = live(opened(), said(end))
    assert state.status in (Status.CLOSED, Status.WITHDRAWN)
    assert decide(state, said(message)) == ()
    assert decide(state, TimeReached(NOON + 99 * DAY)) == ()
    assert next_moment(state) is None


def test_something_unreadable_is_recorded_and_changes_nothing_else() -> None:
    before = opened()
    after = live(before, Unreadable(NOON + DAY, "signal:1", "respond", "message_id: is missing"))
    assert view(after).model_copy(update={"seq": before.seq}) == view(before)
    assert after.seq == before.seq + 1


def test_the_same_event_told_twice_is_one_event() -> None:
    bad = Unreadable(NOON + DAY, "signal:1", "respond", "message_id: is missing")
    refused = said(making.respond("m", agency="SCHOOLS"))
    state = live(opened(), bad, refused, said(making.acknowledge()))
    for event in (Opened(NOON), bad, refused, said(making.acknowledge())):
        assert decide(state, event) == ()


def test_a_case_without_a_plan_cannot_live() -> None:
    with pytest.raises(ValueError, match="case case-1 has no plan yet"):
        decide(CaseState(complaint=making.complaint()), Opened(NOON))


def test_the_view_says_what_happens_next_and_when() -> None:
    standing = view(opened())
    assert standing.what_next is not None
    assert (standing.what_next.kind, standing.what_next.at) == ("warned", NOON + timedelta(days=7.5))
    assert standing.due is not None
    assert standing.due.steps == ("starts Mon 2026-11-23 12:00 UTC", "10 days over: Thu 2026-12-03 12:00")
