"""What an agency's register makes of what cases tell it: repeats, shares, months, points."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.register_chain import broken_at
from domain.register_state import carried, effects, next_moment, points
from domain.scorecard import GRACE, Event, ItemReceived, MessageReceived, TimeReached, decide, decide_all
from schemas.calendar import limit
from schemas.policy import Period
from schemas.sanctions import Subject
from schemas.scorecard import FeedItem, Outcome, RegisterEntry, RegisterMessage, Scorecard
from tests import making
from tests.making import NOON
from tests.registers import OPERATOR, answered, decision, late, late_again, low_share, objection, register, taken_back

DAY = timedelta(days=1)
LATER = NOON + 100 * DAY


def happens(card: Scorecard, *said: FeedItem | RegisterMessage, at: datetime = LATER) -> Scorecard:
    return told(card, *said, at=at)[0]


def told(
    card: Scorecard, *said: FeedItem | RegisterMessage, at: datetime = LATER
) -> tuple[Scorecard, tuple[RegisterEntry, ...]]:
    events: list[Event] = [
        MessageReceived(at, what) if isinstance(what, RegisterMessage) else ItemReceived(at, what) for what in said
    ]
    return decide_all(card, events)


def repeats(card: Scorecard) -> list[tuple[str, str]]:
    """Return rule and offence of every repeat that stands."""
    return [(p.rule, str(p.offence)) for p in card.proposals.values() if p.grounds and not p.annulled]


def test_twice_late_within_the_time_is_a_repeat_and_names_what_it_rests_on() -> None:
    _, entries = told(register(late_again(2, "30 days")), late("cs-1"), late("cs-2", at=NOON + 30 * DAY))
    repeat = entries[-1]
    assert [entry.kind for entry in entries] == ["received", "received", "proposed"]
    assert (repeat.rule, repeat.subject, repeat.points, repeat.grounds) == ("late-again", OPERATOR, 50, (1, 2))
    assert repeat.deciders == entries[1].deciders


def test_a_moment_beyond_the_time_is_no_repeat() -> None:
    too_late = NOON + 30 * DAY + timedelta(seconds=1)
    assert not repeats(happens(register(late_again(2, "30 days")), late("cs-1"), late("cs-2", at=too_late)))


def test_the_time_may_count_working_days() -> None:
    office = making.calendar(making.office_week())
    card = register(late_again(2, "2 working days"), calendar=office)
    friday, tuesday = datetime(2026, 11, 20, 9, tzinfo=UTC), datetime(2026, 11, 24, 16, tzinfo=UTC)
    assert repeats(happens(card, late("cs-1", at=friday), late("cs-2", at=tuesday)))
    assert not repeats(happens(card, late("cs-1", at=friday), late("cs-2", at=tuesday + DAY)))


def test_every_further_lateness_within_the_time_is_a_repeat_of_its_own() -> None:
    card = register(late_again(3, "30 days"))
    card = happens(card, *(late(f"cs-{n}", at=NOON + 10 * n * DAY) for n in range(5)))
    assert repeats(card) == [("late-again", f"cs-{n}:1:-:0") for n in (2, 3, 4)]


def test_each_rule_looks_for_itself() -> None:
    card = register(late_again(2, "5 days", rule="soon"), late_again(3, "90 days", rule="often"))
    card = happens(card, *(late(f"cs-{n}", at=NOON + 10 * n * DAY) for n in range(3)))
    assert repeats(card) == [("often", "cs-2:1:-:0")]


def test_two_proposals_for_one_lateness_are_one_offence() -> None:
    two = late("cs-1"), late("cs-1", 2, rule="also-late")
    assert not repeats(happens(register(late_again()), *two))


def test_a_lateness_of_another_round_or_part_is_another_offence() -> None:
    card = happens(register(late_again()), late("cs-1"), late("cs-1", 2, round=2), late("cs-1", 3, part="ROADS"))
    assert len(repeats(card)) == 2


def test_what_others_are_late_with_does_not_count() -> None:
    others = late("cs-2", subject="operator@SCHOOLS"), late("cs-3", subject="head-of-division@ROADS", level=1)
    assert not repeats(happens(register(late_again()), late("cs-1"), *others))


def test_a_sanction_for_somebody_elses_lateness_is_no_lateness_of_the_subject() -> None:
    blamed = late("cs-2", level=1, rule="division-late", holder="head-of-division@ROADS")
    about_something_else = late("cs-3").model_copy(update={"late": None})
    assert not repeats(happens(register(late_again()), late("cs-1"), blamed, about_something_else))


def test_a_deputy_who_acted_for_the_holder_is_late_like_one() -> None:
    deputy = "secretary@ROADS"
    card = happens(register(late_again()), *(late(f"cs-{n}", subject=deputy, holder=OPERATOR) for n in (1, 2)))
    assert [p.subject for p in card.proposals.values() if p.grounds] == [deputy]


def test_an_offence_that_its_case_takes_back_takes_back_the_repeat() -> None:
    first, second = late("cs-1"), late("cs-2", at=NOON + DAY)
    card, entries = told(register(late_again()), first, second, taken_back(first))
    assert [entry.kind for entry in entries] == ["received", "received", "proposed", "annulled", "annulled"]
    assert (entries[-1].refers_to, entries[-1].points, entries[-1].reason) == (3, -50, "offence-annulled")
    assert not repeats(card)
    assert points(card, OPERATOR, "2026-11") == 3


def test_a_repeat_stays_as_long_as_enough_offences_stand() -> None:
    items = [late(f"cs-{n}", at=NOON + n * DAY) for n in range(3)]
    card = happens(register(late_again()), *items, taken_back(items[1]))
    assert repeats(card) == [("late-again", "cs-2:1:-:0")]


def test_a_repeat_falls_with_the_offence_that_made_it_one_also_when_it_was_upheld() -> None:
    first, second = late("cs-1"), late("cs-2", at=NOON + DAY)
    card = happens(register(late_again()), first, second, decision(3, Outcome.UPHELD), at=LATER)
    assert not repeats(happens(card, taken_back(second)))


def test_an_offence_that_a_superior_annuls_takes_back_the_repeat() -> None:
    card = happens(register(late_again()), late("cs-1"), late("cs-2", at=NOON + DAY))
    assert not repeats(happens(card, decision(1), at=NOON + 2 * DAY))


def test_a_repeat_that_a_superior_annulled_is_not_proposed_again() -> None:
    card = happens(register(late_again()), late("cs-1"), late("cs-2", at=NOON + DAY), decision(3))
    assert not repeats(happens(card, late("cs-0", at=NOON - DAY), late("cs-2", 2, at=NOON + DAY, rule="also-late")))[1:]
    assert ("late-again", "cs-2:1:-:0") not in repeats(happens(card, late("cs-0", at=NOON - DAY)))


def test_a_repeat_that_fell_is_proposed_again_when_another_offence_turns_up() -> None:
    first = late("cs-1")
    card = happens(register(late_again()), first, late("cs-2", at=NOON + DAY), taken_back(first))
    assert repeats(happens(card, late("cs-0", at=NOON - DAY))) == [("late-again", "cs-2:1:-:0")]


def test_an_annulment_that_comes_before_its_proposal_waits_for_it() -> None:
    first, second = late("cs-1"), late("cs-2", at=NOON + DAY)
    card, entries = told(register(late_again()), taken_back(first), second, first)
    assert not repeats(card)
    assert sum(entry.points for entry in entries) == points(card, OPERATOR, "2026-11") == 3


def test_what_a_superior_annulled_is_not_taken_back_twice_by_its_case() -> None:
    item = late("cs-1")
    _, entries = told(register(), item, decision(1), taken_back(item))
    assert [entry.points for entry in entries] == [3, -3, 0]


def test_points_belong_to_the_period_of_the_offence_in_the_calendars_zone() -> None:
    last_minute = datetime(2026, 11, 30, 17, 30, tzinfo=UTC)  # 00:30 on 1 December, seven hours ahead
    item = late("cs-1", at=last_minute)
    for period, name in ((Period.MONTH, "2026-12"), (Period.QUARTER, "2026-Q4"), (Period.YEAR, "2026")):
        card = happens(register(minutes=7 * 60, points_period=period), item)
        assert points(card, OPERATOR, name) == 3
        assert points(happens(card, taken_back(item, at=LATER)), OPERATOR, name) == 0


def month_of_answers(in_time: int, late_ones: int, *, at: datetime = NOON) -> list[FeedItem]:
    return [answered(f"cs-{n}", at=at, on_time=n < in_time) for n in range(in_time + late_ones)]


DECEMBER = datetime(2026, 12, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("in_time", "late_ones", "proposed"), [(3, 2, True), (4, 1, False), (3, 1, False), (0, 5, True), (5, 0, False)]
)
def test_a_month_with_too_few_answers_in_time_leads_to_one_proposal(
    in_time: int,
    late_ones: int,
    proposed: bool,  # noqa: FBT001
) -> None:
    card = happens(register(low_share(0.8, at_least=5)), *month_of_answers(in_time, late_ones), at=NOON)
    assert next_moment(card) == DECEMBER + GRACE
    card, entries = decide_all(card, [TimeReached(DECEMBER + GRACE)] * 3)
    assert [entry.kind for entry in entries] == ["month closed", *["proposed"] * proposed]
    assert entries[0].month_answered == in_time + late_ones
    assert [(entry.subject, entry.month, entry.period) for entry in entries[1:]] == [
        ("ROADS", "2026-11", "2026-11")
    ] * proposed
    assert next_moment(card) is None


def test_a_low_share_may_be_proposed_for_the_head_of_the_agency_too() -> None:
    both = low_share(), low_share(subject=Subject.AGENCY_HEAD, rule="head")
    card = happens(register(*both), *month_of_answers(1, 4), at=NOON)
    _, entries = decide_all(card, [TimeReached(DECEMBER + GRACE)])
    assert [entry.subject for entry in entries[1:]] == ["ROADS", "head-of-agency@ROADS"]


def test_months_are_those_of_the_calendars_zone() -> None:
    card = happens(register(minutes=7 * 60), answered("cs-1", at=datetime(2026, 11, 30, 17, tzinfo=UTC)))
    assert list(card.months) == ["2026-12"]
    assert next_moment(card) == datetime(2026, 12, 31, 17, tzinfo=UTC) + GRACE


def test_an_answer_that_is_delivered_after_its_month_was_closed_counts_nowhere() -> None:
    card = happens(register(low_share()), *month_of_answers(4, 1), at=NOON)
    card, _ = decide_all(card, [TimeReached(DECEMBER + GRACE)])
    after = happens(card, answered("late", at=NOON, on_time=False), at=LATER)
    assert after.months["2026-11"] == card.months["2026-11"].model_copy(update={"came_late": 1})
    assert next_moment(after) is None


def test_a_month_that_ended_while_the_engine_was_away_waits_for_what_piled_up() -> None:
    card = happens(register(low_share()), *month_of_answers(0, 5), at=NOON)
    back = DECEMBER + 3 * DAY
    card, entries = decide_all(card, [TimeReached(back)])
    assert [(entry.kind, entry.until) for entry in entries] == [("month kept open", back + GRACE)]
    card = happens(card, *(answered(f"more-{n}", at=NOON) for n in range(20)), at=back)
    _, entries = decide_all(card, [TimeReached(back + GRACE)])
    assert [(entry.kind, entry.month_answered) for entry in entries] == [("month closed", 25)]


def test_the_same_told_again_changes_nothing() -> None:
    item, answer = late("cs-1"), answered("cs-2")
    card = happens(register(late_again()), item, taken_back(item), answer)
    for again in (item, taken_back(item), answer):
        assert decide(card, ItemReceived(LATER, again)) == ()


def test_effects_say_by_how_much_points_and_months_change() -> None:
    first, second = late("cs-1"), late("cs-2", at=NOON + DAY)
    start = register(late_again())
    card, entries = told(start, first, second, answered("cs-3"), answered("cs-4", on_time=False))
    scores, months = effects(start, entries)
    assert [(s.subject, s.period, s.points, s.standing) for s in scores] == [(OPERATOR, "2026-11", 56, 3)]
    assert [(m.month, m.answered, m.on_time) for m in months] == [("2026-11", 2, 1)]
    _, more = told(card, taken_back(first))
    assert [(s.points, s.standing) for s in effects(card, more)[0]] == [(-53, -2)]


def test_what_is_carried_on_keeps_the_chain_and_open_objections_and_forgets_what_is_old() -> None:
    old, open_objection, young = late("cs-1"), late("cs-2", 1), late("cs-3", at=NOON + 390 * DAY)
    card = happens(register(), old, open_objection, at=NOON)
    card = happens(card, objection(2), at=NOON + DAY)
    card = happens(card, young, answered("cs-4"), at=NOON + 390 * DAY)
    kept = carried(card, NOON + 401 * DAY)
    assert list(kept.proposals) == [2, 4]
    assert (kept.length, kept.head, kept.months) == (card.length, card.head, card.months)
    _, entries = told(kept, decision(2))
    assert broken_at(entries, first=card.length + 1, previous=card.head) is None


def test_what_is_carried_on_stays_below_what_temporal_takes() -> None:
    card = register(late_again())
    proposal = happens(card, late("K261121-ZA9ZMGZ5")).proposals[1]
    flood = card.model_copy(
        update={
            "proposals": {
                n: proposal.model_copy(update={"number": n, "grounds": (n, n + 1), "subject": "operator@" + 100 * "A"})
                for n in range(20_000)
            },
            "seen": {f"K261121-ZA9ZM{n:05}/answer-5": NOON for n in range(20_000)},
        }
    )
    kept = carried(flood, NOON)
    assert len(kept.model_dump_json()) < 1_900_000
    assert len(kept.proposals) >= 1_000


def test_without_a_window_nobody_can_object() -> None:
    card = happens(register(objection=None), late("cs-1"))
    assert card.proposals[1].until is None
    assert told(card, objection(1))[1] == ()


def test_a_window_counts_in_the_pinned_calendar() -> None:
    card = register(calendar=making.calendar(making.office_week()), objection=limit("2 working days"))
    card = happens(card, late("cs-1", at=datetime(2026, 11, 20, 9, tzinfo=UTC)))
    assert card.proposals[1].until == datetime(2026, 11, 24, 17, tzinfo=UTC)


def test_the_seal_of_the_first_released_register_never_changes() -> None:
    """A register is checked years later: the same entry must have the same hash in every version to come."""
    _, [first] = told(register(), late("cs-1"))
    assert first.hash == "538ed72dd0297eda65ec41cf7a26b84420586c0d591c80dba49312575034b03b"
