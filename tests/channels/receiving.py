"""A receiver of webhooks as another system would run it: a real HTTP server that checks every signature."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from fastapi import FastAPI, Request, Response
from standardwebhooks import Webhook

from gateway.channels.destinations import Destinations
from gateway.channels.webhooks import WebhookDispatcher
from gateway.serve import serving
from local.ports import LOOPBACK, free_port
from schemas.webhooks import Outgoing, Subscribing
from storage import webhook_subscriptions, webhooks_out
from storage.database import Pool

LOCAL = Destinations(local=True)


@dataclass(frozen=True)
class Call:
    """One call that a receiver got."""

    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        """The CloudEvent."""
        return dict(json.loads(self.body))


@dataclass
class Receiver:
    """Takes what comes, unless it has other answers."""

    port: int
    secret: str = ""
    answers: list[Response] = field(default_factory=list)
    """For the next calls, in turn; after them, everything is taken."""
    always: int = 204
    open: asyncio.Event = field(default_factory=asyncio.Event)
    """While it is not set, calls get no answer."""
    calls: list[Call] = field(default_factory=list)
    taken: list[Call] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    def __post_init__(self) -> None:
        self.open.set()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{LOOPBACK}:{self.port}/hook"

    async def answer(self, request: Request) -> Response:
        """Take a call, once its signature holds."""
        call = Call(dict(request.headers), await request.body())
        if self.secret:
            Webhook(self.secret).verify(call.body, dict(call.headers))
        async with self._news:
            self.calls.append(call)
            self._news.notify_all()
        await self.open.wait()
        answer = self.answers.pop(0) if self.answers else Response(status_code=self.always)
        if answer.status_code < 300:
            self.taken.append(call)
        return answer

    async def called(self, times: int) -> None:
        """Wait until it was called so many times."""
        async with asyncio.timeout(20), self._news:
            await self._news.wait_for(lambda: len(self.calls) >= times)

    @property
    def ids(self) -> list[str]:
        """The ids of the events that it has taken, in order."""
        return [call.event["id"] for call in self.taken]


@asynccontextmanager
async def receiving(receiver: Receiver | None = None) -> AsyncIterator[Receiver]:
    """Listen for as long as this lasts."""
    receiver = receiver or Receiver(free_port())
    app = FastAPI(openapi_url=None)
    app.add_api_route("/hook", receiver.answer, methods=["POST", "GET"])
    async with serving(app, LOOPBACK, receiver.port):
        yield receiver


async def subscribed(
    pool: Pool, receiver: Receiver, name: str, *, channel: str | None, kinds: tuple[str, ...] | None = None
) -> str:
    """Subscribe a receiver, which learns the secret; return the subscription's id."""
    wanted = Subscribing(url=receiver.url, channel=channel, kinds=kinds)
    made, receiver.secret = await webhook_subscriptions.subscribe(
        pool, f"wh-{name}", wanted, owner="tests", now=datetime.now(UTC)
    )
    return made.id


def dispatcher(pool: Pool, **others: Any) -> WebhookDispatcher:
    """Return a dispatcher that may send to this machine."""
    return WebhookDispatcher(pool, LOCAL, **others)


async def states(pool: Pool, subscription: str) -> list[str]:
    """Return how far the events of a subscription are, the first one first."""
    return [line.state for line in await sent(pool, subscription)]


async def sent(pool: Pool, subscription: str) -> list[Outgoing]:
    """Return the events of a subscription, the first one first."""
    return list(reversed(await webhooks_out.lines(pool, subscription=subscription, limit=1000)))


async def bring_forward(pool: Pool, subscription: str) -> None:
    """Let the time pass that is waited for after a try in vain."""
    await pool.execute("update webhook_deliveries set next_attempt_at = now() where subscription = $1", subscription)
    await pool.execute("update webhook_subscriptions set held_until = null where subscription = $1", subscription)


async def forget_everything(pool: Pool) -> None:
    """Remove what other tests subscribed to."""
    await pool.execute("delete from webhook_subscriptions")
    await pool.execute("delete from webhook_deliveries")
