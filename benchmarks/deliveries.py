"""How many deliveries a second go through the whole house, against bare workflows in the same run.

Run it as `python -m benchmarks.deliveries [DELIVERIES]`; 200 if none are named.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from time import perf_counter

from temporalio import activity, workflow
from temporalio.client import Client
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from schemas.delivery import DeliveryStart
from schemas.service_request import Recipient
from simulation.post_house import PostHouse, post_house
from storage import recipients
from storage.policy_pack import load_pack
from workflows.delivery import DeliveryWorkflow

_PACK = Path(__file__).parent.parent / "policies" / "lampung"
_DELIVERIES = 200
_AT_ONCE = 20
_DAY = 2.0
_IN_NO_TIME = 10_000_000
"""How many times faster shipments move: what is measured is the house, not the carrier's days."""
_BARE = "bare"


@activity.defn
async def nothing() -> None:
    """Do nothing."""


@workflow.defn
class Bare:
    """The least that waits for anybody: an activity, a signal, an activity."""

    def __init__(self) -> None:
        self._heard = False

    @workflow.run
    async def run(self) -> None:
        """Live."""
        await workflow.execute_activity(nothing, start_to_close_timeout=timedelta(seconds=10))
        await workflow.wait_condition(lambda: self._heard)
        await workflow.execute_activity(nothing, start_to_close_timeout=timedelta(seconds=10))

    @workflow.signal
    def hear(self) -> None:
        """Go on."""
        self._heard = True


async def main(number: int) -> None:
    """Print how many of both end in a second, and the ratio."""
    async with post_house(load_pack(_PACK), day=_DAY) as house:
        worker = Worker(
            house.client,
            task_queue=_BARE,
            workflows=[Bare],
            activities=[nothing],
            workflow_runner=UnsandboxedWorkflowRunner(),
        )
        async with worker:
            await house.carrier.set(speed=_IN_NO_TIME)
            bare = await _timed(number, lambda n: _live_barely(house.client, n))
        carried = await _timed(number, lambda n: _carry(house, n))
    sys.stdout.write(
        f"bare workflows {bare:6.1f}/s\ndeliveries     {carried:6.1f}/s\nratio          {bare / carried:6.1f}\n"
    )


async def _timed(number: int, live: Callable[[int], Awaitable[None]]) -> float:
    """Live so many lives, a few at a time; return how many ended in a second."""
    places = asyncio.Semaphore(_AT_ONCE)

    async def one(n: int) -> None:
        async with places:
            await live(n)

    begun = perf_counter()
    await asyncio.gather(*(one(n) for n in range(number)))
    return number / (perf_counter() - begun)


async def _live_barely(client: Client, number: int) -> None:
    handle = await client.start_workflow(Bare.run, id=f"bare-{number}", task_queue=_BARE)
    await handle.signal(Bare.hear)
    await handle.result()


async def _carry(house: PostHouse, number: int) -> None:
    """Have something carried and delivered, at a carrier whose days pass in no time."""
    reference = f"somebody-{number}"
    await recipients.store(house.pool, reference, Recipient(name="Warga", address="Jalan Mawar 1"))
    start = DeliveryStart(
        delivery_id=f"carried-{number}",
        service=next(service.code for service in house.policy.services if service.payment is None),
        ordered_by=f"request-{number}",
        recipient=reference,
        region=house.policy.regions[-1].code,
        policy_version=house.policy.version,
        ordered_at=datetime.now(UTC),
    )
    await house.client.execute_workflow(
        DeliveryWorkflow.run, start, id=start.delivery_id, task_queue=house.requests.task_queue
    )


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1]) if len(sys.argv) > 1 else _DELIVERIES))
