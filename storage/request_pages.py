"""Service requests from the moment that they were accepted, taken up by a workflow or not yet, page by page."""

from pydantic import Field

from schemas.base import CaseId, Model, UtcDatetime
from schemas.service_request import RequestStart, RequestStatus, RequestView
from storage.database import Pool


class Accepted(Model):
    """A request that is durable."""

    start: RequestStart
    requested_by: str | None = Field(description="the account, if somebody requested it in person")
    view: RequestView | None = Field(description="how it stands; none: no workflow has taken it up yet")


class Wanted(Model):
    """Which requests are looked for; what is None may be anything."""

    requested_by: str | None = None
    channel: str | None = None
    agency: str | None = Field(default=None, description="that prepares it")
    service: str | None = None
    region: str | None = None
    status: RequestStatus | None = None


class Position(Model):
    """A request, by what requests are sorted by."""

    accepted_at: UtcDatetime
    request_id: CaseId


_STARTED = [name for name in RequestStart.model_fields if name not in ("carried", "signals")]

_SELECT = (
    f"select {', '.join(f'i.{name}' for name in _STARTED)}, i.requested_by, r.view"  # noqa: S608
    " from request_intakes i left join service_requests r using (request_id)"
)


async def accepted(pool: Pool, request_id: str) -> Accepted | None:
    """Return a request, or None when none was accepted under this id."""
    row = await pool.fetchrow(f"{_SELECT} where i.request_id = $1", request_id)
    return None if row is None else _accepted(dict(row))


async def page(pool: Pool, wanted: Wanted, *, after: Position | None = None, limit: int = 100) -> list[Accepted]:
    """Return requests, the latest first; those of an agency without what its people must not see."""
    rows = await pool.fetch(
        f"{_SELECT} where ($1::text is null or i.requested_by = $1) and ($2::text is null or i.channel = $2)"  # noqa: S608
        " and ($3::text is null or exists (select from cases c where c.case_id = r.case_id"
        " and c.agencies @> array[$3] and c.view->>'bypassed' is distinct from $3))"
        " and ($4::text is null or i.service = $4) and ($5::text is null or i.region = $5)"
        " and ($6::text is null or coalesce(r.status, 'requested') = $6)"
        " and ($7::timestamptz is null or (i.accepted_at, i.request_id) < ($7, $8::text))"
        " order by i.accepted_at desc, i.request_id desc limit $9",
        *(wanted.requested_by, wanted.channel, wanted.agency, wanted.service, wanted.region, wanted.status),
        *((after.accepted_at, after.request_id) if after else (None, None)),
        limit,
    )
    return [_accepted(dict(row)) for row in rows]


def _accepted(row: dict[str, object]) -> Accepted:
    start = RequestStart.model_validate({name: row[name] for name in _STARTED})
    view = None if row["view"] is None else RequestView.model_validate(row["view"])
    return Accepted.model_validate({"start": start, "requested_by": row["requested_by"], "view": view})
