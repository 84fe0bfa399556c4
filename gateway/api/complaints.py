"""Handing in a complaint. Who is told 201 can count on it: it stands in the database, whatever breaks afterwards."""

from datetime import UTC, datetime
from typing import Annotated

import structlog
from fastapi import APIRouter, Body, Response
from pydantic import Field

from gateway.api.backpressure import DOOR
from gateway.api.guard import Who, check
from gateway.api.keys import KEYED, Key, claimed
from gateway.api.problems import RESPONSES, ProblemError, field_problem
from gateway.evidence import linking
from gateway.kawal import Here, Kawal
from gateway.refusals import RefusedError
from gateway.reporter_contact import reach_reporter
from gateway.starter import new_case_id
from schemas.access import Action, Caller, CallerRole, Relation
from schemas.base import CaseId, Code, Model, Prose, Reference, UtcDatetime
from schemas.complaint import Complaint, ExternalId, Identity, Intake, Place, PlainCode
from schemas.person import Person
from storage import evidence_links, intake

router = APIRouter(prefix="/v1", tags=["complaints"])

IN_PERSON = "api"
"""The channel of those who hand in something themselves."""

_log = structlog.get_logger("intake")


class Submission(Model):
    """A complaint as somebody hands it in. The channel is that of whoever calls."""

    category: PlainCode = Field(description="a code of the policy; one that it does not know goes to triage")
    region: PlainCode | None = Field(default=None, description="code of the place; none when it is unknown")
    text: Prose = Field(description="what there is to complain about, in the reporter's words")
    place: Place | None = Field(default=None, description="the point on the map; finds complaints that may be the same")
    identity: Identity = Identity.NAMED
    respondent: PlainCode | None = Field(default=None, description="the agency that the report accuses")
    reporter: Person | None = Field(default=None, description="who reports; a system may name the account, too")
    external_id: ExternalId | None = Field(default=None, description="a system's own id: the same again is the same")
    attributes: dict[Code, str | tuple[str, ...]] = Field(
        default={}, max_length=50, description="answers to what the category asks for"
    )
    evidence: tuple[Reference, ...] = Field(default=(), max_length=20, description="photos and documents sent before")
    postal_code: str | None = Field(default=None, pattern=r"^[0-9]{5}$", description="tells the region without a place")
    use_photo_place: bool = Field(default=False, description="without a place, take that of the photos, if they say so")
    policy: Code | None = Field(default=None, description="the policy's name, where several are in force")


class Links(Model):
    """Where to go on from here."""

    case: str
    timeline: str
    events: str
    messages: str


class Receipt(Model):
    """Proof that a complaint was accepted: it is in the database, and its clocks run from then on."""

    case_id: CaseId = Field(description="what the reporter is told")
    accepted_at: UtcDatetime
    links: Links


_POTHOLE = {
    "category": "road",
    "region": "north",
    "text": "A deep hole in front of the school; two children have fallen already.",
    "place": {"latitude": -5.4123, "longitude": 105.3123},
    "identity": "named",
    "reporter": {"name": "Siti", "phone": "0812 3456 7890"},
}
_WHISTLE = {
    "category": "report",
    "text": "The office asks for money that no rule knows of.",
    "identity": "confidential",
    "respondent": "ROADS",
}
_EXAMPLES = {
    "pothole": {"summary": "Somebody complains", "value": _POTHOLE},
    "whistle": {"summary": "Somebody reports an agency", "value": _WHISTLE},
}


@router.post(
    "/complaints",
    operation_id="submitComplaint",
    summary="Hand in a complaint",
    status_code=201,
    response_description="The complaint is in the database; a case is opened for it at once, or when Temporal is back",
    responses={
        200: {"model": Receipt, "description": "It was handed in before: the same case"},
        **{status: RESPONSES[status] for status in (400, 401, 403, 409, 413, 422, 429, 503)},
    },
    openapi_extra=KEYED,
)
async def submit(
    kawal: Here,
    caller: Who,
    key: Key,
    given: Annotated[Submission, Body(openapi_examples=_EXAMPLES)],
    response: Response,
) -> Receipt:
    """Hand in a complaint, as a reporter in person or as a system for one of its reporters.

    The same key again, or the same external id on the same channel, gives the same case. The answer waits for the
    database alone; when too much is handed in at once, it is 429, and the call may simply be sent again.
    """
    check(caller, Action.SUBMIT, Relation.OWN, "complaint")
    began = datetime.now(UTC)
    complaint = await _taken_in(kawal, caller, key, given, new_case_id(began))
    kawal.starting.soon(complaint)
    response.status_code = 201 if complaint.accepted_at >= began else 200
    receipt = _receipt(complaint)
    response.headers["Location"] = receipt.links.case
    return receipt


async def _taken_in(kawal: Kawal, caller: Caller, key: str, given: Submission, new_id: str) -> Complaint:
    """Return the complaint once it is in the database, or the one that was handed in with this key before."""
    handed_in = _intake(caller, given)
    asked = {"route": "POST /v1/complaints", "body": given.model_dump(mode="json")}
    async with DOOR.entered(kawal.pool), claimed(kawal.pool, caller, key, asked, new_id) as case_id:
        known = None if case_id == new_id else await intake.accepted(kawal.pool, case_id)
        known = known or await intake.by_external_id(kawal.pool, handed_in.channel, handed_in.external_id)
        if known is None:
            return await _accepted(kawal, caller, given, handed_in, case_id)
        await reach_reporter(kawal.pool, known.case_id, handed_in)  # whoever took it in may have died before that
        return known


async def _accepted(kawal: Kawal, caller: Caller, given: Submission, handed_in: Intake, case_id: str) -> Complaint:
    """Return the complaint once it and its photos are safe."""
    if handed_in.place is None and given.use_photo_place:
        place = await linking.place_offered(kawal.pool, given.evidence, caller)
        handed_in = handed_in.model_copy(update={"place": place})
    await linking.hold(kawal.pool, case_id, given.evidence, caller)
    try:
        complaint = await kawal.cases.accept(
            handed_in,
            policy_name=given.policy,
            case_id=case_id,
            reported_by=handed_in.reporter.account if handed_in.reporter else None,
        )
    except RefusedError:
        await evidence_links.let_go(kawal.pool, case_id)
        raise
    if complaint.case_id != case_id:  # another call with the same external id was faster
        await evidence_links.let_go(kawal.pool, case_id)
        return complaint
    try:
        await linking.link(kawal.pool, case_id, given.evidence, caller)
    except RefusedError:  # another case took one meanwhile: the complaint is safe, and that counts
        _log.warning("a photo that a complaint named is part of another case", case_id=case_id)
    return complaint


def _intake(caller: Caller, given: Submission) -> Intake:
    """Return a complaint as its channel hands it in, with the account that will find it again."""
    fields = {name: getattr(given, name) for name in Submission.model_fields if name in Intake.model_fields}
    if caller.role is CallerRole.REPORTER:
        return Intake.model_validate(fields | {"channel": IN_PERSON, "reporter": _oneself(caller, given)})
    if caller.channel is None:
        raise ProblemError(403, "this system has no channel: whoever gave it its key or token has to name one")
    return Intake.model_validate(fields | {"channel": caller.channel})


def _oneself(caller: Caller, given: Submission) -> Person:
    reporter = given.reporter or Person()
    if reporter.account not in (None, caller.id):
        raise field_problem(422, "reporter.account", "is that of whoever calls: leave it out")
    if given.external_id is not None:
        raise field_problem(422, "external_id", "is a system's: leave it out, the key tells repeats")
    return reporter.model_copy(update={"account": caller.id})


def _receipt(complaint: Complaint) -> Receipt:
    case = f"/v1/cases/{complaint.case_id}"
    links = Links(case=case, timeline=f"{case}/timeline", events=f"{case}/events", messages=f"{case}/messages")
    return Receipt(case_id=complaint.case_id, accepted_at=complaint.accepted_at, links=links)
