"""Server-sent events: what happens to a case, or to all cases of an agency, as soon as it does."""

import asyncio
import time
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.sse import ServerSentEvent
from pydantic import Field

from domain import access
from gateway.api.case_timeline import Item, item
from gateway.api.cases import CaseIdInPath
from gateway.api.event_stream import STILL_THERE, EventStream
from gateway.api.following import Following, Happened, following
from gateway.api.guard import Who, case_for, check
from gateway.api.problems import RESPONSES, ProblemError
from gateway.identity.identity import IdentityAwayError, UnknownCallerError
from gateway.kawal import Here, Kawal
from schemas.access import Action, Caller
from schemas.base import CaseId, Code, Model
from schemas.case import CaseView
from storage import case_lines
from storage.case_lines import Line
from storage.database import AWAY

router = APIRouter(prefix="/v1", tags=["events"])

HEARTBEAT_SECONDS = 15.0
"""After so long without an event a follower's case is looked at in any case, and the client hears that we are there."""
_AT_ONCE = 20
"""Events between two looks at whether the follower may see them."""

_STREAM: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A stream of events: `event: transition`, `id:` its seq, `data:` as JSON",
        "content": {"text/event-stream": {"schema": {"type": "string"}}},
    }
}
_Followers = Annotated[Following, Depends(following)]


class AgencyEvent(Model):
    """Something that happened to a case of an agency."""

    case_id: CaseId
    category: Code
    region: Code | None
    agency: Code | None = Field(description="that has it now")
    owners: tuple[str, ...] = Field(description="who has to act now: role@agency")
    item: Item


@dataclass(frozen=True)
class _Follower:
    """Somebody who follows, for as long as the token or key is good."""

    request: Request
    kawal: Kawal

    async def caller(self) -> Caller | None:
        """Return who follows; nobody, once the token or key is good no more, or nobody can say."""
        headers = self.request.headers
        credential = headers.get("X-API-Key") or headers.get("Authorization", "").partition(" ")[2]
        try:
            return await self.kawal.identity.caller(credential)
        except (UnknownCallerError, IdentityAwayError):
            return None


@router.get(
    "/cases/{case_id}/events",
    operation_id="followCase",
    summary="Follow a case",
    response_class=Response,
    responses={
        **_STREAM,
        204: {"description": "The case is over, and you have heard of everything"},
        **{status: RESPONSES[status] for status in (401, 403, 404, 422, 503)},
    },
)
async def follow_case(
    *,
    request: Request,
    kawal: Here,
    caller: Who,
    followers: _Followers,
    case_id: CaseIdInPath,
    last_event_id: Annotated[
        int | None,
        Header(ge=0, le=2**31 - 1, description="the last seq that you heard of: the stream goes on after it"),
    ] = None,
) -> Response:
    """Send everything that happened to a case, as it stands on the timeline, and then what happens, until it is over.

    Whoever may not see the case any more is sent nothing more of it.
    """
    case = await case_for(kawal, caller, Action.SEE, case_id)
    after = last_event_id or 0
    if case.closed_at is not None and after >= case.seq:
        return Response(status_code=204)
    return EventStream(_of_case(_Follower(request, kawal), followers, case_id, after))


async def _of_case(
    follower: _Follower, followers: Following, case_id: str, seq: int
) -> AsyncGenerator[ServerSentEvent]:
    async with followers.case(case_id) as woken:
        while True:
            woken.clear()
            try:
                lines, case = await _news(follower, case_id, seq)
            except ProblemError:
                return
            except AWAY:
                lines, case = [], None
            for one, caller in lines:
                yield ServerSentEvent(event="transition", id=str(one.seq), data=item(one, caller))
                seq = one.seq
            if case is not None and case.closed_at is not None and seq >= case.seq:
                return
            if not lines and not await _woken(woken):
                yield STILL_THERE


async def _news(follower: _Follower, case_id: str, seq: int) -> tuple[list[tuple[Line, Caller]], CaseView | None]:
    """Return what happened after a seq, for whom, and the case as it stands now. Raises `ProblemError`.

    Whether it may be seen is asked after it was read: the case stands at least as that left it.
    """
    lines = await case_lines.after(follower.kawal.pool, case_id, seq, limit=_AT_ONCE)
    caller = await follower.caller()
    if caller is None:
        raise ProblemError(401, "the token or key is good no more")
    case = await case_for(follower.kawal, caller, Action.SEE, case_id)
    return [(one, caller) for one in lines], case


async def _woken(woken: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(HEARTBEAT_SECONDS):
            await woken.wait()
    except TimeoutError:
        return False
    return True


@router.get(
    "/events",
    operation_id="followAgency",
    summary="Follow all cases of an agency",
    response_class=Response,
    responses={**_STREAM, **{status: RESPONSES[status] for status in (401, 403, 404, 422, 503)}},
)
async def follow_agency(
    request: Request,
    kawal: Here,
    caller: Who,
    followers: _Followers,
    agency: Annotated[Code, Query(description="whose cases: those that it has, or had")],
) -> Response:
    """Send what happens to the cases of an agency from now on. What happened before is not sent: list the cases.

    A stream that cannot keep up, or that may have missed something, ends: list the cases, and follow again.
    """
    check(caller, Action.SEE, access.relation_to_agency(caller, agency), "agency")
    return EventStream(_of_agency(_Follower(request, kawal), followers, agency))


async def _of_agency(follower: _Follower, followers: Following, agency: str) -> AsyncGenerator[ServerSentEvent]:
    async with followers.all() as feed:
        yield STILL_THERE  # from here on nothing is missed
        said_at = time.monotonic()
        while not feed.lost:
            happened = await feed.next(HEARTBEAT_SECONDS)
            caller = await follower.caller()
            if caller is None:
                return
            if happened is not None and _concerns(happened.case, agency) and _seen(caller, happened.case):
                yield ServerSentEvent(event="transition", data=_told(happened, caller))
            elif happened is None or time.monotonic() - said_at >= HEARTBEAT_SECONDS:
                yield STILL_THERE
            else:  # of no concern here: others' cases do not keep the connection open
                continue
            said_at = time.monotonic()


def _seen(caller: Caller, case: CaseView) -> bool:
    relation = access.relation_to_case(
        caller, case, reported_by=None
    )  # only people of agencies, and auditors, get here
    return access.verdict(caller, Action.SEE, relation) is access.Verdict.ALLOWED


def _concerns(case: CaseView, agency: str) -> bool:
    offices = {office.rpartition("@")[2] for office in (*case.owners, *case.watchers)}
    return agency in offices | {case.agency} | {part.agency for part in case.parts}


def _told(happened: Happened, caller: Caller) -> AgencyEvent:
    case = happened.case
    return AgencyEvent(
        case_id=case.case_id,
        category=case.category,
        region=case.region,
        agency=case.agency,
        owners=case.owners,
        item=item(happened.line, caller),
    )
