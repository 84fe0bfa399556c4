"""A calendar of 24 hours lost a minute at each midnight (seen in Zammad); a lunch break was taken for a day off, and
hours were set for the wrong weekday (seen in osTicket).

Working time is what a walk finds that looks at every single minute of the wall clock.
"""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.working_time import after_working_time, due, working_time
from schemas.calendar import Hours, Limit, Unit, Week, WorkingCalendar
from tests import making

MINUTE = timedelta(minutes=1)
DAY = 24 * 60
FIRST = date(2026, 11, 16)
"""A Monday. Every question begins in the two weeks from here on."""
WALKED = 45 * DAY

minutes_of_day = st.integers(0, DAY)
stretches = st.lists(minutes_of_day, max_size=6, unique=True).map(
    lambda bounds: [
        Hours(opens=opens, closes=closes)
        for opens, closes in zip(sorted(bounds)[::2], sorted(bounds)[1::2], strict=False)
    ]
)
weeks = (
    st.fixed_dictionaries(dict.fromkeys(Week.model_fields, stretches))
    .filter(lambda week: any(week.values()))
    .map(Week.model_validate)
)
calendars = st.builds(
    lambda week, offset, days_off: making.calendar(
        week, minutes=offset, holidays={FIRST + timedelta(days=day): "holiday" for day in days_off}
    ),
    weeks,
    st.sampled_from([0, 420, 345, -300, 765]),
    st.sets(st.integers(0, 20), max_size=4),
)
starts = st.integers(0, 14 * DAY)


def walk(calendar: WorkingCalendar) -> bytes:
    """Return of every minute from the first Monday's midnight in UTC whether the office is open."""
    days_of_week = [
        bytes(any(found.opens <= minute < found.closes for found in stretches) for minute in range(DAY))
        for stretches in calendar.week.days
    ]
    local = b""
    for number in range(-1, WALKED // DAY + 1):
        day = FIRST + timedelta(days=number)
        local += bytes(DAY) if day in calendar.holidays else days_of_week[day.isoweekday() - 1]
    begin = DAY + calendar.offsets[0].minutes
    return local[begin : begin + WALKED]


def moment(minute: int) -> datetime:
    """Return the moment at which a minute of the walk begins."""
    return datetime(FIRST.year, FIRST.month, FIRST.day, tzinfo=UTC) + minute * MINUTE


@settings(max_examples=40, deadline=None)
@given(calendars, starts, st.integers(0, 20 * DAY))
def test_the_working_time_between_two_moments_is_the_number_of_open_minutes(
    calendar: WorkingCalendar, start: int, length: int
) -> None:
    opened = walk(calendar)
    assert working_time(calendar, moment(start), moment(start + length)) == sum(opened[start : start + length]) * MINUTE


@settings(max_examples=40, deadline=None)
@given(calendars, starts, st.integers(1, 30))
def test_working_hours_are_over_with_the_last_open_minute_that_they_need(
    calendar: WorkingCalendar, start: int, wanted: int
) -> None:
    left, minute, opened = wanted * 60, start, walk(calendar)
    while left and minute < WALKED:
        left -= opened[minute]
        minute += 1
    if not left:
        limit = Limit(value=wanted, unit=Unit.WORKING_HOURS)
        assert due(calendar, moment(start), limit).at == moment(minute)
        assert after_working_time(calendar, moment(start), wanted * 60 * MINUTE) == moment(minute)


@settings(max_examples=40, deadline=None)
@given(calendars, starts, st.integers(1, 10))
def test_working_days_are_the_days_after_today_with_an_open_minute_and_end_with_the_last_one_s_last(
    calendar: WorkingCalendar, start: int, wanted: int
) -> None:
    opened, offset = walk(calendar), calendar.offsets[0].minutes
    days_with_work, today = dict[int, int](), (start + offset) // DAY
    for minute, is_open in enumerate(opened):
        if is_open and (minute + offset) // DAY > today:
            days_with_work[(minute + offset) // DAY] = minute
    last_minutes = list(days_with_work.values())
    if len(last_minutes) > wanted:
        limit = Limit(value=wanted, unit=Unit.WORKING_DAYS)
        assert due(calendar, moment(start), limit).at == moment(last_minutes[wanted - 1] + 1)


@settings(deadline=None)
@given(st.integers(1, 400), starts)
def test_no_midnight_costs_a_calendar_of_24_hours_a_minute(wanted: int, start: int) -> None:
    limit = Limit(value=wanted, unit=Unit.WORKING_HOURS)
    assert due(making.calendar(), moment(start), limit).at == moment(start) + timedelta(hours=wanted)


@pytest.mark.parametrize("minute", [11 * 60 + 59, 12 * 60, 12 * 60 + 30, 12 * 60 + 59])
def test_a_day_with_a_break_is_a_working_day_and_the_break_alone_does_not_count(minute: int) -> None:
    office = making.calendar(making.office_week())
    assert due(office, moment(minute), Limit(value=1, unit=Unit.WORKING_DAYS)).at == moment(DAY + 17 * 60)
    hour_later = 13 * 60 + 60 - max(12 * 60 - minute, 0)
    assert due(office, moment(minute), Limit(value=1, unit=Unit.WORKING_HOURS)).at == moment(hour_later)


@pytest.mark.parametrize("weekday", Week.model_fields)
def test_hours_of_one_weekday_are_those_of_that_weekday(weekday: str) -> None:
    week = Week.model_validate({weekday: [{"opens": "09:00", "closes": "10:00"}]})
    at = due(making.calendar(week), moment(0) - MINUTE, Limit(value=1, unit=Unit.WORKING_HOURS)).at
    assert (f"{at:%A}".lower(), at.hour) == (weekday, 10)
