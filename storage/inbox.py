"""What lies before an office: the cases that it has to act on, and those that it still sees."""

from datetime import datetime

from pydantic import Field

from schemas.base import Model, UtcDatetime
from schemas.status import WORKING
from storage.database import Pool


class InboxLine(Model):
    """One open case as an office sees it."""

    case_id: str
    status: str
    category: str
    region: str | None
    agency: str | None
    level: int
    level_title: str | None
    owners: tuple[str, ...] = Field(description="who has to act now: role@agency")
    yours: bool = Field(description="whether the office has to act; if not, it only sees the case")
    due_at: UtcDatetime | None = Field(description="of the office's part, if it has one; None while the clock rests")
    overdue: bool = Field(description="whether the office has let its deadline pass")
    on_time: bool = Field(description="whether no deadline of the case has passed so far")
    next_kind: str | None
    next_at: UtcDatetime | None
    opened_at: UtcDatetime


class Counts(Model):
    """How full an office's inbox is."""

    owned: int = Field(description="open cases that it has to act on")
    overdue: int = Field(description="of these, past their deadline")
    seen: int = Field(description="open cases that others have to act on, and that it still sees")


_WORKING = sorted(status.value for status in WORKING)

_FOUND = """
select case_id, status, category, region, agency, level, level_title, owners, $1 = any(owners) as yours,
       case when part.open > 0 then part.due else due_at end as due_at, on_time, next_kind, next_at, opened_at,
       case when part.open > 0 then part.due is null or part.due < $2
            else coalesce(due_at < $2, status = any($3)) end and $1 = any(owners) as overdue
from cases, lateral (
    select count(*) as open, case when bool_and(due is not null) then min(due) end as due
    from (
        select (part->'clock'->'due'->>'at')::timestamptz as due
        from jsonb_array_elements(coalesce(view->'parts', '[]')) part
        where part->>'holder' = $1 and part->>'answered_at' is null
    ) of_the_office
) part
where closed_at is null and coalesce(view->>'bypassed', '') <> substr($1, strpos($1, '@') + 1) and """
"""An office that has a part of a case has the part's deadline. A case at work whose clock is gone was late at the
ladder's top. An agency that a whistle-blower accuses sees nothing of
it. $1: the office, $2: now, $3: the statuses of cases at work."""

_OWNED = "owners @> array[$1]"
_SEEN = "(owners @> array[$1] or watchers @> array[$1])"


async def owned_by(pool: Pool, office: str, now: datetime, *, limit: int = 500) -> list[InboxLine]:
    """Return the open cases that an office has to act on, overdue ones first, then by deadline; resting ones last."""
    return await _lines(pool, _OWNED, office, now, limit)


async def seen_by(pool: Pool, office: str, now: datetime, *, limit: int = 500) -> list[InboxLine]:
    """Return all open cases that an office sees: its own first, then those that it once held."""
    return await _lines(pool, _SEEN, office, now, limit)


async def _lines(pool: Pool, which: str, office: str, now: datetime, limit: int) -> list[InboxLine]:
    rows = await pool.fetch(
        f"select * from ({_FOUND} {which}) found"  # noqa: S608 - one of the two conditions above
        " order by yours desc, overdue desc, overdue and due_at is null desc, due_at nulls last, opened_at, case_id"
        " limit $4",
        office,
        now,
        _WORKING,
        limit,
    )
    return [InboxLine.model_validate(dict(row)) for row in rows]


async def counts(pool: Pool, office: str, now: datetime) -> Counts:
    """Return how full an office's inbox is."""
    row = await pool.fetchrow(
        "select count(*) filter (where yours) as owned, count(*) filter (where overdue) as overdue,"  # noqa: S608
        f" count(*) filter (where not yours) as seen from ({_FOUND} {_SEEN}) found",
        office,
        now,
        _WORKING,
    )
    assert row is not None
    return Counts.model_validate(dict(row))
