"""Finding cases: those that a caller may see and no others, newest first, a page at a time.

What a caller may see is decided by the database as `domain.access` decides it of one case.
"""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

import asyncpg
from pydantic import Field

from domain.view import view
from schemas.access import Caller, CallerRole
from schemas.base import CaseId, Code, Model, UtcDatetime
from schemas.case import CaseState, CaseView
from schemas.complaint import Complaint
from schemas.status import WORKING, Status
from storage.database import Pool


class Wanted(Model):
    """What cases are looked for; what is not given does not matter."""

    status: Status | None = None
    category: Code | None = None
    region: Code | None = Field(default=None, description="this very place, without those below it")
    agency: Code | None = Field(default=None, description="that has it now, whole or in part")
    channel: Code | None = None
    overdue: bool | None = Field(default=None, description="whether whoever has to act has let a deadline pass")
    opened_after: UtcDatetime | None = Field(default=None, description="at this moment or later")
    opened_before: UtcDatetime | None = Field(default=None, description="before this moment")


class Position(Model):
    """Where a page ended: the next one begins below."""

    opened_at: UtcDatetime
    case_id: CaseId


class Found(Model):
    """A case as a list shows it."""

    case: CaseView
    overdue: bool


class _Values:
    """The values of a query, and their places in it."""

    def __init__(self) -> None:
        self.given: list[Any] = []

    def place(self, value: object) -> str:
        self.given.append(value)
        return f"${len(self.given)}"


_USED = ("opened_at", "status", "category", "region", "channel", "agency", "closed_at", "due_at", "owners", "view")

_WORKING = sorted(status.value for status in WORKING)

_OPEN_PARTS = "jsonb_array_elements(coalesce(c.view->'parts', '[]')) part where part->>'answered_at' is null"

_OVERDUE = f"""
(c.closed_at is null and case when c.status = 'coordinating'
    then exists (select from {_OPEN_PARTS}
        and coalesce((part->'clock'->'due'->>'at')::timestamptz < {{now}}, true))
    else coalesce(c.due_at < {{now}}, c.status = any({{working}})) end)
"""
"""A case at work, or a part, whose clock is gone was late at the ladder's top."""


async def found(  # noqa: PLR0917 - who looks for what, where and when
    pool: Pool, caller: Caller, wanted: Wanted, now: datetime, after: Position | None, limit: int
) -> list[Found]:
    """Return cases that a caller may see, the latest opened first; `after` is where the page before ended.

    A reporter's own are among them from the moment that they were accepted, all others from when they are routed.
    """
    values = _Values()
    overdue, source = _overdue(values, now), _source(values, caller)
    conditions = [_seen_by(values, caller), *_conditions(values, wanted, now)]
    if after is not None:
        place = f"({values.place(after.opened_at)}::timestamptz, {values.place(after.case_id)}::text)"
        conditions.append(f"(c.opened_at, c.case_id) < {place}")
    rows = await pool.fetch(
        f"select c.view, c.complaint, {overdue} as overdue from {source} where {' and '.join(conditions)}"  # noqa: S608
        f" order by c.opened_at desc, c.case_id desc limit {values.place(limit)}",
        *values.given,
    )
    return [_found(row) for row in rows]


async def count(pool: Pool, caller: Caller, wanted: Wanted, now: datetime) -> int:
    """Return how many cases a caller may see of those that are looked for."""
    values = _Values()
    source = _source(values, caller)
    conditions = [_seen_by(values, caller), *_conditions(values, wanted, now)]
    counted: int = await pool.fetchval(
        f"select count(*) from {source} where {' and '.join(conditions)}",  # noqa: S608
        *values.given,
    )
    return counted


def _overdue(values: _Values, now: datetime) -> str:
    return _OVERDUE.format(now=values.place(now), working=values.place(_WORKING))


def _source(values: _Values, caller: Caller) -> str:
    if caller.role is not CallerRole.REPORTER:
        return "(select *, null::jsonb as complaint from cases) c"
    return _OF_A_REPORTER.format(me=values.place(caller.id))


_OF_A_REPORTER = f"""
(select {", ".join(f"c.{name}" for name in ("case_id", *_USED))}, null::jsonb as complaint
 from complaints p join cases c using (case_id) where p.reported_by = {{me}}
 union all
 select p.case_id, p.accepted_at, 'received', p.category, p.region, p.channel, null, null, null, '{{{{}}}}', null,
        jsonb_build_object({", ".join(f"'{name}', p.{name}" for name in Complaint.model_fields if name != "service")})
 from complaints p where p.reported_by = {{me}} and not exists (select from cases c where c.case_id = p.case_id)) c
"""  # noqa: S608
"""With those that were accepted and are not routed yet, as may be for hours while Temporal is away."""


def _seen_by(values: _Values, caller: Caller) -> str:
    if caller.role in (CallerRole.OPERATOR, CallerRole.SUPERIOR):
        return _seen_in_an_agency(values, caller)
    if caller.role is CallerRole.SYSTEM:
        return f"c.channel = {values.place(caller.channel)}"
    return str(caller.role in (CallerRole.REPORTER, CallerRole.AUDITOR)).lower()


def _seen_in_an_agency(values: _Values, caller: Caller) -> str:
    owned = f"c.owners && {values.place(list(caller.offices))}::text[]"
    if caller.agency is None:
        return owned
    agency = values.place(caller.agency)
    return f"({owned} or c.agencies @> array[{agency}::text]) and c.view->>'bypassed' is distinct from {agency}"


def _conditions(values: _Values, wanted: Wanted, now: datetime) -> list[str]:
    said = [_CONDITIONS[name](values, value) for name, value in wanted if name in _CONDITIONS and value is not None]
    if wanted.overdue is None:
        return said
    overdue = _overdue(values, now)
    return [*said, overdue if wanted.overdue else f"not {overdue}"]


_CONDITIONS: dict[str, Callable[[_Values, Any], str]] = {
    "status": lambda values, status: f"c.status = {values.place(status)}",
    "category": lambda values, category: f"c.category = {values.place(category)}",
    "region": lambda values, region: f"c.region = {values.place(region)}",
    "agency": lambda values, agency: (
        f"(c.agency = {values.place(agency)} or c.view->'parts' @> {values.place([{'agency': agency}])})"
    ),
    "channel": lambda values, channel: f"c.channel = {values.place(channel)}",
    "opened_after": lambda values, moment: f"c.opened_at >= {values.place(moment)}",
    "opened_before": lambda values, moment: f"c.opened_at < {values.place(moment)}",
}


def _found(row: asyncpg.Record) -> Found:
    if row["view"] is None:
        case = view(CaseState(complaint=Complaint.model_validate(row["complaint"])))
    else:
        case = CaseView.model_validate(row["view"])
    return Found(case=case, overdue=row["overdue"])


async def known_among(pool: Pool, caller: Caller, case_ids: Collection[str]) -> frozenset[str]:
    """Return those of some cases whose existence is no secret to a caller, whether they may see them or not."""
    values = _Values()
    seen = _seen_by(values, caller)
    guarded = "(c.view->>'identity' = 'confidential' or c.view->>'bypassed' is not null)"
    rows = await pool.fetch(
        f"select c.case_id from cases c where c.case_id = any({values.place(list(case_ids))})"  # noqa: S608
        f" and (not {guarded} or {seen})",
        *values.given,
    )
    return frozenset(row["case_id"] for row in rows)
