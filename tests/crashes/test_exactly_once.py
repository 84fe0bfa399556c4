"""Many cases under four workers that are killed all the time: each level and each sanction comes exactly once.

KAWAL_CASES says how many cases; the 2,000 take about three minutes on two idle cores. KAWAL_CRASH_SEED repeats the
choices of whoever kills.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from random import Random
from secrets import randbelow

import pytest

from cli.worker_process import WorkerProcess
from tests.crashes import once
from tests.crashes.awaiting import until
from tests.crashes.killer import Killer
from tests.crashes.multitude import AWAY, Multitude, strict_policy
from tests.crashes.site import Site, running_site

CASES = int(os.environ.get("KAWAL_CASES") or 2000)
WORKERS = 4
LEVELS = 3
SAMPLE = 25
PAUSE = 5.0
"""Seconds: the longest between two murders, and the longest that a worker stays dead."""
HANGS = 120 + CASES


@pytest.mark.timeout(HANGS)
async def test_every_case_climbs_its_whole_ladder_with_each_sanction_once_whatever_is_killed(
    record_property: Callable[[str, object], None],
) -> None:
    seed = int(os.environ.get("KAWAL_CRASH_SEED") or randbelow(1_000_000))
    async with running_site(temporal_in_memory=True) as site, AsyncExitStack() as running:
        workers = {name: site.worker(name) for name in (f"worker-{n}" for n in range(1, WORKERS + 1))}
        await asyncio.gather(*(running.enter_async_context(worker) for worker in workers.values()))
        killer = Killer(seed, workers, pause=PAUSE)
        try:
            said = await _climb(site, killer, workers)
        except BaseException as error:
            error.add_note(f"{killer}. Again: KAWAL_CRASH_SEED={seed}")
            raise
    record_property("climbed", said)
    sys.stdout.write(f"\n{said}\n")


async def _climb(site: Site, killer: Killer, workers: dict[str, WorkerProcess]) -> str:
    """Open the cases and let them climb while servers are killed; check every one of them, and say how it went."""
    cases = Multitude(site, strict_policy("3 seconds", levels=LEVELS), "once", CASES)
    began = time.monotonic()
    async with asyncio.TaskGroup() as group:
        group.create_task(cases.open(lambda _: {"accepted_at": datetime.now(UTC)}))
        group.create_task(cases.until_at_the_top())
        group.create_task(killer.kill_while(group.create_task(_high_up(cases, share=0.8))))
        group.create_task(_kill_postgres_once(site, cases, killer))
    took = time.monotonic() - began
    await cases.check([*once.opened(), *once.left_alone(levels=LEVELS)], breached_levels=LEVELS)
    for case_id in Random(killer.seed).sample(cases.ids, k=min(SAMPLE, CASES)):
        await once.check(site, cases.handle(case_id))
    assert once.signs_of_bugs(*(site.log_of(worker) for worker in workers)) == []
    deaths = ", ".join(f"{name} {number}" for name, number in sorted(killer.deaths.items()))
    return f"{CASES} cases climbed {LEVELS} levels in {took:.0f} s. Deaths: {deaths}. {killer}"


async def _kill_postgres_once(site: Site, cases: Multitude, killer: Killer) -> None:
    await _high_up(cases, share=0.5)
    await killer.kill_one("PostgreSQL", site.postgres)


async def _high_up(cases: Multitude, *, share: float) -> None:
    """Wait until a share of all deadlines has passed."""
    wanted = share * len(cases.ids) * LEVELS

    async def reached() -> bool:
        with suppress(*AWAY):
            return await cases.breaches() >= wanted
        return False

    await until(reached, limit=HANGS)
