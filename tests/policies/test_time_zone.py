"""A pinned calendar tells the same time as the zone database, and is cheap."""

import random
import time
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from domain.working_time import _local
from schemas.calendar import CalendarRules, Hours, Season, Week
from storage.time_zone import pin_calendar

AROUND = datetime(2026, 3, 13, 9, tzinfo=UTC)
OFFICE = Week(monday=(Hours(opens=450, closes=960),))


def rules(zone: str) -> CalendarRules:
    return CalendarRules(zone=zone, week=OFFICE, holidays={date(2026, 1, 1): "new year"}, valid_to=date(2027, 12, 31))


@pytest.mark.parametrize("zone", ["Asia/Jakarta", "America/New_York", "Europe/Zurich", "Africa/Casablanca"])
def test_it_shows_the_wall_clock_of_the_zone_at_any_moment_of_its_years(zone: str) -> None:
    calendar = pin_calendar(rules(zone), AROUND)
    dice = random.Random(zone)
    years = (AROUND.replace(year=2038) - AROUND.replace(year=2025)).total_seconds()
    for _ in range(500):
        moment = AROUND.replace(year=2025) + timedelta(seconds=dice.randrange(int(years)))
        assert _local(calendar, moment).replace(tzinfo=None) == moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)


@pytest.mark.parametrize("zone", ["America/New_York", "Europe/Zurich", "Africa/Casablanca", "Australia/Lord_Howe"])
def test_a_change_is_exact_to_the_second(zone: str) -> None:
    for before, after in pairwise(pin_calendar(rules(zone), AROUND).offsets):
        for moment, expected in ((after.since - timedelta(seconds=1), before), (after.since, after)):
            assert moment.astimezone(ZoneInfo(zone)).utcoffset() == timedelta(minutes=expected.minutes)


def test_a_zone_without_summer_time_has_one_offset() -> None:
    (only,) = pin_calendar(rules("Asia/Jakarta"), AROUND).offsets

    assert (only.minutes, only.since) == (420, datetime(2025, 1, 1, tzinfo=UTC))


def test_it_begins_with_the_offset_in_force_a_year_before() -> None:
    assert pin_calendar(rules("America/New_York"), AROUND).offsets[0].minutes == -300
    assert pin_calendar(rules("America/Santiago"), AROUND).offsets[0].minutes == -180


def test_cases_opened_in_one_year_carry_the_same_calendar() -> None:
    first, last = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 12, 31, 23, 59, tzinfo=UTC)

    assert pin_calendar(rules("Europe/Zurich"), first) == pin_calendar(rules("Europe/Zurich"), last)


def test_it_keeps_the_rules_and_can_be_pinned_again() -> None:
    pinned = pin_calendar(rules("Europe/Zurich"), AROUND)

    assert CalendarRules.model_validate(pinned.model_dump(exclude={"offsets"})) == rules("Europe/Zurich")
    assert pin_calendar(pinned, AROUND) == pinned


def test_seasons_are_pinned_with_the_calendar() -> None:
    season = Season(name="Ramadan", first=date(2026, 2, 19), last=date(2026, 3, 20), week=OFFICE)
    given = rules("Asia/Jakarta").model_copy(update={"seasons": (season,)})

    assert pin_calendar(given, AROUND).seasons == (season,)


@pytest.mark.parametrize("zone", ["Asia/Lampung", "WIB", "America", "../etc/passwd", "/etc/passwd", "Asia/Jakarta\0"])
def test_an_unknown_zone_is_named(zone: str) -> None:
    with pytest.raises(ValueError, match="is not a time zone") as caught:
        pin_calendar(rules(zone), AROUND)
    assert repr(zone) in str(caught.value)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        pin_calendar(rules("Asia/Jakarta"), AROUND.replace(tzinfo=None))


def test_it_is_fast_enough_to_do_for_every_case() -> None:
    given = rules("Europe/Zurich")
    pin_calendar(given, AROUND)
    started = time.perf_counter()
    for _ in range(100):
        pin_calendar(given, AROUND)

    assert (time.perf_counter() - started) / 100 < 0.005
