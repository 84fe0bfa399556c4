"""Working time on days that one can check by hand: breaks, midnights, leap days, seasons, and how far decrees go."""

import json
import time
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from pydantic import ValidationError

from domain.working_time import (
    after_working_time,
    around_the_clock,
    beyond_decrees,
    due,
    hours,
    in_local_words,
    working_time,
)
from schemas.calendar import CalendarRules, Hours, OffsetChange, Season, Week, WorkingCalendar, limit

WIB = timezone(timedelta(hours=7))
FORENOON, AFTERNOON = Hours(opens=450, closes=720), Hours(opens=780, closes=960)
DAY, FRIDAY = (FORENOON, AFTERNOON), (Hours(opens=450, closes=690), AFTERNOON)
OFFICE = Week(monday=DAY, tuesday=DAY, wednesday=DAY, thursday=DAY, friday=FRIDAY)
FASTING = (Hours(opens=480, closes=720), Hours(opens=750, closes=900))
FASTING_WEEK = Week(monday=FASTING, tuesday=FASTING, wednesday=FASTING, thursday=FASTING, friday=FASTING)
RAMADAN = Season(name="Ramadan", first=date(2026, 2, 19), last=date(2026, 3, 20), week=FASTING_WEEK)
NYEPI = date(2026, 3, 19)
ZONES = {"Asia/Jakarta": 7, "Asia/Jayapura": 9, "UTC": 0, "America/Bogota": -5}

STORED = (
    '{"zone":"Asia/Jakarta","week":{"monday":[{"opens":"07:30","closes":"12:00"},{"opens":"13:00","closes":"16:00"}],'
    '"tuesday":[],"wednesday":[],"thursday":[],"friday":[],"saturday":[],"sunday":[]},'
    '"holidays":{"2026-03-23":"Cuti Bersama"},"valid_to":"2027-12-31",'
    '"offsets":[{"since":"2025-01-01T00:00:00Z","minutes":420}]}'
)
"""A calendar as cases carried it before there were seasons."""


def calendar(
    week: Week = OFFICE,
    *seasons: Season,
    holidays: tuple[date, ...] = (NYEPI,),
    valid_to: date = date(2027, 12, 31),
    zone: str = "Asia/Jakarta",
) -> WorkingCalendar:
    return WorkingCalendar(
        zone=zone,
        week=week,
        seasons=seasons,
        holidays=dict.fromkeys(holidays, "day off"),
        valid_to=valid_to,
        offsets=(OffsetChange(since=datetime(2020, 1, 1, tzinfo=UTC), minutes=60 * ZONES[zone]),),
    )


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=WIB)


def due_at(rules: WorkingCalendar, start: str, length: str) -> str:
    return f"{due(rules, at(start), limit(length)).at.astimezone(WIB):%a %m-%d %H:%M}"


@pytest.mark.parametrize("zone", ZONES)
def test_a_calendar_around_the_clock_loses_no_minute_at_midnight(zone: str) -> None:
    always = around_the_clock(calendar(zone=zone))
    start = datetime(2026, 3, 13, tzinfo=UTC)
    for days in (1, 7, 400):
        span = timedelta(days=days, minutes=1)
        assert working_time(always, start, start + span) == span
        assert after_working_time(always, start, span) == start + span


def test_around_the_clock_every_day_is_a_working_day_and_ends_at_midnight() -> None:
    always = around_the_clock(calendar(OFFICE, RAMADAN))

    assert due_at(always, "2026-03-13 10:00", "1 working day") == "Sun 03-15 00:00"
    assert due_at(always, "2026-03-13 23:59", "1 working day") == "Sun 03-15 00:00"
    assert due_at(always, "2026-03-14 00:00", "1 working day") == "Mon 03-16 00:00"
    assert due_at(always, "2026-03-17 10:00", "3 working days") == "Sat 03-21 00:00"
    assert due_at(always, "2026-03-18 23:30", "2 working hours") == "Thu 03-19 01:30"


def test_around_the_clock_nothing_is_provisional() -> None:
    always = around_the_clock(calendar(valid_to=date(2026, 3, 1)))

    assert not due(always, at("2026-03-13 10:00"), limit("10000 working days")).provisional


def test_around_the_clock_keeps_the_zone_and_leaves_the_given_calendar_alone() -> None:
    given = calendar(OFFICE, RAMADAN)

    always = around_the_clock(given)

    assert (always.zone, always.offsets) == (given.zone, given.offsets)
    assert given == calendar(OFFICE, RAMADAN)
    assert WorkingCalendar.model_validate_json(always.model_dump_json()) == always


def test_a_lunch_break_is_no_holiday() -> None:
    assert due_at(calendar(), "2026-03-09 10:00", "3 working days") == "Thu 03-12 16:00"
    assert due(calendar(), at("2026-03-09 10:00"), limit("3 working days")).steps[1:] == (
        "3 working days over: Thu 2026-03-12 16:00",
    )


@pytest.mark.parametrize("number", range(7))
def test_hours_of_one_weekday_open_that_weekday_alone(number: int) -> None:
    name = list(Week.model_fields)[number]
    only = calendar(Week.model_validate({name: DAY}), holidays=())
    days = [date(2026, 6, 1) + timedelta(days=n) for n in range(28)]

    assert [day.strftime("%A").lower() for day in days if hours(only, day)] == [name] * 4


@pytest.mark.parametrize(
    ("begins", "start", "end"),
    [
        ("in hours", "2026-03-10 10:00", "Tue 03-10 14:00"),
        ("before hours", "2026-03-10 05:00", "Tue 03-10 10:30"),
        ("as hours begin", "2026-03-10 07:30", "Tue 03-10 10:30"),
        ("in a break", "2026-03-10 12:20", "Tue 03-10 16:00"),
        ("as a break begins", "2026-03-10 12:00", "Tue 03-10 16:00"),
        ("as hours end", "2026-03-10 16:00", "Wed 03-11 10:30"),
        ("after hours", "2026-03-10 22:00", "Wed 03-11 10:30"),
        ("on a Saturday", "2026-03-14 10:00", "Mon 03-16 10:30"),
        ("on a holiday", "2026-03-19 10:00", "Fri 03-20 10:30"),
        ("on the eve of a holiday", "2026-03-18 15:00", "Fri 03-20 09:30"),
    ],
)
def test_working_hours_wait_for_the_office_wherever_they_begin(begins: str, start: str, end: str) -> None:
    assert due_at(calendar(), start, "3 working hours") == end, begins


@pytest.mark.parametrize("start", ["2026-03-18 00:00", "2026-03-18 12:30", "2026-03-18 23:59", "2026-03-19 10:00"])
def test_working_days_never_count_the_day_of_the_start_wherever_they_begin(start: str) -> None:
    assert due_at(calendar(), start, "1 working day") == "Fri 03-20 16:00"


def test_a_leap_day_is_a_day_of_work_like_any_other() -> None:
    assert due_at(calendar(), "2028-02-28 10:00", "1 working day") == "Tue 02-29 16:00"
    assert due_at(calendar(), "2028-02-29 10:00", "1 working day") == "Wed 03-01 16:00"
    assert due_at(calendar(), "2027-02-26 10:00", "1 working day") == "Mon 03-01 16:00"
    assert due_at(calendar(holidays=(date(2028, 2, 29),)), "2028-02-28 15:00", "2 working hours") == "Wed 03-01 08:30"


def test_a_season_changes_the_hour_of_a_deadline_and_not_its_day() -> None:
    with_season, without = calendar(OFFICE, RAMADAN), calendar()
    for day in range(1, 29):
        for length in ("3 working days", "14 working days"):
            start = datetime(2026, 2, day, 10, tzinfo=WIB)
            fasting, plain = (due(rules, start, limit(length)).at.astimezone(WIB) for rules in (with_season, without))
            assert fasting.date() == plain.date()
            assert fasting.hour == (15 if RAMADAN.first <= fasting.date() <= RAMADAN.last else 16)


def test_a_season_includes_its_first_and_its_last_day_and_no_other() -> None:
    rules = calendar(OFFICE, RAMADAN, holidays=())
    days = [date(2026, 2, 18), RAMADAN.first, RAMADAN.last, date(2026, 3, 23)]

    assert [hours(rules, day)[-1][1] // 60 for day in days] == [16, 15, 15, 16]


def test_a_holiday_stays_a_holiday_in_a_season() -> None:
    assert hours(calendar(OFFICE, RAMADAN), NYEPI) == ()


def test_a_season_can_close_and_open_other_weekdays() -> None:
    weekend = Season(name="fair", first=date(2026, 6, 1), last=date(2026, 6, 14), week=Week(saturday=DAY, sunday=DAY))

    deadline = due(calendar(OFFICE, weekend), at("2026-05-29 10:00"), limit("3 working days"))

    assert deadline.at == at("2026-06-13 16:00")
    assert "skips 12 weekly days off" in deadline.steps


def test_a_deadline_in_a_season_says_whose_hours_it_keeps_to() -> None:
    rules = calendar(OFFICE, RAMADAN)
    words = "keeps to the hours of Ramadan, 2026-02-19 to 2026-03-20"

    assert due(rules, at("2026-03-09 10:00"), limit("3 working days")).steps == (
        "starts Mon 2026-03-09 10:00 Asia/Jakarta",
        words,
        "3 working days over: Thu 2026-03-12 15:00",
    )
    assert words in due(rules, at("2026-03-20 10:00"), limit("8 working hours")).steps
    assert words not in due(rules, at("2026-03-20 10:00"), limit("1 working day")).steps
    assert words not in due(rules, at("2026-03-09 10:00"), limit("3 days")).steps


def test_a_season_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValidationError, match="ends on 2026-02-19, before it begins on 2026-03-20: correct one"):
        Season(name="Ramadan", first=RAMADAN.last, last=RAMADAN.first, week=FASTING_WEEK)


def test_seasons_that_share_a_day_are_refused_in_any_order() -> None:
    other = RAMADAN.model_copy(update={"name": "Lent", "first": RAMADAN.last, "last": date(2026, 4, 2)})
    for seasons in ((RAMADAN, other), (other, RAMADAN)):
        with pytest.raises(ValidationError, match="the seasons Ramadan and Lent overlap on 2026-03-20: shorten one"):
            CalendarRules(zone="UTC", week=OFFICE, seasons=seasons, valid_to=date(2027, 12, 31))


def test_seasons_may_follow_each_other_without_a_gap() -> None:
    other = RAMADAN.model_copy(update={"first": date(2026, 3, 21), "last": date(2026, 4, 2)})

    assert CalendarRules(zone="UTC", week=OFFICE, seasons=(other, RAMADAN), valid_to=date(2027, 12, 31)).seasons


def test_a_calendar_stored_before_there_were_seasons_is_read_and_written_as_it_was() -> None:
    stored = WorkingCalendar.model_validate_json(STORED)

    assert stored.seasons == ()
    assert json.loads(stored.model_dump_json()) == json.loads(STORED)
    assert due(stored, at("2026-03-13 10:00"), limit("2 working days")).steps == (
        "starts Fri 2026-03-13 10:00 Asia/Jakarta",
        "skips Mon 2026-03-23, Cuti Bersama",
        "skips 14 weekly days off",
        "2 working days over: Mon 2026-03-30 16:00",
    )


def test_seasons_survive_being_stored() -> None:
    given = calendar(OFFICE, RAMADAN)

    assert WorkingCalendar.model_validate_json(given.model_dump_json()) == given


def test_a_deadline_beyond_the_last_decreed_day_says_loudly_that_it_is_provisional() -> None:
    rules = calendar(valid_to=date(2026, 3, 17))

    on_the_last_day = due(rules, at("2026-03-16 10:00"), limit("1 working day"))
    beyond = due(rules, at("2026-03-17 10:00"), limit("1 working day"))

    assert not on_the_last_day.provisional
    assert beyond.provisional
    assert beyond.steps[-1] == "provisional: holidays are decreed until 2026-03-17 only"


def test_a_deadline_at_midnight_belongs_to_the_day_that_ends_then() -> None:
    all_day = Week.model_validate({name: (Hours(opens=0, closes=1440),) for name in Week.model_fields})
    rules = calendar(all_day, valid_to=date(2026, 3, 17))

    assert not due(rules, at("2026-03-16 10:00"), limit("1 working day")).provisional
    assert due(rules, at("2026-03-17 10:00"), limit("1 working day")).provisional


def test_any_moment_can_be_held_against_the_last_decreed_day_in_the_zone_of_the_calendar() -> None:
    rules = calendar(valid_to=date(2026, 3, 17))

    assert not beyond_decrees(rules, datetime(2026, 3, 17, 17, tzinfo=UTC))  # 24:00 in Jakarta
    assert beyond_decrees(rules, datetime(2026, 3, 17, 17, 0, 1, tzinfo=UTC))


def test_a_moment_is_told_in_the_zone_of_the_calendar() -> None:
    assert in_local_words(calendar(), datetime(2026, 3, 13, 20, tzinfo=UTC)) == "Sat 2026-03-14 03:00"
    assert in_local_words(calendar(zone="America/Bogota"), at("2026-03-14 03:00")) == "Fri 2026-03-13 15:00"


def test_a_season_after_the_last_decreed_day_decrees_nothing() -> None:
    assert due(calendar(OFFICE, RAMADAN, valid_to=date(2026, 2, 1)), at("2026-03-09 10:00"), limit("1 day")).provisional


def test_a_clock_with_nothing_left_is_due_at_once_also_outside_of_hours() -> None:
    for start in (at("2026-03-14 10:00"), at("2026-03-16 10:00")):
        assert after_working_time(calendar(), start, timedelta()) == start


def test_less_than_no_working_time_is_refused() -> None:
    with pytest.raises(ValueError, match="cannot pass: give none or more"):
        after_working_time(calendar(), at("2026-03-16 10:00"), timedelta(minutes=-1))


def test_no_working_time_lies_between_a_moment_and_an_earlier_one() -> None:
    assert working_time(calendar(), at("2026-03-16 11:00"), at("2026-03-16 10:00")) == timedelta()


@pytest.mark.parametrize("length", ["1 working day", "1 working hour"])
def test_a_calendar_without_any_work_for_over_a_year_is_refused(length: str) -> None:
    closed = tuple(date(2026, 3, 14) + timedelta(days=n) for n in range(800))

    with pytest.raises(ValueError, match="has no working time from 2026-03-13"):
        due(calendar(holidays=closed), at("2026-03-13 17:00"), limit(length))


def test_sixty_working_days_take_well_under_a_millisecond() -> None:
    rules, start, length = calendar(OFFICE, RAMADAN), at("2026-03-13 10:00"), limit("60 working days")
    fastest = 1.0
    for _ in range(20):
        began = time.perf_counter()
        due(rules, start, length)
        fastest = min(fastest, time.perf_counter() - began)

    assert fastest < 0.001
