"""Where the carrier's webhooks come in."""

from collections.abc import Iterable

from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import JSONResponse
from temporalio.client import Client

from gateway.carrier_webhooks import CarrierWebhooks
from storage.database import Pool

LARGEST_WEBHOOK = 64 * 1024
"""Bytes."""


def carrier_routes(webhooks: CarrierWebhooks) -> APIRouter:
    """Return the route that a carrier is told."""
    routes = APIRouter()

    @routes.post("/v1/carrier/webhooks", max_body_size=LARGEST_WEBHOOK, include_in_schema=False)
    async def carrier_webhook(request: Request) -> JSONResponse:
        answer = await webhooks.take(request.headers, await request.body())
        later = {"Retry-After": str(answer.retry_after)} if answer.retry_after else {}
        return JSONResponse({"status" if answer.status == 200 else "error": answer.says}, answer.status, later)

    return routes


def carrier_app(client: Client, pool: Pool, webhook_secrets: Iterable[str]) -> FastAPI:
    """Return an interface that takes the carrier's webhooks alone, for demonstrations without anybody else."""
    made = FastAPI(title="Kawal, for carriers", docs_url=None, redoc_url=None, openapi_url=None)
    made.include_router(carrier_routes(CarrierWebhooks(client, pool, webhook_secrets)))
    return made
