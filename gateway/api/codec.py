"""What opens sealed payloads for Temporal's web page and commands: auditors alone may look."""

from typing import Annotated, Any

from fastapi import APIRouter, Body
from google.protobuf.json_format import MessageToDict, ParseDict, ParseError
from temporalio.api.common.v1 import Payload, Payloads

from gateway.api.guard import Who, check
from gateway.api.problems import RESPONSES, field_problem
from gateway.kawal import Here
from runtime.codec import PayloadKeyError, SealedPayloads
from schemas.access import Action, Relation

_MOST = 1_000
_LARGEST = 4 * 1024 * 1024
"""Bytes: as large as what Temporal sends at once."""

router = APIRouter(
    prefix="/codec", tags=["audit"], responses={status: RESPONSES[status] for status in (400, 401, 403, 422)}
)

_Given = Annotated[
    dict[str, Any],
    Body(examples=[{"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "e30="}]}]),
]


@router.post("/decode", operation_id="decode", max_body_size=_LARGEST, summary="Open payloads for Temporal's own pages")
async def decode(here: Here, caller: Who, payloads: _Given) -> dict[str, Any]:
    """Open sealed payloads; what was stored in clear comes back as it is."""
    check(caller, Action.DECODE, Relation.OWN, "payloads")
    codec = SealedPayloads(here.pool.ring.derived("payloads"), strict=True)
    try:
        return _said(await codec.decode(_parsed(payloads)))
    except PayloadKeyError as error:
        raise field_problem(422, "payloads", str(error)) from error


def _parsed(given: dict[str, Any]) -> list[Payload]:
    try:
        found = list(ParseDict(given, Payloads(), ignore_unknown_fields=True).payloads)
    except (ParseError, ValueError, TypeError, AttributeError, SystemError) as error:  # the last: half a character
        raise field_problem(422, "payloads", "cannot be read: send what Temporal's pages send") from error
    if len(found) > _MOST:
        raise field_problem(422, "payloads", f"are too many: send {_MOST} at once at most")
    return found


def _said(payloads: list[Payload]) -> dict[str, Any]:
    return dict(MessageToDict(Payloads(payloads=payloads)))
