"""Histories of deliveries and requests hold with the code that made them, whatever happened in them."""

import asyncio

from temporalio.worker import Replayer

from runtime import temporal
from tests.post.house import House, Life
from workflows.complaint import ComplaintWorkflow
from workflows.delivery import DeliveryWorkflow
from workflows.service_request import ServiceRequestWorkflow


async def test_all_histories_replay(house: House, by_hand: House, deaf: House) -> None:
    """Of this test's own lives, and of all that other tests have left behind."""

    async def cancelled() -> Life:
        request = await by_hand.request("samsat-papers")
        await by_hand.prepare(request)
        await by_hand.pay(request)
        await by_hand.order(request)
        await by_hand.cancel(request)
        return await by_hand.life(request)

    lives = await asyncio.gather(
        house.lives("samsat-papers"),
        house.lives("medicine", "third_attempt"),
        deaf.lives("population-documents"),
        cancelled(),
    )
    requests = [life.request.request_id for life in lives]
    replayer = Replayer(
        workflows=[ComplaintWorkflow, DeliveryWorkflow, ServiceRequestWorkflow],
        data_converter=temporal.DATA_CONVERTER,
        workflow_runner=temporal.workflow_runner(),
    )
    kept = house.client.list_workflows("WorkflowType IN ('Delivery', 'ServiceRequest')").map_histories()
    found: dict[str, Exception | None] = {}
    async with replayer.workflow_replay_iterator(kept) as results:
        async for result in results:
            found[result.history.workflow_id] = result.replay_failure
    assert {*requests, *(f"{request}-d1" for request in requests)} <= set(found)
    assert {name: failure for name, failure in found.items() if failure is not None} == {}
