"""Time zones, resolved once when a case is opened, so that no later change of the zone database moves its deadlines."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

from schemas.calendar import CalendarRules, OffsetChange, WorkingCalendar

YEARS_BEFORE, YEARS_AFTER = 1, 12
_DAY = 24 * 60 * 60  # in seconds, as moments are counted here
_MINUTE = timedelta(minutes=1)


def pin_calendar(rules: CalendarRules, around: datetime) -> WorkingCalendar:
    """Return the calendar with its zone's UTC offsets from a year before `around` to twelve years after.

    The offsets cover whole UTC years, so that cases opened in one year carry the same calendar.

    Raises:
        ValueError: nobody knows the zone, or `around` does not say its own.
    """
    if around.tzinfo is None:
        raise ValueError(f"{around} has no time zone: give one, e.g. UTC")
    offsets = _offsets(rules.zone, around.astimezone(UTC).year)
    return WorkingCalendar.model_validate({**dict(rules), "offsets": offsets})


def zone_named(name: str) -> ZoneInfo:
    """Return the IANA zone. Raises `ValueError` with its name when nobody knows it."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:  # OSError: a folder of zones, e.g. "America"
        raise ValueError(f"{name!r} is not a time zone: write one of the IANA names, e.g. Asia/Jakarta") from error


@lru_cache(maxsize=256)
def _offsets(name: str, year: int) -> tuple[OffsetChange, ...]:
    zone = zone_named(name)
    begin, end = (datetime(y, 1, 1, tzinfo=UTC) for y in (year - YEARS_BEFORE, year + YEARS_AFTER + 1))
    seconds = range(int(begin.timestamp()), int(end.timestamp()) + 1, _DAY)
    readings = [_offset(zone, second) for second in seconds]
    changes = [_change(name, seconds[0], readings[0])]
    for second, (before, after) in zip(seconds, pairwise(readings), strict=False):
        if before != after:
            changes.append(_change(name, _moment_of_change(zone, second, second + _DAY), after))
    return tuple(changes)


def _offset(zone: ZoneInfo, second: int) -> timedelta:
    return datetime.fromtimestamp(second, zone).utcoffset() or timedelta()


def _moment_of_change(zone: ZoneInfo, before: int, after: int) -> int:
    """Return the first second at which the offset is that of `after`; it changes once between the two."""
    new = _offset(zone, after)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (before, middle) if _offset(zone, middle) == new else (middle, after)
    return after


def _change(name: str, second: int, offset: timedelta) -> OffsetChange:
    since = datetime.fromtimestamp(second, UTC)
    if offset % _MINUTE:
        raise ValueError(f"{name!r} is {offset} ahead of UTC on {since:%Y-%m-%d}: only whole minutes can be kept")
    return OffsetChange(since=since, minutes=offset // _MINUTE)
