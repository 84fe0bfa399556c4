"""Limits, working calendars and deadlines: the vocabulary of time that policies and cases share."""

import itertools
import re
from collections.abc import Iterable, Iterator
from datetime import date
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, PlainSerializer, model_serializer, model_validator

from schemas.base import Model, UtcDatetime

MINUTES_PER_DAY = 24 * 60


class Unit(StrEnum):
    """The unit that a limit counts. A bare number is never a limit."""

    SECONDS = "seconds"
    MINUTES = "minutes"
    HOURS = "hours"
    DAYS = "days"
    WORKING_HOURS = "working hours"
    WORKING_DAYS = "working days"


class Limit(Model):
    """How long something may take: a number and its unit, written as people write it, e.g. "3 working days"."""

    value: int = Field(gt=0, le=10_000)
    unit: Unit

    @model_validator(mode="before")
    @classmethod
    def _from_words(cls, given: object) -> object:
        if not isinstance(given, str):
            return given
        match = re.fullmatch(r"\s*(\d+)\s+([a-z ]+?)\s*", given)
        unit = match.group(2) if match else ""
        unit = unit if unit.endswith("s") else unit + "s"
        if match is None or unit not in set(Unit):
            units = ", ".join(Unit)
            raise ValueError(f'{given!r} is not a limit: write a number and a unit, e.g. "3 working days" ({units})')
        return {"value": int(match.group(1)), "unit": unit}

    @model_serializer
    def _in_words(self) -> str:
        return str(self)

    def __str__(self) -> str:
        """Return the limit as people write it: "1 working day", "90 days"."""
        return f"{self.value} {self.unit.value.removesuffix('s') if self.value == 1 else self.unit.value}"


def _minute_of_day(given: object) -> object:
    if isinstance(given, str):
        match = re.fullmatch(r"(\d\d):(\d\d)", given)
        if match is None or int(match.group(2)) > 59:
            raise ValueError(f"{given!r} is not a time of day: write hours and minutes, e.g. 07:30 (24:00 is midnight)")
        return int(match.group(1)) * 60 + int(match.group(2))
    return given


def _hh_mm(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


MinuteOfDay = Annotated[
    int,
    BeforeValidator(_minute_of_day),
    Field(ge=0, le=MINUTES_PER_DAY),
    PlainSerializer(_hh_mm, return_type=str),
]


class Hours(Model):
    """One stretch of working time within a local day; a break is the gap between two of them."""

    opens: MinuteOfDay
    closes: MinuteOfDay

    @model_validator(mode="after")
    def _opens_before_it_closes(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError(f"hours {_hh_mm(self.opens)}-{_hh_mm(self.closes)} end before they begin")
        return self


class Week(Model):
    """Working hours by weekday, in local time. A weekday without hours is a day off."""

    monday: tuple[Hours, ...] = ()
    tuesday: tuple[Hours, ...] = ()
    wednesday: tuple[Hours, ...] = ()
    thursday: tuple[Hours, ...] = ()
    friday: tuple[Hours, ...] = ()
    saturday: tuple[Hours, ...] = ()
    sunday: tuple[Hours, ...] = ()

    @model_validator(mode="after")
    def _in_order_and_not_empty(self) -> Self:
        for name, day in zip(type(self).model_fields, self.days, strict=True):
            if any(earlier.closes > later.opens for earlier, later in itertools.pairwise(day)):
                raise ValueError(f"{name}: hours overlap or are out of order")
        if not any(self.days):
            raise ValueError("no weekday has working hours: nothing would ever be due")
        return self

    @property
    def days(self) -> tuple[tuple[Hours, ...], ...]:
        """The hours of Monday to Sunday, indexed as `date.weekday()` counts."""
        return (
            self.monday,
            self.tuesday,
            self.wednesday,
            self.thursday,
            self.friday,
            self.saturday,
            self.sunday,
        )


class Season(Model):
    """A stretch of local days, the first and the last included, with other weekly hours than usual, e.g. Ramadan."""

    name: str = Field(min_length=1)
    first: date
    last: date
    week: Week

    @model_validator(mode="after")
    def _begins_before_it_ends(self) -> Self:
        if self.first > self.last:
            raise ValueError(f"ends on {self.last}, before it begins on {self.first}: correct one of the two")
        return self


def overlaps(seasons: Iterable[Season]) -> Iterator[tuple[Season, Season]]:
    """Yield neighbouring seasons that share days, the one that begins first first."""
    in_order = sorted(seasons, key=lambda season: season.first)
    return ((one, other) for one, other in itertools.pairwise(in_order) if other.first <= one.last)


class CalendarRules(Model):
    """A working calendar as a policy states it."""

    zone: str = Field(description="IANA time zone, e.g. Asia/Jakarta", min_length=1)
    week: Week
    seasons: tuple[Season, ...] = Field(
        default=(),
        description="in these days the hours of the season take the place of those of the week; holidays stay holidays",
        exclude_if=lambda seasons: not seasons,  # calendars without seasons are written as they were before seasons
    )
    holidays: dict[date, str] = Field(default={}, description="days without work, with their names")
    valid_to: date = Field(description="the last day whose holidays are decreed; later deadlines are provisional")

    @model_validator(mode="after")
    def _one_season_at_a_time(self) -> Self:
        for one, other in overlaps(self.seasons):
            raise ValueError(f"the seasons {one.name} and {other.name} overlap on {other.first}: shorten one of them")
        return self

    def hours_on(self, day: date) -> tuple[Hours, ...]:
        """Return the weekly hours in force on a local day, as if it were no holiday."""
        week = next((season.week for season in self.seasons if season.first <= day <= season.last), self.week)
        return week.days[day.weekday()]


class OffsetChange(Model):
    """From this moment the zone's clocks stand so many minutes ahead of UTC."""

    since: UtcDatetime
    minutes: int = Field(gt=-MINUTES_PER_DAY, lt=MINUTES_PER_DAY)


class WorkingCalendar(CalendarRules):
    """A calendar as a case carries it: the zone's offsets are resolved.

    Replaying a case years later must not depend on the time zone database of the machine that replays it.
    """

    offsets: tuple[OffsetChange, ...] = Field(min_length=1)


class Deadline(Model):
    """A due moment together with how it came about."""

    at: UtcDatetime
    steps: tuple[str, ...] = Field(description="how the moment came about, in words, in order")
    provisional: bool = Field(default=False, description="lies beyond the last decreed day of the calendar")


def limit(text: str) -> Limit:
    """Read a limit as people write it. Raises `pydantic.ValidationError` when it has no number or no unit."""
    words: Any = text
    return Limit.model_validate(words)
