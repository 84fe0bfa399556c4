from datetime import UTC, datetime, timedelta

import httpx
import pytest

from simulators.numbers import s10_check_digit, waybill
from tests.simulators.customer import DESTINATION, happens, order, place, post
from tests.simulators.running import RunningCarrier, carrier_running


async def test_an_order_gets_a_waybill_and_can_be_read_back(carrier: RunningCarrier) -> None:
    taken = await post(carrier, "/v1/orders", order("read-back"), key="read-back")
    read = await carrier.control.get(f"/v1/orders/{taken.json()['order_id']}")

    assert taken.status_code == 201
    assert set(taken.json()) == {"order_id", "waybill", "reference_id", "status", "created_at"}
    assert taken.json()["waybill"][0] == "P"
    assert taken.json()["waybill"][1:].isdigit()
    assert abs(datetime.fromisoformat(taken.json()["created_at"]) - datetime.now(UTC)) < timedelta(minutes=1)
    assert read.json() == {**taken.json(), "events": read.json()["events"]}
    assert [event["status"] for event in read.json()["events"]] == ["confirmed"]
    assert set(read.json()["events"][0]) == {
        *("event_id", "order_id", "reference_id", "waybill", "status", "scan", "occurred_at", "point", "reason"),
        *("proof", "receipt", "amount"),
    }


async def test_freight_gets_a_waybill_of_the_postal_union(carrier: RunningCarrier) -> None:
    answer = await post(carrier, "/v1/orders", order("freight", service_type="freight"), key="freight")

    number = answer.json()["waybill"]
    assert (number[:2], number[-2:]) == ("CP", "ID")
    assert s10_check_digit(number[2:10]) == int(number[10])
    assert s10_check_digit("47312482") == 9, "the example that the postal union gives"


def test_no_two_orders_share_a_waybill() -> None:
    assert len({waybill(number) for number in range(100_000)}) == 100_000


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"destination": {**DESTINATION, "phone": "0812-3456"}}, "destination.phone"),
        ({"service_type": "pigeon"}, "service_type"),
        ({"items": []}, "items"),
        ({"items": [{"name": "Document", "quantity": 0}]}, "items.0.quantity"),
        ({"colour": "red"}, "colour"),
        ({"cod_amount": -1}, "cod_amount"),
    ],
)
async def test_an_invalid_order_is_refused_by_its_field(
    carrier: RunningCarrier, change: dict[str, object], field: str
) -> None:
    answer = await post(carrier, "/v1/orders", order("invalid", **change), key="invalid")

    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid"
    assert answer.json()["error"]["field"] == field
    assert "0812" not in answer.text, "an error never repeats what it is about"


async def test_an_order_without_a_key_is_refused(carrier: RunningCarrier) -> None:
    answer = await post(carrier, "/v1/orders", order("keyless"))

    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "Idempotency-Key")


async def test_places_that_nobody_delivers_to_are_refused() -> None:
    async with carrier_running(not_served=["352"]) as carrier:
        refused = await post(carrier, "/v1/orders", order("far"), key="far")
        taken = await post(carrier, "/v1/orders", order("near", destination={"postal_code": "35111"}), key="near")

    assert (refused.status_code, refused.json()["error"]["code"]) == (422, "not_served")
    assert taken.status_code == 201


async def test_what_does_not_exist_is_unknown(carrier: RunningCarrier) -> None:
    answers = [
        await carrier.control.get("/v1/orders/or_none"),
        await post(carrier, "/v1/orders/or_none/cancel"),
        await carrier.control.get("/v1/payments/none"),
    ]

    assert {(answer.status_code, answer.json()["error"]["code"]) for answer in answers} == {(404, "unknown")}


@pytest.mark.parametrize("key", ["", "Bearer of another"])
async def test_callers_without_the_key_are_turned_away(carrier: RunningCarrier, key: str) -> None:
    async with httpx.AsyncClient(base_url=carrier.url, headers={"Authorization": key}) as stranger:
        answers = [await stranger.get("/v1/orders/or_1"), await stranger.get("/control/facts")]

    assert [answer.status_code for answer in answers] == [401, 401]


async def test_the_same_key_and_body_again_is_the_same_order(carrier: RunningCarrier) -> None:
    first = await post(carrier, "/v1/orders", order("twice"), key="twice")
    again = await post(carrier, "/v1/orders", order("twice"), key="twice")
    found = (await carrier.control.get("/control/orders", params={"reference_id": "twice"})).json()

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json() == first.json()
    assert len(found) == 1
    assert "twice" not in (await carrier.facts())["doubled_orders"]


async def test_the_same_key_with_another_body_is_a_conflict(carrier: RunningCarrier) -> None:
    await post(carrier, "/v1/orders", order("conflict"), key="conflict")
    other = await post(carrier, "/v1/orders", order("conflict", handed_to="anyone"), key="conflict")

    assert (other.status_code, other.json()["error"]["code"]) == (409, "idempotency_conflict")


async def test_another_key_makes_another_order_and_the_facts_tell_of_it(carrier: RunningCarrier) -> None:
    first = await post(carrier, "/v1/orders", order("doubled"), key="doubled-1")
    second = await post(carrier, "/v1/orders", order("doubled"), key="doubled-2")

    assert first.json()["order_id"] != second.json()["order_id"]
    assert first.json()["waybill"] != second.json()["waybill"]
    assert "doubled" in (await carrier.facts())["doubled_orders"]


async def test_an_order_can_be_cancelled_until_it_is_picked_up(carrier: RunningCarrier) -> None:
    waiting, gone = await place(carrier, "cancelled"), await place(carrier, "picked")
    await happens(carrier, gone, "picked")

    first = await post(carrier, f"/v1/orders/{waiting}/cancel")
    again = await post(carrier, f"/v1/orders/{waiting}/cancel")
    late = await post(carrier, f"/v1/orders/{gone}/cancel")

    assert (first.status_code, first.json()["status"]) == (200, "cancelled")
    assert again.json() == first.json()
    assert (late.status_code, late.json()["error"]["code"]) == (409, "too_late")
    told = (await carrier.control.get(f"/v1/orders/{waiting}")).json()["events"]
    assert [event["status"] for event in told] == ["confirmed", "cancelled"]


async def test_a_claim_is_filed_once_under_its_key(carrier: RunningCarrier) -> None:
    order_id = await place(carrier, "claimed")

    first = await post(carrier, f"/v1/orders/{order_id}/claims", {"reason": "lost"}, key="claim")
    again = await post(carrier, f"/v1/orders/{order_id}/claims", {"reason": "lost"}, key="claim")

    assert first.status_code == 201
    assert first.json() == {"claim_id": first.json()["claim_id"], "order_id": order_id, "status": "filed"}
    assert again.json() == first.json()


async def test_a_setting_that_does_not_exist_is_refused_by_its_name(carrier: RunningCarrier) -> None:
    unknown = await carrier.control.put("/control/settings", json={"temper": "bad"})
    scenario = await carrier.control.put("/control/mix", json={"eaten_by_a_dog": 1})

    assert (unknown.status_code, unknown.json()["error"]["field"]) == (422, "temper")
    assert scenario.status_code == 422
    assert "good" in scenario.json()["error"]["message"]
