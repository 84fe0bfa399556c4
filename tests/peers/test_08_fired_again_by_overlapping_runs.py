"""A level or its consequence fires twice, because two runs of the same work overlap, or again and again, for ever.

Seen in django-helpdesk (two overlapping runs of `escalate_tickets` escalated 395 of 400 tickets twice), eGov CCRS /
DIGIT PGR (two replicas of the scheduler) and GLPI (levels fire anew at every pass).
Here runs overlap on purpose: a worker is frozen in the middle of a commit until Temporal takes it for dead and another
one has done its work, and then wakes and goes on as if nothing had happened.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta

import pytest

import worker
from domain.ledger import broken_at
from domain.lifecycle import Opened, TimeReached, decide, decide_all
from storage import case_records
from tests import making
from tests.crashes import once
from tests.crashes.awaiting import LIMIT, until
from tests.crashes.multitude import Multitude, strict_policy
from tests.crashes.site import Handle, Site, running_site
from tests.crashes.stricken_worker import Step
from tests.crashes.striking import freezing
from tests.kawal import Kawal

LEVELS = 2
CLIMBED = [*once.opened(), *once.left_alone(levels=LEVELS)]
DAY = timedelta(days=1)

FOR_GOOD = "for good"
Lives = dict[Step | str, asyncio.Task[str]]


@pytest.fixture(scope="module")
async def site() -> AsyncIterator[Site]:
    async with running_site(temporal_in_memory=True) as site:
        yield site


@pytest.fixture(scope="module")
async def lives(site: Site) -> AsyncIterator[Lives]:
    """All at the same time: each waits ten seconds for Temporal to take the frozen worker for dead."""
    lives: Lives = {step: asyncio.create_task(_overlap(site, step)) for step in (Step.BEFORE, Step.AFTER)}
    lives[FOR_GOOD] = asyncio.create_task(_frozen_for_good(site))
    lives[Step.COMMIT] = asyncio.create_task(_overlap_in_the_database(site, Step.COMMIT))
    yield lives
    for life in lives.values():
        life.cancel()
    await asyncio.gather(*lives.values(), return_exceptions=True)


async def test_a_worker_that_wakes_after_another_did_its_work_writes_nothing_and_is_told_what_stands(
    lives: Lives,
) -> None:
    assert await lives[Step.BEFORE] != "told: 0 written before"


async def test_what_a_worker_committed_before_it_froze_is_not_committed_again_by_the_next(lives: Lives) -> None:
    assert await lives[Step.AFTER] == "told: 0 written before"


async def test_two_runs_within_the_same_commit_wait_for_each_other_and_only_the_first_writes(lives: Lives) -> None:
    assert await lives[Step.COMMIT] == "told: 0 written before"


async def test_a_worker_that_is_frozen_within_its_transaction_for_good_holds_its_case_up_for_seconds_only(
    lives: Lives,
) -> None:
    assert await lives[FOR_GOOD] == "at the top"


async def test_cases_that_come_due_together_under_four_workers_climb_once_each(site: Site) -> None:
    cases = Multitude(site, strict_policy("1 second", levels=LEVELS), "together", 40)
    async with AsyncExitStack() as running:
        workers = [site.worker(f"worker-{number}") for number in range(4)]
        await asyncio.gather(*(running.enter_async_context(worker) for worker in workers))
        due = datetime.now(UTC) + timedelta(seconds=3)
        await cases.open(lambda _: {"accepted_at": datetime.now(UTC), "promised_at": due})
        await cases.until_at_the_top()
        await cases.check(CLIMBED, breached_levels=LEVELS)


def test_the_same_moment_told_twice_passes_once() -> None:
    due = making.NOON + 10 * DAY
    once_told, _ = decide_all(making.routed(), [Opened(making.NOON), TimeReached(due)])
    assert [entry.level for entry in once_told.ledger] == [0]
    assert decide(once_told, TimeReached(due)) == ()


async def test_a_case_at_the_top_of_its_ladder_fires_nothing_more_for_years(kawal: Kawal) -> None:
    case = await kawal.open(making.policy("10 days", levels=LEVELS))
    for _ in range(LEVELS):
        at_the_top = await kawal.pass_time(case, 11 * DAY)
    assert await kawal.kinds(case.id) == CLIMBED
    assert await kawal.pass_time(case, 1000 * DAY) == at_the_top
    assert await kawal.kinds(case.id) == CLIMBED
    ledger = await kawal.ledger(case.id)
    assert [entry.level for entry in ledger] == list(range(LEVELS))
    assert broken_at(ledger) is None


async def _overlap(site: Site, step: Step) -> str:
    """Freeze a worker at its first breach; wake it when another has taken the case to the top; return its answer."""
    queue = f"frozen-{step.name}"
    case = await site.open(making.policy("2 seconds", levels=LEVELS), task_queue=queue)
    async with freezing(site, step, queue) as frozen:
        await frozen.stands_still()
        async with worker.build(site.client, site.pool, task_queue=queue), asyncio.timeout(LIMIT):
            await site.at_the_top(case)
            before = await case_records.timeline(site.pool, case.id)
            told = await frozen.wake()
            assert await _checked(site, case) == before
    return told


async def _overlap_in_the_database(site: Site, step: Step) -> str:
    """Freeze a worker within its transaction; wake it when another waits to write the same. Return what it is told."""
    queue = f"frozen-{step.name}"
    case = await site.open(making.policy("2 seconds", levels=LEVELS), task_queue=queue)

    async def another_waits() -> bool:
        return bool(await site.pool.fetchval("select count(*) from pg_locks where not granted"))

    async with freezing(site, step, queue) as frozen:
        await frozen.stands_still()
        async with worker.build(site.client, site.pool, task_queue=queue), asyncio.timeout(LIMIT):
            await until(another_waits)
            told = await frozen.wake()
            await site.at_the_top(case)
            await _checked(site, case)
    return told


async def _frozen_for_good(site: Site) -> str:
    """Freeze a worker within its transaction and never wake it; return once another has taken the case to the top."""
    case = await site.open(making.policy("2 seconds", levels=LEVELS), task_queue="frozen-for-good")
    async with freezing(site, Step.COMMIT, "frozen-for-good") as frozen:
        await frozen.stands_still()
        async with worker.build(site.client, site.pool, task_queue="frozen-for-good"), asyncio.timeout(LIMIT):
            await site.at_the_top(case)
            await _checked(site, case)
    return "at the top"


async def _checked(site: Site, case: Handle) -> list[dict[str, object]]:
    timeline = await once.check(site, case)
    assert once.kinds(timeline) == CLIMBED
    return timeline
