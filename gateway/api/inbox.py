"""What lies before the caller's offices, another office of the agency, or all of it."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from domain.access import relation_to_agency, relation_to_office
from gateway.api import cursors
from gateway.api.guard import Who, check
from gateway.api.problems import RESPONSES, field_problem
from gateway.kawal import Here, Kawal
from schemas.access import Action, Caller, Relation
from schemas.base import Code, Model, UtcDatetime
from schemas.messages import Office
from schemas.status import Status
from storage import inbox
from storage.inbox import Before, Counts, Filters, InboxLine, Position

router = APIRouter(prefix="/v1", tags=["inbox"])


class Inbox(Model):
    """One page of what lies before offices."""

    offices: tuple[str, ...] = Field(description="before whom: role@agency")
    at: UtcDatetime = Field(description="the moment that all of it is true for; that of the first page")
    counts: Counts = Field(description="over all pages of what the filters leave")
    cases: tuple[InboxLine, ...] = Field(description="overdue ones first, then by deadline; resting ones last")
    next: str | None = Field(description="the cursor of the next page; none: this is the last")


class _From(Model):
    at: UtcDatetime
    line: Position


@router.get(
    "/inbox",
    operation_id="getInbox",
    summary="What offices have to act on",
    responses={status: RESPONSES[status] for status in (401, 403, 404, 422, 503)},
)
async def read_inbox(
    *,
    kawal: Here,
    caller: Who,
    office: Annotated[Office | None, Query(description="this one: role@agency", examples=["operator@BMBK"])] = None,
    agency: Annotated[
        Code | None, Query(description="all offices of this agency; for superiors and auditors", examples=["BMBK"])
    ] = None,
    category: Code | None = None,
    region: Annotated[Code | None, Query(description="exactly this one, not what lies in it")] = None,
    status: Status | None = None,
    level: Annotated[int | None, Query(ge=0, le=100, description="of the ladder, from 0")] = None,
    overdue: Annotated[bool | None, Query(description="only what is past its deadline, or what is not")] = None,
    seen: Annotated[bool, Query(description="also cases that others have to act on now")] = False,
    cursor: cursors.Cursor = None,
    limit: cursors.Limit = 50,
) -> Inbox:
    """Return the open cases of the caller's own offices, or of the office or agency that is named.

    What is hidden from an agency, for it accuses the agency, is in none of its inboxes and in no count.
    """
    offices = await _offices(kawal, caller, office, agency)
    start = cursors.read(_From, cursor)
    of = Before(
        offices=offices,
        hidden_from=_agencies(caller, offices),
        now=start.at if start else datetime.now(UTC),
        filters=Filters(category=category, region=region, status=status, level=level, overdue=overdue),
    )
    lines = await inbox.page(kawal.pool, of, seen=seen, after=start.line if start else None, limit=limit + 1)
    shown = lines[:limit]
    return Inbox(
        offices=offices,
        at=of.now,
        counts=await inbox.count(kawal.pool, of),
        cases=tuple(shown),
        next=_cursor(of, shown[-1]) if len(lines) > limit else None,
    )


async def _offices(kawal: Kawal, caller: Caller, office: str | None, agency: str | None) -> tuple[str, ...]:
    if office is not None and agency is not None:
        raise field_problem(422, "office", "goes without agency: name one of the two")
    if office is not None:
        check(caller, Action.SEE_INBOX, relation_to_office(caller, office), "inbox")
        return (office,)
    if agency is not None:
        check(caller, Action.SEE_INBOX, relation_to_agency(caller, agency), "inbox")
        return tuple(await inbox.offices_of(kawal.pool, agency))
    check(caller, Action.SEE_INBOX, Relation.OWN, "inbox")
    if not caller.offices:
        raise field_problem(422, "office", "is missing, for you hold none: name an office or an agency")
    return caller.offices


def _agencies(caller: Caller, offices: tuple[str, ...]) -> tuple[str, ...]:
    """Return the agencies whose people read this: what accuses one of them is not for them to see."""
    of_offices = {office.rpartition("@")[2] for office in offices}
    return tuple(sorted(of_offices | ({caller.agency} if caller.agency else set())))


def _cursor(of: Before, last: InboxLine) -> str:
    line = Position.model_validate({name: getattr(last, name) for name in Position.model_fields})
    return cursors.written(_From(at=of.now, line=line))
