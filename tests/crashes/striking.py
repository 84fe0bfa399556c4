"""Striking workers at exact steps of a commit, as processes of their own: dead, or frozen for a while."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from local.child import Child
from tests.crashes.awaiting import LIMIT, until
from tests.crashes.site import Site
from tests.crashes.stricken_worker import Step

_ROOT = Path(__file__).parents[2]


async def work_until_killed(site: Site, step: Step, task_queue: str) -> None:
    """Run a worker until SIGKILL has ended it at a step of its first breach.

    Raises:
        AssertionError: it lives on, or has ended otherwise; with what it said.
    """
    async with _worker(site, step, signal.SIGKILL, task_queue) as child:
        try:
            async with asyncio.timeout(LIMIT):
                code = await child.wait()
        except TimeoutError:
            raise AssertionError(f"{step}: it lives on\n{child.tail()}") from None
        assert code == -signal.SIGKILL, child.tail()


class Frozen:
    """A worker that stands still in the middle of a commit, and does not know that time passes."""

    def __init__(self, child: Child) -> None:
        self._child = child

    async def stands_still(self) -> None:
        """Wait until it does."""
        assert self._child.pid is not None
        process = psutil.Process(self._child.pid)

        async def stopped() -> bool:
            return process.status() == psutil.STATUS_STOPPED

        await until(stopped)

    async def wake(self) -> str:
        """Let it go on, and return what its commit told it."""
        assert self._child.pid is not None
        os.kill(self._child.pid, signal.SIGCONT)
        await until(self._has_been_told)
        return next(line for line in self._child.tail().splitlines() if line.startswith("told:"))

    async def _has_been_told(self) -> bool:
        return "told:" in self._child.tail()


@asynccontextmanager
async def freezing(site: Site, step: Step, task_queue: str) -> AsyncIterator[Frozen]:
    """Run a worker that freezes at a step of its first breach, until it is woken; it is gone after the block."""
    async with _worker(site, step, signal.SIGSTOP, task_queue) as child:
        yield Frozen(child)


@asynccontextmanager
async def _worker(site: Site, step: Step, number: signal.Signals, task_queue: str) -> AsyncIterator[Child]:
    child = Child("a worker that is struck", log=site.log_of(f"struck-over-{task_queue}"))
    command = (sys.executable, "-m", "tests.crashes.stricken_worker", step.name, number.name, task_queue)
    environment = {
        "KAWAL_DATABASE_URL": site.postgres.url,
        "TEMPORAL_ADDRESS": site.temporal.address,
        "PYTHONPATH": str(_ROOT),
    }
    await child.start(*command, environment=environment)
    try:
        yield child
    finally:
        await child.kill()
