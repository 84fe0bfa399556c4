"""Letting workers die at exact moments, as processes of their own."""

import asyncio
import signal
import sys
from pathlib import Path

from local.child import Child
from tests.crashes.awaiting import LIMIT
from tests.crashes.dying_worker import Moment
from tests.crashes.site import Site

_ROOT = Path(__file__).parents[2]


async def work_until_dead(site: Site, moment: Moment, commit_number: int, task_queue: str) -> None:
    """Run a worker until it has killed itself at a moment of its so-manieth commit.

    Raises:
        AssertionError: it lives on, or has ended otherwise; with what it said.
    """
    child = Child("a worker that dies", log=site.folder / f"dies-over-{task_queue}.log")
    command = (sys.executable, "-m", "tests.crashes.dying_worker", moment, str(commit_number), task_queue)
    await child.start(
        *command,
        environment={
            "KAWAL_DATABASE_URL": site.postgres.url,
            "TEMPORAL_ADDRESS": site.temporal.address,
            "PYTHONPATH": str(_ROOT),
        },
    )
    try:
        async with asyncio.timeout(LIMIT):
            code = await child.wait()
    except TimeoutError:
        raise AssertionError(f"{moment}, commit {commit_number}: it lives on\n{child.tail()}") from None
    finally:
        await child.kill()
    assert code == -signal.SIGKILL, child.tail()
