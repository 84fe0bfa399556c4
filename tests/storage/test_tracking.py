"""All that a carrier tells is kept once, and what decides about a delivery reaches its workflow."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from schemas.carrier import CarrierEvent, Scan
from schemas.money import MoneyKind
from schemas.post import Carriage
from storage import deliveries, payments, tracking
from storage.database import Pool
from storage.tracking import Via
from storage.webhooks_taken import Taken, take
from tests.storage import post_making as post
from tests.storage.post_making import handed_over, told


def sent(*events: CarrierEvent) -> list[tuple[CarrierEvent, dict[str, Any]]]:
    return [(event, {"event_id": event.event_id, "scan": "Selesai Antar"}) for event in events]


async def test_what_is_told_many_times_at_once_is_kept_once(pool: Pool) -> None:
    events = [told(f"t1-{n}", Scan.FAILED, n) for n in range(1, 6)]
    turns = [sent(*events), sent(*reversed(events))] * 4
    await asyncio.gather(*(tracking.record(pool, "tr-1", "or-tr-1", turn, Via.WEBHOOK) for turn in turns))
    assert [scan.at for scan in await tracking.of_delivery(pool, "tr-1")] == [event.at for event in events]


async def test_an_event_is_handed_out_until_the_workflow_was_told(pool: Pool) -> None:
    first, second = told("t2-1", Scan.FAILED, 1), told("t2-2", Scan.HELD, 2)
    assert await tracking.record(pool, "tr-2", "or-tr-2", sent(first), Via.WEBHOOK) == (first,)
    assert await tracking.record(pool, "tr-2", "or-tr-2", sent(second, first), Via.ASKED) == (first, second)
    await tracking.told(pool, "tr-2", ["t2-1"])
    assert await tracking.record(pool, "tr-2", "or-tr-2", sent(first, second), Via.ASKED) == (second,)
    await tracking.told(pool, "tr-2", ["t2-1", "t2-2"])
    assert await tracking.record(pool, "tr-2", "or-tr-2", sent(first, second), Via.WEBHOOK) == ()


async def test_the_first_report_under_an_events_id_stays(pool: Pool) -> None:
    first = told("t3-1", Scan.FAILED, 1)
    await tracking.record(pool, "tr-3", "or-tr-3", sent(first), Via.WEBHOOK)
    other = first.model_copy(update={"scan": Scan.LOST})
    assert await tracking.record(pool, "tr-3", "or-tr-3", sent(other), Via.WEBHOOK) == (first,)


async def test_the_same_event_id_under_another_order_is_another_event(pool: Pool) -> None:
    first, second = told("t4-1", Scan.LOST), told("t4-1", Scan.POSTED, 5, order=2)
    await tracking.record(pool, "tr-4", "or-tr-4.1", sent(first), Via.WEBHOOK)
    assert await tracking.record(pool, "tr-4", "or-tr-4.2", sent(second), Via.WEBHOOK) == (second,)
    assert [scan.order for scan in await tracking.of_delivery(pool, "tr-4")] == [1, 2]


async def test_decisive_events_that_nobody_passed_on_are_found_by_a_sweep(pool: Pool) -> None:
    decisive = [told(f"t5-{n}", Scan.FAILED, n) for n in (2, 1)]
    events = (*decisive, told("t5-3", Scan.DEPARTED))
    await tracking.record(pool, "tr-5", "or-tr-5", sent(*events), Via.WEBHOOK)
    assert "tr-5" not in dict(await tracking.untold(pool))  # whoever took them may be about to pass them on
    await _minutes_ago(pool, "tr-5")
    assert dict(await tracking.untold(pool))["tr-5"] == tuple(reversed(decisive))
    await tracking.told(pool, "tr-5", [event.event_id for event in decisive])
    assert "tr-5" not in dict(await tracking.untold(pool))


async def test_a_sweep_hands_out_as_many_as_one_message_takes(pool: Pool) -> None:
    events = [told(f"t6-{n:03}", Scan.FAILED, n) for n in range(130)]
    await tracking.record(pool, "tr-6", "or-tr-6", sent(*events), Via.ASKED)
    await _minutes_ago(pool, "tr-6")
    found = dict(await tracking.untold(pool))["tr-6"]
    assert list(found) == events[:100]
    await tracking.told(pool, "tr-6", [event.event_id for event in found])
    rest = dict(await tracking.untold(pool))["tr-6"]
    assert list(rest) == events[100:]
    await tracking.told(pool, "tr-6", [event.event_id for event in rest])


async def _minutes_ago(pool: Pool, delivery_id: str) -> None:
    await pool.execute(
        "update carrier_events set received_at = now() - interval '2 minutes' where delivery_id = $1", delivery_id
    )


async def test_people_see_all_scans_in_the_order_in_which_they_happened(pool: Pool) -> None:
    now = datetime.now(UTC)
    posted = told("t7-1", Scan.POSTED).model_copy(update={"at": now - timedelta(days=2)})
    delivered = told("t7-2", Scan.DELIVERED, point="35100").model_copy(update={"at": now - timedelta(hours=3)})
    returned = told("t7-3", Scan.RETURNED, reason="closed").model_copy(update={"at": now})
    await tracking.record(pool, "tr-7", "or-tr-7", sent(returned, delivered, posted), Via.WEBHOOK)
    seen = await tracking.of_delivery(pool, "tr-7")
    assert [(scan.scan, scan.emsevt, scan.late) for scan in seen] == [
        (Scan.POSTED, "EMA", True),
        (Scan.DELIVERED, "EMI", True),
        (Scan.RETURNED, None, False),
    ]
    assert [(scan.point, scan.reason) for scan in seen] == [(None, None), ("35100", None), (None, "closed")]


async def test_whatever_a_carrier_sends_can_be_kept(pool: Pool) -> None:
    event = told("t8-1", Scan.FAILED)
    raw = {"scan": "\x00 \ud800", "proof": {"place": {"latitude": -5.4}}}
    assert await tracking.record(pool, "tr-8", "or-tr-8", [(event, raw)], Via.WEBHOOK) == (event,)
    assert await tracking.record(pool, "tr-8", "or-tr-8", [], Via.WEBHOOK) == ()


async def test_money_told_of_after_a_delivery_was_over_counts(pool: Pool) -> None:
    for request in post.deliveries("tr-9", handed_over("t9-1"), ordered_by="tr-9", carriage=Carriage.CASH):
        await deliveries.commit(pool, request)
    late = told("t9-2", Scan.PROVEN, 200, receipt="R-tr-9", amount=600_000)
    await asyncio.gather(*(tracking.record(pool, "tr-9", "or-tr-9", sent(late), Via.WEBHOOK) for _ in range(4)))
    assert await payments.total(pool, "tr-9") == {MoneyKind.PAYOUT: 600_000}


async def test_money_told_of_before_the_delivery_is_written_counts_with_its_commit(pool: Pool) -> None:
    event = handed_over("t10-1", receipt="R-tr-10", amount=20_000)
    await tracking.record(pool, "tr-10", "or-tr-10", sent(event), Via.WEBHOOK)
    assert await payments.total(pool, "tr-10") == {}
    for request in post.deliveries("tr-10", event, ordered_by="tr-10"):
        await deliveries.commit(pool, request)
    assert await payments.total(pool, "tr-10") == {MoneyKind.COD: 20_000}


async def test_of_webhooks_that_come_at_once_one_is_new(pool: Pool) -> None:
    taken = await asyncio.gather(*(take(pool, "wh-at-once", "hash") for _ in range(8)))
    assert sorted(taken) == [Taken.AGAIN] * 7 + [Taken.NEW]
    assert await take(pool, "wh-at-once", "another hash") is Taken.OTHER_BODY
