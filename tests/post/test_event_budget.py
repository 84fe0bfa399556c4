"""What deliveries and requests cost: history events, counted on real histories under the real limits of the pack.

A task of a workflow is 3 events, a commit 1, a call to the carrier 3. So what happens costs:

| in a delivery | events |
|---|---|
| it begins: started, a task, its plan and the commit of it, the order, a task, a commit, a timer | 14 |
| the carrier tells something: the signal, a task, a commit, another timer instead of the first | 7 |
| the carrier is asked, and knows nothing new: the timer, a task, the call, a task, a commit, another timer | 12 |
| the last that is told, and the end | 6 |

| in a request | events |
|---|---|
| it begins: started, a task, its plan and the commit of it | 6 |
| the agency prepares it: a child is begun, which wakes it; it ends; a task, a commit | 10 |
| it is paid at a counter: the call, a task, a commit, a timer; the signal, a task, a commit, no timer | 14 |
| it is delivered: as it is prepared, and a timer | 11 |
| it is confirmed: a task, the update, a commit, the answer, the end | 7 |
"""

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from schemas.service_request import RequestStatus
from tests.post.house import House


async def history(house: House, workflow_id: str) -> list[HistoryEvent]:
    """Wait for a workflow's end; return its history."""
    handle = house.client.get_workflow_handle(workflow_id)
    await handle.result()
    return list((await handle.fetch_history()).events)


async def test_a_delivery_of_three_attempts_costs_34_events_of_the_40_that_it_may(by_hand: House) -> None:
    request = await by_hand.request("population-documents")
    await by_hand.prepare(request)
    delivery_id = f"{request.request_id}-d1"
    order_id = await by_hand.order(request)
    await by_hand.happen(order_id, "picked", "departed", "at_office")
    for attempt in (1, 2):
        await by_hand.happen(order_id, "dropping_off")
        await by_hand.happen(order_id, "delivery_failed", reason="nobody_there")
        await by_hand.until_delivery(delivery_id, "told", attempt)
    await by_hand.happen(order_id, "dropping_off", "delivered")
    assert len(await history(by_hand, delivery_id)) <= 14 + 2 * 7 + 6 < 40


async def test_asking_a_silent_carrier_costs_12_events_each_time(deaf: House) -> None:
    life = await deaf.lives("population-documents", "third_attempt")
    events = await history(deaf, f"{life.request.request_id}-d1")
    woken = sum(event.event_type == EventType.EVENT_TYPE_TIMER_FIRED for event in events)
    assert woken
    assert len(events) <= 14 + 12 * woken + 1


async def test_a_request_costs_34_events_and_14_more_if_it_is_paid(by_hand: House) -> None:
    for service, most in (("population-documents", 34), ("samsat-papers", 34 + 14)):
        request = await by_hand.request(service)
        await by_hand.prepare(request)
        if service == "samsat-papers":
            await by_hand.pay(request)
        await by_hand.happen(await by_hand.order(request), "picked", "delivered")
        await by_hand.until(request, RequestStatus.CONFIRMING)
        await by_hand.confirm(request)
        assert len(await history(by_hand, request.request_id)) <= most
