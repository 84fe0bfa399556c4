"""Requesting a service, and following what becomes of it."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Path, Query, Request, Response
from pydantic import Field

from domain.access import relation_to_channel
from gateway.api import cursors
from gateway.api.backpressure import DOOR
from gateway.api.case_shown import outside
from gateway.api.complaints import IN_PERSON
from gateway.api.guard import Who, check, note_read
from gateway.api.keys import KEYED, Key, claimed, id_for
from gateway.api.patience import receipt
from gateway.api.problems import RESPONSES, ProblemError, field_problem
from gateway.api.request_access import request_for
from gateway.in_force import policy_in_force
from gateway.kawal import Here, Kawal
from gateway.post_words import Language
from gateway.refusals import RefusedError
from gateway.request_standing import Line, Standing, line, standing, view_of
from gateway.service_requests import new_request_id
from schemas.access import Action, Caller, CallerRole, Relation
from schemas.base import Code, Model, Reference, Rupiah, UtcDatetime
from schemas.complaint import ExternalId, PlainCode
from schemas.messages import Actor, Reason, Role
from schemas.service_request import (
    REQUEST_MESSAGES,
    BenefitPeriod,
    DisputeReason,
    Recipient,
    RequestId,
    RequestIntake,
    RequestReceipt,
    RequestStart,
    RequestStatus,
    RequestView,
)
from storage import recipients, request_pages, service_requests
from storage.request_pages import Position, Wanted

router = APIRouter(prefix="/v1/service-requests", tags=["service requests"])

_SEEN: dict[int | str, dict[str, Any]] = {status: RESPONSES[status] for status in (401, 403, 404, 422, 503)}

Id = Annotated[RequestId, Path(description="of the request", examples=["L261123-8H2KQ7WD"])]
Words = Annotated[Language, Query(description="of the words for its status")]


class Submission(Model):
    """A request as somebody hands it in. The channel is that of whoever calls."""

    service: PlainCode = Field(description="one of `GET /v1/services`")
    region: PlainCode | None = Field(default=None, description="of the recipient; decides who prepares it")
    recipient: Recipient
    amount: Rupiah | None = Field(default=None, le=1_000_000_000, description="rupiah: to be paid by, or paid out to")
    period: BenefitPeriod | None = Field(default=None, description="of a benefit that is given once in each")
    external_id: ExternalId | None = Field(default=None, description="a system's own id: the same again is the same")
    requested_by: Reference | None = Field(default=None, description="a system's: the account that will find it again")
    policy: Code | None = Field(default=None, description="the policy's name, where several are in force")


class Links(Model):
    """Where to go on from here."""

    request: str
    timeline: str
    messages: str


class Receipt(Model):
    """Proof that a request was accepted: it is in the database, and its time runs from then on."""

    request_id: RequestId = Field(description="what the recipient is told")
    accepted_at: UtcDatetime
    links: Links


class Requests(Model):
    """One page of requests."""

    requests: tuple[RequestView, ...] = Field(description="the latest first")
    next: str | None = Field(description="the cursor of the next page; none: this is the last")


class Confirmation(Model):
    """The recipient has it."""

    kind: Literal["confirm"]


class Disputation(Model):
    """The recipient does not have it, or not as it should be."""

    kind: Literal["dispute"]
    reason: DisputeReason


class Cancellation(Model):
    """It is not wanted any more."""

    kind: Literal["cancel"]
    reason: Reason = Field(default="not-wanted", description="a short code")


Said = Annotated[Confirmation | Disputation | Cancellation, Field(discriminator="kind")]

_PAPERS = {
    "service": "papers",
    "region": "north",
    "recipient": {"name": "Siti Aminah", "phone": "0812 3456 7890", "address": "Jalan Kartini 1"},
}
_AID = {
    "service": "ration",
    "region": "north",
    "recipient": {"name": "Siti Aminah", "national_id": "1871014107900001", "address": "Jalan Kartini 1"},
    "period": "2026-11",
}
_REQUESTED = {
    "papers": {"summary": "Papers, carried to whoever they are about", "value": _PAPERS},
    "aid": {"summary": "A benefit that is given once in each period", "value": _AID},
}
_SAYINGS = {
    "confirm": {"summary": "It has arrived", "value": {"kind": "confirm"}},
    "dispute": {"summary": "It has not", "value": {"kind": "dispute", "reason": "not received"}},
    "cancel": {"summary": "It is not wanted any more", "value": {"kind": "cancel", "reason": "moved-away"}},
}


@router.post(
    "",
    operation_id="requestService",
    summary="Request a service",
    status_code=201,
    response_description="The request is in the database; it is taken up at once, or when Temporal is back",
    responses={
        200: {"model": Receipt, "description": "It was requested before: the same request"},
        **{status: RESPONSES[status] for status in (400, 401, 403, 409, 413, 422, 429, 503)},
    },
    openapi_extra=KEYED,
)
async def submit(
    kawal: Here,
    caller: Who,
    key: Key,
    given: Annotated[Submission, Body(openapi_examples=_REQUESTED)],
    response: Response,
) -> Receipt:
    """Request something for somebody, in person or as a system.

    The same key again, or the same external id on the same channel, gives the same request: nothing is prepared or
    paid twice. The answer waits for the database alone.
    """
    check(caller, Action.SUBMIT, Relation.OWN, "request")
    began = datetime.now(UTC)
    accepted = await _taken_in(kawal, caller, key, given, new_request_id(began))
    kawal.starting.soon(accepted)
    response.status_code = 201 if accepted.accepted_at >= began else 200
    here = f"{router.prefix}/{accepted.request_id}"
    response.headers["Location"] = here
    links = Links(request=here, timeline=f"{here}/timeline", messages=f"{here}/messages")
    return Receipt(request_id=accepted.request_id, accepted_at=accepted.accepted_at, links=links)


async def _taken_in(kawal: Kawal, caller: Caller, key: str, given: Submission, new_id: str) -> RequestStart:
    """Return the request once it is in the database, or the one that came with this key before."""
    intake, account = _intake(caller, given)
    asked = {"route": "POST /v1/service-requests", "body": given.model_dump(mode="json")}
    async with DOOR.entered(kawal.pool), claimed(kawal.pool, caller, key, asked, new_id) as request_id:
        known = None if request_id == new_id else await request_pages.accepted(kawal.pool, request_id)
        if known is not None:
            return known.start
        policy = await policy_in_force(kawal.pool, datetime.now(UTC), given.policy)
        try:
            return await kawal.requests.accept(intake, policy, request_id=request_id, requested_by=account)
        except RefusedError as refused:
            holder = getattr(refused.__cause__, "request_id", None)
            if holder is None or await _is_own(kawal, caller, holder):
                raise
            raise RefusedError("period: the recipient has this benefit already") from None


async def _is_own(kawal: Kawal, caller: Caller, request_id: str) -> bool:
    """Return whether a caller may know of a request: whose it is, is not told to everybody who knows a number."""
    held = await request_pages.accepted(kawal.pool, request_id)
    return held is not None and relation_to_channel(caller, held.start.channel, held.requested_by) is Relation.OWN


def _intake(caller: Caller, given: Submission) -> tuple[RequestIntake, str | None]:
    """Return a request as its channel hands it in, and the account that will find it again."""
    fields = {name: getattr(given, name) for name in Submission.model_fields if name not in ("policy", "requested_by")}
    if caller.role is CallerRole.REPORTER:
        if given.external_id is not None:
            raise field_problem(422, "external_id", "is a system's: leave it out, the key tells repeats")
        if given.requested_by not in (None, caller.id):
            raise field_problem(422, "requested_by", "is whoever calls: leave it out")
        return RequestIntake.model_validate(fields | {"channel": IN_PERSON}), caller.id
    return RequestIntake.model_validate(fields | {"channel": _channel(caller)}), given.requested_by


def _channel(caller: Caller) -> str:
    if caller.channel is None:
        raise ProblemError(403, "this system has no channel: whoever gave it its key or token has to name one")
    return caller.channel


@router.get(
    "",
    operation_id="listRequests",
    summary="Your requests",
    responses={status: RESPONSES[status] for status in (401, 403, 422, 503)},
)
async def list_requests(
    *,
    kawal: Here,
    caller: Who,
    service: Code | None = None,
    region: Annotated[Code | None, Query(description="exactly this one, not what lies in it")] = None,
    status: RequestStatus | None = None,
    cursor: cursors.Cursor = None,
    limit: cursors.Limit = 50,
) -> Requests:
    """Return requests, the latest first: a reporter's own, those of a system's channel, those that an agency prepares.

    Auditors see those of everybody.
    """
    check(caller, Action.SEE, Relation.OWN, "request")
    wanted = Wanted.model_validate(_whose(caller) | {"service": service, "region": region, "status": status})
    start = cursors.read(Position, cursor)
    found = await request_pages.page(kawal.pool, wanted, after=start, limit=limit + 1)
    shown = [view_of(one) for one in found[:limit]]
    last = Position(accepted_at=shown[-1].accepted_at, request_id=shown[-1].request_id) if len(found) > limit else None
    return Requests(requests=tuple(shown), next=cursors.written(last) if last else None)


def _whose(caller: Caller) -> dict[str, str]:
    """Return whose requests a caller sees in a list."""
    match caller.role:
        case CallerRole.REPORTER:
            return {"requested_by": caller.id}
        case CallerRole.SYSTEM:
            return {"channel": _channel(caller)}
        case CallerRole.AUDITOR:
            return {}
    if caller.agency is None:
        raise ProblemError(403, "this account has no agency: whoever gave it its role has to name one")
    return {"agency": caller.agency}


@router.get("/{request_id}", operation_id="getRequest", summary="How a request stands", responses=_SEEN)
async def read(kawal: Here, caller: Who, request_id: Id, language: Words = "id") -> Standing:
    """Return how a request stands, what happens next and until when, its money, its preparation, its deliveries.

    One that was accepted a moment ago, or while Temporal is away, stands as requested.
    """
    accepted, case = await request_for(kawal, caller, Action.SEE, request_id)
    return await standing(kawal.pool, accepted, case, language)


@router.get("/{request_id}/timeline", operation_id="getRequestTimeline", summary="Its timeline", responses=_SEEN)
async def timeline(kawal: Here, caller: Who, request_id: Id) -> list[Line]:
    """Return what happened to a request, oldest first; nothing yet, until a workflow has taken it up."""
    await request_for(kawal, caller, Action.SEE, request_id)
    steps = await service_requests.transitions(kawal.pool, request_id)
    return [line(step, known_to=caller.id if outside(caller) else None) for step in steps]


@router.get(
    "/{request_id}/recipient",
    operation_id="getRecipient",
    summary="Who gets it",
    responses=_SEEN | {410: RESPONSES[404] | {"description": "What was known of the recipient has been erased"}},
)
async def read_recipient(kawal: Here, caller: Who, request: Request, request_id: Id) -> Recipient:
    """Return the recipient's name, numbers and address. That you read them is recorded first."""
    accepted, _ = await request_for(kawal, caller, Action.READ_PERSON, request_id)
    recipient = await recipients.find(kawal.pool, accepted.start.recipient)
    if recipient is None:
        raise ProblemError(410, "what was known of the recipient has been erased")
    fields = sorted(recipient.model_dump(exclude_none=True))
    await note_read(request, kawal, Action.READ_PERSON, request_id, *fields)
    return recipient


@router.post(
    "/{request_id}/messages",
    operation_id="sendRequestMessage",
    summary="Confirm, dispute or cancel",
    response_description="It took effect, and is in the database",
    responses={status: RESPONSES[status] for status in (400, 401, 403, 404, 409, 422, 503, 504)},
    openapi_extra=KEYED,
)
async def say(
    kawal: Here,
    caller: Who,
    key: Key,
    request_id: Id,
    given: Annotated[Said, Body(openapi_examples=_SAYINGS)],
) -> RequestReceipt:
    """Say that it has arrived, that it has not, or that it is not wanted any more. The answer comes once it counts."""
    accepted, _ = await request_for(kawal, caller, Action.SPEAK, request_id)
    message_id = id_for(kawal.pool, caller, key)
    actor = Actor(id=caller.id, role=Role(caller.role))
    message = REQUEST_MESSAGES[given.kind].model_validate(dict(given) | {"message_id": message_id, "actor": actor})
    asked = {"route": f"message to {request_id}", "body": given.model_dump(mode="json")}
    async with claimed(kawal.pool, caller, key, asked, message_id):
        if accepted.view is None:
            await kawal.requests.start(accepted.start)  # which may not have come about yet
        return await receipt(kawal.requests.send(request_id, message))
