"""Working-time arithmetic over a calendar that is given: when is something due, and how did that come about.

Any aware moment goes in; days and hours are those of the calendar's zone.
"""

from bisect import bisect_right
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from operator import attrgetter

from schemas.calendar import MINUTES_PER_DAY, Deadline, Hours, Limit, Unit, Week, WorkingCalendar

_ELAPSED = {
    Unit.SECONDS: timedelta(seconds=1),
    Unit.MINUTES: timedelta(minutes=1),
    Unit.HOURS: timedelta(hours=1),
    Unit.DAYS: timedelta(days=1),
}
_DAY = timedelta(days=1)
_LONGEST_CLOSURE = timedelta(days=370)
_EVERY_HOUR = Week(**dict.fromkeys(Week.model_fields, (Hours(opens=0, closes=MINUTES_PER_DAY),)))
_SINCE = attrgetter("since")


def due(calendar: WorkingCalendar, start: datetime, limit: Limit) -> Deadline:
    """Return when a limit that starts now runs out, and how that came about.

    Seconds to days simply elapse. Working hours are consumed while the calendar is open. Working days exclude the day
    of the start and end at the close of work on the last one (Law 25/2009 and SP4N-LAPOR count so).

    Raises:
        ValueError: the calendar has no working time for over a year, so that nothing would ever be due.
    """
    end, skipped = _run_out(calendar, start, limit)
    provisional = beyond_decrees(calendar, end)
    steps = [
        f"starts {in_local_words(calendar, start)} {calendar.zone}",
        *_skips_in_words(calendar, skipped),
        *_seasons_in_words(calendar, limit.unit, start, end),
        f"{limit} over: {in_local_words(calendar, end)}",
    ]
    if provisional:
        steps.append(provisional_in_words(calendar))
    return Deadline(at=end, steps=tuple(steps), provisional=provisional)


def length(limit: Limit) -> timedelta:
    """Return the length of a limit that counts elapsed time.

    Raises:
        ValueError: it counts working time, which has a length only on a calendar.
    """
    if limit.unit not in _ELAPSED:
        raise ValueError(f"{limit} counts working time: its length depends on when it begins")
    return limit.value * _ELAPSED[limit.unit]


def warning(calendar: WorkingCalendar, start: datetime, end: datetime, limit: Limit, share: float) -> datetime:
    """Return when a share of the time between start and end is consumed, in the time that the limit counts."""
    if limit.unit in _ELAPSED or end <= start:
        return start + (end - start) * share
    return after_working_time(calendar, start, working_time(calendar, start, end) * share)


def working_time(calendar: WorkingCalendar, start: datetime, end: datetime) -> timedelta:
    """Return how much working time lies between two moments; none if the end comes first.

    What lies between adds up: from a to b and from b to c is from a to c.

    Raises:
        ValueError: the calendar has no working time for over a year.
    """
    total = timedelta()
    for _, opens, closes in _stretches(calendar, start):
        if opens >= end:
            break
        total += max(min(closes, end) - max(opens, start), timedelta())
    return total


def after_working_time(calendar: WorkingCalendar, start: datetime, wanted: timedelta) -> datetime:
    """Return the first moment by which so much working time has passed since the start; at once if none is wanted.

    A clock that is stopped and goes on later loses and gains nothing: after x and then y is after x + y.

    Raises:
        ValueError: less than nothing is wanted, or the calendar has no working time for over a year.
    """
    return _after_working_time(calendar, start, wanted)[0]


def around_the_clock(calendar: WorkingCalendar) -> WorkingCalendar:
    """Return the calendar of units that never close (hospitals, disaster and emergency units) in the same zone.

    Every day is a working day and ends at 24:00. Deadlines are never provisional: no decree can move them.
    """
    always = {"week": _EVERY_HOUR, "seasons": (), "holidays": {}, "valid_to": date.max}
    return calendar.model_copy(update=always)


def closed_for_ever(calendar: WorkingCalendar, since: datetime) -> date | None:
    """Return the day from which a calendar has no working time for over a year; None if there is no such day."""
    last_open = day = _local(calendar, since).date()
    named = [*calendar.holidays, *(season.last for season in calendar.seasons), day]
    while day <= max(named) + timedelta(days=8):
        if hours(calendar, day):
            last_open = day
        if day - last_open > _LONGEST_CLOSURE:
            return last_open
        day += _DAY
    return last_open if day - last_open > timedelta(days=8) else None


def beyond_decrees(calendar: WorkingCalendar, moment: datetime) -> bool:
    """Return whether a deadline lies after the last day whose holidays are decreed, and may yet move."""
    return _day_that_ends(calendar, moment) > calendar.valid_to


def provisional_in_words(calendar: WorkingCalendar) -> str:
    """Return why a deadline is provisional."""
    return f"provisional: holidays are decreed until {calendar.valid_to} only"


def in_local_words(calendar: WorkingCalendar, moment: datetime) -> str:
    """Return what calendar and clock show in the calendar's zone: "Mon 2026-03-30 16:00"."""
    return f"{_local(calendar, moment):%a %Y-%m-%d %H:%M}"


def local_day(calendar: WorkingCalendar, moment: datetime) -> date:
    """Return what the calendar on the wall shows in the calendar's zone."""
    return _local(calendar, moment).date()


def hours(calendar: WorkingCalendar, day: date) -> tuple[tuple[int, int], ...]:
    """Return the working hours of a local day as minutes since midnight; empty on a day off."""
    if day in calendar.holidays:
        return ()
    return tuple([(stretch.opens, stretch.closes) for stretch in calendar.hours_on(day)])


def _run_out(calendar: WorkingCalendar, start: datetime, limit: Limit) -> tuple[datetime, list[date]]:
    """Return when the limit is over, and the days that were passed over on the way."""
    if limit.unit in _ELAPSED:
        return start + limit.value * _ELAPSED[limit.unit], []
    if limit.unit is Unit.WORKING_DAYS:
        return _after_working_days(calendar, start, limit.value)
    return _after_working_time(calendar, start, timedelta(hours=limit.value))


def _after_working_days(calendar: WorkingCalendar, start: datetime, days: int) -> tuple[datetime, list[date]]:
    last_open = day = _local(calendar, start).date()
    left, skipped = days, list[date]()
    while left:
        day += _DAY
        if hours(calendar, day):
            left, last_open = left - 1, day
        else:
            skipped.append(day)
            _refuse_closed_for_ever(calendar, last_open, day)
    return _utc(calendar, day, hours(calendar, day)[-1][1]), skipped


def _after_working_time(calendar: WorkingCalendar, start: datetime, wanted: timedelta) -> tuple[datetime, list[date]]:
    if wanted < timedelta():
        raise ValueError(f"{wanted} of working time cannot pass: give none or more")
    left, last_day, skipped = wanted, _local(calendar, start).date(), list[date]()
    if not left:
        return start, skipped
    for day, opens, closes in _stretches(calendar, start):
        skipped += [last_day + timedelta(days=n) for n in range(1, (day - last_day).days)]
        last_day = day
        from_now = max(opens, start)
        if from_now + left <= closes:
            return from_now + left, skipped
        left -= max(closes - from_now, timedelta())
    raise AssertionError("stretches never end")


def _stretches(calendar: WorkingCalendar, start: datetime) -> Iterator[tuple[date, datetime, datetime]]:
    """Yield the stretches of working time, with their days, from the one that is open at the start on, without end."""
    last_open = day = _local(calendar, start).date()
    while True:
        for opens, closes in _stretches_of(calendar, day):
            last_open = day
            if closes > start:
                yield day, opens, closes
        _refuse_closed_for_ever(calendar, last_open, day)
        day += _DAY


def _stretches_of(calendar: WorkingCalendar, day: date) -> list[tuple[datetime, datetime]]:
    """Return the stretches of one local day as moments."""
    stretches = hours(calendar, day)
    if not stretches:
        return []
    midnight = datetime.combine(day, time(), tzinfo=UTC)
    offset = _in_force(calendar, midnight - _DAY)
    if offset != _in_force(calendar, midnight + 2 * _DAY):  # clocks change on this day or next to it
        return [(_utc(calendar, day, opens), _utc(calendar, day, closes)) for opens, closes in stretches]
    begin = midnight - timedelta(minutes=calendar.offsets[offset].minutes)
    return [(begin + timedelta(minutes=opens), begin + timedelta(minutes=closes)) for opens, closes in stretches]


def _refuse_closed_for_ever(calendar: WorkingCalendar, last_open: date, day: date) -> None:
    if day - last_open > _LONGEST_CLOSURE:
        raise ValueError(f"the calendar of {calendar.zone} has no working time from {last_open} to {day}")


def _in_force(calendar: WorkingCalendar, moment: datetime) -> int:
    """Return which of the zone's offsets is in force; before the first known change, the first."""
    if len(calendar.offsets) == 1:
        return 0
    return max(bisect_right(calendar.offsets, moment, key=_SINCE) - 1, 0)


def _offset(calendar: WorkingCalendar, moment: datetime) -> timedelta:
    """Return how far the zone's clocks are ahead of UTC; before the first known change, as at that change."""
    return timedelta(minutes=calendar.offsets[_in_force(calendar, moment)].minutes)


def _local(calendar: WorkingCalendar, moment: datetime) -> datetime:
    """Return the wall clock's reading; it carries UTC as its zone only so that arithmetic stays plain."""
    return moment.astimezone(UTC) + _offset(calendar, moment)


def _utc(calendar: WorkingCalendar, day: date, minute: int) -> datetime:
    """Return the moment at which the zone's clocks show this time of day.

    Where clocks are put forward over it, the first moment after; where they show it twice, the first of both.
    """
    wall = datetime.combine(day, time(), tzinfo=UTC) + timedelta(minutes=minute)
    for nearby in (-_DAY, _DAY):
        moment = wall - _offset(calendar, wall + nearby)
        if _local(calendar, moment) == wall:
            return moment
    return next(change.since for change in calendar.offsets if change.since > moment)


def _skips_in_words(calendar: WorkingCalendar, skipped: list[date]) -> list[str]:
    named = [f"skips {day:%a %Y-%m-%d}, {calendar.holidays[day]}" for day in skipped if day in calendar.holidays]
    weekly = len(skipped) - len(named)
    return [*named, f"skips {weekly} weekly days off"] if weekly else named


def _seasons_in_words(calendar: WorkingCalendar, unit: Unit, start: datetime, end: datetime) -> list[str]:
    """Return the seasons whose hours had a part in it: of working days, only the last one's hours matter."""
    if unit in _ELAPSED or not calendar.seasons:
        return []
    last = _day_that_ends(calendar, end)
    first = last if unit is Unit.WORKING_DAYS else _local(calendar, start).date()
    met = [season for season in calendar.seasons if season.first <= last and first <= season.last]
    return [f"keeps to the hours of {season.name}, {season.first} to {season.last}" for season in met]


def _day_that_ends(calendar: WorkingCalendar, moment: datetime) -> date:
    """Return the local day that something ends on: what ends at 24:00 ends on the day that is over then."""
    return (_local(calendar, moment) - datetime.resolution).date()
