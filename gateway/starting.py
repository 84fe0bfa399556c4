"""Starting what was accepted, beside the answer: who hands something in waits for the database alone."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog
from temporalio.service import RPCError

from gateway.service_requests import ServiceRequests
from gateway.starter import Starter
from schemas.complaint import Complaint
from schemas.service_request import RequestStart

_MOST_WAITING = 200
"""Started beside the answers; what comes on top of these is left to the sweep of the workers."""
_AT_ONCE = 8
_LONGEST_SECONDS = 20.0

_T = TypeVar("_T", Complaint, RequestStart)

_log = structlog.get_logger("intake")


class Starting:
    """Starts cases and requests that are durable already. What it does not get to, a sweep starts."""

    def __init__(self, cases: Starter, requests: ServiceRequests) -> None:
        self._cases = cases
        self._requests = requests
        self._slots = asyncio.Semaphore(_AT_ONCE)
        self._tasks: set[asyncio.Task[None]] = set()

    def soon(self, accepted: Complaint | RequestStart) -> bool:
        """Start what was accepted as soon as may be; return whether it is tried here at all."""
        if len(self._tasks) >= _MOST_WAITING:
            return False
        if isinstance(accepted, Complaint):
            starting = self._start(self._cases.start, accepted)
        else:
            starting = self._start(self._requests.start, accepted)
        task = asyncio.create_task(starting)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _start(self, start: Callable[[_T], Awaitable[object]], accepted: _T) -> None:
        async with self._slots:
            try:
                async with asyncio.timeout(_LONGEST_SECONDS):
                    await start(accepted)
            except (RPCError, RuntimeError, TimeoutError) as problem:
                _log.warning("not started yet; a sweep will", problem=type(problem).__name__)

    async def settle(self, seconds: float | None = None) -> None:
        """Wait until nothing is being started any more, for so long at most; what is left then, a sweep starts."""
        try:
            async with asyncio.timeout(seconds):
                while self._tasks:
                    await asyncio.gather(*self._tasks, return_exceptions=True)
        except TimeoutError:  # which has cancelled what was waited for
            _log.warning("not all that was accepted is started yet; a sweep will")
