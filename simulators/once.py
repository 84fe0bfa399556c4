"""A creating call that is repeated under its Idempotency-Key is answered with the first result."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

from fastapi.responses import JSONResponse
from pydantic import BaseModel

from simulators.refusals import Refused
from simulators.store import Store


def once(store: Store, key: str, what: str, body: BaseModel, create: Callable[[], dict[str, Any]]) -> JSONResponse:
    """Create something, unless it was created under this key before; 201 or 200.

    Raises:
        Refused: the key belongs to another call, or `create` refuses, which uses up no key.
    """
    digest = hashlib.sha256(f"{what} {body.model_dump_json()}".encode()).hexdigest()
    with store.transaction():
        if first := store.one("SELECT digest, answer FROM keys WHERE key = ?", key):
            if first["digest"] != digest:
                raise Refused(409, "idempotency_conflict", "another call came with this key", field="Idempotency-Key")
            return JSONResponse(json.loads(first["answer"]), 200)
        answer = create()
        store.run("INSERT INTO keys VALUES (?, ?, ?)", key, digest, json.dumps(answer))
    return JSONResponse(answer, 201)
