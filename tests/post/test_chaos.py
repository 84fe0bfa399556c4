"""However badly the carrier behaves, every shipment comes to the one end that it has to come to.

As many as KAWAL_SHIPMENTS says (1,000); with fewer than 100, chance may leave out one of the kinds of trouble. The
longest take 12 days, 100 seconds; the rest of the time is what two cores need: they carry some 6 shipments a second.
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client

from gateway.recipients import reachable
from schemas.calendar import Limit, Unit
from schemas.delivery import DeliveryResult, DeliveryStart, DeliveryStatus
from schemas.policy import Policy
from schemas.post import Watch
from simulation.hurry import hurried
from storage import deliveries, recipients
from tests.post.conftest import lampung
from tests.post.house import SITI, House, running_house
from workflows.delivery import DeliveryWorkflow

SHIPMENTS = int(os.environ.get("KAWAL_SHIPMENTS", "1000"))
DAY = 8.0
"""Seconds: long enough that what may come days later comes in time, whatever is lost on the way and asked for again."""
AT_ONCE = 20
"""Shipments that are being ordered; more would only wait, while the carrier's clock goes on."""

D = DeliveryStatus


@dataclass(frozen=True)
class Fate:
    """What happens to a shipment of a service, and what has to become of it."""

    scenario: str
    service: str
    ends: DeliveryStatus
    claims: int = 0
    orders: int = 1
    collect: int | None = None
    pay_out: int | None = None
    often: int = 1

    @property
    def receipts(self) -> int:
        """How often money changes hands at the door."""
        return int(bool(self.collect or self.pay_out) and self.ends in (D.DELIVERED, D.MISDELIVERED))


DOCUMENT, AID, FOOD, CASH = "population-documents", "social-aid-goods", "food-consignment", "social-aid-cash"
FATES = (
    Fate("lost", DOCUMENT, D.CLAIMED, claims=1),  # the longest come first
    Fate("never_collected", DOCUMENT, D.RETURNED),
    Fate("never_collected", CASH, D.RETURNED, pay_out=600_000),
    Fate("id_mismatch", DOCUMENT, D.RETURNED),
    Fate("wrong_hands", DOCUMENT, D.MISDELIVERED, claims=1),
    Fate("wrong_hands", CASH, D.MISDELIVERED, claims=1, pay_out=600_000),
    Fate("no_proof", AID, D.UNPROVEN, claims=1),
    Fate("lost", AID, D.DELIVERED, claims=1, orders=2),
    Fate("offline_proof", CASH, D.DELIVERED, pay_out=600_000, often=2),
    Fate("third_attempt", DOCUMENT, D.DELIVERED, often=3),
    Fate("collected", AID, D.DELIVERED, often=2),
    Fate("contradiction", DOCUMENT, D.DELIVERED),
    Fate("late_leg", FOOD, D.DELIVERED, collect=900_000),
    Fate("disposed", "medicine", D.SPOILED, claims=1),
    Fate("spoiled", "medicine", D.SPOILED, claims=1),
    Fate("rejected", DOCUMENT, D.REFUSED),
    Fate("courier_not_found", AID, D.REFUSED),
    Fate("good", FOOD, D.DELIVERED, collect=900_000, often=4),
    Fate("good", CASH, D.DELIVERED, pay_out=600_000, often=4),
    Fate("good", DOCUMENT, D.DELIVERED, often=4),
)

TROUBLE: dict[str, Any] = {
    "drop": 0.2,
    "duplicate": 0.2,
    "reorder": 1,
    "reorder_seconds": DAY / 4,
    "forge": 0.1,
    "replay": 0.1,
    "fail": 0.05,
    "time_out": 0.05,
    "time_out_seconds": 1.5,
}


def shipments() -> dict[str, Fate]:
    """Return all shipments by their ids, with what happens to each."""
    often = [fate for fate in FATES for _ in range(fate.often)]
    drawn = sorted(islice(cycle(often), SHIPMENTS), key=FATES.index)
    return {f"chaos-{FATES.index(fate)}-{number:05}": fate for number, fate in enumerate(drawn)}


def asked_daily(policy: Policy) -> Policy:
    """Return a policy under which a carrier that is silent is asked every day."""
    day = Limit(value=1, unit=Unit.DAYS)
    watch = Watch(first=day, longest=day, lost_after=policy.post.watch.lost_after)
    return policy.model_copy(update={"post": policy.post.model_copy(update={"watch": watch})})


@pytest.fixture(scope="module")
async def chaos(client: Client, database_url: str) -> AsyncIterator[House]:
    """A house whose carrier does all that a carrier should not."""
    policy = hurried(asked_daily(lampung()), day=DAY)
    speed = timedelta(days=1).total_seconds() / DAY
    async with running_house(client, database_url, policy, "chaos", call_limit=1.0, speed=speed, **TROUBLE) as house:
        yield house


def scenarios(found: dict[str, Fate]) -> dict[str, str]:
    """Return which shipment goes how; what is sent in place of a lost one goes well."""
    whole = {f"chaos-{number}-": fate.scenario for number, fate in enumerate(FATES) if fate.orders == 1}
    return whole | {f"{name}.1": fate.scenario for name, fate in found.items() if fate.orders > 1}


async def have_carried(house: House, delivery_id: str, fate: Fate) -> None:
    """Have something carried to somebody of its own, and wait until the carrier has answered to that."""
    await recipients.store(house.pool, f"recipient-of-{delivery_id}", reachable(SITI))
    delivery = DeliveryStart(
        delivery_id=delivery_id,
        service=fate.service,
        ordered_by=f"request-of-{delivery_id}",
        recipient=f"recipient-of-{delivery_id}",
        region="18.71",
        policy_version=house.policy.version,
        ordered_at=datetime.now(UTC),
        collect=fate.collect,
        pay_out=fate.pay_out,
    )
    handle = await house.client.start_workflow(
        DeliveryWorkflow.run, delivery, id=delivery_id, task_queue=house.task_queue
    )
    async for event in handle.fetch_history_events(wait_new_event=True):
        if event.event_type == EventType.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
            return


async def have_all_carried(house: House, found: Iterable[tuple[str, Fate]]) -> None:
    """Have many things carried, a few at a time."""
    left = iter(found)

    async def one_after_the_other() -> None:
        for delivery_id, fate in left:
            await have_carried(house, delivery_id, fate)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(one_after_the_other())


@pytest.mark.timeout(900)
async def test_every_shipment_comes_to_its_end_once(chaos: House) -> None:
    found = shipments()
    (await chaos.carrier.control.put("/control/scenarios", json=scenarios(found))).raise_for_status()
    half = len(found) // 2
    await have_all_carried(chaos, islice(found.items(), half))
    (await chaos.carrier.control.post("/control/outage", json={"seconds": DAY})).raise_for_status()
    await have_all_carried(chaos, islice(found.items(), half, None))
    ends = {name: await result_of(chaos, name) for name in found}
    facts = await chaos.carrier.until_quiet()

    assert {name: end.status for name, end in ends.items()} == {name: fate.ends for name, fate in found.items()}
    assert facts["doubled_orders"] == []
    assert facts["orders"] == sum(fate.orders for fate in found.values())
    assert facts["claims"] == sum(fate.claims for fate in found.values())
    await the_database_says_the_same(chaos, found, ends)
    await money_is_counted_once(chaos, found, facts)
    webhooks, calls = facts["webhooks"], facts["calls"]
    assert webhooks["forged_accepted"] == 0
    assert all(webhooks[kind] for kind in ("dropped", "duplicated", "reordered", "forged", "replayed")), webhooks
    assert all(calls[kind] for kind in ("failed", "timed_out_before", "timed_out_after", "cut_off")), calls


async def result_of(house: House, delivery_id: str) -> DeliveryResult:
    """Wait for the end of a delivery."""
    result: DeliveryResult = await house.client.get_workflow_handle(delivery_id, result_type=DeliveryResult).result()
    return result


async def the_database_says_the_same(house: House, found: dict[str, Fate], ends: dict[str, DeliveryResult]) -> None:
    """Hold each row and timeline against what its workflow said in the end."""
    for name, end in ends.items():
        row = await deliveries.find(house.pool, name)
        assert row is not None
        assert (row.status, row.over_at, row.waybill, row.reason) == (end.status, end.at, end.waybill, end.reason), name
        assert row.orders == found[name].orders, name
        assert (row.claim is not None) == (found[name].claims > 0), name
        numbers = [line["seq"] for line in await deliveries.timeline(house.pool, name)]
        assert numbers == list(range(1, row.seq + 1)), name


async def money_is_counted_once(house: House, found: dict[str, Fate], facts: dict[str, Any]) -> None:
    """Hold the money that we know of against the carrier's books, and both against what had to be paid."""
    assert facts["doubled_payouts"] == []
    assert await house.pool.fetchval("select count(*) from money_conflicts") == 0
    rows = await house.pool.fetch("select delivery_id, kind, amount from money")
    assert Counter(row["delivery_id"] for row in rows) == Counter(
        {name: fate.receipts for name, fate in found.items() if fate.receipts}
    )
    for kind in ("cod", "payout"):
        ours = [row["amount"] for row in rows if row["kind"] == kind]
        assert {"count": len(ours), "sum": sum(ours)} == facts["money"][kind]
