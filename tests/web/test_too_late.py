"""A call that takes too long is given up in words that say when to come back."""

import asyncio

import httpx
from starlette.types import Receive, Scope, Send

from gateway.web.passing import Passing


async def _never(scope: Scope, receive: Receive, send: Send) -> None:
    await asyncio.Event().wait()


async def test_a_call_that_was_given_up_is_told_when_to_come_back() -> None:
    transport = httpx.ASGITransport(app=Passing(_never, 0.05))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as http:
        answer = await http.get("/v1/cases")
    assert (answer.status_code, answer.headers["Retry-After"]) == (504, "5")
