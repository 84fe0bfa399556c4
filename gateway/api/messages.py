"""Sending a message to a case: the answer comes once it took effect and is in the database."""

import re
from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Body, Header

from gateway.api.cases import CaseIdInPath
from gateway.api.guard import Who, case_for
from gateway.api.keys import KEYED, Key, claimed, id_for
from gateway.api.message_bodies import MessageBody, action_of, message_of
from gateway.api.problems import RESPONSES, FieldProblem, ProblemError, field_problem
from gateway.evidence import linking
from gateway.kawal import Here, Kawal
from gateway.recipients import reference_of
from gateway.refusals import NoAnswerError, RefusedError
from gateway.remedies import recipient_kept
from schemas.access import Caller
from schemas.base import Model
from schemas.case import CaseView
from schemas.messages import MessageReceipt
from storage import intake
from storage.persons import ErasedError

router = APIRouter(prefix="/v1", tags=["messages"])

PATIENCE_SECONDS = 20.0
_RETRY_AFTER_SECONDS = 5
_MOVED_ON = "seen: "
"""How a refusal begins when the case is not any more what the sender decided upon."""

_EXAMPLES = {
    kind: {"summary": summary, "value": {"kind": kind, **fields}}
    for kind, summary, fields in (
        ("verify", "It is a complaint, about this", {"category": "road", "region": "north/hill"}),
        ("ask", "Something is missing", {"text": "Which lane is it?"}),
        ("provide", "Here it is", {"text": "The left one."}),
        ("respond", "The answer", {"text": "The hole was filled this morning.", "evidence": ["photo-a1"]}),
        ("transfer", "Another agency's", {"agency": "SCHOOLS", "reason": "wrong-agency"}),
        ("coordinate", "Several agencies'", {"agencies": ["ROADS", "SCHOOLS"], "reason": "several-agencies"}),
        ("pause", "Nothing can be done before", {"limit": "10 days", "reason": "waiting-for-parts"}),
        ("extend", "More time", {"clock": "level", "by": "2 days", "reason": "flood"}),
        ("rate", "The reporter rates the answer", {"score": 5}),
        ("withdraw", "The reporter takes it back", {}),
    )
}


@router.post(
    "/cases/{case_id}/messages",
    operation_id="sendMessage",
    summary="Send a message to a case",
    response_description="It took effect, and is in the database",
    responses={
        **{status: RESPONSES[status] for status in (400, 401, 403, 404, 409, 422, 503)},
        412: RESPONSES[412] | {"description": "The case has moved on from what If-Match names: look again"},
        504: RESPONSES[504] | {"description": "No answer in time: it may still take effect; repeat it with its key"},
    },
    openapi_extra=KEYED,
)
async def send_message(
    *,
    kawal: Here,
    caller: Who,
    key: Key,
    case_id: CaseIdInPath,
    body: Annotated[MessageBody, Body(openapi_examples=_EXAMPLES)],
    if_match: Annotated[
        str | None,
        Header(
            max_length=200, description='the ETag of the case that you decided upon, e.g. "3": 412 if it has moved on'
        ),
    ] = None,
) -> MessageReceipt:
    """Send a message as whoever calls. What each kind does, and who may send it, say the models and the access table.

    The same key again gives the same receipt. A refused message leaves nothing behind; mended, it may have its key.
    """
    case = await case_for(kawal, caller, action_of(caller, _kind(body)), case_id)
    seen = _seen(if_match)
    asked = {"route": f"POST /v1/cases/{case_id}/messages", "body": body.model_dump(mode="json")}
    try:
        async with claimed(kawal.pool, caller, key, asked, id_for(kawal.pool, caller, key)) as message_id:
            await _started(kawal, case)
            return await _sent(kawal, caller, case, body, message_id=message_id, seen=seen)
    except NoAnswerError as error:
        detail = f"{error}: it may still take effect; send it again with its key"
        raise ProblemError(504, detail, headers={"Retry-After": str(_RETRY_AFTER_SECONDS)}) from error


def _kind(body: Model) -> str:
    kind: Any = getattr(body, "kind", None)
    return str(kind)


def _seen(if_match: str | None) -> int | None:
    """Return the seq that an ETag names; none when any will do. Raises `ProblemError` 422."""
    if if_match is None or if_match.strip() == "*":
        return None
    named = re.fullmatch(r'\s*"([0-9]{1,9})"\s*', if_match)
    if named is None:
        raise field_problem(422, "If-Match", 'has to be one ETag of the case as it came, e.g. "3"')
    return int(named[1])


async def _started(kawal: Kawal, case: CaseView) -> None:
    """Start the case of a complaint that was accepted a moment ago: its workflow may not be there yet."""
    if case.seq == 0 and (accepted := await intake.accepted(kawal.pool, case.case_id)) is not None:
        await kawal.cases.start(accepted)


async def _sent(
    kawal: Kawal, caller: Caller, case: CaseView, body: Model, *, message_id: str, seen: int | None
) -> MessageReceipt:
    text: str | None = getattr(body, "text", None)
    recipient: Any = getattr(body, "recipient", None)
    with suppress(ErasedError):  # of a reporter who was erased no photo is kept, and the case goes on without
        await linking.link(kawal.pool, case.case_id, linking.uploads_among(getattr(body, "evidence", ())), caller)
    try:
        if recipient is None:
            message = message_of(body, caller, case, message_id=message_id, seen=seen)
            return await kawal.cases.send_within(PATIENCE_SECONDS, case.case_id, message, text=text)
        reference = reference_of(f"{case.case_id}/{message_id}")
        message = message_of(body, caller, case, message_id=message_id, seen=seen, recipient=reference)
        async with recipient_kept(kawal.cases, case.case_id, reference, recipient):
            return await kawal.cases.send_within(PATIENCE_SECONDS, case.case_id, message, text=text)
    except RefusedError as error:
        if not str(error).startswith(_MOVED_ON):
            raise
        problem = str(error).removeprefix(_MOVED_ON)
        raise ProblemError(412, problem, errors=[FieldProblem(field="If-Match", problem=problem)]) from error
