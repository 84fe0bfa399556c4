"""What a case costs: history events, counted on real histories (virtual time would add events of its own)."""

import asyncio

import pytest
from temporalio.api.enums.v1 import EventType

from schemas.messages import Respond
from tests import making
from tests.kawal import Handle, Kawal

WAKES = making.policy("4 seconds", warn_share=0.25)
"""Wakes after 1 (warning), 4 (breach, climb), 5 (warning), 8 seconds ..."""


async def wakes(case: Handle, number: int) -> None:
    """Wait until the case has been woken so many times and has gone to sleep again."""
    seen = 0
    async for event in case.fetch_history_events(wait_new_event=True):
        seen += event.event_type == EventType.EVENT_TYPE_TIMER_FIRED
        if seen == number and event.event_type == EventType.EVENT_TYPE_TIMER_STARTED:
            return


@pytest.mark.parametrize("way", ["update", "signal"])
async def test_a_case_that_wakes_k_times_costs_at_most_16_events_and_7_for_each_wake(kawal: Kawal, way: str) -> None:
    async def events_after(k: int) -> tuple[int, int]:
        case = await kawal.open(WAKES, real_time=True)
        await wakes(case, k)
        answer: Respond = making.respond()
        if way == "update":
            await kawal.in_real_time.send(case.id, answer)
        else:
            await case.signal("respond", answer)
        await case.result()
        events = (await case.fetch_history()).events
        fired = sum(event.event_type == EventType.EVENT_TYPE_TIMER_FIRED for event in events)
        return fired, len(events)

    counted = await asyncio.gather(*(events_after(k) for k in (0, 1, 3)))
    assert [fired for fired, _ in counted] == [0, 1, 3]
    assert all(events <= 16 + 7 * k for k, events in counted), counted


async def test_acknowledging_sets_no_new_timer(kawal: Kawal) -> None:
    case = await kawal.open(making.policy("10 days"), real_time=True)
    await kawal.in_real_time.send(case.id, making.acknowledge())
    await kawal.in_real_time.send(case.id, making.respond())
    events = [event.event_type for event in (await case.fetch_history()).events]
    assert events.count(EventType.EVENT_TYPE_TIMER_STARTED) == 1
    assert EventType.EVENT_TYPE_TIMER_CANCELED not in events
