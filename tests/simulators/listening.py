"""Whoever the carrier tells: a real HTTP server that keeps what it is told, and checks the signatures."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock, Thread
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from local.ports import LOOPBACK

SECRET = "whsec_a2V5IG9mIHRoZSB3ZWJob29rcyBpbiB0ZXN0cw=="
_PATIENCE = 60.0


class Listener:
    """What came: `genuine` bodies, in order, and how many `forged`."""

    def __init__(self, port: int) -> None:
        self.url = f"http://{LOOPBACK}:{port}/"
        self.refuses_next = 0
        self.ids: list[str] = []
        self.genuine: list[dict[str, Any]] = []
        self.forged = 0
        self._came = asyncio.Event()
        self._one_at_a_time = Lock()
        self._loop = asyncio.get_running_loop()

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of orders that came with the right signature, in order."""
        return [body["data"] for body in self.genuine if body["type"] == "order.event"]

    @property
    def statuses(self) -> list[str]:
        """What those say."""
        return [event["status"] for event in self.events]

    @property
    def settings(self) -> dict[str, Any]:
        """What the carrier has to know in order to tell it."""
        return {"webhook_url": self.url, "webhook_secret": SECRET}

    async def until(self, condition: Callable[["Listener"], bool]) -> None:
        """Wait until what came fulfils a condition."""
        async with asyncio.timeout(_PATIENCE):
            while not condition(self):
                self._came.clear()
                await self._came.wait()

    def hear(self, headers: dict[str, str], body: bytes) -> int:
        """Keep what came; return the status to answer with."""
        with self._one_at_a_time:
            status = self._keep(headers, body)
        self._loop.call_soon_threadsafe(self._came.set)
        return status

    def _keep(self, headers: dict[str, str], body: bytes) -> int:
        if self.refuses_next:
            self.refuses_next -= 1
            return 500
        try:
            Webhook(SECRET).verify(body, headers)
        except WebhookVerificationError:
            self.forged += 1
            return 401
        self.ids.append(headers["webhook-id"])
        self.genuine.append(json.loads(body))
        return 204


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128  # the usual 5 would refuse connections when many come at once


@asynccontextmanager
async def listening() -> AsyncIterator[Listener]:
    """Listen on a free port for as long as this lasts."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            self.send_response(listener.hear({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Keep the tests' output calm."""

    server = _Server((LOOPBACK, 0), Handler)
    listener = Listener(server.server_port)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield listener
    finally:
        server.shutdown()
        server.server_close()
