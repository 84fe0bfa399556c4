import httpx
import pytest

from tests.simulators.customer import events, order, place, post
from tests.simulators.listening import listening
from tests.simulators.running import RunningCarrier, carrier_running


async def insist(carrier: RunningCarrier, reference_id: str) -> httpx.Response:
    """Place an order under one key until there is an answer, as a good customer does."""
    while True:
        try:
            answer = await post(carrier, "/v1/orders", order(reference_id), key=reference_id)
        except httpx.TransportError:
            continue
        if answer.is_success:
            return answer


async def test_whoever_insists_with_the_same_key_gets_one_order_whatever_became_of_the_answers() -> None:
    async with carrier_running(fail=0.3, time_out=0.4, time_out_seconds=0) as carrier:
        answers = [await insist(carrier, f"order-{number}") for number in range(30)]
        facts = await carrier.facts()

    calls = facts["calls"]
    assert {answer.status_code for answer in answers} == {200, 201}, "some had been taken without an answer"
    assert facts["orders"] == 30
    assert facts["doubled_orders"] == []
    assert min(calls["failed"], calls["timed_out_before"], calls["timed_out_after"]) > 0
    assert calls["total"] == 30 + calls["failed"] + calls["timed_out_before"] + calls["timed_out_after"]


async def test_a_call_that_times_out_stays_without_an_answer() -> None:
    async with carrier_running(time_out=1) as carrier:
        with pytest.raises(httpx.ReadTimeout):
            await carrier.control.get("/v1/orders/or_1", timeout=0.2)


async def test_a_refused_call_says_when_to_come_again() -> None:
    async with carrier_running(fail=1) as carrier:
        answer = await carrier.control.get("/v1/orders/or_1")

    assert answer.status_code == 503
    assert int(answer.headers["Retry-After"]) > 0


async def test_too_many_calls_in_a_second_are_put_off() -> None:
    async with carrier_running(rate=2) as carrier:
        answers = [await carrier.control.get("/v1/orders/or_1") for _ in range(12)]

    put_off = [answer for answer in answers if answer.status_code == 429]
    assert answers[0].status_code == answers[1].status_code == 404
    assert put_off
    assert all(int(answer.headers["Retry-After"]) > 0 for answer in put_off)


async def test_shipments_move_during_an_outage_and_their_events_are_told_and_known_afterwards() -> None:
    async with listening() as listener, carrier_running(**listener.settings) as carrier:
        order_id = await place(carrier, "outage")
        await post(carrier, "/control/outage", {"seconds": 3600})
        during = []
        for _ in range(20):
            try:
                during.append((await carrier.control.get(f"/v1/orders/{order_id}")).status_code)
            except httpx.TransportError:
                during.append(0)
        await carrier.set(speed=8_640_000)
        await listener.until(lambda it: "delivered" in it.statuses)
        facts = await carrier.until_quiet()
        await carrier.control.delete("/control/outage")
        told = await events(carrier, order_id)

    assert set(during) == {0, 503}
    assert facts["calls"]["cut_off"] == during.count(0)
    assert told[-1]["status"] == "delivered"
