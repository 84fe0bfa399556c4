from datetime import UTC, datetime, timedelta

from tests.simulators.customer import events, order, place, post
from tests.simulators.listening import listening
from tests.simulators.running import carrier_running


async def test_after_a_kill_shipments_go_on_and_every_event_is_told() -> None:
    async with listening() as listener, carrier_running(speed=86_400, **listener.settings) as carrier:
        order_ids = [await place(carrier, f"order-{number}") for number in range(20)]
        await listener.until(lambda it: "picked" in it.statuses)
        await carrier.kill()
        await carrier.start()
        facts = await carrier.until_quiet()
        known = [event for order_id in order_ids for event in await events(carrier, order_id)]

    assert facts["orders_by_status"] == {"delivered": 20}
    assert {event["event_id"] for event in listener.events} == {event["event_id"] for event in known}
    assert len(known) == facts["events"] == 20 * 8


async def test_webhooks_that_nobody_took_before_a_kill_are_sent_after_it() -> None:
    async with listening() as listener, carrier_running(**listener.settings, retry_seconds=0.2) as carrier:
        listener.refuses_next = 1
        await place(carrier, "again")
        await carrier.until(lambda facts: facts["webhooks"]["unanswered"] == 1)
        await carrier.kill()
        await carrier.start()
        await listener.until(lambda it: it.statuses == ["confirmed"])


async def test_keys_settings_and_money_outlive_a_kill() -> None:
    async with carrier_running(speed=8_640_000, mix={"third_attempt": 1}) as carrier:
        cash = order("cash", service_type="cash", payout_amount=300_000)
        first = await post(carrier, "/v1/orders", cash, key="cash")
        tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        payment = {"reference_id": "paid", "amount": 50_000, "expires_at": tomorrow}
        code = (await post(carrier, "/v1/payments", payment, key="paid")).json()["payment_code"]
        paid = await post(carrier, f"/control/payments/{code}/pay")
        await carrier.until_quiet()
        await carrier.kill()
        await carrier.start()

        again = await post(carrier, "/v1/orders", cash, key="cash")
        paid_again = await post(carrier, f"/control/payments/{code}/pay")
        shown = await carrier.control.get(f"/v1/payments/{code}")
        settings = (await carrier.control.get("/control/settings")).json()
        facts = await carrier.facts()

    assert (again.status_code, again.json()) == (200, first.json())
    assert paid_again.status_code == 409
    assert shown.json() == paid.json()
    assert (settings["speed"], settings["mix"]) == (8_640_000, {"third_attempt": 1})
    assert facts["money"]["payout"] == {"count": 1, "sum": 300_000}
    assert facts["money"]["payment"] == {"count": 1, "sum": 50_000}
    assert facts["doubled_orders"] == facts["doubled_payouts"] == []
