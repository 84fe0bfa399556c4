"""A case has its remedy carried by a delivery of its own, which outlives it and tells it of its end."""

from typing import Any

import pytest
from temporalio.client import WorkflowExecutionStatus

from audit.replay import of_case, replay
from gateway.refusals import RefusedError
from schemas.delivery import DeliveryResult
from schemas.delivery_status import DeliveryStatus
from schemas.messages import Message
from schemas.status import Status
from storage import deliveries
from tests import making
from tests.kawal import Handle, Kawal
from tests.workflows.post import deliveries_begun, post_that_carries_nothing
from workflows.complaint import ComplaintWorkflow


def order(number: int = 1, **fields: Any) -> Message:
    return making.message("deliver", f"order-{number}", **({"service": "papers", "recipient": "recipient-1"} | fields))


async def opened(kawal: Kawal, **complaint: Any) -> Handle:
    """Start a case under rules by which it may have something carried, in real time."""
    return await kawal.open(making.whole_policy(), real_time=True, **complaint)


async def all_hold(kawal: Kawal, case: Handle) -> bool:
    return all([verdict.holds async for verdict in replay(of_case(kawal.client, case.id))])


async def test_who_orders_a_remedy_hears_back_when_its_delivery_has_begun(kawal: Kawal) -> None:
    case = await opened(kawal)
    receipt = await kawal.in_real_time.send(case.id, order())
    delivery = await kawal.client.get_workflow_handle(f"{case.id}-d1").describe()
    assert (receipt.status, delivery.status) == (Status.ASSIGNED, WorkflowExecutionStatus.RUNNING)
    assert delivery.parent_id == case.id
    [remedy] = (await kawal.stored(case.id)).remedies
    assert (remedy.delivery_id, remedy.outcome) == (f"{case.id}-d1", None)


async def test_however_often_an_order_is_repeated_there_is_one_delivery(kawal: Kawal) -> None:
    case = await opened(kawal)
    for _ in range(3):
        await kawal.in_real_time.send(case.id, order())
        await case.signal("deliver", order())
    await kawal.in_real_time.send(case.id, order(2, service="goods"))
    assert await deliveries_begun(kawal, case.id) == [f"{case.id}-d1", f"{case.id}-d2"]
    assert await all_hold(kawal, case)


async def test_a_case_that_goes_on_in_new_histories_begins_no_delivery_anew_and_hears_of_its_end_there(
    short_histories: Kawal,
) -> None:
    case = await opened(short_histories)
    send, latest = short_histories.in_real_time.send, short_histories.starter.handle(case.id)
    await send(case.id, order())
    for number in range(8):
        await send(case.id, making.message("note", f"note-{number}"))
    await send(case.id, order(2))
    for delivery_id in (f"{case.id}-d1", f"{case.id}-d2"):
        await short_histories.client.get_workflow_handle(delivery_id).result()
    for number in range(8, 12):
        await send(case.id, making.message("note", f"note-{number}"))
    assert len([history async for history in of_case(short_histories.client, case.id)]) > 2
    assert await deliveries_begun(short_histories, case.id) == [f"{case.id}-d1", f"{case.id}-d2"]
    shown = await latest.query(ComplaintWorkflow.state)
    assert [remedy.outcome for remedy in shown.remedies] == [DeliveryStatus.REFUSED, DeliveryStatus.REFUSED]
    assert (await short_histories.kinds(case.id)).count("delivery ended") == 2


async def test_a_delivery_goes_on_when_its_case_is_over_and_ends_though_nobody_hears_of_it(kawal: Kawal) -> None:
    case = await opened(kawal)
    await kawal.in_real_time.send(case.id, order())
    await kawal.in_real_time.send(case.id, making.withdraw())
    assert (await case.result()).status is Status.WITHDRAWN
    delivery = kawal.client.get_workflow_handle(f"{case.id}-d1", result_type=DeliveryResult)
    assert (await delivery.describe()).status is WorkflowExecutionStatus.RUNNING
    async with post_that_carries_nothing(kawal, kawal.task_queue):
        assert (await delivery.result()).status is DeliveryStatus.REFUSED
    [remedy] = (await kawal.stored(case.id)).remedies
    assert remedy.outcome is None
    [shipment] = await deliveries.of(kawal.pool, case.id)
    assert shipment.status is DeliveryStatus.REFUSED


async def test_an_end_that_comes_from_elsewhere_is_refused_or_recorded_as_refused(kawal: Kawal) -> None:
    case = await opened(kawal)
    stranger = making.message("carried", delivery="case-0-d1", outcome="delivered")
    with pytest.raises(RefusedError, match="delivery: case-0-d1 is not one that this case ordered"):
        await kawal.in_real_time.send(case.id, stranger)
    await case.signal("carried", stranger)
    await kawal.in_real_time.send(case.id, making.acknowledge())
    assert (await kawal.kinds(case.id))[2:] == ["message refused", "acknowledged"]


async def test_a_case_that_prepares_a_service_is_over_with_its_answer_and_says_that_it_was_answered(
    kawal: Kawal,
) -> None:
    case = await opened(kawal, service="papers")
    with pytest.raises(RefusedError, match="the case prepares papers"):
        await kawal.in_real_time.send(case.id, order())
    await kawal.in_real_time.send(case.id, making.message("respond", evidence=("photo-1",)))
    result = await case.result()
    assert (result.status, result.answered) == (Status.CLOSED, True)
    stored = await kawal.stored(case.id)
    assert (stored.service, stored.window) == ("papers", None)
    assert await all_hold(kawal, case)


async def test_a_case_that_prepares_a_service_and_is_withdrawn_was_not_answered(kawal: Kawal) -> None:
    case = await opened(kawal, service="papers")
    await kawal.in_real_time.send(case.id, making.withdraw())
    assert (await case.result()).answered is False
