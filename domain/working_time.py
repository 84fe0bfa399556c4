"""Working-time arithmetic over a calendar that is given: when is something due, and how did that come about.

Any aware moment goes in; days and hours are those of the calendar's zone.
"""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from schemas.calendar import Deadline, Limit, Unit, WorkingCalendar

_ELAPSED = {
    Unit.SECONDS: timedelta(seconds=1),
    Unit.MINUTES: timedelta(minutes=1),
    Unit.HOURS: timedelta(hours=1),
    Unit.DAYS: timedelta(days=1),
}
_LONGEST_CLOSURE = timedelta(days=370)


def due(calendar: WorkingCalendar, start: datetime, limit: Limit) -> Deadline:
    """Return when a limit that starts now runs out, and how that came about.

    Seconds to days simply elapse. Working hours are consumed while the calendar is open. Working days exclude the day
    of the start and end at the close of work on the last one (Law 25/2009 and SP4N-LAPOR count so).

    Raises:
        ValueError: the calendar has no working time for over a year, so that nothing would ever be due.
    """
    begin = f"starts {_local(calendar, start):%a %Y-%m-%d %H:%M} {calendar.zone}"
    if limit.unit in _ELAPSED:
        end, skipped = start + limit.value * _ELAPSED[limit.unit], list[date]()
    elif limit.unit is Unit.WORKING_DAYS:
        end, skipped = _after_working_days(calendar, start, limit.value)
    else:
        end, skipped = _after_working_time(calendar, start, timedelta(hours=limit.value))
    local_end = _local(calendar, end)
    provisional = local_end.date() > calendar.valid_to
    steps = [begin, *_in_words(calendar, skipped), f"{limit} over: {local_end:%a %Y-%m-%d %H:%M}"]
    if provisional:
        steps.append(f"provisional: holidays are decreed until {calendar.valid_to} only")
    return Deadline(at=end, steps=tuple(steps), provisional=provisional)


def warning(calendar: WorkingCalendar, start: datetime, end: datetime, limit: Limit, share: float) -> datetime:
    """Return when a share of the time between start and end is consumed, in the time that the limit counts."""
    if limit.unit in _ELAPSED or end <= start:
        return start + (end - start) * share
    wanted = working_time(calendar, start, end) * share
    return _after_working_time(calendar, start, wanted)[0]


def working_time(calendar: WorkingCalendar, start: datetime, end: datetime) -> timedelta:
    """Return how much working time lies between two moments."""
    total = timedelta()
    for opens, closes in _stretches(calendar, start):
        if opens >= end:
            break
        total += max(min(closes, end) - max(opens, start), timedelta())
    return total


def _after_working_days(calendar: WorkingCalendar, start: datetime, days: int) -> tuple[datetime, list[date]]:
    last_open = day = _local(calendar, start).date()
    left, skipped = days, list[date]()
    while left:
        day += timedelta(days=1)
        if hours(calendar, day):
            left, last_open = left - 1, day
        else:
            skipped.append(day)
            _refuse_closed_for_ever(calendar, last_open, day)
    return _utc(calendar, day, hours(calendar, day)[-1][1]), skipped


def _after_working_time(calendar: WorkingCalendar, start: datetime, wanted: timedelta) -> tuple[datetime, list[date]]:
    left, last_day, skipped = wanted, _local(calendar, start).date(), list[date]()
    for opens, closes in _stretches(calendar, start):
        day = _local(calendar, opens).date()
        skipped += [last_day + timedelta(days=n) for n in range(1, (day - last_day).days)]
        last_day = day
        from_now = max(opens, start)
        if from_now + left <= closes:
            return from_now + left, skipped
        left -= max(closes - from_now, timedelta())
    raise AssertionError("stretches never end")


def _stretches(calendar: WorkingCalendar, start: datetime) -> Iterator[tuple[datetime, datetime]]:
    """Yield the stretches of working time from the one that is open at the start on, without end."""
    last_open = day = _local(calendar, start).date()
    while True:
        for opens, closes in hours(calendar, day):
            last_open = day
            if (end := _utc(calendar, day, closes)) > start:
                yield _utc(calendar, day, opens), end
        _refuse_closed_for_ever(calendar, last_open, day)
        day += timedelta(days=1)


def hours(calendar: WorkingCalendar, day: date) -> tuple[tuple[int, int], ...]:
    """Return the working hours of a local day as minutes since midnight; empty on a day off."""
    if day in calendar.holidays:
        return ()
    return tuple((stretch.opens, stretch.closes) for stretch in calendar.week.days[day.weekday()])


def _refuse_closed_for_ever(calendar: WorkingCalendar, last_open: date, day: date) -> None:
    if day - last_open > _LONGEST_CLOSURE:
        raise ValueError(f"the calendar of {calendar.zone} has no working time from {last_open} to {day}")


def _offset(calendar: WorkingCalendar, moment: datetime) -> timedelta:
    """Return how far the zone's clocks are ahead of UTC; before the first known change, as at that change."""
    minutes = calendar.offsets[0].minutes
    for change in calendar.offsets[1:]:
        if change.since > moment:
            break
        minutes = change.minutes
    return timedelta(minutes=minutes)


def _local(calendar: WorkingCalendar, moment: datetime) -> datetime:
    """Return the wall clock's reading; it carries UTC as its zone only so that arithmetic stays plain."""
    return moment.astimezone(UTC) + _offset(calendar, moment)


def _utc(calendar: WorkingCalendar, day: date, minute: int) -> datetime:
    """Return the moment at which the zone's clocks show this time of day.

    Where clocks are put forward over it, the first moment after; where they show it twice, the first of both.
    """
    wall = datetime.combine(day, time(), tzinfo=UTC) + timedelta(minutes=minute)
    for nearby in (-timedelta(days=1), timedelta(days=1)):
        moment = wall - _offset(calendar, wall + nearby)
        if _local(calendar, moment) == wall:
            return moment
    return next(change.since for change in calendar.offsets if change.since > moment)


def _in_words(calendar: WorkingCalendar, skipped: list[date]) -> list[str]:
    named = [f"skips {day:%a %Y-%m-%d}, {calendar.holidays[day]}" for day in skipped if day in calendar.holidays]
    weekly = len(skipped) - len(named)
    return [*named, f"skips {weekly} weekly days off"] if weekly else named
