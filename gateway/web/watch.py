"""For those who watch over it: whether it lives, whether it can work, and what Prometheus asks for."""

import asyncio
import time
from datetime import timedelta

from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from temporalio.service import RPCError

from gateway.kawal import Here, Kawal
from gateway.web.measures import DEAD_LETTERS, NOT_STARTED, OPEN_CASES, OVERDUE_CASES, REGISTRY, forget_desks
from schemas.status import Status
from storage import database, health

router = APIRouter(include_in_schema=False)

_PATIENCE = 3.0
_COUNTED_EVERY = 15.0
_counted_at = {"at": float("-inf")}


@router.get("/health")
@router.get("/health/live")
async def live() -> dict[str, str]:
    """Say that the process answers; it does not look further."""
    return {"status": "open"}


@router.get("/health/ready")
async def ready(kawal: Here) -> JSONResponse:
    """Say whether complaints can be accepted: the database decides. Without Temporal they are started later."""
    database_is = await _database(kawal)
    temporal_is = await _temporal(kawal)
    status = "ready" if (database_is, temporal_is) == ("ready", "ready") else "degraded"
    said = {"status": status if database_is == "ready" else "away", "database": database_is, "temporal": temporal_is}
    return JSONResponse(said, 200 if database_is == "ready" else 503)


async def _database(kawal: Kawal) -> str:
    try:
        async with asyncio.timeout(_PATIENCE):
            return "ready" if await health.is_prepared(kawal.pool) else "not prepared: run kawal init"
    except (TimeoutError, *database.AWAY):
        return "away"


async def _temporal(kawal: Kawal) -> str:
    try:
        async with asyncio.timeout(_PATIENCE):
            await kawal.client.service_client.check_health(timeout=timedelta(seconds=_PATIENCE))
    except (TimeoutError, RPCError, RuntimeError):
        return "away"
    return "ready"


@router.get("/metrics")
async def metrics(kawal: Here) -> Response:
    """Answer Prometheus. Desks are counted anew every quarter of a minute, and unknown while the database is away."""
    if time.monotonic() - _counted_at["at"] > _COUNTED_EVERY:
        await _count(kawal)
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)


async def _count(kawal: Kawal) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            found = await health.desks(kawal.pool)
    except (TimeoutError, *database.AWAY):
        forget_desks()
        return
    _counted_at["at"] = time.monotonic()
    for status in Status:
        OPEN_CASES.labels(status).set(found.open_by_status.get(status, 0))
    OVERDUE_CASES.set(found.overdue)
    NOT_STARTED.set(found.not_started)
    DEAD_LETTERS.labels("notice").set(found.dead_notices)
    DEAD_LETTERS.labels("webhook").set(found.dead_webhooks)
