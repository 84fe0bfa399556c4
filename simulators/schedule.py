"""A worker that sleeps until there is something to do."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from simulators.moments import now


async def work_when_due(work: Callable[[float], float | None], woken: asyncio.Event) -> None:
    """Call `work` with the moment whenever something is due, for ever.

    What is due is asked of the store each time, so that a start after a kill has nothing to restore.

    Args:
        work: does what is due, and returns when there is more; None if nothing is planned.
        woken: set when something was planned.
    """
    while True:
        woken.clear()
        due = work(now())
        with suppress(TimeoutError):
            async with asyncio.timeout(None if due is None else max(0.0, due - now())):
                await woken.wait()
