"""How often somebody may call: by token or key, else by address. Each process counts for itself."""

import hashlib
import math
import time
from collections import OrderedDict

from limits import RateLimitItem, parse
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.api.problems import ProblemError
from gateway.web.telling import tell

_FREE = ("/health", "/health/live", "/health/ready", "/metrics", "/v1/carrier/webhooks")
"""What watches, and what the carrier tells, is not counted."""
_MOST_PROVED = 10_000
"""Credentials that are remembered as somebody's; those that were not used for longest are forgotten first."""


class Rates:
    """Middleware that lets nobody call more often than is agreed.

    Credentials that are nobody's count as calls of the address without any: else whoever makes up a new one for each
    call could call as often as they like.
    """

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
        self._proved: OrderedDict[str, None] = OrderedDict()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a call on, or answer 429 with Retry-After."""
        if scope["type"] != "http" or scope["path"] in _FREE:
            await self._app(scope, receive, send)
            return
        credential, address = _credential(scope), (scope.get("client") or ("nobody", 0))[0]
        exceeded = await self._exceeded(credential, address)
        if exceeded:
            await tell(scope, receive, send, await self._too_often(*exceeded))
            return
        try:
            await self._app(scope, receive, send)
        finally:
            if credential is not None:
                await self._learn(credential, address, is_somebodys="caller" in scope.get("state", {}))

    async def _exceeded(self, credential: str | None, address: str) -> tuple[RateLimitItem, str] | None:
        """Count a call; return the rate that it exceeds, and of whom, if it does."""
        if credential is None:
            return None if await self._limiter.hit(self._unknown, address) else (self._unknown, address)
        if credential not in self._proved and not await self._limiter.test(self._unknown, address):
            return self._unknown, address
        return None if await self._limiter.hit(self._known, credential) else (self._known, credential)

    async def _learn(self, credential: str, address: str, *, is_somebodys: bool) -> None:
        if is_somebodys:
            self._proved[credential] = None
            self._proved.move_to_end(credential)
            if len(self._proved) > _MOST_PROVED:
                self._proved.popitem(last=False)
        elif credential not in self._proved:
            await self._limiter.hit(self._unknown, address)

    async def _too_often(self, rate: RateLimitItem, who: str) -> ProblemError:
        window = await self._limiter.get_window_stats(rate, who)
        later = {"Retry-After": str(max(1, math.ceil(window.reset_time - time.time())))}
        return ProblemError(429, f"no more than {rate}: wait a little", headers=later)


def _credential(scope: Scope) -> str | None:
    """Return what a credential is counted by: never itself."""
    headers = Headers(scope=scope)
    given = headers.get("x-api-key") or headers.get("authorization")
    return hashlib.sha256(given.encode()).hexdigest() if given else None
