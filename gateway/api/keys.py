"""The key of a POST: whoever got no answer sends the call again with its key, and it is still one call."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Request

from gateway.api.problems import ProblemError, field_problem
from gateway.refusals import NotFoundError, RefusedError
from schemas.access import Caller
from storage import idempotency
from storage.database import Pool

HEADER = "Idempotency-Key"
_FORM = r"[A-Za-z0-9][A-Za-z0-9._:-]{0,99}"

KEYED: dict[str, Any] = {
    "parameters": [
        {
            "name": HEADER,
            "in": "header",
            "required": True,
            "description": "Chosen by the caller, new for each call. The same call again with its key is one call.",
            "schema": {"type": "string", "pattern": f"^{_FORM}$"},
            "example": "2f1c7a52-9a57-4a1e-a1d8-5c0a35a4f3d1",
        }
    ]
}
"""For the documentation of a route: `openapi_extra=KEYED`."""


def key_of(request: Request) -> str:
    """Return the key of a call. Raises `ProblemError` 400 when there is none, or it is none."""
    key = request.headers.get(HEADER)
    if key is None:
        raise field_problem(
            400, HEADER, "is missing: send one of your own, a UUID say, and the same one when you retry"
        )
    if not re.fullmatch(_FORM, key):
        raise field_problem(
            400, HEADER, "has to be 1 to 100 of A-Z a-z 0-9 . _ : -, and to begin with a letter or digit"
        )
    return key


Key = Annotated[str, Depends(key_of)]
"""The key that the caller gave this call."""


def id_for(pool: Pool, caller: Caller, key: str) -> str:
    """Return the id of what a call with this key sends: another one for every caller.

    Keys may hold anything, and ids stand in histories for years: this one is a keyed hash, in the form of a UUID.
    """
    return str(UUID(bytes=pool.ring.fingerprint("message", f"{caller.id}\0{key}")[:16]))


@asynccontextmanager
async def claimed(pool: Pool, caller: Caller, key: str, asked: dict[str, Any], resource: str) -> AsyncIterator[str]:
    """Hold a call's key while it is carried out; this gives the id of what it asks for.

    It is the given one, or that of the first call with this key. A call that is refused lets its key go: it may come
    again, mended, under the same one.

    Args:
        pool: the database.
        caller: whose key it is.
        key: as the caller chose it.
        asked: what tells this call from others: route and body, as JSON values.
        resource: the id for what is new.

    Raises:
        ProblemError: 422, the key was that of another call.
    """
    try:
        first = await idempotency.claim(pool, caller.id, key, asked, resource)
    except idempotency.KeyReusedError as error:
        raise field_problem(422, HEADER, str(error)) from error
    try:
        yield first
    except (RefusedError, NotFoundError, ProblemError):
        await idempotency.let_go(pool, caller.id, key)
        raise
