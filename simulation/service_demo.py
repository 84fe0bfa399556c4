"""`kawal demo services`: every service of a policy, to its good end and through a failure, on servers of its own."""

import asyncio
import time
from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from schemas.policy import Policy
from simulation.demo_report import DemoReport, Totals
from simulation.post_house import PostHouse, post_house
from simulation.service_stories import Story, stories
from simulation.story_told import Watcher, tell
from storage import payments, settlements

_BOOKS = ZoneInfo("Asia/Jakarta")
"""The zone of the carrier's days."""
_MISCHIEF: dict[str, Any] = {
    "duplicate": 0.3,
    "reorder": 0.2,
    "forge": 0.2,
    "replay": 0.1,
    "fail": 0.1,
    "time_out": 0.05,
    "time_out_seconds": 0.5,
}
"""The carrier's webhooks come twice, in another order and forged; some of our calls are refused or never answered."""
_OVERTAKEN_DAYS = 0.3
"""How long a webhook is held back: later ones overtake it, days later ones do not."""
_NONE = {"duplicate": 0, "reorder": 0, "forge": 0, "replay": 0, "fail": 0, "time_out": 0}


async def demonstrate(policy: Policy, *, day: float, watcher: Watcher) -> DemoReport:
    """Live all stories of a policy side by side, on servers that end with them.

    Args:
        policy: whose services are requested.
        day: how many seconds a day lasts.
        watcher: is told how each story stands: first all of them, then whatever changes.

    Raises:
        ValueError: the policy has no services.
        ServerTrouble: a server cannot run here.
    """
    began, first_day = time.monotonic(), _today()
    to_tell = stories(policy)
    for story in to_tell:
        watcher.stands(story, "waiting for the servers")
    async with post_house(policy, day=day) as house:
        await _prepare_carrier(house, to_tell)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(tell(house, story, watcher)) for story in to_tell]
        told = tuple(task.result() for task in tasks)
        totals = await _totals(house, sorted({first_day, _today()}))
    agree = sum(story.agrees for story in told)
    return DemoReport(
        policy=policy.name,
        day=day,
        services=len(policy.services),
        agree=agree,
        disagree=len(told) - agree,
        seconds=round(time.monotonic() - began, 1),
        totals=totals,
        stories=told,
    )


def _today() -> date:
    return datetime.now(UTC).astimezone(_BOOKS).date()


async def _prepare_carrier(house: PostHouse, to_tell: Sequence[Story]) -> None:
    courses = {story.first_order: story.course for story in to_tell}
    await house.carrier.set(**_MISCHIEF, reorder_seconds=_OVERTAKEN_DAYS * house.day, scenarios=courses)


async def _totals(house: PostHouse, days: Sequence[date]) -> Totals:
    await house.carrier.set(**_NONE)
    facts = await house.carrier.call("GET", "/control/facts")
    orders_here = int(await house.pool.fetchval("select count(*) from carrier_orders"))
    money = await house.pool.fetch("select kind, sum(amount)::bigint as amount from money group by kind order by kind")
    conflicts, double = await payments.conflicts(house.pool), await payments.double_payouts(house.pool)
    return Totals(
        shipments=facts["orders"],
        shipments_twice=len(facts["doubled_orders"]),
        shipments_unknown=abs(facts["orders"] - orders_here),
        money={row["kind"]: row["amount"] for row in money},
        payments_twice=len(facts["doubled_payments"]) + len(facts["doubled_refunds"]) + len(conflicts),
        payouts_twice=len(facts["doubled_payouts"]) + len(double),
        books_differ=await _differences(house, days),
        webhooks=facts["webhooks"],
        calls=facts["calls"],
    )


async def _differences(house: PostHouse, days: Sequence[date]) -> int:
    """Return in how many receipts the carrier's settlement and our books differ."""
    for day in days:
        await settlements.store_settlement(house.pool, day, await house.post.settlement(day))
    found = [await settlements.reconcile(house.pool, day, _BOOKS) for day in days]
    return sum(len(one.missing_here) + len(one.missing_there) + len(one.differing) + len(one.double) for one in found)
