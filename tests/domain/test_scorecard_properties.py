"""What holds for every register, in whatever order and however often cases tell of what happened."""

import random
from collections import Counter
from datetime import timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from domain.periods import local_day, month_of
from domain.register_chain import broken_at
from domain.register_state import carried, effects, evolve_all, points
from domain.scorecard import ItemReceived, decide_all
from schemas.calendar import limit
from schemas.scorecard import FeedItem, RegisterEntry, Scorecard
from tests.making import NOON
from tests.registers import answered, late, late_again, low_share, register, taken_back

SUBJECTS = ("operator@ROADS", "head-of-division@ROADS")
RULES = (late_again(2, "30 days", rule="twice"), late_again(3, "90 days", rule="thrice"), low_share())
DELIVERED = NOON + timedelta(days=500)


@st.composite
def histories(draw: st.DrawFn) -> list[FeedItem]:
    """Return what some cases tell of in some months: lateness, some of it taken back, and answers."""
    items: list[FeedItem] = []
    for number in range(draw(st.integers(0, 14))):
        at = NOON + timedelta(days=draw(st.integers(0, 120)))
        item = late(f"case-{number}", at=at, subject=draw(st.sampled_from(SUBJECTS)))
        items.append(item)
        if draw(st.integers(0, 3)) == 0:
            items.append(taken_back(item, at=at + timedelta(days=draw(st.integers(0, 60)))))
        if draw(st.booleans()):
            items.append(answered(f"case-{number}", at=at, on_time=draw(st.booleans())))
    return items


def told(items: list[FeedItem]) -> tuple[Scorecard, tuple[RegisterEntry, ...]]:
    return decide_all(register(*RULES), [ItemReceived(DELIVERED, item) for item in items])


def standing(card: Scorecard) -> Counter[tuple[object, ...]]:
    """Return every proposal that stands: what it is about, not under which number."""
    found = [p for p in card.proposals.values() if not p.annulled]
    return Counter((p.kind, p.subject, p.rule, p.points, p.period, p.case, p.offence) for p in found)


def by_definition(items: list[FeedItem]) -> Counter[tuple[str, str]]:
    """Return rule and subject of the repeats, counted as a person would, by the words of `domain.repeat_offences`."""
    ledger = [item.entry for item in items if item.kind == "ledger"]
    gone = {(entry.case_id, entry.refers_to) for entry in ledger if entry.refers_to}
    stands = [entry for entry in ledger if entry.refers_to is None and (entry.case_id, entry.entry) not in gone]
    found: Counter[tuple[str, str]] = Counter()
    for rule, times, days in (("twice", 2, 30), ("thrice", 3, 90)):
        for latest in stands:
            name = f"{latest.case_id}:1:-:0"
            before = [
                other
                for other in stands
                if other.subject == latest.subject
                and timedelta() <= latest.at - other.at <= timedelta(days=days)
                and (other.at, f"{other.case_id}:1:-:0") <= (latest.at, name)
            ]
            found[rule, latest.subject] += len(before) >= times
    return +found


@given(items=histories(), seed=st.integers(0, 1_000), times=st.integers(1, 3))
@settings(max_examples=200, deadline=None)
def test_any_order_and_any_number_of_repetitions_lead_to_the_same(items: list[FeedItem], seed: int, times: int) -> None:
    shuffled = items * times
    random.Random(seed).shuffle(shuffled)
    (card, _), (other, _) = told(items), told(shuffled)
    assert standing(card) == standing(other)
    assert card.months == other.months


@given(items=histories())
@settings(max_examples=200, deadline=None)
def test_repeats_are_those_of_the_definition(items: list[FeedItem]) -> None:
    card, _ = told(items)
    found = Counter((p.rule, p.subject) for p in card.proposals.values() if p.grounds and not p.annulled)
    assert found == by_definition(items)


@given(items=histories(), seed=st.integers(0, 1_000))
@settings(max_examples=100, deadline=None)
def test_the_chain_holds_and_nothing_is_there_twice(items: list[FeedItem], seed: int) -> None:
    random.Random(seed).shuffle(items)
    _, entries = told(items * 2)
    assert broken_at(entries) is None
    told_of = [entry.identity for entry in entries if entry.identity]
    assert sorted(told_of) == sorted(item.identity for item in items)
    rested_on = [(entry.rule, entry.subject, entry.grounds) for entry in entries if entry.grounds]
    assert len(rested_on) == len(set(rested_on))
    annulled = Counter(entry.refers_to for entry in entries if entry.kind == "annulled" and entry.refers_to)
    assert all(number == 1 for number in annulled.values())


@given(items=histories(), seed=st.integers(0, 1_000))
@settings(max_examples=100, deadline=None)
def test_points_are_the_sum_of_what_stands_however_they_are_added_up(items: list[FeedItem], seed: int) -> None:
    random.Random(seed).shuffle(items)
    card, entries = told(items)
    in_periods = {(p.subject, p.period) for p in card.proposals.values()}
    total = sum(points(card, subject, period) for subject, period in in_periods)
    assert total == sum(p.points for p in card.proposals.values() if not p.annulled)
    assert total == sum(entry.points for entry in entries)
    scores, months = effects(register(*RULES), entries)
    assert all(score.points == points(card, score.subject, score.period) for score in scores)
    answers = [item for item in items if item.kind == "answered"]
    assert sum(month.answered for month in months) == len(answers)
    assert {m.month for m in months} == {month_of(local_day(register().rules.calendar, a.at)) for a in answers}  # type: ignore[union-attr]


@given(items=histories(), cut=st.integers(0, 20))
@settings(max_examples=100, deadline=None)
def test_a_history_may_end_anywhere_and_go_on_in_another(items: list[FeedItem], cut: int) -> None:
    whole, entries = told(items)
    first, before = told(items[:cut])
    kept = Scorecard.model_validate_json(carried(first, NOON).model_dump_json())
    second, after = decide_all(kept, [ItemReceived(DELIVERED, item) for item in items[cut:]])
    assert before + after == entries
    assert second == whole


@given(items=histories())
@settings(max_examples=50, deadline=None)
def test_the_state_follows_from_the_entries_alone(items: list[FeedItem]) -> None:
    card, entries = told(items)
    assert (
        evolve_all(register(*RULES), [RegisterEntry.model_validate_json(e.model_dump_json()) for e in entries]) == card
    )


def test_the_elapsed_times_of_this_test_are_those_of_its_rules() -> None:
    assert [rule.within for rule in RULES[:2]] == [limit("30 days"), limit("90 days")]
