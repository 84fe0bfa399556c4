"""Record a history of every kind of life that cases, requests and deliveries have: `record_histories VERSION`.

Run once for a release, with `python -m tests.record_histories`; what it writes to tests/histories/VERSION is never
changed afterwards.
"""

import asyncio
import sys
from collections import Counter
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

import worker
from audit.replay import of_case
from gateway.refusals import RefusedError
from gateway.scorecards import Scorecards
from gateway.starter import Starter
from local.ports import free_port
from local.postgres import EmbeddedPostgres
from local.scratch import scratch_folder
from local.temporal import TemporalDevServer
from privacy.ring import new_ring
from runtime.namespace import register_search_attributes
from runtime.temporal import DATA_CONVERTER
from schemas.calendar import limit
from schemas.case import Absence
from schemas.delivery_status import DeliveryStatus
from schemas.messages import Actor, Role
from schemas.policy import Policy
from schemas.scorecard import Decide, Object, Outcome, RegisterEntry, RegisterKind
from simulation.demo_report import ToldStory
from simulation.post_house import post_house
from simulation.service_stories import Story, stories
from simulation.story_told import tell
from storage import absences, database, deliveries, policies
from storage.policy_pack import load_pack
from tests import making
from tests.kawal import Handle
from workflows.search_attributes import KEYS

HISTORIES = Path(__file__).parent / "histories"
LAMPUNG = Path(__file__).parent.parent / "policies" / "lampung"
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


async def asked_and_closed_by_silence(kawal: Starter, case: Handle, _: EmbeddedPostgres) -> None:
    await _say(kawal, case, "ask")


async def passed_on_rejected_and_appealed(kawal: Starter, case: Handle, _: EmbeddedPostgres) -> None:
    await _say(kawal, case, "transfer", agency="SCHOOLS", reason="wrong-agency")
    await _say(kawal, case, "reject", reason="not-a-complaint")
    await _say(kawal, case, "appeal")
    await _say(kawal, case, "refer", addressee="POLICE")


async def coordinated_reopened_and_rated(kawal: Starter, case: Handle, _: EmbeddedPostgres) -> None:
    await _say(kawal, case, "coordinate", agencies=("ROADS", "SCHOOLS"))
    await _fired(case, 2)
    for agency in ("ROADS", "SCHOOLS"):
        await _say(kawal, case, "respond", f"{agency}-answer", actor=making.operator(agency))
    await _say(kawal, case, "reopen")
    await _say(kawal, case, "respond", evidence=("photo-1",))
    await _say(kawal, case, "disprove")
    await _say(kawal, case, "respond", "at-last", evidence=("photo-2",))
    await _say(kawal, case, "rate", score=5)


async def paused_extended_and_recalculated(kawal: Starter, case: Handle, _: EmbeddedPostgres) -> None:
    await _say(kawal, case, "verify", case_class="field")
    await _say(kawal, case, "pause", limit="2 seconds", reason="waits-for-court")
    await _fired(case, 1)
    await _say(kawal, case, "extend", by="3 seconds", reason="parts-ordered")
    await _say(kawal, case, "recalculate", policy_version="v2", calendar=making.calendar(), basis="Decree 7/2026")
    await _fired(case, 2)
    await _say(kawal, case, "withdraw")


async def reminded_at_the_top_and_open(kawal: Starter, case: Handle, _: EmbeddedPostgres) -> None:
    await _fired(case, 10)


async def held_by_a_deputy(kawal: Starter, case: Handle, _: EmbeddedPostgres) -> None:
    now = datetime.now(UTC)
    away = Absence(office="operator@ROADS", since=now, until=now + timedelta(days=1), deputy="secretary@ROADS")
    await absences.record(kawal.pool, away)
    await _fired(case, 2)
    await kawal.pool.execute("delete from absences")
    await _say(kawal, case, "withdraw")


async def carried_on_in_a_second_history(kawal: Starter, case: Handle, _: EmbeddedPostgres) -> None:
    for number in range(25):
        await _say(kawal, case, "note", f"note-{number}")
    await _say(kawal, case, "withdraw")


async def had_something_carried(kawal: Starter, case: Handle, _: EmbeddedPostgres) -> None:
    await _say(kawal, case, "deliver", service="papers", recipient="recipient-1")
    await _say(kawal, case, "respond")
    delivery = f"{case.id}-d1"
    await _say(kawal, case, "carried", delivery=delivery, outcome=DeliveryStatus.RETURNED)
    await _say(kawal, case, "withdraw")


async def _say(kawal: Starter, case: Handle, kind: str, message_id: str | None = None, **fields: Any) -> None:
    await kawal.send(case.id, making.message(kind, message_id, **fields))


LIVES: dict[Life, dict[str, str | None]] = {
    answered_in_time: {},
    climbed_to_the_top_and_open: {},
    answered_late_but_accepted_in_time: {},
    withdrawn_from_triage: {"region": None},
    withdrawn_late: {},
    refused_messages: {},
    database_away: {},
}
WHOLE_LIVES: dict[Life, dict[str, str | None]] = {
    asked_and_closed_by_silence: {},
    passed_on_rejected_and_appealed: {},
    coordinated_reopened_and_rated: {},
    paused_extended_and_recalculated: {},
    reminded_at_the_top_and_open: {},
    held_by_a_deputy: {},
    carried_on_in_a_second_history: {},
    had_something_carried: {},
}
"""Under a policy in which everything may happen."""


def _whole_policy() -> Policy:
    """Return the policy of whole lives, with limits of seconds."""
    whole = making.whole_policy("3 seconds", name="whole-in-seconds", information="2 seconds", review="2 seconds")
    ladders = tuple(ladder.model_copy(update={"reminders": (limit("5 seconds"),)}) for ladder in whole.ladders)
    return whole.model_copy(update={"ladders": ladders})


async def record(version: str) -> None:
    """Live every life against real servers and write its histories."""
    folder = HISTORIES / version
    folder.mkdir(exist_ok=False)
    with scratch_folder() as scratch:
        postgres = EmbeddedPostgres(scratch / "postgres", free_port(), log=scratch / "postgres.log", durable=False)
        temporal = TemporalDevServer(free_port(), log=scratch / "temporal.log")
        async with postgres, temporal:
            client = await Client.connect(temporal.address, data_converter=DATA_CONVERTER, identity="recorder")
            await database.migrate(postgres.url)
            await register_search_attributes(client, KEYS)
            pool = await database.connect(postgres.url, ring=new_ring("recorder"))
            async with worker.build(client, pool):
                kawal = Starter(client, pool)
                for policy, lives in ((POLICY, LIVES), (_whole_policy(), WHOLE_LIVES)):
                    await policies.publish(pool, policy)
                    for life, changes in lives.items():
                        case = await _begun(kawal, life, policy, changes)
                        await life(kawal, case, postgres)
                        await _write(kawal, life, case, folder)
                await _register(kawal, "ROADS", folder)
            await pool.close()


async def record_services(version: str) -> None:
    """Have every service requested, and write the histories of the requests and of their deliveries."""
    policy, folder = load_pack(LAMPUNG), HISTORIES / version
    async with post_house(policy, day=1) as house:
        to_tell = stories(policy)
        await house.carrier.set(scenarios={story.first_order: story.course for story in to_tell})
        async with asyncio.TaskGroup() as group:
            for story in to_tell:
                group.create_task(tell(house, story, Unwatched()))
        ways = Counter[str]()
        for story in to_tell:
            way = f"{story.service}-{story.way.name.lower()}"
            ways[way] += 1
            carried = enumerate(await deliveries.of(house.pool, story.request_id), start=1)
            workflows = {"request": story.request_id} | {f"delivery-{n}": view.delivery_id for n, view in carried}
            for what, workflow_id in workflows.items():
                [history] = [history async for history in of_case(house.client, workflow_id)]
                name = f"{way}-{ways[way]}-{what}"
                (folder / f"{name}.json").write_text(history.to_json() + "\n")
                sys.stdout.write(f"{name}: {len(history.events)} events\n")


class Unwatched:
    """Nobody watches."""

    def stands(self, story: Story, words: str) -> None:
        """Hear nothing."""

    def ended(self, story: Story, told: ToldStory) -> None:
        """Let nothing be recorded that came out otherwise than it had to."""
        if not told.agrees:
            raise RuntimeError(f"{story.title}: {told.problem or told.came_out}")


async def _register(kawal: Starter, agency: str, folder: Path) -> None:
    """Write the history of the register that all these lives led to, with an objection and a decision in it."""
    registry = Scorecards(kawal.client, kawal.pool, kawal.task_queue)
    await registry.deliver()
    found: list[RegisterEntry] = []
    async for _ in registry.handle(agency).fetch_history_events(wait_new_event=True):
        found = await registry.list(agency=agency)
        if any(entry.kind is RegisterKind.RECEIVED for entry in found):
            break
    proposal = next(entry for entry in found if entry.kind is RegisterKind.RECEIVED and entry.deciders)
    accused = Actor(id="operator-7", office=proposal.subject)
    await registry.send(agency, Object(message_id="o-1", actor=accused, entry=proposal.number, reason="was-on-duty"))
    assert proposal.deciders
    decider = Actor(id="superior-2", role=Role.SUPERIOR, office=proposal.deciders[0])
    await registry.send(
        agency,
        Decide(message_id="d-1", actor=decider, entry=proposal.number, outcome=Outcome.ANNULLED, reason="well-founded"),
    )
    async for history in of_case(kawal.client, registry.handle(agency).id):
        (folder / "register.json").write_text(history.to_json() + "\n")
        sys.stdout.write(f"register: {len(history.events)} events\n")


async def _begun(kawal: Starter, life: Life, policy: Policy, changes: dict[str, str | None]) -> Handle:
    now = datetime.now(UTC)
    return await kawal.start(making.complaint(life.__name__, accepted_at=now, policy_version=policy.version, **changes))


async def _write(kawal: Starter, life: Life, case: Handle, folder: Path) -> None:
    name = life.__name__
    if not name.endswith("_and_open"):
        await case.result()
    histories = [history async for history in of_case(kawal.client, case.id)]
    for number, history in enumerate(histories, start=1):
        part = f"-{number}" if len(histories) > 1 else ""
        (folder / f"{name}{part}.json").write_text(history.to_json() + "\n")
        sys.stdout.write(f"{name}{part}: {len(history.events)} events\n")


async def _record_all(version: str) -> None:
    await record(version)
    await record_services(version)


if __name__ == "__main__":
    asyncio.run(_record_all(sys.argv[1]))
