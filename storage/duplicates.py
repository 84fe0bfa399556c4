"""Complaints that may be the same: of one category, near each other, not long apart. Proposed, never forced."""

from datetime import timedelta

import h3

from schemas.calendar import Limit, Unit
from schemas.complaint import Place
from schemas.policy import Duplicates
from storage.database import Pool

_MOST = 5
_SPAN = {Unit.SECONDS: "seconds", Unit.MINUTES: "minutes", Unit.HOURS: "hours", Unit.DAYS: "days"}


def cell(place: Place | None, rules: Duplicates | None) -> str | None:
    """Return the H3 cell that a place lies in; None where nothing is to be compared."""
    if place is None or rules is None:
        return None
    return str(h3.latlng_to_cell(place.latitude, place.longitude, rules.resolution))


async def of_case(pool: Pool, case_id: str, rules: Duplicates | None) -> tuple[str, ...]:
    """Return open cases in the same cell or one beside it, the nearest in time first; at most five.

    A merged case is not open: the one that it was merged into is found instead.
    """
    row = await pool.fetchrow("select category, cell, accepted_at from complaints where case_id = $1", case_id)
    if rules is None or row is None or row["cell"] is None:
        return ()
    rows = await pool.fetch(
        "select other.case_id from complaints other join cases using (case_id)"
        " where other.category = $1 and other.cell = any($2) and other.case_id <> $3"
        " and other.accepted_at between $4::timestamptz - $5::interval and $4"
        " and cases.closed_at is null and cases.status <> 'merged'"
        " order by other.accepted_at desc limit $6",
        row["category"],
        list(h3.grid_disk(row["cell"], 1)),
        case_id,
        row["accepted_at"],
        _span(rules.within),
        _MOST,
    )
    return tuple(row["case_id"] for row in rows)


def _span(limit: Limit) -> timedelta:
    return timedelta(**{_SPAN[limit.unit]: limit.value})
