"""Temporal killed under running cases, and started again on the same file."""

import asyncio
from datetime import UTC, datetime

import worker
from schemas.status import Status
from storage import case_records
from tests import making
from tests.crashes import once
from tests.crashes.awaiting import LIMIT
from tests.crashes.dying import work_until_dead
from tests.crashes.dying_worker import Moment
from tests.crashes.site import Site


async def test_timers_that_come_due_while_temporal_is_away_ring_once_when_it_is_back(site: Site) -> None:
    async with site.worker() as worker:
        cases = [await site.open(making.policy("2 seconds", levels=2)) for _ in range(3)]
        dues = [(await site.routed(case)).due for case in cases]
        await site.temporal.kill()
        last_due = max(due.at for due in dues if due is not None)
        await asyncio.sleep((last_due - datetime.now(UTC)).total_seconds())
        await site.temporal.start()
        async with asyncio.timeout(LIMIT):
            for case in cases:
                await site.at_the_top(case)
        for case in cases:
            assert once.kinds(await once.check(site, case)) == [*once.opened(), *once.left_alone(levels=2)]
        assert worker.returncode is None


async def test_an_answer_that_the_database_has_is_never_forgotten_by_its_case(site: Site) -> None:
    """The worker dies right after the commit, and Temporal before it notices: nobody heard of the answer."""
    queue = "forgotten"
    case = await site.open(making.policy("8 seconds", levels=1), task_queue=queue)
    dying = asyncio.create_task(work_until_dead(site, Moment.AFTER, 2, queue))
    await site.routed(case)
    answer = asyncio.create_task(site.starter.send(case.id, making.respond()))
    await dying
    await site.temporal.kill()
    answer.cancel()
    await asyncio.gather(answer, return_exceptions=True)
    assert await case_records.effect_of(site.pool, case.id, making.respond()) == 3
    await site.temporal.start()
    async with worker.build(site.client, site.pool, task_queue=queue):
        try:
            async with asyncio.timeout(LIMIT):
                assert (await case.result()).status is Status.CLOSED
        except TimeoutError:
            raise AssertionError(f"it hangs: {await site.why_it_hangs(case)}") from None
        assert once.kinds(await once.check(site, case)) == [*once.opened(), "responded", "closed"]
    assert (await site.starter.send(case.id, making.respond())).seq == 3
