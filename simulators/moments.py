"""The wall clock, in UTC. Moments are seconds since 1970 inside, ISO 8601 outside."""

import time
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

_BOOKS = ZoneInfo("Asia/Jakarta")


def now() -> float:
    """Return the moment that the wall clock shows."""
    return time.time()


def iso(moment: float) -> str:
    """Write a moment."""
    return datetime.fromtimestamp(moment, UTC).isoformat()


def book_date(moment: float) -> date:
    """Return the date, in Jakarta, under which money of a moment is settled."""
    return datetime.fromtimestamp(moment, _BOOKS).date()
