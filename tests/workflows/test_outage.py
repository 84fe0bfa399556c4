"""Nobody is punished for an outage: a message counts from when the edge accepted it."""

import asyncio
from datetime import datetime, timedelta

import pytest
from temporalio.client import Client

import worker
from gateway.starter import Starter
from schemas.messages import Message
from storage import case_records, policies
from storage.database import Pool
from tests import making
from tests.kawal import Kawal

LIMIT = timedelta(seconds=1)


@pytest.mark.parametrize("message", [making.respond(), making.withdraw()])
async def test_who_answers_or_withdraws_in_time_while_no_worker_runs_is_in_time(
    kawal: Kawal, client: Client, pool: Pool, message: Message
) -> None:
    policy = making.policy("1 second")
    await policies.publish(pool, policy)
    starter = Starter(client, pool, task_queue=f"nobody-yet-{kawal.new_id()}")
    complaint = kawal.complaint(policy)
    await starter.start(complaint)
    receipt = asyncio.create_task(starter.send(complaint.case_id, message))
    await passed(complaint.accepted_at + LIMIT)
    async with worker.build(client, pool, task_queue=starter.task_queue):
        await receipt
        assert (await starter.handle(complaint.case_id).result()).on_time
    assert sum(entry.points for entry in await case_records.ledger(pool, complaint.case_id)) == 0


async def passed(moment: datetime) -> None:
    """Wait until a moment has passed: nothing happens then that could be awaited."""
    await asyncio.sleep((moment - datetime.now(moment.tzinfo)).total_seconds() + 0.1)
