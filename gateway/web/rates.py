"""How often somebody may call: by token or key, else by address. Each process counts for itself."""

import hashlib
import math
import time

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.api.problems import ProblemError
from gateway.web.telling import tell

_FREE = ("/health", "/metrics", "/v1/carrier/webhooks")
"""What watches, and what the carrier tells, is not counted."""


class Rates:
    """Middleware that lets nobody call more often than is agreed."""

    def __init__(self, app: ASGIApp, known: str, unknown: str) -> None:
        """Count.

        Args:
            app: what calls go on to.
            known: for callers with a token or key, e.g. "6000/minute".
            unknown: for an address that comes without.
        """
        self._app = app
        self._known, self._unknown = parse(known), parse(unknown)
        self._limiter = SlidingWindowCounterRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, or answer 429 with Retry-After."""
        if scope["type"] == "http" and not scope["path"].startswith(_FREE):
            rate, who = self._counted_as(scope)
            if not await self._limiter.hit(rate, who):
                window = await self._limiter.get_window_stats(rate, who)
                later = {"Retry-After": str(max(1, math.ceil(window.reset_time - time.time())))}
                often = ProblemError(429, f"no more than {rate}: wait a little", headers=later)
                await tell(scope, receive, send, often)
                return
        await self._app(scope, receive, send)

    def _counted_as(self, scope: Scope) -> tuple[RateLimitItem, str]:
        headers = Headers(scope=scope)
        credential = headers.get("x-api-key") or headers.get("authorization")
        if credential:
            return self._known, hashlib.sha256(credential.encode()).hexdigest()
        return self._unknown, (scope.get("client") or ("nobody", 0))[0]
