"""Waiting for what nothing tells of."""

import asyncio
from collections.abc import Awaitable, Callable

LIMIT = 40.0
"""Seconds that any case may take to go on. Temporal takes ten to notice that a worker is dead."""


async def until(probe: Callable[[], Awaitable[bool]], *, limit: float = LIMIT) -> None:
    """Ask again and again, until the answer is yes or the time is up (`TimeoutError`)."""
    async with asyncio.timeout(limit):
        while not await probe():  # noqa: ASYNC110 - see above
            await asyncio.sleep(0.1)
