"""Webhooks of a carrier, over a real HTTP server: believed when signed, taken once, lost never."""

import asyncio
import base64
import json
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from standardwebhooks import Webhook
from structlog.testing import capture_logs
from temporalio.client import Client

from gateway.carrier_routes import LARGEST_WEBHOOK, carrier_app
from gateway.serve import serve, serving
from gateway.telling import tell_untold
from local.ports import LOOPBACK, free_port
from local.temporal import TemporalDevServer
from runtime import temporal
from schemas.carrier import Scan
from schemas.money import MoneyKind
from storage import deliveries, payments, persons, service_requests, tracking
from storage.database import Pool
from tests.gateway.hearing import Ears, hearing
from tests.simulators.running import carrier_running
from tests.storage import post_making

SECRET, NEXT_SECRET, FOREIGN = (f"whsec_{base64.b64encode(name * 24).decode()}" for name in (b"a", b"b", b"c"))
PRICE = 150_000
PLACE = {"latitude": -5.4123, "longitude": 105.3123}
TABLES = ("webhooks_taken", "carrier_events", "money", "money_conflicts")


@dataclass
class Door:
    """Where a carrier's webhooks come in."""

    port: int
    http: httpx.AsyncClient

    @property
    def url(self) -> str:
        """The address that a carrier is told."""
        return f"http://{LOOPBACK}:{self.port}/v1/carrier/webhooks"

    async def send(
        self,
        webhook_id: str,
        body: object,
        *,
        secret: str = SECRET,
        minutes_ago: float = 0,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """Send a webhook, signed by the secret; headers take the place of those that are right."""
        text = body if isinstance(body, str) else json.dumps(body)
        moment = datetime.fromtimestamp(int((datetime.now(UTC) - timedelta(minutes=minutes_ago)).timestamp()), UTC)
        signed = {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": Webhook(secret).sign(webhook_id, moment, text),
        }
        return await self.http.post(self.url, content=text, headers=signed | (headers or {}))


@asynccontextmanager
async def door_with(client: Client, pool: Pool) -> AsyncIterator[Door]:
    """Open a door for as long as this lasts."""
    port = free_port()
    async with (
        serving(carrier_app(client, pool, [SECRET, NEXT_SECRET]), LOOPBACK, port),
        httpx.AsyncClient(timeout=30) as http,
    ):
        yield Door(port, http)


@pytest.fixture(scope="module")
async def door(client: Client, pool: Pool) -> AsyncIterator[Door]:
    async with door_with(client, pool) as door:
        yield door


@pytest.fixture(scope="module")
async def ears(client: Client) -> AsyncIterator[Ears]:
    async with hearing(client) as ears:
        yield ears


@pytest.fixture(scope="module")
async def cut_off(pool: Pool) -> AsyncIterator[Door]:
    """A door behind which Temporal was never there."""
    nobody = await Client.connect(f"{LOOPBACK}:{free_port()}", lazy=True, data_converter=temporal.DATA_CONVERTER)
    async with door_with(nobody, pool) as door:
        yield door


async def delivery(pool: Pool, ears: Ears, delivery_id: str, *, ordered: bool = True) -> None:
    """Let there be a delivery; ordered, it has the order `or-<its id>`."""
    for commit in post_making.deliveries(delivery_id)[: 2 if ordered else 1]:
        await deliveries.commit(pool, commit)
    await ears.open(delivery_id)


async def request(pool: Pool, ears: Ears, request_id: str) -> None:
    """Let there be a service request."""
    for commit in post_making.requests(post_making.start(request_id)):
        await service_requests.commit(pool, commit)
    await ears.open(request_id)


def event(
    delivery_id: str, status: str = "delivery_failed", *, event_id: str | None = None, **fields: Any
) -> dict[str, Any]:
    """Return the body of a webhook about a delivery's first order."""
    data = {
        "event_id": event_id or f"ev-{delivery_id}",
        "order_id": f"or-{delivery_id}",
        "reference_id": f"{delivery_id}.1",
        "status": status,
        "occurred_at": "2026-11-22T03:04:05+00:00",
        "proof": {"relation": "owner", "place": PLACE},
    }
    return {"type": "order.event", "timestamp": "2026-11-22T03:04:06+00:00", "data": data | fields}


def payment(request_id: str, receipt: str, amount: int = PRICE) -> dict[str, Any]:
    """Return the body of a webhook about money."""
    data = {
        "payment_code": "8812345678",
        "reference_id": request_id,
        "receipt": receipt,
        "amount": amount,
        "paid_at": "2026-11-22T03:04:05+00:00",
    }
    return {"type": "payment.received", "timestamp": "2026-11-22T03:04:06+00:00", "data": data}


def said(answer: httpx.Response) -> tuple[int, str]:
    """Return an answer's status and word."""
    return answer.status_code, next(iter(answer.json().values()))


async def everything(pool: Pool) -> list[Any]:
    """Return all that a webhook can change."""
    return [list(map(dict, await pool.fetch(f"select * from {table} order by 1, 2"))) for table in TABLES]


async def scans(pool: Pool, delivery_id: str) -> list[Scan]:
    return [scan.scan for scan in await tracking.of_delivery(pool, delivery_id)]


async def is_told(pool: Pool, delivery_id: str) -> bool:
    """Return whether all that came in about a delivery counts as told."""
    query = "select bool_and(told_at is not null) from carrier_events where delivery_id = $1"
    return bool(await pool.fetchval(query, delivery_id))


async def make_old(pool: Pool, delivery_id: str) -> None:
    """Let what came in about a delivery have come in two minutes ago."""
    await pool.execute(
        "update carrier_events set received_at = received_at - interval '2 minutes' where delivery_id = $1", delivery_id
    )


async def test_what_is_decisive_is_kept_and_told_at_once(door: Door, pool: Pool, ears: Ears) -> None:
    await delivery(pool, ears, "hook-1")
    answer = await door.send("wh-1", event("hook-1", reason="nobody_there"))
    assert said(answer) == (200, "taken")
    [heard] = await ears.events("hook-1")
    assert (heard.event_id, heard.order, heard.scan, heard.reason) == ("ev-hook-1", 1, Scan.FAILED, "nobody there")
    assert await scans(pool, "hook-1") == [Scan.FAILED]
    assert await is_told(pool, "hook-1")


async def test_what_decides_nothing_is_kept_for_people_alone(door: Door, pool: Pool, ears: Ears) -> None:
    await delivery(pool, ears, "hook-2")
    assert said(await door.send("wh-2", event("hook-2", "picked"))) == (200, "taken")
    assert said(await door.send("wh-2b", event("hook-2", "abducted", event_id="ev-2b"))) == (200, "taken")
    assert await scans(pool, "hook-2") == [Scan.POSTED, Scan.OTHER]
    assert await ears.events("hook-2") == []


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        ({"secret": FOREIGN}, "forged"),
        ({"headers": {"webhook-signature": ""}}, "forged"),
        ({"headers": {"webhook-signature": "v1,%%%"}}, "forged"),
        ({"headers": {"webhook-signature": "v1"}}, "forged"),
        ({"headers": {"webhook-timestamp": "soon"}}, "forged"),
        ({"headers": {"webhook-timestamp": "nan"}}, "forged"),
        ({"headers": {"webhook-id": "wh-another"}}, "forged"),
        ({"minutes_ago": 6}, "stale"),
        ({"minutes_ago": -6}, "stale"),
    ],
)
async def test_what_is_forged_or_stale_changes_nothing_and_is_logged(
    door: Door, pool: Pool, ears: Ears, how: dict[str, Any], reason: str
) -> None:
    if await deliveries.find(pool, "hook-3") is None:
        await delivery(pool, ears, "hook-3")
    before = await everything(pool)
    with capture_logs() as logs:
        answer = await door.send("wh-3", event("hook-3"), **how)
    assert said(answer) == (401, reason)
    assert await everything(pool) == before
    assert await ears.events("hook-3") == []
    webhook_id = how.get("headers", {}).get("webhook-id", "wh-3")
    assert [(log["webhook_id"], log["reason"], log["log_level"]) for log in logs] == [(webhook_id, reason, "warning")]


async def test_a_body_that_was_changed_on_the_way_is_forged(door: Door, pool: Pool, ears: Ears) -> None:
    await delivery(pool, ears, "hook-4")
    text, moment = json.dumps(event("hook-4")), datetime.now(UTC)
    stolen = Webhook(SECRET).sign("wh-4", moment, text.replace("delivery_failed", "delivered"))
    headers = {"webhook-signature": stolen, "webhook-timestamp": str(int(moment.timestamp()))}
    assert said(await door.send("wh-4", text, headers=headers)) == (401, "forged")
    assert await scans(pool, "hook-4") == []


async def test_while_a_secret_is_exchanged_both_are_believed(door: Door, pool: Pool, ears: Ears) -> None:
    await delivery(pool, ears, "hook-5")
    assert said(await door.send("wh-5", event("hook-5"), secret=NEXT_SECRET)) == (200, "taken")


async def test_the_same_again_changes_nothing_and_is_logged(door: Door, pool: Pool, ears: Ears) -> None:
    await delivery(pool, ears, "hook-6")
    await door.send("wh-6", event("hook-6"))
    before = await everything(pool)
    with capture_logs() as logs:
        assert said(await door.send("wh-6", event("hook-6"))) == (200, "taken before")
    assert await everything(pool) == before
    assert len(await ears.events("hook-6")) == 1
    assert [(log["webhook_id"], log["reason"]) for log in logs] == [("wh-6", "taken before")]


async def test_the_same_many_times_at_once_is_kept_once(door: Door, pool: Pool, ears: Ears) -> None:
    await delivery(pool, ears, "hook-7")
    answers = await asyncio.gather(*(door.send("wh-7", event("hook-7")) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    assert await scans(pool, "hook-7") == [Scan.FAILED]
    assert {heard.event_id for heard in await ears.events("hook-7")} == {"ev-hook-7"}


async def test_another_body_under_the_same_id_is_refused(door: Door, pool: Pool, ears: Ears) -> None:
    await delivery(pool, ears, "hook-8")
    await door.send("wh-8", event("hook-8"))
    before = await everything(pool)
    assert (await door.send("wh-8", event("hook-8", "delivered", event_id="ev-8b"))).status_code == 409
    assert await everything(pool) == before
    assert len(await ears.events("hook-8")) == 1


async def test_an_order_that_nobody_knows_has_to_come_again(door: Door, pool: Pool, ears: Ears) -> None:
    before = await everything(pool)
    assert said(await door.send("wh-9", event("hook-9"))) == (404, "unknown order")
    assert await everything(pool) == before
    await delivery(pool, ears, "hook-9")
    assert said(await door.send("wh-9", event("hook-9"))) == (200, "taken")
    assert len(await ears.events("hook-9")) == 1


async def test_an_order_is_known_by_its_reference_before_its_taking_is_committed(
    door: Door, pool: Pool, ears: Ears
) -> None:
    await delivery(pool, ears, "hook-10", ordered=False)
    answer = await door.send("wh-10", event("hook-10", "rejected", reference_id="hook-10.2"))
    assert said(answer) == (200, "taken")
    assert [(heard.order, heard.scan) for heard in await ears.events("hook-10")] == [(2, Scan.REJECTED)]


async def test_while_temporal_is_away_it_is_kept_and_has_to_come_again(
    door: Door, cut_off: Door, pool: Pool, ears: Ears
) -> None:
    await delivery(pool, ears, "hook-11")
    answer = await cut_off.send("wh-11", event("hook-11"))
    assert said(answer) == (503, "away")
    assert int(answer.headers["retry-after"]) > 0
    assert await scans(pool, "hook-11") == [Scan.FAILED]
    assert not await is_told(pool, "hook-11")

    assert said(await door.send("wh-11", event("hook-11"))) == (200, "taken")
    assert len(await ears.events("hook-11")) == 1
    assert await is_told(pool, "hook-11")


async def test_when_temporal_goes_away_it_has_to_come_again(
    door: Door, pool: Pool, ears: Ears, servers_folder: Path
) -> None:
    await delivery(pool, ears, "hook-26")
    async with TemporalDevServer(free_port(), log=servers_folder / "going.log") as going:
        client = await temporal.connect(going.address)
    async with door_with(client, pool) as left:
        assert said(await left.send("wh-26", event("hook-26"))) == (503, "away")
    assert not await is_told(pool, "hook-26")
    assert said(await door.send("wh-26", event("hook-26"))) == (200, "taken")


async def test_what_nobody_repeats_is_told_a_minute_later(
    cut_off: Door, client: Client, pool: Pool, ears: Ears
) -> None:
    await delivery(pool, ears, "hook-12")
    await cut_off.send("wh-12", event("hook-12"))
    await tell_untold(client, pool)
    assert await ears.events("hook-12") == [], "whoever took it may still be telling it"

    await make_old(pool, "hook-12")
    assert await tell_untold(client, pool) == 1
    assert len(await ears.events("hook-12")) == 1
    assert await tell_untold(client, pool) == 0


async def test_whoever_died_before_noting_that_it_told_leaves_it_to_be_told_once_more(
    door: Door, pool: Pool, ears: Ears
) -> None:
    await delivery(pool, ears, "hook-13")
    await door.send("wh-13", event("hook-13"))
    await pool.execute("update carrier_events set told_at = null where delivery_id = 'hook-13'")
    assert said(await door.send("wh-13", event("hook-13"))) == (200, "taken")
    assert {heard.event_id for heard in await ears.events("hook-13")} == {"ev-hook-13"}
    assert await is_told(pool, "hook-13")


async def test_a_delivery_that_is_over_hears_nothing_and_nothing_waits_for_it(
    door: Door, client: Client, pool: Pool, ears: Ears
) -> None:
    await delivery(pool, ears, "hook-14")
    await ears.close("hook-14")
    with capture_logs() as logs:
        assert said(await door.send("wh-14", event("hook-14"))) == (200, "taken")
    assert await scans(pool, "hook-14") == [Scan.FAILED]
    assert [log["delivery_id"] for log in logs] == ["hook-14"]
    await make_old(pool, "hook-14")
    assert await tell_untold(client, pool) == 0


async def test_a_namespace_that_does_not_exist_is_not_mistaken_for_a_delivery_that_is_over(
    client: Client, pool: Pool, ears: Ears
) -> None:
    await delivery(pool, ears, "hook-15")
    elsewhere = await Client.connect(
        client.service_client.config.target_host, namespace="elsewhere", data_converter=temporal.DATA_CONVERTER
    )
    async with door_with(elsewhere, pool) as door:
        assert said(await door.send("wh-15", event("hook-15"))) == (503, "away")
    assert not await is_told(pool, "hook-15")


async def test_money_is_told_to_the_request_that_waits_for_it(door: Door, pool: Pool, ears: Ears) -> None:
    await request(pool, ears, "hook-16")
    assert said(await door.send("wh-16", payment("hook-16", "rc-16"))) == (200, "taken")
    assert said(await door.send("wh-16", payment("hook-16", "rc-16"))) == (200, "taken before")
    assert {(paid.receipt, paid.amount) for paid in await ears.payments("hook-16")} == {("rc-16", PRICE)}


async def test_money_for_a_request_that_is_over_is_kept_for_people(door: Door, pool: Pool, ears: Ears) -> None:
    await request(pool, ears, "hook-17")
    await ears.close("hook-17")
    with capture_logs() as logs:
        assert said(await door.send("wh-17", payment("hook-17", "rc-17"))) == (200, "taken")
    await door.send("wh-17", payment("hook-17", "rc-17"))
    assert await payments.total(pool, "hook-17") == {MoneyKind.PAYMENT: PRICE}
    assert [(log["receipt"], log["log_level"]) for log in logs] == [("rc-17", "warning")]


async def test_money_for_nobody_is_kept_for_people_and_told_to_nobody_else(door: Door, pool: Pool, ears: Ears) -> None:
    await ears.open("hook-18")  # a workflow, but no request
    assert said(await door.send("wh-18", payment("hook-18", "rc-18"))) == (200, "taken")
    assert await ears.payments("hook-18") == []
    row = await pool.fetchrow("select reference_id, request_id, amount from money where receipt = 'rc-18'")
    assert row is not None
    assert tuple(row) == ("hook-18", None, PRICE)


async def test_while_temporal_is_away_money_has_to_come_again(
    door: Door, cut_off: Door, pool: Pool, ears: Ears
) -> None:
    await request(pool, ears, "hook-19")
    assert said(await cut_off.send("wh-19", payment("hook-19", "rc-19"))) == (503, "away")
    assert await payments.total(pool, "hook-19") == {}
    assert (await door.send("wh-19", payment("hook-19", "rc-19"))).status_code == 200
    assert [paid.receipt for paid in await ears.payments("hook-19")] == ["rc-19"]


async def test_other_money_under_the_same_id_is_refused(door: Door, pool: Pool, ears: Ears) -> None:
    await request(pool, ears, "hook-20")
    await door.send("wh-20", payment("hook-20", "rc-20"))
    assert (await door.send("wh-20", payment("hook-20", "rc-20", amount=1))).status_code == 409
    assert {paid.amount for paid in await ears.payments("hook-20")} == {PRICE}


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        ("no json", "body: is no JSON"),
        ([], "body: is no JSON object"),
        ({"type": "order.event"}, "data: is missing"),
        ({"type": "order.event", "data": {}}, "event_id: is missing"),
        (event("hook-21", "lost", occurred_at="22 November"), "occurred_at: "),
        (event("hook-21", "lost", waybill="RB123456789GB"), "waybill: has the form of UPU S10"),
        (payment("hook-21", "rc 21"), "receipt: "),
        (payment("hook-21", "rc-21", amount=-1), "amount: "),
    ],
)
async def test_what_nobody_can_read_is_refused_by_its_field(door: Door, pool: Pool, body: object, problem: str) -> None:
    before = await everything(pool)
    answer = await door.send("wh-21", body)
    assert answer.status_code == 422
    assert problem in answer.json()["error"]
    assert "22 November" not in answer.text
    assert await everything(pool) == before


async def test_what_is_of_no_concern_need_not_come_again(door: Door, pool: Pool) -> None:
    before = await everything(pool)
    assert said(await door.send("wh-22", {"type": "courier.birthday", "data": {}})) == (200, "of no concern")
    assert await everything(pool) == before


async def test_what_is_too_large_is_not_even_looked_at(door: Door) -> None:
    assert (await door.send("wh-23", "x" * (LARGEST_WEBHOOK + 1))).status_code == 413


async def test_nothing_personal_is_logged_or_told(door: Door, pool: Pool, ears: Ears) -> None:
    await delivery(pool, ears, "hook-24")
    with capture_logs() as logs:
        await door.send("wh-24", event("hook-24", "delivered"))
        await door.send("wh-24", event("hook-24", "returned", note="Siti Aminah"))
        await door.send("wh-24c", event("hook-24", "Siti Aminah", event_id="ev-24c"))
    [heard] = await ears.events("hook-24")
    said_about = f"{logs} {heard.model_dump_json()}"
    assert not [value for value in ("-5.4123", "105.3123", "Siti") if value in said_about]
    kept = await pool.fetchrow("select raw, sealed, order_id, person from carrier_events where event_id = 'ev-hook-24'")
    assert kept is not None
    assert kept["raw"] is None
    of = f"event:{kept['order_id']}:ev-hook-24"
    opened = await persons.opened_for(pool, pool.ring, kept["person"], of, kept["sealed"])
    assert opened["raw"]["proof"]["place"] == PLACE, "for people it is kept as it came, sealed"


async def test_a_carrier_that_is_forged_copied_replayed_and_out_of_order_is_heard_rightly(
    door: Door, pool: Pool, ears: Ears
) -> None:
    mischief = {"forge": 1, "duplicate": 1, "replay": 1, "reorder": 0.5, "reorder_seconds": 0.2, "retry_seconds": 0.1}
    statuses = ("picked", "arrived", "delivery_failed", "on_hold", "delivered")
    async with carrier_running(webhook_url=door.url, webhook_secret=SECRET, **mischief) as carrier:
        order = {
            "reference_id": "hook-25.1",
            "service_type": "document",
            "origin": {},
            "destination": {},
            "items": [{"name": "document", "quantity": 1}],
            "handed_to": "owner",
            "proofs": ["signature"],
        }
        await delivery(pool, ears, "hook-25", ordered=False)
        answer = await carrier.control.post("/v1/orders", json=order, headers={"Idempotency-Key": "hook-25.1"})
        order_id = answer.raise_for_status().json()["order_id"]
        told = []
        for status in statuses:
            happened = await carrier.control.post(f"/control/orders/{order_id}/events", json={"status": status})
            told.append(happened.raise_for_status().json()["event_id"])
        for event_id in told[1:]:
            await ears.until_heard("hook-25", event_id)
        facts = await carrier.facts()
    assert facts["webhooks"]["forged_accepted"] == 0
    heard = {one.event_id: one.scan for one in await ears.events("hook-25")}
    assert heard == dict(zip(told[1:], (Scan.ARRIVED, Scan.FAILED, Scan.HELD, Scan.DELIVERED), strict=True))


async def test_a_stopped_server_ends_what_is_under_way() -> None:
    begun, go_on, port = asyncio.Event(), asyncio.Event(), free_port()
    slow = FastAPI()

    @slow.get("/")
    async def answer() -> str:
        begun.set()
        await go_on.wait()
        return "done"

    server = asyncio.create_task(serve(slow, LOOPBACK, port))
    async with httpx.AsyncClient(transport=httpx.AsyncHTTPTransport(retries=5), timeout=30) as http:
        call = asyncio.create_task(http.get(f"http://{LOOPBACK}:{port}/"))
        await begun.wait()
        os.kill(os.getpid(), signal.SIGTERM)
        go_on.set()
        assert (await call).text == '"done"'
    await server
