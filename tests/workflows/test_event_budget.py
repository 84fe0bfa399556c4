"""What a case costs: history events, counted on real histories (virtual time would add events of its own)."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType

from audit.replay import of_case
from schemas.messages import MESSAGES, Respond
from schemas.status import Status
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
        case = await kawal.open(WAKES if k else making.policy("10 days"), real_time=True)
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
    assert all(fired >= k for k, (fired, _) in zip((0, 1, 3), counted, strict=True)), counted  # a busy machine: more
    assert all(events <= 16 + 7 * fired for fired, events in counted), counted


async def test_acknowledging_sets_no_new_timer(kawal: Kawal) -> None:
    case = await kawal.open(making.policy("10 days"), real_time=True)
    await kawal.in_real_time.send(case.id, making.acknowledge())
    await kawal.in_real_time.send(case.id, making.respond())
    events = [event.event_type for event in (await case.fetch_history()).events]
    assert events.count(EventType.EVENT_TYPE_TIMER_STARTED) == 1
    assert EventType.EVENT_TYPE_TIMER_CANCELED not in events


VIRTUAL_TIME_ONLY = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
}
LATER_THAN_ALL = datetime(2100, 1, 1, tzinfo=UTC)
"""Virtual time runs ahead of the machine's clock, which would stamp the messages; none counts later than delivered."""

EVERYTHING: tuple[tuple[str, dict[str, Any]], ...] = (
    ("verify", {"region": "north"}),
    ("acknowledge", {}),
    ("note", {}),
    ("deliver", {"service": "papers", "recipient": "recipient-1"}),
    ("carried", {"outcome": "delivered"}),
    ("ask", {}),
    ("provide", {}),
    ("extend", {"by": "5 days", "reason": "parts-ordered"}),
    ("transfer", {"agency": "SCHOOLS", "reason": "wrong-agency"}),
    ("pause", {"limit": "5 days", "reason": "waits-for-court"}),
    ("resume", {}),
    ("recalculate", {"policy_version": "v2", "calendar": making.calendar(), "basis": "Decree 7/2026"}),
    ("merge", {"into": "case-1"}),
    ("unmerge", {}),
    ("coordinate", {"agencies": ("ROADS", "SCHOOLS")}),
    ("respond", {"actor": making.operator("ROADS")}),
    ("respond", {"actor": making.operator("SCHOOLS")}),
    ("reopen", {}),
    ("reject", {"reason": "not-a-complaint"}),
    ("appeal", {}),
    ("refer", {"addressee": "POLICE"}),
    ("appeal", {}),
    ("respond", {"evidence": ("photo-1",)}),
    ("disprove", {}),
    ("respond", {"evidence": ("photo-2",)}),
    ("rate", {"score": 5}),
)


WAKES_OF_IT = 6


async def test_a_case_that_uses_everything_stays_below_200_events(kawal: Kawal) -> None:
    other = await kawal.open(making.whole_policy())
    case = await kawal.open(making.whole_policy(), region=None)
    await kawal.pass_time(case, timedelta(days=12))  # warned, breached, climbed
    for number, (kind, fields) in enumerate(EVERYTHING):
        cases = {"merge": {"into": other.id}, "carried": {"delivery": f"{case.id}-d1"}}
        said = fields | cases.get(kind, {})
        message = making.message(kind, f"{kind}-{number}", accepted_at=LATER_THAN_ALL, **said)
        await kawal.starter.send(case.id, message)
        if kind == "verify":
            await kawal.pass_time(case, timedelta(days=22))  # warned, breached and climbed twice more
    assert {kind for kind, _ in EVERYTHING} == set(MESSAGES) - {"withdraw"}
    assert (await case.result()).status is Status.CLOSED
    histories = [history async for history in of_case(kawal.client, case.id)]
    lengths = [sum(event.event_type not in VIRTUAL_TIME_ONLY for event in history.events) for history in histories]
    assert max(lengths) < 200, lengths
    assert sum(lengths) <= 16 + 7 * WAKES_OF_IT + 10 * len(EVERYTHING), lengths
