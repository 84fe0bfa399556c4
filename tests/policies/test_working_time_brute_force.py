"""A hundred thousand random questions about working time, answered by looking at every minute.

The walk shares nothing with the arithmetic that it checks: it reads the wall clock of the zone database minute by
minute, remembers the latest reading, so that a stretch opens when the clock first shows its beginning or is put forward
over it, and closes likewise, and notes whether the office is open.
"""

import random
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from domain.working_time import after_working_time, due, warning, working_time
from schemas.calendar import CalendarRules, Limit, Unit, WorkingCalendar
from storage.time_zone import pin_calendar

MINUTE = timedelta(minutes=1)
DAY = 1440
WINDOW = 40
"""Days that are walked; questions begin in the first half."""
CALENDARS, QUESTIONS = 260, 400

PLACES = [
    ("Asia/Jakarta", date(2026, 2, 10)),  # Ramadan, Nyepi and Idul Fitri
    ("Asia/Jakarta", date(2028, 2, 10)),  # a leap day
    ("Asia/Kathmandu", date(2026, 12, 15)),  # 5:45 ahead of UTC
    ("America/New_York", date(2026, 2, 25)),
    ("America/New_York", date(2026, 10, 20)),
    ("Europe/Zurich", date(2026, 3, 15)),
    ("Australia/Lord_Howe", date(2026, 3, 20)),  # clocks change by half an hour
    ("Africa/Cairo", date(2026, 4, 10)),  # they are put forward at midnight
    ("America/Santiago", date(2026, 3, 20)),  # they are put back at midnight
    ("America/Havana", date(2026, 10, 20)),  # midnight comes twice
]

Day = list[tuple[int, int]]
"""When the office is open, in minutes since midnight."""


class Clock(NamedTuple):
    """What the clocks of a zone show in each minute of the window, counted in minutes since 0001-01-01 there."""

    begin: datetime
    shown: list[int]
    latest: list[int]


@cache
def clock(zone: str, first: date) -> Clock:
    begin = datetime(first.year, first.month, first.day, tzinfo=UTC)
    shown = []
    for n in range(-180, WINDOW * DAY):  # three hours ahead: clocks may have been put back just before
        local = (begin + n * MINUTE).astimezone(ZoneInfo(zone))
        shown.append(local.toordinal() * DAY + local.hour * 60 + local.minute)
    latest = [shown[0]]
    for reading in shown[1:]:
        latest.append(max(latest[-1], reading))
    return Clock(begin, shown[180:], latest[180:])


@dataclass(frozen=True)
class Office:
    """One random calendar, as the product knows it and as the walk does."""

    calendar: WorkingCalendar
    clock: Clock
    days: dict[int, bytearray]
    """Each local day's minutes, by its ordinal: 1 is open."""
    minutes: bytearray
    """Each minute of the window: 1 is open."""
    open_minutes: list[int]

    def moment(self, minute: int, seconds: float = 0) -> datetime:
        return self.clock.begin + minute * MINUTE + timedelta(seconds=seconds)

    def after(self, start: int, wanted: int) -> int | None:
        """Return the first minute at whose beginning so many open ones are over; None beyond the window."""
        if not wanted:
            return start
        last = bisect_left(self.open_minutes, start) + wanted - 1
        return self.open_minutes[last] + 1 if last < len(self.open_minutes) else None

    def after_days(self, start: int, wanted: int) -> int | None:
        """Return the minute in which so many days with open minutes, the first one not counted, have closed."""
        day = self.clock.shown[start] // DAY
        while wanted:
            day += 1
            if day not in self.days:
                return None
            wanted -= 1 in self.days[day]
        closes = day * DAY + self.days[day].rindex(1) + 1
        return bisect_left(self.clock.latest, closes) if closes <= self.clock.latest[-1] else None


def random_day(dice: random.Random) -> Day:
    """Return a day off, a day without end, or one to three stretches; a break between two may have no length."""
    kind = dice.random()
    if kind < 0.25:
        return []
    if kind < 0.35:
        return [(0, DAY)]
    points = sorted(dice.choices(range(0, DAY + 1, dice.choice([1, 15, 30])), k=2 * dice.randint(1, 3)))
    return [(a, b) for a, b in zip(points[::2], points[1::2], strict=True) if a < b]


def random_week(dice: random.Random) -> list[Day]:
    week = [random_day(dice) for _ in range(7)]
    week[dice.randrange(7)] = [(450, 720), (780, 960)]
    return week


def written(week: list[Day]) -> dict[str, list[dict[str, int]]]:
    names = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
    return {
        name: [{"opens": opens, "closes": closes} for opens, closes in day]
        for name, day in zip(names, week, strict=True)
    }


def random_office(dice: random.Random, zone: str, first: date) -> Office:
    week, window = random_week(dice), range(first.toordinal() - 1, first.toordinal() + WINDOW + 2)
    bounds = sorted(dice.sample(window, 2 * dice.randint(0, 2)))
    seasons = [(a, b, random_week(dice)) for a, b in zip(bounds[::2], bounds[1::2], strict=True)]
    holidays = set(dice.sample(window, dice.randint(0, 8)))
    days = {}
    for day in window:
        hours = next((other for a, b, other in seasons if a <= day <= b), week)[(day - 1) % 7]
        days[day] = bytearray(DAY)
        for opens, closes in [] if day in holidays else hours:
            days[day][opens:closes] = b"\1" * (closes - opens)
    rules = {
        "zone": zone,
        "week": written(week),
        "seasons": [
            {"name": "other hours", "first": date.fromordinal(a), "last": date.fromordinal(b), "week": written(other)}
            for a, b, other in dice.sample(seasons, len(seasons))
        ],
        "holidays": {date.fromordinal(day): "holiday" for day in holidays},
        "valid_to": date.max,
    }
    clocks = clock(zone, first)
    minutes = bytearray(days[reading // DAY][reading % DAY] for reading in clocks.latest)
    calendar = pin_calendar(CalendarRules.model_validate(rules), clocks.begin)
    return Office(calendar, clocks, days, minutes, [n for n, is_open in enumerate(minutes) if is_open])


Answers = tuple[object, object] | None
"""What the product says and what the walk says; None where the walk ends first."""


def time_between(office: Office, dice: random.Random, start: int) -> Answers:
    end = start + dice.randint(1, 18 * DAY)
    after, before = dice.randrange(60), dice.randrange(60)
    seconds = 60 * office.minutes.count(1, start, end) - after * office.minutes[start] + before * office.minutes[end]
    return (
        working_time(office.calendar, office.moment(start, after), office.moment(end, before)),
        timedelta(seconds=seconds),
    )


def working_days(office: Office, dice: random.Random, start: int) -> Answers:
    wanted = dice.randint(1, 15)
    end = office.after_days(start, wanted)
    if end is None:
        return None
    return due(office.calendar, office.moment(start), Limit(value=wanted, unit=Unit.WORKING_DAYS)).at, office.moment(
        end
    )


def working_hours(office: Office, dice: random.Random, start: int) -> Answers:
    wanted = dice.randint(1, 60)
    end = office.after(start, wanted * 60)
    if end is None:
        return None
    return due(office.calendar, office.moment(start), Limit(value=wanted, unit=Unit.WORKING_HOURS)).at, office.moment(
        end
    )


def working_minutes(office: Office, dice: random.Random, start: int) -> Answers:
    wanted = dice.randint(0, 3000)
    end = office.after(start, wanted)
    if end is None:
        return None
    return after_working_time(office.calendar, office.moment(start), wanted * MINUTE), office.moment(end)


def share_of_a_limit(office: Office, dice: random.Random, start: int) -> Answers:
    days, quarters, value = dice.random() < 0.5, dice.randint(1, 3), dice.randint(1, 10)
    end = office.after_days(start, value) if days else office.after(start, value * 60)
    if end is None:
        return None
    whole, rest = divmod(office.minutes.count(1, start, end) * quarters, 4)
    reached = office.after(start, whole + bool(rest))  # the minute in which the share is reached counts as a whole
    assert reached is not None
    limit = Limit(value=value, unit=Unit.WORKING_DAYS if days else Unit.WORKING_HOURS)
    return (
        warning(office.calendar, office.moment(start), office.moment(end), limit, quarters / 4),
        office.moment(reached - bool(rest), rest * 15),
    )


KINDS: list[Callable[[Office, random.Random, int], Answers]] = [
    time_between,
    working_days,
    working_hours,
    working_minutes,
    share_of_a_limit,
]


def offices(dice: random.Random) -> Iterator[Office]:
    for n in range(CALENDARS):
        zone, first = PLACES[n % len(PLACES)]
        yield random_office(dice, zone, first)


def test_a_hundred_thousand_answers_are_those_of_a_walk_that_looks_at_every_minute() -> None:
    dice, asked = random.Random(20260313), Counter[str]()
    for office in offices(dice):
        left = QUESTIONS
        while left:
            ask, start = dice.choice(KINDS), dice.randrange(DAY, 20 * DAY)
            if (answers := ask(office, dice, start)) is None:
                continue
            said, walked = answers
            assert said == walked, f"{ask.__name__} from {office.moment(start)} under {office.calendar!r}"
            asked[ask.__name__] += 1
            left -= 1

    assert asked.total() >= 100_000
    assert len(asked) == len(KINDS)
    assert min(asked.values()) >= 15_000
