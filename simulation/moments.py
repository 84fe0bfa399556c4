"""Reading the moments that a table writes, into UTC."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from simulation.mapping import Times

_SECOND = timedelta(seconds=1)


def moment(text: str, times: Times) -> datetime | None:
    """Return the moment that a text writes, in UTC; None when no format of the mapping fits it.

    A time without a zone of its own is one of the mapping's zone.
    """
    for time_format in times.formats:
        try:
            read = datetime.strptime(text, time_format)  # noqa: DTZ007 - a format may hold a zone
        except ValueError:
            continue
        return in_utc(read, times.zone_info) if read.tzinfo is None else read.astimezone(UTC)
    return None


def in_utc(wall: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment, in UTC, at which the clocks of a zone show a time.

    Where they show it twice, the first of both; where they are put forward over it, the first moment after. Later
    times so never become earlier moments: what a table compares by its own clocks compares alike in UTC.
    """
    early = wall.replace(tzinfo=zone, fold=0).astimezone(UTC)
    if early.astimezone(zone).replace(tzinfo=None) == wall:
        return early
    before, after = wall.replace(tzinfo=zone, fold=1).astimezone(UTC), early
    offset = after.astimezone(zone).utcoffset()
    while after - before > _SECOND:
        middle = before + (after - before) / 2
        before, after = (before, middle) if middle.astimezone(zone).utcoffset() == offset else (middle, after)
    return after.replace(microsecond=0)
