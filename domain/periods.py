"""Months, quarters and years as the clocks of a calendar's zone show them."""

from bisect import bisect_right
from datetime import UTC, date, datetime, time, timedelta
from operator import attrgetter

from schemas.calendar import WorkingCalendar
from schemas.policy import Period

_SINCE = attrgetter("since")


def local_day(calendar: WorkingCalendar, moment: datetime) -> date:
    """Return the day that a moment lies in."""
    return _wall(calendar, moment).date()


def month_of(day: date) -> str:
    """Return a day's month, e.g. 2026-11."""
    return f"{day:%Y-%m}"


def first_day(month: str) -> date:
    """Return the first day of a month that `month_of` named."""
    year, number = month.split("-")
    return date(int(year), int(number), 1)


def month_ends(calendar: WorkingCalendar, month: str) -> datetime:
    """Return the moment at which the next month begins."""
    return _midnight(calendar, (first_day(month) + timedelta(days=31)).replace(day=1))


def period_of(day: date, period: Period) -> tuple[str, date]:
    """Return the period that a day lies in and its first day, e.g. 2026-Q4 and 2026-10-01."""
    match period:
        case Period.MONTH:
            return month_of(day), day.replace(day=1)
        case Period.QUARTER:
            quarter = (day.month - 1) // 3
            return f"{day.year}-Q{quarter + 1}", date(day.year, 3 * quarter + 1, 1)
        case Period.YEAR:
            return f"{day.year}", date(day.year, 1, 1)


def begins(period: str) -> date:
    """Return the first day of a period that `period_of` named."""
    if "-Q" in period:
        year, quarter = period.split("-Q")
        return date(int(year), 3 * int(quarter) - 2, 1)
    return first_day(period) if "-" in period else date(int(period), 1, 1)


def _offset(calendar: WorkingCalendar, moment: datetime) -> timedelta:
    position = max(bisect_right(calendar.offsets, moment, key=_SINCE) - 1, 0)
    return timedelta(minutes=calendar.offsets[position].minutes)


def _wall(calendar: WorkingCalendar, moment: datetime) -> datetime:
    """Return what the zone's clocks show; UTC is its zone only so that arithmetic stays plain."""
    return moment.astimezone(UTC) + _offset(calendar, moment)


def _midnight(calendar: WorkingCalendar, day: date) -> datetime:
    """Return when a day begins: the first moment that shows it, also where clocks are put forward over midnight."""
    wall = datetime.combine(day, time(), tzinfo=UTC)
    nearby = (_offset(calendar, wall - timedelta(days=1)), _offset(calendar, wall + timedelta(days=1)))
    candidates = sorted(wall - offset for offset in nearby)
    return next((moment for moment in candidates if _wall(calendar, moment) >= wall), candidates[-1])
