"""When very many cases come due together, some are never looked at, most of all the oldest.

Seen in eGov CCRS / DIGIT PGR (each scan takes the newest 100), osTicket (100 in each run) and GLPI (one level of a
ticket in each pass). Here no scan looks for what is due: every case has its own timer. All of them are set to the same
moment, and how late each was is shown: run with `-s`, or look into the junit report.

KAWAL_STORM says how many cases; the default takes about a minute. 10000 took 27 minutes on two cores that others used,
too, half of them to open the cases. Nothing here asserts how long anything takes: that is the machine's.
"""

import asyncio
import os
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from statistics import quantiles

import pytest

from tests import making
from tests.crashes import once
from tests.crashes.multitude import Multitude
from tests.crashes.site import Site, running_site

CASES = int(os.environ.get("KAWAL_STORM") or 400)
PILOTS = 60
WORKERS = 2
HANGS = 180 + CASES
YEAR = timedelta(days=365)

Property = Callable[[str, object], None]


@pytest.mark.timeout(HANGS)
async def test_all_cases_that_come_due_at_one_instant_escalate_once_the_oldest_among_them(
    record_property: Property,
) -> None:
    async with running_site(temporal_in_memory=True) as site, AsyncExitStack() as running:
        workers = [site.worker(f"worker-{number}") for number in range(WORKERS)]
        await asyncio.gather(*(running.enter_async_context(worker) for worker in workers))
        due = datetime.now(UTC) + await _time_to_open(site)
        storm = Multitude(site, making.policy("10 days", levels=2), "storm", CASES)
        opened_at = datetime.now(UTC)
        await storm.open(lambda number: {"accepted_at": opened_at - _age(number), "promised_at": due})
        await storm.until(CASES, "seq > 0")
        await asyncio.sleep((due - datetime.now(UTC)).total_seconds())
        await storm.until(CASES, "level = 1")
        await storm.check([*once.opened(), "warned", "breached", "escalated"], breached_levels=1)
        for line in await _lateness(site, storm, due):
            record_property(*line)
            sys.stdout.write(f"\n{line[0]}: {line[1]}")


async def _time_to_open(site: Site) -> timedelta:
    """Open a few cases that nothing happens to, and return how long all the others take, with room to spare."""
    pilots = Multitude(site, making.policy("1000 days", levels=2), "pilot", PILOTS)
    began = time.monotonic()
    await pilots.open(lambda _: {"accepted_at": datetime.now(UTC)})
    await pilots.until(PILOTS, "status = 'assigned'")
    return timedelta(seconds=5 + 1.3 * (time.monotonic() - began) * CASES / PILOTS)


def _age(number: int) -> timedelta:
    """Return how old a case is: the oldest first, the next always younger, the last one hour."""
    return timedelta(hours=1) + YEAR * (CASES - 1 - number) / CASES


async def _lateness(site: Site, storm: Multitude, due: datetime) -> list[tuple[str, str]]:
    """Say how long after the instant the climbs stood in the database, of all cases and by their age."""
    rows = await site.pool.fetch(
        "select case_id, extract(epoch from recorded_at - $2)::float8 as late from timeline"
        " where kind = 'escalated' and starts_with(case_id, $1) order by case_id",
        storm.prefix,
        due,
    )
    in_time = await site.pool.fetchval(
        "select count(*) from timeline where kind = 'assigned' and starts_with(case_id, $1) and recorded_at < $2",
        storm.prefix,
        due,
    )
    late = [row["late"] for row in rows]
    quarter = max(len(late) // 4, 1)
    return [
        ("storm", f"{CASES} cases due at {due:%H:%M:%S} UTC, {in_time} of them open before, {WORKERS} workers"),
        ("lateness of all", _distribution(late)),
        ("lateness of the oldest quarter", _distribution(late[:quarter])),
        ("lateness of the youngest quarter", _distribution(late[-quarter:])),
        ("throughput", f"{len(late) / max(*late, 0.001):.0f} escalations a second"),
    ]


def _distribution(seconds: Sequence[float]) -> str:
    cuts = quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else [*seconds] * 99
    return f"p50 {cuts[49]:.2f} s, p90 {cuts[89]:.2f} s, p99 {cuts[98]:.2f} s, max {max(seconds):.2f} s"
