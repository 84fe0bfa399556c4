"""Photos and documents: sent before the complaint or message that names them, and shown to who may read its texts."""

import hashlib
from typing import Annotated, Any
from uuid import uuid4

from fastapi import APIRouter, Path, Query, Request, Response

from gateway.api.guard import Who, case_for, check, note_read
from gateway.api.keys import KEYED, Key, claimed
from gateway.api.problems import RESPONSES, FieldProblem, ProblemError, missing
from gateway.evidence import linking
from gateway.evidence.arriving import BEYOND_ALL, content_of
from gateway.evidence.examining import examined
from gateway.evidence.keeping import Store
from gateway.evidence.kinds import BrokenFileError, Examined, Kind, NotTakenError, TooLargeError
from gateway.evidence.room import ROOM, Take
from gateway.kawal import Here, Kawal
from schemas.access import Action, Caller, CallerRole, Relation
from schemas.base import Reference
from schemas.evidence import Evidence
from storage import evidence, persons

router = APIRouter(prefix="/v1", tags=["evidence"])

_STATUS = {NotTakenError: 415, BrokenFileError: 422, TooLargeError: 413}
_SENDERS = frozenset({CallerRole.REPORTER, CallerRole.SYSTEM})

_BINARY = {"schema": {"type": "string", "format": "binary"}}
_BODY: dict[str, Any] = {
    "required": True,
    "content": {
        "multipart/form-data": {
            "schema": {"type": "object", "required": ["file"], "properties": {"file": _BINARY["schema"]}}
        },
        **{str(kind): _BINARY for kind in Kind},
    },
}
_CONTENT: dict[int | str, dict[str, Any]] = {
    200: {"description": "The bytes", "content": {str(kind): _BINARY for kind in Kind}}
}

EvidenceId = Annotated[Reference, Path(description="as the upload's answer named it")]


@router.post(
    "/evidence",
    operation_id="uploadEvidence",
    summary="Upload a photo or document",
    status_code=201,
    response_description="It is kept, for 24 hours unless a complaint or message names it",
    responses={status: RESPONSES[status] for status in (400, 401, 403, 410, 413, 415, 422, 503)},
    openapi_extra=KEYED | {"requestBody": _BODY},
    max_body_size=BEYOND_ALL,
)
async def upload(request: Request, kawal: Here, caller: Who, key: Key, store: Store) -> Evidence:
    """Upload a photo or document: JPEG, PNG or WebP up to 10 MiB, or PDF up to 20 MiB, as a form's file or as the body.

    What it is, its bytes say: a name or declared type is not looked at. Others are shown a copy of a photo without
    anything that the camera noted. Where a photo says that it was taken is offered in the answer.
    """
    check(caller, Action.SUBMIT if caller.role in _SENDERS else Action.WORK, Relation.OWN, "evidence")
    with ROOM.entered() as take:
        content, known = await _taken(request, take)
        asked = {"route": "POST /v1/evidence", "sha256": hashlib.sha256(content).hexdigest()}
        async with claimed(kawal.pool, caller, key, asked, str(uuid4())) as evidence_id:
            kept = await evidence.keep(kawal.pool, store, _upload(evidence_id, caller, content, known))
    return _told(caller, kept)


async def _taken(request: Request, take: Take) -> tuple[bytes, Examined]:
    try:
        content = await content_of(request, take)
        return content, await examined(content)
    except tuple(_STATUS) as error:
        problem = FieldProblem(field="file", problem=str(error))
        raise ProblemError(_STATUS[type(error)], f"file: {error}", errors=[problem]) from error


def _upload(evidence_id: str, caller: Caller, content: bytes, known: Examined) -> evidence.Upload:
    return evidence.Upload(
        evidence_id=evidence_id,
        uploaded_by=caller.id,
        in_person=caller.role is CallerRole.REPORTER,
        channel=linking.channel_of(caller),
        content_type=known.kind,
        original=content,
        clean=known.clean,
        width=known.width,
        height=known.height,
        place=known.place,
        taken_at=known.taken_at,
    )


@router.get(
    "/evidence/{evidence_id}",
    operation_id="getEvidence",
    summary="What is known of a photo or document",
    responses={status: RESPONSES[status] for status in (401, 403, 404, 410, 422, 503)},
)
async def show(request: Request, kawal: Here, caller: Who, evidence_id: EvidenceId, response: Response) -> Evidence:
    """Tell what is known of a photo or document. That somebody asked is recorded."""
    kept = await _for(kawal, caller, evidence_id)
    await _note(request, kawal, kept, "about")
    response.headers["Cache-Control"] = "private, no-store"
    return _told(caller, kept)


@router.get(
    "/evidence/{evidence_id}/content",
    operation_id="getEvidenceContent",
    summary="The photo or document itself",
    response_class=Response,
    responses=_CONTENT | {status: RESPONSES[status] for status in (401, 403, 404, 410, 422, 503)},
)
async def content(
    *,
    request: Request,
    kawal: Here,
    caller: Who,
    store: Store,
    evidence_id: EvidenceId,
    original: Annotated[bool, Query(description="as it was uploaded, with all that it says; for auditors")] = False,
) -> Response:
    """Show a photo, without anything but the picture, or a document. That somebody did is recorded."""
    kept = await _for(kawal, caller, evidence_id)
    if original and caller.role is not CallerRole.AUDITOR:
        raise ProblemError(403, "original: is for auditors: leave it out to see the picture")
    part = "original" if original or kept.content_type == Kind.PDF else "clean"
    await _note(request, kawal, kept, part)
    shown = await evidence.content(store, kept, part)
    return Response(shown, media_type=kept.content_type, headers=_headers(kept, part))


async def _for(kawal: Kawal, caller: Caller, evidence_id: str) -> evidence.Kept:
    """Return an upload for a caller who may read its case's texts; before it is linked, for its uploader.

    Raises:
        ProblemError: 404, there is none, or none that the caller may know of; 403, the caller may not.
        storage.persons.ErasedError: it was erased.
    """
    kept = await evidence.found(kawal.pool, evidence_id)
    if kept is None:
        raise missing("evidence")
    if kept.linked_at is not None and kept.case_id is not None:
        await _require_case(kawal, caller, kept.case_id)
    else:
        relation = Relation.OWN if linking.is_uploader(caller, kept) else Relation.HIDDEN
        check(caller, Action.READ_TEXT, relation, "evidence")
    if kept.opened is None:
        raise persons.ErasedError("what this was has been erased")
    return kept


async def _require_case(kawal: Kawal, caller: Caller, case_id: str) -> None:
    try:
        await case_for(kawal, caller, Action.READ_TEXT, case_id)
    except ProblemError as error:
        raise missing("evidence") if error.status == 404 else error from None


async def _note(request: Request, kawal: Kawal, kept: evidence.Kept, what: str) -> None:
    subject = kept.case_id or kept.evidence_id
    await note_read(request, kawal, Action.READ_TEXT, subject, f"evidence.{kept.evidence_id}.{what}")


def _told(caller: Caller, kept: evidence.Kept) -> Evidence:
    offered = kept.opened if linking.is_uploader(caller, kept) else None
    return Evidence(
        evidence_id=kept.evidence_id,
        content_type=kept.content_type,
        bytes=kept.bytes,
        width=kept.width,
        height=kept.height,
        stored_at=kept.stored_at,
        case_id=kept.case_id if kept.linked_at else None,
        place=offered.place if offered else None,
        taken_at=offered.taken_at if offered else None,
    )


def _headers(kept: evidence.Kept, part: str) -> dict[str, str]:
    """Return headers with which no browser runs anything of it, or keeps it."""
    inline = part == "clean"
    return {
        "Content-Disposition": "inline" if inline else f'attachment; filename="{kept.evidence_id}"',
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
