"""A ticket on hold woke up every minute to see whether it still was: 41,893 history events (seen in alga-psa).

A case at rest sets one timer for the moment that ends its rest, and costs nothing until then.
"""

import asyncio
from collections import Counter
from datetime import timedelta
from typing import Any

from temporalio.api.enums.v1 import EventType

from schemas.status import Status
from tests import making
from tests.kawal import Kawal
from tests.peers.following import DAY, HOUR, events, now, reaches, says, without_law

FOR_ONE_WAKE = 7
HOLD: dict[str, Any] = {"limit": "90 days", "reason": "waits-for-court"}
HANDLING: dict[str, Any] = {"longest_hold": "90 days", "information": "90 days"}


async def test_a_case_on_hold_for_90_days_costs_no_event_until_they_are_over_and_one_wake_then(kawal: Kawal) -> None:
    case = await kawal.open(without_law(making.whole_policy(**HANDLING)))
    await says(kawal, case, "pause", **HOLD)
    begun, held = await now(kawal, case), await events(case)
    view = await reaches(kawal, case, begun + 90 * DAY - HOUR)
    assert view.status is Status.ON_HOLD
    assert await events(case) == held

    view = await reaches(kawal, case, begun + 90 * DAY + HOUR)
    assert view.status is Status.ASSIGNED
    assert len(await events(case)) - len(held) <= FOR_ONE_WAKE


async def test_the_clock_of_the_law_wakes_a_case_on_hold_for_its_warning_and_its_end_and_for_nothing_else(
    kawal: Kawal,
) -> None:
    case = await kawal.open(making.whole_policy(**HANDLING))
    await says(kawal, case, "pause", **HOLD)
    held = len(await events(case))
    view = await kawal.pass_time(case, timedelta(days=89))
    after = await events(case)
    assert view.status is Status.ON_HOLD
    assert (await kawal.kinds(case.id))[-2:] == ["statutory warned", "statutory breached"]
    fired = Counter(event.event_type for event in after)[EventType.EVENT_TYPE_TIMER_FIRED]
    assert fired == 2
    assert len(after) - held <= 2 * FOR_ONE_WAKE


async def test_every_other_way_to_wait_costs_no_event_either(kawal: Kawal) -> None:
    policy = without_law(making.whole_policy("120 days", **HANDLING, reopening="90 days", review="90 days"))

    async def waits(*messages: tuple[str, dict[str, Any]]) -> Status:
        case = await kawal.open(policy)
        for kind, fields in messages:
            await says(kawal, case, kind, **fields)
        before = await events(case)
        view = await kawal.pass_time(case, timedelta(days=80))
        assert await events(case) == before, view.status
        return view.status

    seen = await asyncio.gather(
        waits(),
        waits(("acknowledge", {})),
        waits(("ask", {})),
        waits(("respond", {"evidence": ("photo-1",)})),
        waits(("reject", {"reason": "not-a-complaint"})),
        waits(("refer", {"addressee": "POLICE"})),
    )
    assert set(seen) == {
        Status.ASSIGNED,
        Status.IN_PROGRESS,
        Status.NEEDS_INFORMATION,
        Status.RESOLVED,
        Status.REJECTED,
        Status.REFERRED,
    }
