"""Working-time arithmetic agrees with a walk that looks at every minute, also while clocks change.

The walk knows nothing of offsets: it reads the wall clock from the zone database and remembers the latest reading, so
that a stretch opens when the clock first shows its beginning or is put forward over it, and closes likewise.
"""

from datetime import UTC, date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.working_time import after_working_time, around_the_clock, due, working_time
from schemas.calendar import CalendarRules, Hours, Limit, Season, Unit, Week, WorkingCalendar
from storage.time_zone import pin_calendar

MINUTE = timedelta(minutes=1)
DAYS = 12
WINDOWS = {
    "Asia/Jakarta": [datetime(2026, 3, 10, tzinfo=UTC)],
    "America/New_York": [datetime(2026, 3, 4, tzinfo=UTC), datetime(2026, 10, 28, tzinfo=UTC)],
    "Europe/Zurich": [datetime(2026, 3, 25, tzinfo=UTC), datetime(2026, 10, 21, tzinfo=UTC)],
}


@cache
def wall_clock(zone: str, begin: datetime) -> list[tuple[date, int]]:
    """Return the latest reading so far, as day and minute of the day, of every minute of the window."""
    latest, readings = datetime.min, []  # noqa: DTZ901 - a wall clock's reading has no zone
    for n in range(-180, DAYS * 24 * 60):  # three hours ahead: clocks may have been put back just before
        latest = max(latest, (begin + n * MINUTE).astimezone(ZoneInfo(zone)).replace(tzinfo=None))
        readings.append((latest.date(), latest.hour * 60 + latest.minute))
    return readings[180:]


def stretches_by_day(calendar: WorkingCalendar, begin: datetime) -> dict[date, list[range]]:
    found = {}
    for n in range(-1, DAYS + 2):
        day = begin.date() + timedelta(days=n)
        week = calendar.week
        for season in calendar.seasons:
            week = season.week if season.first <= day <= season.last else week
        closed = day in calendar.holidays
        found[day] = [] if closed else [range(h.opens, h.closes) for h in week.days[day.weekday()]]
    return found


def walked(calendar: WorkingCalendar, begin: datetime, minutes: range) -> int:
    readings, stretches = wall_clock(calendar.zone, begin), stretches_by_day(calendar, begin)
    return sum(any(minute in stretch for stretch in stretches[day]) for day, minute in (readings[n] for n in minutes))


def office(points: list[int]) -> tuple[Hours, ...]:
    ordered = sorted(points)
    return tuple(Hours(opens=a, closes=b) for a, b in zip(ordered[::2], ordered[1::2], strict=False))


half_hours = st.sampled_from(range(0, 1441, 30))
days = st.lists(half_hours, max_size=6, unique=True).map(office)


@st.composite
def weeks(draw: st.DrawFn) -> Week:
    names = list(Week.model_fields)
    hours = {name: draw(days) for name in names} | {draw(st.sampled_from(names)): office([480, 720, 780, 960])}
    return Week(**hours)


@st.composite
def calendars(draw: st.DrawFn) -> tuple[WorkingCalendar, datetime]:
    zone = draw(st.sampled_from(sorted(WINDOWS)))
    begin = draw(st.sampled_from(WINDOWS[zone]))

    def day(n: int) -> date:
        return begin.date() + timedelta(days=n)

    closed = draw(st.sets(st.integers(0, DAYS), max_size=4))
    bounds = sorted(draw(st.sets(st.integers(0, DAYS), max_size=4)))
    rules = CalendarRules(
        zone=zone,
        week=draw(weeks()),
        seasons=tuple(
            Season(name="other hours", first=day(a), last=day(b), week=draw(weeks()))
            for a, b in zip(bounds[::2], bounds[1::2], strict=False)
        ),
        holidays={day(n): "holiday" for n in closed},
        valid_to=date(2026, 12, 31),
    )
    return pin_calendar(rules, begin), begin


moments = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=DAYS))
lengths = st.timedeltas(min_value=timedelta(), max_value=timedelta(days=3))
spans = st.tuples(st.integers(0, DAYS * 1440), st.integers(0, DAYS * 1440)).map(lambda ends: range(*sorted(ends)))


@settings(max_examples=150, deadline=None)
@given(calendars(), spans)
def test_working_time_is_what_a_walk_counts(made: tuple[WorkingCalendar, datetime], span: range) -> None:
    calendar, begin = made

    counted = working_time(calendar, begin + span.start * MINUTE, begin + span.stop * MINUTE)

    assert counted == walked(calendar, begin, span) * MINUTE


@settings(max_examples=150, deadline=None)
@given(calendars(), st.integers(0, DAYS * 1440), st.integers(1, 60))
def test_working_hours_are_due_at_the_first_moment_by_which_they_were_worked(
    made: tuple[WorkingCalendar, datetime], after: int, value: int
) -> None:
    calendar, begin = made
    start = begin + after * MINUTE

    end = due(calendar, start, Limit(value=value, unit=Unit.WORKING_HOURS)).at

    assert working_time(calendar, start, end) == timedelta(hours=value)
    assert working_time(calendar, start, end - MINUTE) == timedelta(hours=value) - MINUTE


@settings(max_examples=150, deadline=None)
@given(calendars(), st.lists(moments, min_size=3, max_size=3).map(sorted))
def test_working_time_adds_up(made: tuple[WorkingCalendar, datetime], offsets: list[timedelta]) -> None:
    calendar, begin = made
    a, b, c = (begin + offset for offset in offsets)

    assert working_time(calendar, a, b) + working_time(calendar, b, c) == working_time(calendar, a, c)
    assert working_time(calendar, c, a) == timedelta() or a == c


@settings(max_examples=150, deadline=None)
@given(calendars(), moments, lengths, lengths)
def test_a_clock_that_is_stopped_and_goes_on_loses_and_gains_nothing(
    made: tuple[WorkingCalendar, datetime], offset: timedelta, x: timedelta, y: timedelta
) -> None:
    calendar, begin = made
    start = begin + offset

    stopped = after_working_time(calendar, start, x)

    assert after_working_time(calendar, stopped, y) == after_working_time(calendar, start, x + y)
    assert working_time(calendar, start, stopped) == x
    assert start <= stopped


@settings(max_examples=100, deadline=None)
@given(calendars(), moments, moments, lengths)
def test_a_pause_is_worth_exactly_the_working_time_within_it(
    made: tuple[WorkingCalendar, datetime], offset: timedelta, pause: timedelta, wanted: timedelta
) -> None:
    calendar, begin = made
    paused_at = begin + offset
    resumed_at = paused_at + pause
    due_before = after_working_time(calendar, paused_at, wanted)

    due_after = after_working_time(calendar, resumed_at, wanted)

    assert working_time(calendar, due_before, due_after) == working_time(calendar, paused_at, resumed_at)


@settings(max_examples=100, deadline=None)
@given(calendars(), moments, lengths)
def test_around_the_clock_working_time_is_time(
    made: tuple[WorkingCalendar, datetime], offset: timedelta, wanted: timedelta
) -> None:
    calendar, begin = made
    start = begin + offset

    assert after_working_time(around_the_clock(calendar), start, wanted) == start + wanted
    assert working_time(around_the_clock(calendar), start, start + wanted) == wanted


@pytest.mark.parametrize("points", [[0, 120, 150, 480], [0, 150], [120, 480], [120, 150, 180, 480]])
def test_hours_that_clocks_are_put_forward_over_begin_and_end_at_the_change(points: list[int]) -> None:
    begin = datetime(2026, 3, 4, tzinfo=UTC)
    rules = CalendarRules(zone="America/New_York", week=Week(sunday=office(points)), valid_to=date(2026, 12, 31))
    calendar = pin_calendar(rules, begin)

    counted = working_time(calendar, begin, begin + timedelta(days=7))

    assert counted == walked(calendar, begin, range(7 * 1440)) * MINUTE


def test_a_day_ends_at_midnight_even_where_clocks_are_put_forward_at_midnight() -> None:
    rules = CalendarRules(zone="Africa/Cairo", week=Week(thursday=office([480, 1440])), valid_to=date(2026, 12, 31))
    calendar = pin_calendar(rules, datetime(2026, 4, 22, tzinfo=UTC))

    end = due(calendar, datetime(2026, 4, 22, 6, tzinfo=UTC), Limit(value=1, unit=Unit.WORKING_DAYS)).at

    assert end == datetime(2026, 4, 23, 22, tzinfo=UTC)  # Thursday 24:00, when Friday begins at 01:00


def test_a_moment_means_the_same_in_whatever_zone_it_is_given() -> None:
    rules = CalendarRules(zone="Asia/Jakarta", week=Week(thursday=office([480, 1440])), valid_to=date(2026, 12, 31))
    calendar = pin_calendar(rules, datetime(2026, 4, 22, tzinfo=UTC))
    moment = datetime(2026, 4, 22, 20, tzinfo=UTC)
    tokyo = moment.astimezone(ZoneInfo("Asia/Tokyo"))
    for unit in Unit:
        length = Limit(value=3, unit=unit)
        assert due(calendar, moment, length) == due(calendar, tokyo, length)
