"""What Open311 lists: complaints, routed or not, without anything that people wrote; since when its services are so."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg

from domain.view import view
from schemas.case import CaseState, CaseView
from schemas.complaint import Complaint, Identity
from schemas.status import SETTLED
from storage.database import Pool

_CARRIED = ", ".join(name for name in Complaint.model_fields if name != "service")


@dataclass(frozen=True)
class Report:
    """A complaint and how it stands."""

    case: CaseView
    """Of one that is not routed yet: as received."""
    updated_at: datetime
    cell: str | None
    """Of the map, in which it lies."""
    reported_by: str | None
    """The account of whoever reported it in person."""


@dataclass(frozen=True)
class Wanted:
    """Which reports are looked for."""

    policy: str
    """By its name."""
    hidden: Sequence[str]
    """Categories that are nobody's business but their own channel's and reporter's."""
    channel: str | None = None
    """Whose reports are seen, whatever they are."""
    account: str | None = None
    """Whose reports are seen, whatever they are."""
    since: datetime | None = None
    until: datetime | None = None
    ids: Sequence[str] | None = None
    categories: Sequence[str] | None = None
    closed: bool | None = None


# A report that is not routed yet has no case. What a service prepares for somebody is a case, and no report.
_REPORTS = f"""
    select k.case_id, k.opened_at, k.category, k.channel, k.policy_version, k.view, null::jsonb as accepted,
        coalesce(k.view->>'identity', 'named') as identity, k.view->>'bypassed' as bypassed,
        (k.closed_at is not null or k.status = any($10)) as closed, c.cell, c.reported_by
    from cases k left join complaints c using (case_id)
    where k.view->>'service' is null
    union all
    select c.case_id, c.accepted_at, c.category, c.channel, c.policy_version, null,
        to_jsonb((select carried from (select {_CARRIED}) carried)),
        c.identity, null, false, c.cell, c.reported_by
    from complaints c where c.case_id in (select id from not_started where kind = 'case')
"""  # noqa: S608 - the columns are fields of our own model

_WANTED = """
    policy_version in (select version from policy_versions where name = $1)
    and ((identity <> $2 and bypassed is null and category <> all($3::text[])) or channel = $4 or reported_by = $5)
    and ($6::timestamptz is null or opened_at >= $6) and ($7::timestamptz is null or opened_at <= $7)
    and ($8::text[] is null or case_id = any($8)) and ($9::text[] is null or category = any($9))
    and ($11::boolean is null or closed = $11)
"""


async def listed(pool: Pool, wanted: Wanted, *, limit: int, offset: int = 0) -> list[Report]:
    """Return reports, the latest first."""
    rows = await pool.fetch(
        "select *, (select t.at from timeline t where t.case_id = r.case_id order by t.seq desc limit 1) as updated_at"  # noqa: S608
        f" from ({_REPORTS}) r where {_WANTED} order by opened_at desc, case_id desc limit $12 offset $13",
        wanted.policy,
        Identity.CONFIDENTIAL,
        list(wanted.hidden),
        wanted.channel,
        wanted.account,
        wanted.since,
        wanted.until,
        wanted.ids,
        wanted.categories,
        sorted(SETTLED),
        wanted.closed,
        limit,
        offset,
    )
    return [_report(row) for row in rows]


async def find(pool: Pool, case_id: str) -> Report | None:
    """Return a report, whoever may see it; None when there is none with this id."""
    row = await pool.fetchrow(
        "select *, (select t.at from timeline t where t.case_id = r.case_id order by t.seq desc limit 1) as updated_at"  # noqa: S608
        f" from ({_REPORTS.replace('$10', '$2')}) r where case_id = $1",
        case_id,
        sorted(SETTLED),
    )
    return None if row is None else _report(row)


def _report(row: asyncpg.Record) -> Report:
    received = row["accepted"] and view(CaseState(complaint=Complaint.model_validate(row["accepted"])))
    return Report(
        case=received or CaseView.model_validate(row["view"]),
        updated_at=row["updated_at"] or row["opened_at"],
        cell=row["cell"],
        reported_by=row["reported_by"],
    )


async def services_changed_at(pool: Pool) -> datetime | None:
    """Return when any policy was published last; None before the first."""
    at: datetime | None = await pool.fetchval("select max(published_at) from policy_publications")
    return at
