"""A pause over a weekend was credited too much, and one was lost when the rule changed (seen in GLPI).

However a span is cut up by pauses, a clock has consumed the sum of what lies between them, in the time that it counts;
a correction of the rules, the class or the calendar keeps every pause.
"""

from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain import clocks, working_time
from schemas.calendar import Limit, Unit, limit
from schemas.case import Clock
from schemas.policy import Policy
from tests import making
from tests.kawal import Kawal
from tests.life import Life
from tests.making import NOON
from tests.peers.following import DAY, HOUR, changed, moments, now, says

OFFICE = making.calendar(making.office_week(), holidays={(NOON + 9 * DAY).date(): "A Wednesday off"})
START = NOON - timedelta(hours=3)
"""A Monday, 9:00."""

limits = st.builds(lambda value, unit: Limit(value=value, unit=unit), st.integers(1, 40), st.sampled_from(Unit))
cuts = (
    st.lists(st.integers(0, 40 * 24 * 60), min_size=2, max_size=12)
    .map(sorted)
    .map(lambda found: found[: len(found) // 2 * 2])
)
"""Minutes since the start at which a clock is stopped and goes on, in turns."""


def begun(wanted: Limit) -> Clock:
    """Return a clock that begins at the start."""
    level = making.plan().levels[0].model_copy(update={"limit": wanted})
    return clocks.of_level(making.plan().model_copy(update={"calendar": OFFICE}), level, at=START)


def rested(clock: Clock, minutes: list[int]) -> tuple[Clock, list[tuple[datetime, datetime]]]:
    """Return a clock after rests, and those that came before it had run out."""
    rests = []
    for since, until in zip(minutes[::2], minutes[1::2], strict=True):
        begin, end = START + since * timedelta(minutes=1), START + until * timedelta(minutes=1)
        if begin < clock.due.at:
            resting = clocks.paused(clock, begin)
            resumed = clocks.resumed(OFFICE, resting, end)
            assert resumed is not None
            clock = resumed
            rests.append((begin, end))
    return clock, rests


def consumed(wanted: Limit, begin: datetime, end: datetime) -> timedelta:
    """Return how much of the time that a limit counts lies between two moments."""
    if wanted.unit in (Unit.WORKING_DAYS, Unit.WORKING_HOURS):
        return working_time.working_time(OFFICE, begin, end)
    return end - begin


@settings(deadline=None)
@given(limits, cuts)
def test_a_clock_runs_for_just_as_long_as_it_would_have_without_any_rest(wanted: Limit, minutes: list[int]) -> None:
    whole = consumed(wanted, START, begun(wanted).due.at)
    clock, rests = rested(begun(wanted), minutes)
    ran, since = timedelta(), START
    for begin, end in rests:
        ran += consumed(wanted, since, begin)
        since = end
    assert ran + consumed(wanted, since, clock.due.at) == whole


@settings(deadline=None)
@given(limits, cuts, st.data())
def test_a_rest_that_is_cut_in_two_is_the_same_rest(wanted: Limit, minutes: list[int], data: st.DataObject) -> None:
    in_pieces = []
    for since, until in zip(minutes[::2], minutes[1::2], strict=True):
        middle = data.draw(st.integers(since, until))
        in_pieces += [since, middle, middle, until]
    one, _ = rested(begun(wanted), minutes)
    two, _ = rested(begun(wanted), in_pieces)
    assert (one.due.at, one.warn_at) == (two.due.at, two.warn_at)


@settings(deadline=None)
@given(limits, cuts)
def test_the_warning_comes_when_its_share_has_run(wanted: Limit, minutes: list[int]) -> None:
    clock, rests = rested(begun(wanted), minutes)
    whole = consumed(wanted, START, begun(wanted).due.at)
    ran, since = timedelta(), START
    for begin, end in rests:
        if begin >= clock.warn_at:
            break
        ran += consumed(wanted, since, begin)
        since = end
    ran += consumed(wanted, since, clock.warn_at)
    assert abs(ran - whole * clock.warn_share) <= timedelta(microseconds=1)


@pytest.mark.parametrize("days", ["1 working day", "5 working days", "9 working days", "30 working hours"])
def test_a_rest_over_a_weekend_or_a_night_gives_an_office_no_time(days: str) -> None:
    clock = begun(limit(days))
    friday_evening, monday_morning = 4 * 24 * 60 + 8 * 60, 6 * 24 * 60 + 23 * 60
    evening, morning = 8 * 60, 23 * 60
    for minutes in (
        [friday_evening, monday_morning],
        [evening, morning],
        [evening, morning, friday_evening, monday_morning],
    ):
        assert rested(clock, minutes)[0].due.at == clock.due.at


def test_a_rest_from_friday_noon_to_monday_noon_is_worth_the_one_working_day_that_lies_in_it() -> None:
    clock, friday_noon = begun(limit("40 working hours")), 4 * 24 * 60 + 3 * 60
    later, _ = rested(clock, [friday_noon, friday_noon + 3 * 24 * 60])
    assert (clock.due.at, later.due.at) == (START + 7 * DAY, START + 8 * DAY)
    assert working_time.working_time(OFFICE, clock.due.at, later.due.at) == 8 * HOUR


def lasting(policy: Policy) -> Life:
    """Return a case that has rested for four days, and goes on."""
    life = Life(policy)
    life.passes(days=3)
    life.says("ask")
    life.passes(days=4)
    life.says("provide")
    assert (life.due, life.statutory_due) == (NOON + 14 * DAY, NOON + 64 * DAY)
    return life


def test_a_change_of_the_class_keeps_the_rests_of_both_clocks() -> None:
    whole = making.whole_policy()
    resting = (whole.classes[0], whole.classes[1].model_copy(update={"pauses_for_information": True}))
    life = lasting(changed(whole, classes=resting))
    life.says("verify", case_class="field")
    assert (life.due, life.statutory_due) == (NOON + 14 * DAY, NOON + 124 * DAY)


@pytest.mark.parametrize("after", ["fresh clock", "continued clock"])
def test_a_transfer_keeps_the_rests_of_the_law_s_clock_and_of_a_level_clock_that_goes_on(after: str) -> None:
    life = lasting(making.whole_policy(after_transfer=after))
    life.says("transfer", agency="SCHOOLS", reason="wrong-agency")
    assert life.statutory_due == NOON + 64 * DAY
    assert life.due == (life.now + 10 * DAY if after == "fresh clock" else NOON + 14 * DAY)


def test_a_changed_calendar_keeps_the_rests() -> None:
    life = lasting(making.whole_policy())
    life.says("recalculate", policy_version="v2", calendar=making.calendar(), basis="Decree 1")
    assert (life.due, life.statutory_due) == (NOON + 14 * DAY, NOON + 64 * DAY)


async def test_a_case_that_rested_three_times_is_late_after_all_that_it_rested(kawal: Kawal) -> None:
    case = await kawal.open(making.whole_policy(most_holds=2))
    opened, rested_for = (await kawal.stored(case.id)).opened_at, timedelta()
    for begin, end, days in (("ask", "provide", 3), ("pause", "resume", 8), ("ask", "provide", 5)):
        await kawal.pass_time(case, timedelta(days=2))
        fields = {"limit": "60 days", "reason": "waits-for-court"} if begin == "pause" else {}
        since = await now(kawal, case)
        await says(kawal, case, begin, **fields)
        await kawal.pass_time(case, timedelta(days=days))
        await says(kawal, case, end)
        rested_for += await now(kawal, case) - since
    await kawal.pass_time(case, timedelta(days=5))
    [(_, breached)] = await moments(kawal, case, "breached")
    assert abs(breached - opened - 10 * DAY - rested_for) < HOUR
