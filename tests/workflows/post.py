"""Deliveries of cases: a post that takes none, and those that a case has begun."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import worker
from audit.replay import of_case
from carriers.http_carrier import HttpCarrier
from local.ports import LOOPBACK, free_port
from tests.kawal import Kawal


@asynccontextmanager
async def post_that_carries_nothing(kawal: Kawal, task_queue: str) -> AsyncIterator[None]:
    """Let every delivery end before the carrier is asked, because nobody is known under its recipient's reference.

    A case whose delivery is on its way stays in real time on these servers.
    """
    async with (
        HttpCarrier(f"http://{LOOPBACK}:{free_port()}", "key") as carrier,
        worker.build_post(kawal.client, kawal.pool, carrier, rate=1000, task_queue=task_queue),
    ):
        yield


async def deliveries_begun(kawal: Kawal, case_id: str) -> list[str]:
    """Return the deliveries that a case has begun, over all of its histories."""
    return [
        event.start_child_workflow_execution_initiated_event_attributes.workflow_id
        async for history in of_case(kawal.client, case_id)
        for event in history.events
        if event.HasField("start_child_workflow_execution_initiated_event_attributes")
    ]
