"""How the cases stand that came in by one channel: what is told to the platform that they came from."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import Any

import asyncpg
from pydantic import Field

from schemas.base import Model, UtcDatetime
from schemas.case import CaseView, TransitionKind
from schemas.status import Status
from storage.database import Pool

_AT_ONCE = 500
_LONGEST_COMMIT = timedelta(minutes=1)
"""A transition carries the moment at which its transaction began, and is seen when that ends: sooner than so."""
_SAID_TO_REPORTER = (
    *(TransitionKind.ASKED, TransitionKind.RESPONDED, TransitionKind.PART_ANSWERED),
    *(TransitionKind.REFERRED, TransitionKind.REJECTED),
)
"""What the reporter is to read where the report was made."""


class ChannelCase(Model):
    """A case under the id of its channel."""

    external_id: str
    case_id: str
    status: Status
    agency: str | None
    policy_version: str
    due_at: UtcDatetime | None = Field(description="of the present level")
    updated_at: UtcDatetime = Field(description="when something last happened to it")
    said: str | None = Field(description="the message id of what the reporter was last told: question, answer, reason")


async def changed(pool: Pool, channel: str, since: datetime | None) -> AsyncIterator[ChannelCase]:
    """Yield the cases of a channel that have an id there, in the order of these ids.

    Args:
        pool: the database.
        channel: by which they came in.
        since: only those to which something was recorded after this moment; None: all.
    """
    last = ""
    while rows := await pool.fetch(_CASES, channel, since, last, list(_SAID_TO_REPORTER), _AT_ONCE):
        for row in rows:
            yield _case(row)
        last = rows[-1]["external_id"]


_CASES = """
select c.external_id, c.case_id, c.policy_version, c.accepted_at, k.view, told.at, told.said
from complaints c
left join cases k using (case_id)
cross join lateral (
    select max(recorded_at) as recorded_at, (array_agg(at order by seq desc))[1] as at,
        (array_agg(message_id order by seq desc) filter (where kind = any($4) and message_id is not null))[1] as said
    from timeline where timeline.case_id = c.case_id
) told
where c.channel = $1 and c.external_id > $3
    and ($2::timestamptz is null or coalesce(told.recorded_at, c.accepted_at) > $2)
order by c.external_id limit $5
"""


def _case(row: asyncpg.Record) -> ChannelCase:
    standing: dict[str, Any] = {"status": Status.RECEIVED, "agency": None, "due_at": None}
    if row["view"] is not None:
        view = CaseView.model_validate(row["view"])
        standing = {"status": view.status, "agency": view.agency, "due_at": view.due and view.due.at}
    return ChannelCase(
        external_id=row["external_id"],
        case_id=row["case_id"],
        policy_version=row["policy_version"],
        updated_at=row["at"] or row["accepted_at"],
        said=row["said"],
        **standing,
    )


async def safe_moment(pool: Pool) -> datetime:
    """Return a moment up to which everything that was recorded can be seen: where a later look may go on."""
    now: datetime = await pool.fetchval("select now()")
    return now - _LONGEST_COMMIT
