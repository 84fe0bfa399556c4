"""Cases in lists: what a caller may see, newest first, a page at a time."""

from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from pydantic import Field

from gateway.api import cursors
from gateway.api.case_shown import CaseLine, line
from gateway.api.guard import Who, check
from gateway.api.problems import RESPONSES
from gateway.kawal import Here
from schemas.access import Action, Relation
from schemas.base import Model
from storage import case_search
from storage.case_search import Position, Wanted

router = APIRouter(prefix="/v1", tags=["cases"])


class Asked(Wanted):
    """Which cases are listed, and which page of them."""

    limit: int = Field(default=50, ge=1, le=200, description="cases on a page")
    cursor: str | None = Field(default=None, max_length=200, description="`next` of the page before")
    count: bool = Field(default=False, description="whether to say how many there are on all pages")


class Page(Model):
    """A page of cases."""

    cases: tuple[CaseLine, ...]
    next: str | None = Field(description="the cursor of the next page; none: this is the last")
    total: int | None = Field(description="on all pages, when it was asked for")


@router.get(
    "/cases",
    operation_id="listCases",
    summary="List the cases that you may see",
    responses={status: RESPONSES[status] for status in (401, 403, 422, 503)},
)
async def list_cases(kawal: Here, caller: Who, asked: Annotated[Asked, Query()]) -> Page:
    """Return cases, the latest opened first. What is hidden from the caller is neither listed nor counted.

    Cases that are opened while somebody turns the pages shift none of them. A case is listed once it is routed, which
    takes a moment; a reporter's own, from the moment that it was accepted.
    """
    check(caller, Action.SEE, Relation.OWN, "cases")
    after, now = cursors.read(Position, asked.cursor), datetime.now(UTC)
    found = await case_search.found(kawal.pool, caller, asked, now, after, asked.limit + 1)
    page = found[: asked.limit]
    return Page(
        cases=tuple(line(one.case, overdue=one.overdue) for one in page),
        next=cursors.written(_position(page[-1])) if len(found) > asked.limit else None,
        total=await case_search.count(kawal.pool, caller, asked, now) if asked.count else None,
    )


def _position(last: case_search.Found) -> Position:
    return Position(opened_at=last.case.opened_at, case_id=last.case.case_id)
