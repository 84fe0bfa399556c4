"""Kawal over HTTP."""

from collections.abc import Iterable

from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse
from temporalio.client import Client

from gateway.carrier_webhooks import CarrierWebhooks
from storage.database import Pool

LARGEST_WEBHOOK = 64 * 1024
"""Bytes."""


def app(client: Client, pool: Pool, webhook_secrets: Iterable[str]) -> FastAPI:
    """Return the HTTP interface, over one Temporal client and one database pool.

    Args:
        client: Temporal's.
        pool: the database.
        webhook_secrets: any of which may sign the carrier's webhooks.
    """
    made = FastAPI(title="Kawal", docs_url=None, redoc_url=None)
    webhooks = CarrierWebhooks(client, pool, webhook_secrets)

    @made.get("/health")
    async def health() -> dict[str, str]:
        return {"status": "open"}

    @made.post("/v1/carrier/webhooks", max_body_size=LARGEST_WEBHOOK)
    async def carrier_webhook(request: Request) -> JSONResponse:
        answer = await webhooks.take(request.headers, await request.body())
        later = {"Retry-After": str(answer.retry_after)} if answer.retry_after else {}
        return JSONResponse({"status" if answer.status == 200 else "error": answer.says}, answer.status, later)

    return made
