"""Everything killed at random while cases live: whatever was hit, each entry is there once."""

import asyncio
import os
from random import Random
from secrets import randbelow

from schemas.messages import Message, MessageReceipt
from schemas.status import Status
from tests import making
from tests.crashes import insisting, once
from tests.crashes.awaiting import until
from tests.crashes.killer import Killer
from tests.crashes.site import Handle, Site

ROUNDS = 6
POLICY = making.policy("3 seconds")
SETTLED_WITHIN = 60.0


async def test_whatever_is_killed_every_case_goes_on_and_has_each_entry_once(site: Site) -> None:
    seed = int(os.environ.get("KAWAL_CRASH_SEED") or randbelow(1_000_000))
    worker = site.worker()
    killer = Killer(seed, {"worker": worker, "PostgreSQL": site.postgres, "Temporal": site.temporal})
    try:
        async with worker:
            await _live_through_it(site, killer)
        assert once.signs_of_bugs(site.folder / "worker.log") == []
    except BaseException as error:
        error.add_note(f"{killer}. Again: KAWAL_CRASH_SEED={seed}")
        raise


async def _live_through_it(site: Site, killer: Killer) -> None:
    alone, answered, withdrawn, signalled = [[await site.open(POLICY) for _ in range(count)] for count in (4, 3, 2, 1)]
    chance = Random(killer.seed)
    talks = [_talk(site, case, making.acknowledge(), making.respond(), chance=chance) for case in answered]
    talks += [_talk(site, case, making.withdraw(), chance=chance) for case in withdrawn]
    talks += [_signal(case, chance) for case in signalled]
    async with asyncio.timeout(SETTLED_WITHIN), asyncio.TaskGroup() as group:
        for talk in talks:
            group.create_task(talk)
        group.create_task(killer.kill(rounds=ROUNDS))
    for case in alone + signalled:
        await until(lambda case=case: _is_at_the_top(site, case), limit=SETTLED_WITHIN)  # type: ignore[misc]
    for case in alone:
        assert once.kinds(await once.check(site, case)) == [*once.opened(), *once.left_alone(levels=4)]
    for case in signalled:
        kinds = once.kinds(await once.check(site, case))
        kinds.remove("acknowledged")
        assert kinds == [*once.opened(), *once.left_alone(levels=4)]
    for case, status in [
        *((case, Status.CLOSED) for case in answered),
        *((case, Status.WITHDRAWN) for case in withdrawn),
    ]:
        timeline = await once.check(site, case)
        assert (await case.result()).status is status
        assert once.kinds(timeline).count("acknowledged") == (status is Status.CLOSED)


async def _talk(site: Site, case: Handle, *messages: Message, chance: Random) -> None:
    """Send messages at any time while servers die; the receipt must be the same ever after."""
    receipts: list[tuple[Message, MessageReceipt]] = []
    for message in messages:
        await asyncio.sleep(chance.uniform(0, 6.0))
        receipts.append((message, await insisting.send(site, case, message)))
    for message, receipt in receipts:
        assert (await insisting.send(site, case, message)).seq == receipt.seq


async def _signal(case: Handle, chance: Random) -> None:
    for _ in range(3):
        await asyncio.sleep(chance.uniform(0, 3.0))
        await insisting.signal(case, making.acknowledge())


async def _is_at_the_top(site: Site, case: Handle) -> bool:
    return (await site.stored(case.id)).what_next is None
