"""What people wrote, and who they are. Every look at it is recorded before it is shown."""

from typing import Any

from fastapi import APIRouter, Request
from pydantic import Field

from domain.visibility import reporter_named_to_agency
from gateway.api.case_timeline import Item, item
from gateway.api.cases import CaseIdInPath
from gateway.api.guard import Who, case_for, note_read
from gateway.api.problems import RESPONSES, ProblemError
from gateway.kawal import Here
from schemas.access import Action, CallerRole
from schemas.base import CaseId, Code, Model, Reference
from schemas.case import TransitionKind
from schemas.complaint import Intake, Place
from schemas.person import Person
from storage import case_lines, intake

router = APIRouter(prefix="/v1", tags=["personal data"])

_USUAL: dict[int | str, dict[str, Any]] = {
    **{status: RESPONSES[status] for status in (401, 403, 404, 422, 503)},
    410: RESPONSES[404] | {"description": "It was erased"},
}
_IN_AN_AGENCY = frozenset({CallerRole.OPERATOR, CallerRole.SUPERIOR})


class Original(Model):
    """A complaint as it was handed in."""

    text: str
    place: Place | None
    attributes: dict[Code, str | tuple[str, ...]]
    evidence: tuple[Reference, ...]


class Said(Model):
    """What somebody wrote with a message that took effect."""

    item: Item = Field(description="the message, as it stands on the timeline")
    text: str


class Texts(Model):
    """All that people wrote of a case."""

    case_id: CaseId
    original: Original | None = Field(description="none: the case prepares a service, and nobody complained")
    messages: tuple[Said, ...] = Field(description="oldest first")


class Reporter(Model):
    """Who reported a case."""

    case_id: CaseId
    reporter: Person | None = Field(description="none: nobody was named")


@router.get(
    "/cases/{case_id}/text",
    operation_id="getText",
    summary="Read what people wrote",
    responses=_USUAL,
)
async def get_text(request: Request, kawal: Here, caller: Who, case_id: CaseIdInPath) -> Texts:
    """Return the original complaint and the texts of messages. That they were read is recorded."""
    await case_for(kawal, caller, Action.READ_TEXT, case_id)
    found = await intake.original(kawal.pool, case_id)
    texts = await intake.texts(kawal.pool, case_id)
    lines = {
        line.message_id: line
        for line in await case_lines.after(kawal.pool, case_id)
        if line.message_id in texts and line.kind is not TransitionKind.REFUSED
    }
    given = [name for name, value in _written(found).items() if value] if found else []
    fields = [*given, *(["messages"] if lines else [])]
    await note_read(request, kawal, Action.READ_TEXT, case_id, *fields)
    return Texts(
        case_id=case_id,
        original=None if found is None else Original.model_validate(_written(found)),
        messages=tuple(Said(item=item(line, caller), text=texts[str(name)]) for name, line in lines.items()),
    )


def _written(found: Intake) -> dict[str, Any]:
    return {name: getattr(found, name) for name in Original.model_fields}


@router.get(
    "/cases/{case_id}/reporter",
    operation_id="getReporter",
    summary="See who reported a case",
    responses=_USUAL,
)
async def get_reporter(request: Request, kawal: Here, caller: Who, case_id: CaseIdInPath) -> Reporter:
    """Return who reported a case. That it was looked at is recorded.

    Nobody in an agency learns it when the reporter wants to stay unnamed, or reports an agency.
    """
    case = await case_for(kawal, caller, Action.READ_PERSON, case_id)
    if caller.role in _IN_AN_AGENCY and not reporter_named_to_agency(case):
        raise ProblemError(403, "the reporter is not named to agencies: ask through the case instead")
    found = await intake.original(kawal.pool, case_id)
    known = found.reporter if found else None
    fields = known.model_dump(exclude_none=True) if known else {}
    await note_read(request, kawal, Action.READ_PERSON, case_id, *fields)
    return Reporter(case_id=case_id, reporter=known)
