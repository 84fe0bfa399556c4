"""Record one history of every kind of life a case can have: `python -m tests.record_histories VERSION`.

Run once for a release; what it writes to tests/histories/VERSION is never changed afterwards.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

import worker
from gateway.starter import RefusedError, Starter
from local.ports import free_port
from local.postgres import EmbeddedPostgres
from local.scratch import scratch_folder
from local.temporal import TemporalDevServer
from runtime.namespace import register_search_attributes
from runtime.temporal import DATA_CONVERTER
from storage import database, policies
from tests import making
from tests.kawal import Handle
from workflows.search_attributes import KEYS

HISTORIES = Path(__file__).parent / "histories"
POLICY = making.policy("4 seconds", levels=2, warn_share=0.25)
Life = Callable[[Starter, Handle, EmbeddedPostgres], Awaitable[None]]


async def _fired(case: Handle, timers: int) -> None:
    seen = 0
    async for event in case.fetch_history_events(wait_new_event=True):
        seen += event.event_type == EventType.EVENT_TYPE_TIMER_FIRED
        if seen == timers and event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            return


async def answered_in_time(kawal: Starter, case: Handle, _: EmbeddedPostgres) -> None:
    await kawal.send(case.id, making.acknowledge())
    await kawal.send(case.id, making.respond(agency="ROADS"))


async def climbed_to_the_top_and_open(_: Starter, case: Handle, __: EmbeddedPostgres) -> None:
    await _fired(case, 4)


async def answered_late_but_accepted_in_time(kawal: Starter, case: Handle, _: EmbeddedPostgres) -> None:
    accepted_at = datetime.now(UTC)
    await _fired(case, 2)
    await kawal.send(case.id, making.respond(accepted_at=accepted_at))


async def withdrawn_from_triage(kawal: Starter, case: Handle, _: EmbeddedPostgres) -> None:
    await _fired(case, 1)
    await kawal.send(case.id, making.withdraw())


async def withdrawn_late(kawal: Starter, case: Handle, _: EmbeddedPostgres) -> None:
    await _fired(case, 3)
    await kawal.send(case.id, making.withdraw())


async def refused_messages(kawal: Starter, case: Handle, _: EmbeddedPostgres) -> None:
    for name, payload in (("respond", {}), ("respnd", {}), ("respond", making.respond(agency="SCHOOLS"))):
        await case.signal(name, payload)
    try:
        await kawal.send(case.id, making.respond(agency="SCHOOLS"))
    except RefusedError:
        await case.signal("respond", making.respond("by-signal"))


async def database_away(kawal: Starter, case: Handle, postgres: EmbeddedPostgres) -> None:
    await postgres.kill()
    async for event in case.fetch_history_events(wait_new_event=True):
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED:
            break
    await postgres.start()
    await kawal.send(case.id, making.respond())


LIVES: dict[Life, dict[str, str | None]] = {
    answered_in_time: {},
    climbed_to_the_top_and_open: {},
    answered_late_but_accepted_in_time: {},
    withdrawn_from_triage: {"region": None},
    withdrawn_late: {},
    refused_messages: {},
    database_away: {},
}


async def record(version: str) -> None:
    """Live every life against real servers and write its history."""
    folder = HISTORIES / version
    folder.mkdir(exist_ok=False)
    with scratch_folder() as scratch:
        postgres = EmbeddedPostgres(scratch / "postgres", free_port(), log=scratch / "postgres.log", durable=False)
        temporal = TemporalDevServer(free_port(), log=scratch / "temporal.log")
        async with postgres, temporal:
            client = await Client.connect(temporal.address, data_converter=DATA_CONVERTER, identity="recorder")
            await database.migrate(postgres.url)
            await register_search_attributes(client, KEYS)
            pool = await database.connect(postgres.url)
            await policies.publish(pool, POLICY)
            async with worker.build(client, pool):
                for life, changes in LIVES.items():
                    name = life.__name__
                    complaint = making.complaint(
                        name, accepted_at=datetime.now(UTC), policy_version=POLICY.version, **changes
                    )
                    kawal = Starter(client, pool)
                    case = await kawal.start(complaint)
                    await life(kawal, case, postgres)
                    if name != "climbed_to_the_top_and_open":
                        await case.result()
                    history = await case.fetch_history()
                    (folder / f"{name}.json").write_text(history.to_json() + "\n")
                    sys.stdout.write(f"{name}: {len(history.events)} events\n")
            await pool.close()


if __name__ == "__main__":
    asyncio.run(record(sys.argv[1]))
