"""What lies before offices: the cases that they have to act on, and those that they still see."""

from datetime import datetime

from pydantic import Field

from schemas.base import CaseId, Model, UtcDatetime
from schemas.status import WORKING, Status
from storage.database import Pool


class InboxLine(Model):
    """One open case as offices see it."""

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


class Filters(Model):
    """What is looked for in an inbox; what is None may be anything."""

    category: str | None = None
    region: str | None = None
    status: Status | None = None
    level: int | None = None
    overdue: bool | None = None


class Position(Model):
    """A line of an inbox, by all that lines are sorted by."""

    yours: bool
    overdue: bool
    due_at: UtcDatetime | None
    opened_at: UtcDatetime
    case_id: CaseId


class Before(Model):
    """Before whom something lies, at which moment, and which of it."""

    offices: tuple[str, ...]
    hidden_from: tuple[str, ...] = Field(description="agencies that see nothing of what accuses them")
    now: UtcDatetime
    filters: Filters = Filters()


def before(office: str, now: datetime) -> Before:
    """Return that an office is asked about."""
    return Before(offices=(office,), hidden_from=(office.rpartition("@")[2],), now=now)


_WORKING = sorted(status.value for status in WORKING)

_FOUND = """
select found.*, not yours as of_others, not overdue as in_time, not (overdue and due_at is null) as has_a_deadline,
       coalesce(due_at, 'infinity') as due
from (
    select case_id, status, category, region, agency, level, level_title, owners, owners && $1 as yours,
           case when part.open > 0 then part.due else due_at end as due_at, on_time, next_kind, next_at, opened_at,
           case when part.open > 0 then part.due is null or part.due < $2
                else coalesce(due_at < $2, status = any($3)) end and owners && $1 as overdue
    from cases, lateral (
        select count(*) as open, case when bool_and(due is not null) then min(due) end as due
        from (
            select (part->'clock'->'due'->>'at')::timestamptz as due
            from jsonb_array_elements(coalesce(view->'parts', '[]')) part
            where part->>'holder' = any($1) and part->>'answered_at' is null
        ) of_the_offices
    ) part
    where closed_at is null and (owners && $1 or watchers && $1) and coalesce(view->>'bypassed', '') <> all($4)
          and ($5::text is null or category = $5) and ($6::text is null or region = $6)
          and ($7::text is null or status = $7) and ($8::int is null or level = $8)
) found
where $9::bool is null or overdue = $9"""
"""An office that has a part of a case has the part's deadline. A case at work whose clock is gone was late at the
ladder's top. An agency that a whistle-blower accuses sees nothing of it. $1: the offices, $2: now, $3: the statuses of
cases at work, $4: whom it is hidden from if it accuses them, $5 to $9: the filters."""

_SORTED = "of_others, in_time, has_a_deadline, due, opened_at, case_id"


def _asked(of: Before) -> tuple[object, ...]:
    wanted = of.filters
    known = (list(of.offices), of.now, _WORKING, list(of.hidden_from))
    return *known, wanted.category, wanted.region, wanted.status, wanted.level, wanted.overdue


async def page(
    pool: Pool, of: Before, *, seen: bool = False, after: Position | None = None, limit: int = 100
) -> list[InboxLine]:
    """Return open cases that offices have to act on, overdue ones first, then by deadline; resting ones last.

    Args:
        pool: the database.
        of: whose inboxes, when, and what of them.
        seen: after these, also the cases that others have to act on now.
        after: the last line of the page before.
        limit: lines at most.
    """
    rows = await pool.fetch(
        f"select * from ({_FOUND}) found where (yours or $10) and ($11::bool is null or ({_SORTED})"  # noqa: S608
        " > ($11::bool, $12::bool, $13::bool, coalesce($14::timestamptz, 'infinity'), $15::timestamptz, $16::text))"
        f" order by {_SORTED} limit $17",
        *_asked(of),
        seen,
        *_sorted_as(after),
        limit,
    )
    return [InboxLine.model_validate({name: row[name] for name in InboxLine.model_fields}) for row in rows]


def _sorted_as(line: Position | None) -> tuple[object, ...]:
    if line is None:
        return (None,) * 6
    has_a_deadline = not (line.overdue and line.due_at is None)
    return not line.yours, not line.overdue, has_a_deadline, line.due_at, line.opened_at, line.case_id


async def count(pool: Pool, of: Before) -> Counts:
    """Return how much of what the filters leave lies before offices."""
    row = await pool.fetchrow(
        "select count(*) filter (where yours) as owned, count(*) filter (where overdue) as overdue,"  # noqa: S608
        f" count(*) filter (where not yours) as seen from ({_FOUND}) found",
        *_asked(of),
    )
    assert row is not None
    return Counts.model_validate(dict(row))


async def owned_by(pool: Pool, office: str, now: datetime, *, limit: int = 500) -> list[InboxLine]:
    """Return the open cases that an office has to act on, overdue ones first, then by deadline; resting ones last."""
    return await page(pool, before(office, now), limit=limit)


async def seen_by(pool: Pool, office: str, now: datetime, *, limit: int = 500) -> list[InboxLine]:
    """Return all open cases that an office sees: its own first, then those that it once held."""
    return await page(pool, before(office, now), seen=True, limit=limit)


async def counts(pool: Pool, office: str, now: datetime) -> Counts:
    """Return how full an office's inbox is."""
    return await count(pool, before(office, now))


async def offices_of(pool: Pool, agency: str) -> list[str]:
    """Return the offices of an agency that have open cases, or still see some."""
    rows = await pool.fetch(
        "select distinct office from cases, unnest(owners || watchers) office where closed_at is null"
        " and agencies @> array[$1] and regexp_replace(office, '^.*@', '') = $1 order by office",
        agency,
    )
    return [row["office"] for row in rows]
