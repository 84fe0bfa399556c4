"""PostgreSQL killed under a running case."""

import asyncio

from schemas.status import Status
from tests import making
from tests.crashes import once
from tests.crashes.awaiting import LIMIT, until
from tests.crashes.site import Handle, Site

A_HANDFUL = 8


async def test_an_answer_and_a_breach_wait_for_a_database_that_is_away_and_cost_only_a_handful_of_events(
    site: Site,
) -> None:
    async with site.worker() as worker:
        undisturbed = await site.open(making.policy())
        answered = await site.open(making.policy())
        climbing = await site.open(making.policy("2 seconds", levels=2))
        for case in (undisturbed, answered, climbing):
            await site.routed(case)
        await site.starter.send(undisturbed.id, making.respond())
        await site.postgres.kill()
        answer = asyncio.create_task(site.starter.send(answered.id, making.respond()))
        await until(lambda: _is_repeated(answered))
        await until(lambda: _is_repeated(climbing))
        assert not answer.done()
        await site.postgres.start()
        async with asyncio.timeout(LIMIT):
            receipt = await answer
            await site.at_the_top(climbing)
        assert receipt.status == Status.CLOSED
        assert await site.starter.send(answered.id, making.respond()) == receipt
        assert once.kinds(await once.check(site, answered)) == [*once.opened(), "responded", "closed"]
        assert once.kinds(await once.check(site, climbing)) == [*once.opened(), *once.left_alone(levels=2)]
        assert 0 <= await _events(answered) - await _events(undisturbed) <= A_HANDFUL
        assert worker.returncode is None


async def _is_repeated(case: Handle) -> bool:
    """Say whether a commit failed as a normal activity, which leaves no events, and is tried anew."""
    pending = (await case.describe()).raw_description.pending_activities
    return any(one.activity_type.name == "commit" and one.attempt > 1 for one in pending)


async def _events(case: Handle) -> int:
    await case.result()
    return len([event async for event in case.fetch_history_events()])
