"""The door of the intake: it lets in what can be taken within seconds, and asks everybody else to come back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from gateway.api.problems import ProblemError
from storage.database import Pool

_MOST_AT_ONCE = 64
"""Intakes under way in one process: a few for each of its connections."""
_PATIENCE_SECONDS = 2.0
_LONGEST_SECONDS = 8.0
"""An intake takes milliseconds; one that takes so long waits for something that others hold."""
RETRY_AFTER_SECONDS = 2


def busy() -> ProblemError:
    """Return the error that there is too much to do now."""
    detail = "too much is handed in just now: send it again in a moment, with the same key"
    return ProblemError(429, detail, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})


class Door:
    """Bounds how much is taken in at once. Who has to wait too long is told so rather than left standing."""

    def __init__(self, most_at_once: int = _MOST_AT_ONCE, patience: float = _PATIENCE_SECONDS) -> None:
        """Let in so many at once; whoever waits for longer than `patience`, in seconds, is sent away."""
        self._places = asyncio.Semaphore(most_at_once)
        self._patience = patience

    @asynccontextmanager
    async def entered(self, pool: Pool) -> AsyncIterator[None]:
        """Be inside for as long as this lasts, with a connection to the database to be had.

        What is done inside has to be safe to do again: it is broken off when it takes too long.

        Raises:
            ProblemError: 429, no place or no connection came free in time.
        """
        try:
            async with asyncio.timeout(self._patience):
                await self._places.acquire()
        except TimeoutError as error:
            raise busy() from error
        try:
            await self._connection_to_be_had(pool)
            async with _at_most(_LONGEST_SECONDS):
                yield
        finally:
            self._places.release()

    async def _connection_to_be_had(self, pool: Pool) -> None:
        async with _at_most(self._patience):
            await pool.release(await pool.acquire())


@asynccontextmanager
async def _at_most(seconds: float) -> AsyncIterator[None]:
    """Break off what takes longer. What times out by itself is another matter."""
    try:
        async with asyncio.timeout(seconds) as bound:
            yield
    except TimeoutError as error:
        if not bound.expired():
            raise
        raise busy() from error


DOOR = Door()
"""That of this process."""
