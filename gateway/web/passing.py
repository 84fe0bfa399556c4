"""What every HTTP call passes through: an id, a log line, measures, a time limit, and the headers of every answer."""

import asyncio
import re
import time
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.api.problems import ProblemError, late
from gateway.web.measures import CALLS, UNDER_WAY
from gateway.web.telling import tell

LONGEST_ARRIVING_SECONDS = 300.0
"""A call that goes on arriving for longer is given up: time enough for the largest document on a slow line."""

_STREAM = "text/event-stream"
"""What has begun to be answered with one may take as long as it likes."""

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_NUMBER = re.compile(r"(\d[._-]?){10}")
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-site",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}
"""Of every answer that says nothing else itself."""

_log = structlog.get_logger("http")


class Passing:
    """Middleware around everything: no answer leaves but through it, and no error."""

    def __init__(self, app: ASGIApp, longest_seconds: float) -> None:
        """Let calls to an app pass. One of which nothing more arrives for so long, and no answer comes, is given up."""
        self._app = app
        self._longest = longest_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        call = _Call(scope, receive, send, self._longest)
        structlog.contextvars.bind_contextvars(request_id=call.id)
        UNDER_WAY.inc()
        try:
            await self._passed(scope, call)
        finally:
            UNDER_WAY.dec()
            call.end()
            structlog.contextvars.unbind_contextvars("request_id")

    async def _passed(self, scope: Scope, call: "_Call") -> None:
        try:
            async with asyncio.timeout(self._longest) as call.bound:
                await self._app(scope, call.receive, call.send)
        except Exception as error:  # noqa: BLE001 - it was logged where it was told; a server would log what it says
            if call.status:
                return
            too_late = call.bound.expired() and isinstance(error, TimeoutError)
            await tell(scope, call.receive, call.send, _late(self._longest) if too_late else _broken())


def _late(seconds: float) -> ProblemError:
    return late(f"took over {seconds:g} seconds: send it again, with the same key")


def _broken() -> ProblemError:
    return ProblemError(500, "something broke here: tell those who run this, with the request id")


class _Call:
    """One call on its way."""

    bound: asyncio.Timeout
    """Until when it may go on."""

    def __init__(self, scope: Scope, receive: Receive, send: Send, longest_seconds: float) -> None:
        given = Headers(scope=scope).get("x-request-id", "")
        self.id = given if _may_be_kept(given) else str(uuid4())
        self.status = 0
        self._scope, self._receive, self._send = scope, receive, send
        self._begun = time.perf_counter()
        self._longest = longest_seconds
        self._arrived_by = asyncio.get_running_loop().time() + LONGEST_ARRIVING_SECONDS
        scope.setdefault("state", {})["request_id"] = self.id

    async def receive(self) -> Message:
        """Return what arrives next; as long as something does, the time limit begins anew."""
        message = await self._receive()
        if message["type"] == "http.request" and message.get("body") and not self.status:
            begins_anew = asyncio.get_running_loop().time() + self._longest
            self.bound.reschedule(min(begins_anew, self._arrived_by))
        return message

    async def send(self, message: Message) -> None:
        """Send an answer on, with what belongs to every one."""
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
            headers["X-Request-ID"] = self.id
            if headers.get("content-type", "").startswith(_STREAM) and not self.bound.expired():
                self.bound.reschedule(None)
        await self._send(message)

    def end(self) -> None:
        """Measure and log the call by its route: never by its address, in which anything may stand."""
        route = getattr(self._scope.get("route"), "path", "none")
        method = self._scope["method"] if self._scope["method"] in _METHODS else "other"
        seconds = time.perf_counter() - self._begun
        CALLS.labels(method, route, str(self.status)).observe(seconds)
        caller = self._scope["state"].get("caller")
        _log.info(
            "call",
            method=method,
            route=route,
            status=self.status,
            milliseconds=round(seconds * 1000, 1),
            caller=caller.id if caller else None,
        )


_METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"})


def _may_be_kept(given: str) -> bool:
    """Return whether an id that came with a call may stand in logs: a number of somebody may not."""
    return bool(_UUID.fullmatch(given) or (_ID.fullmatch(given) and not _NUMBER.search(given)))
