"""Calls that go wrong on purpose: refused, never answered (the work done or not), cut off, or too many."""

import asyncio
from collections import deque
from contextlib import suppress
from enum import StrEnum
from random import Random
from typing import Any

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from simulators.chance import chance
from simulators.moments import now
from simulators.refusals import error
from simulators.settings import LiveSettings, Settings
from simulators.store import Store

COUNTED = ("total", "failed", "timed_out_before", "timed_out_after", "limited", "cut_off")


class Fate(StrEnum):
    """What becomes of a call; the values are the names of counters."""

    ANSWERED = "answered"
    FAILED = "failed"
    TIMED_OUT_BEFORE = "timed_out_before"
    TIMED_OUT_AFTER = "timed_out_after"
    LIMITED = "limited"
    CUT_OFF = "cut_off"


class Outages:
    """Stands before the API; what lies under /control is spared."""

    def __init__(self, app: ASGIApp, *, store: Store, settings: LiveSettings) -> None:
        self._app = app
        self._store = store
        self._settings = settings
        self._recent: deque[float] = deque()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a call, or not."""
        if scope["type"] != "http" or scope["path"].startswith("/control"):
            await self._app(scope, receive, send)
            return
        settings = self._settings.now
        dice = chance(settings.seed, "call", self._store.count("calls.total"))
        fate = self._fate(settings, dice)
        if fate is not Fate.ANSWERED:
            self._store.count(f"calls.{fate}")
        match fate:
            case Fate.ANSWERED:
                await self._app(scope, receive, send)
            case Fate.FAILED:
                await _refuse(503, "unavailable", scope, receive, send)
            case Fate.LIMITED:
                await _refuse(429, "too_many", scope, receive, send)
            case Fate.CUT_OFF:
                await self._hang_up(scope, receive)
            case Fate.TIMED_OUT_BEFORE | Fate.TIMED_OUT_AFTER:
                if fate is Fate.TIMED_OUT_AFTER:
                    await self._app(scope, receive, _unheard)
                with suppress(TimeoutError):
                    async with asyncio.timeout(settings.time_out_seconds):
                        await _gone(receive)
                await self._hang_up(scope, receive)

    def _fate(self, settings: Settings, dice: Random) -> Fate:
        first, second = dice.random(), dice.random()
        if now() < settings.outage_until:
            return Fate.CUT_OFF if first < 0.5 else Fate.FAILED
        if self._too_many(settings.rate):
            return Fate.LIMITED
        if first < settings.fail:
            return Fate.FAILED
        if first < settings.fail + settings.time_out:
            return Fate.TIMED_OUT_AFTER if second < 0.5 else Fate.TIMED_OUT_BEFORE
        return Fate.ANSWERED

    def _too_many(self, rate: int | None) -> bool:
        moment = now()
        while self._recent and self._recent[0] <= moment - 1:
            self._recent.popleft()
        if rate is not None and len(self._recent) >= rate:
            return True
        self._recent.append(moment)
        return False

    @staticmethod
    async def _hang_up(scope: Scope, receive: Receive) -> None:
        scope["state"]["hang_up"]()
        await _gone(receive)


async def _refuse(status: int, code: str, scope: Scope, receive: Receive, send: Send) -> None:
    body: dict[str, Any] = {"error": error(code, "try again later")}
    await JSONResponse(body, status, {"Retry-After": "1"})(scope, receive, send)


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _unheard(_: Message) -> None:
    """Take an answer that nobody gets."""
