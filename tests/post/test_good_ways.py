"""Every kind of service comes to its good end, through the agency, the counter, the carrier and the door."""

import asyncio
from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest

from gateway.refusals import RefusedError
from schemas.carrier import Scan
from schemas.delivery import DeliveryStatus
from schemas.money import MoneyKind
from schemas.service_request import RequestStatus
from storage import deliveries, payments, service_requests
from tests.post.house import SITI, House, Life


def somebody(number: int) -> dict[str, Any]:
    """Return a beneficiary of whom no other test has heard."""
    return {"recipient": SITI.model_copy(update={"national_id": f"18710141079001{number:02}"})}


ASKED: dict[str, tuple[str, str, dict[str, Any]]] = {
    "document": ("population-documents", "good", {}),
    "vehicle papers": ("samsat-papers", "good", {}),
    "tax receipt": ("local-tax-receipts", "good", {}),
    "alms receipt": ("alms-receipts", "good", {}),
    "medicine": ("medicine", "good", {}),
    "aid": ("social-aid-goods", "good", {}),
    "cash": ("social-aid-cash", "good", somebody(1)),
    "food": ("food-consignment", "good", {}),
    "cash offline": ("social-aid-cash", "offline_proof", somebody(2)),
    "third attempt": ("population-documents", "third_attempt", {}),
    "collected": ("population-documents", "collected", {}),
    "cash returned": ("social-aid-cash", "never_collected", somebody(3)),
}
"""Service, scenario, and what else the request says."""


async def nobody_confirms(house: House) -> Life:
    """Live a life in which the recipient says nothing."""
    request = await house.request("population-documents")
    await house.prepare(request)
    return await house.life(request)


LIVES: dict[str, Any] = {
    name: partial(House.lives, service=service, scenario=scenario, **said)
    for name, (service, scenario, said) in ASKED.items()
} | {"nobody confirms": nobody_confirms}

Lives = Mapping[str, asyncio.Task[Life]]
FREE = ["received", "prepared", "delivered", "confirmed"]
PAID_FIRST = ["received", "prepared", "payment asked", "paid", "delivered", "confirmed"]
WAYS = dict.fromkeys(("document", "medicine", "aid", "cash", "food"), FREE) | dict.fromkeys(
    ("vehicle papers", "tax receipt", "alms receipt"), PAID_FIRST
)


def test_every_service_of_the_pack_is_asked_for(house: House) -> None:
    assert {ASKED[way][0] for way in WAYS} == {service.code for service in house.policy.services}


@pytest.mark.parametrize("way", WAYS)
async def test_a_service_is_prepared_carried_and_confirmed(lives: Lives, house: House, way: str) -> None:
    life = await lives[way]
    assert (life.result.status, life.result.outcome) == (RequestStatus.COMPLETED, DeliveryStatus.DELIVERED)
    assert life.kinds == WAYS[way]
    delivery = await house.delivery(life)
    assert (delivery.status, delivery.orders, delivery.attempts) == (DeliveryStatus.DELIVERED, 1, 0)


async def test_silence_of_the_recipient_confirms(lives: Lives, house: House) -> None:
    life = await lives["nobody confirms"]
    assert life.result.status == RequestStatus.COMPLETED
    [*_, last] = await service_requests.timeline(house.pool, life.request.request_id)
    assert (last["kind"], last["actor"]) == ("confirmed", "engine")


async def test_what_is_paid_at_a_counter_is_counted_once(lives: Lives, house: House) -> None:
    life = await lives["vehicle papers"]
    assert (life.result.paid, life.result.refunded) == (450_000, 0)
    assert await payments.total(house.pool, life.request.request_id) == {MoneyKind.PAYMENT: 450_000}


async def test_the_buyer_pays_at_the_door(lives: Lives, house: House) -> None:
    life = await lives["food"]
    assert life.result.paid == 900_000
    assert await payments.total(house.pool, life.request.request_id) == {MoneyKind.COD: 900_000}


async def test_a_consignment_comes_through_both_hubs_leg_by_leg(lives: Lives, house: House) -> None:
    delivery = await house.delivery(await lives["food"])
    assert [leg.to for leg in delivery.legs] == ["ID-PANJANG", "ID-PRIOK"]
    assert delivery.point == "14000"
    first, second = delivery.legs
    assert first.begun_at < first.arrived_at == second.begun_at < second.arrived_at < delivery.over_at  # type: ignore[operator]
    assert all(leg.late == (leg.arrived_at > leg.due.at) for leg in delivery.legs)  # type: ignore[operator,union-attr]


async def test_medicine_arrives_with_its_temperatures(lives: Lives, house: House) -> None:
    life = await lives["medicine"]
    told = [t.event for t in await deliveries.transitions(house.pool, f"{life.request.request_id}-d1") if t.event]
    [delivered] = [event for event in told if event.scan is Scan.DELIVERED]
    [service] = [service for service in house.policy.services if service.code == "medicine"]
    assert delivered.temperatures is not None
    assert service.delivery.temperatures is not None
    assert service.delivery.temperatures.holds(delivered.temperatures)


async def test_a_courier_comes_three_times(lives: Lives, house: House) -> None:
    life = await lives["third attempt"]
    delivery = await house.delivery(life)
    assert (life.result.status, delivery.status, delivery.attempts) == ("completed", "delivered", 2)


async def test_what_nobody_took_at_the_door_is_collected_at_the_office(lives: Lives, house: House) -> None:
    life = await lives["collected"]
    assert life.result.status == RequestStatus.COMPLETED
    assert (await house.delivery(life)).attempts == 3
    assert (await house.scans(f"{life.request.request_id}-d1"))[-2:] == [Scan.HELD, Scan.DELIVERED]


async def test_proofs_of_a_place_without_a_network_count_days_later(lives: Lives, house: House) -> None:
    life = await lives["cash offline"]
    assert life.result.status == RequestStatus.COMPLETED
    assert await house.stations(life) == ["planned", "on the way", "handed over", "delivered"]
    assert (await house.scans(f"{life.request.request_id}-d1"))[-2:] == [Scan.DELIVERED, Scan.PROVEN]


async def test_cash_is_paid_out_once(lives: Lives, house: House) -> None:
    for way in ("cash", "cash offline"):
        life = await lives[way]
        assert life.result.paid_out is not None
        assert await payments.total(house.pool, life.request.request_id) == {MoneyKind.PAYOUT: 600_000}
    assert (await house.carrier.facts())["doubled_payouts"] == []


async def test_the_same_benefit_is_refused_to_whoever_got_it(lives: Lives, house: House) -> None:
    life = await lives["cash"]
    with pytest.raises(RefusedError, match=f"period: the request {life.request.request_id} has this benefit"):
        await house.request("social-aid-cash", **somebody(1))


async def test_a_benefit_that_never_reached_anybody_may_be_asked_for_again(lives: Lives, house: House) -> None:
    life = await lives["cash returned"]
    assert (life.result.status, life.result.outcome) == (RequestStatus.UNDELIVERED, DeliveryStatus.RETURNED)
    again = await house.lives("social-aid-cash", **somebody(3))
    assert again.result.status == RequestStatus.COMPLETED
    assert again.result.paid_out is not None
