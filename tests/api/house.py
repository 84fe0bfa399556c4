"""The whole HTTP interface on a port of its own, over the session's servers, and callers of every role."""

import secrets
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
from fastapi import FastAPI

from gateway.app import app
from gateway.kawal import Kawal as Gateway
from gateway.serve import serving
from local.issuer import Issuer, issuer_in
from local.ports import LOOPBACK, free_port
from local.scratch import scratch_folder
from runtime.gateway import GatewaySettings
from schemas.access import CallerRole
from storage import database
from tests.callers import bearer, identity
from tests.kawal import Kawal


@dataclass
class House:
    """Kawal behind its HTTP interface."""

    http: httpx.AsyncClient
    kawal: Kawal
    """Starts cases beside the interface, lets time pass, looks at what became of them. Has a worker."""
    gateway: Gateway
    app: FastAPI
    pool: database.Pool
    issuer: Issuer = field(repr=False)

    def as_(self, role: str, /, *, id: str | None = None, **claims: Any) -> dict[str, str]:  # noqa: A002
        """Return the headers of a caller: `as_("operator", agency="ROADS", offices=["operator@ROADS"])`.

        Without an id, the account is a new one. A system's channel is "counter" unless another is named.
        """
        if role == CallerRole.SYSTEM:
            claims.setdefault("channel", "counter")
        return bearer(self.issuer, role, sub=id or f"{role}-{_letters(8)}", **claims)


@asynccontextmanager
async def house_on(
    kawal: Kawal,
    *,
    pool: database.Pool | None = None,
    webhook_secrets: Iterable[str] = (),
    behaviour: GatewaySettings | None = None,
) -> AsyncIterator[House]:
    """Serve the interface over a test's Kawal for as long as this lasts.

    Args:
        kawal: with the worker that takes the cases.
        pool: for the interface alone; none: that of the tests.
        webhook_secrets: any of which may sign the carrier's webhooks.
        behaviour: what it allows; none: the usual.
    """
    with scratch_folder() as folder:
        issuer = issuer_in(folder)
        known = identity(pool or kawal.pool, issuer)
        gateway = Gateway(kawal.client, pool or kawal.pool, known, task_queue=kawal.task_queue)
        async with _serving(gateway, webhook_secrets, behaviour) as (served, http):
            yield House(http, kawal, gateway, served, kawal.pool, issuer)
            await gateway.starting.settle()


@asynccontextmanager
async def _serving(
    gateway: Gateway, webhook_secrets: Iterable[str], behaviour: GatewaySettings | None
) -> AsyncIterator[tuple[FastAPI, httpx.AsyncClient]]:
    served, port = app(gateway, webhook_secrets, behaviour), free_port()
    async with (
        serving(served, LOOPBACK, port),
        httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", timeout=30) as http,
    ):
        yield served, http


def key() -> dict[str, str]:
    """Return the header that makes a POST one of its own."""
    return {"Idempotency-Key": _letters(16)}


def _letters(count: int) -> str:
    return "".join(secrets.choice("abcdefghjkmnpqrstuvwxyz") for _ in range(count))
