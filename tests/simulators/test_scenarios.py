from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

import pytest

from simulators.chance import scenario_for
from simulators.scenarios import SCENARIOS
from tests.simulators.customer import events, place
from tests.simulators.running import RunningCarrier, carrier_running

SCANS = ("confirmed", "allocated", "picking_up", "picked", "departed", "arrived", "at_office", "dropping_off")
FAILED_THRICE = ["delivery_failed"] * 3

ENDS: dict[str, list[str]] = {
    "good": ["delivered"],
    "third_attempt": ["delivery_failed", "delivery_failed", "delivered"],
    "collected": [*FAILED_THRICE, "on_hold", "delivered"],
    "never_collected": [*FAILED_THRICE, "on_hold", "return_in_transit", "returned"],
    "wrong_hands": ["delivered"],
    "id_mismatch": ["delivery_failed", "on_hold", "return_in_transit", "returned"],
    "spoiled": ["delivered"],
    "disposed": ["disposed"],
    "lost": ["lost"],
    "lost_then_found": ["lost", "delivered"],
    "offline_proof": ["delivered", "proof_added"],
    "no_proof": ["delivered"],
    "rejected": ["rejected"],
    "courier_not_found": ["courier_not_found"],
    "lost_at_hub": ["lost"],
    "late_leg": ["delivered"],
    "silent": [],
    "contradiction": ["delivered", "return_in_transit"],
    "address_unknown": ["delivery_failed", "return_in_transit", "returned"],
}


@pytest.fixture(scope="module")
async def fast() -> AsyncIterator[RunningCarrier]:
    """A carrier at which a day takes a hundredth of a second, and orders happen as they are called."""
    async with carrier_running(speed=8_640_000, scenarios={name: name for name in SCENARIOS}) as carrier:
        yield carrier


async def course(fast: RunningCarrier, reference_id: str, **changes: Any) -> list[dict[str, Any]]:
    """Return all that happens to an order, from its beginning to its end."""
    order_id = await place(fast, reference_id, **changes)
    await fast.until_quiet()
    return await events(fast, order_id)


def statuses(told: list[dict[str, Any]]) -> list[str]:
    return [event["status"] for event in told]


def hours_between(earlier: dict[str, Any], later: dict[str, Any]) -> float:
    """Return the hours of a shipment's life between two events."""
    passed = datetime.fromisoformat(later["occurred_at"]) - datetime.fromisoformat(earlier["occurred_at"])
    return round(passed.total_seconds() * 8_640_000 / 3600)


@pytest.mark.parametrize("scenario", SCENARIOS)
async def test_every_scenario_tells_what_it_is_called_in_the_right_order(fast: RunningCarrier, scenario: str) -> None:
    told = statuses(await course(fast, f"{scenario}-order"))

    scans = [status for status in told if status in SCANS]
    assert [status for status in told if status not in SCANS] == ENDS[scenario]
    assert [SCANS.index(status) for status in dict.fromkeys(scans)] == sorted(map(SCANS.index, set(scans)))


async def test_a_delivery_is_told_with_the_proofs_that_were_asked_for(fast: RunningCarrier) -> None:
    told = await course(fast, "good-proofs")

    proof = told[-1]["proof"]
    assert proof["relation"] == "owner"
    assert proof["id_match"] is True
    assert proof["signature"]
    assert proof["face_photo"]
    assert proof["place"] == {"latitude": -5.4, "longitude": 105.3}
    assert "temperature" not in proof
    assert [event["scan"] for event in told if event["scan"]] == [
        *("Posting Loket", "Puri Kirim", "Puri Terima", "Proses Antar", "Selesai Antar"),
    ]
    assert all(event["proof"] is None for event in told[:-1])


async def test_what_any_of_the_household_may_take_is_taken_by_one_of_them(fast: RunningCarrier) -> None:
    told = await course(fast, "good-household", handed_to="household", proofs=["signature"])

    assert told[-1]["proof"] == {"relation": "household", "signature": told[-1]["proof"]["signature"], "offline": False}


async def test_consignments_come_through_every_hub_in_order(fast: RunningCarrier) -> None:
    told = await course(fast, "good-via", via=["ID-PANJANG", "ID-PRIOK"])

    assert [(event["status"], event["point"]) for event in told[4:-3]] == [
        *(("departed", None), ("arrived", "ID-PANJANG"), ("departed", "ID-PANJANG")),
        *(("arrived", "ID-PRIOK"), ("departed", "ID-PRIOK")),
    ]


async def test_what_is_lost_at_a_hub_was_at_the_first_and_no_further(fast: RunningCarrier) -> None:
    told = await course(fast, "lost_at_hub-via", via=["ID-PANJANG", "ID-PRIOK"])

    assert [(event["status"], event["point"]) for event in told[-2:]] == [("arrived", "ID-PANJANG"), ("lost", None)]


async def test_a_late_leg_is_days_late(fast: RunningCarrier) -> None:
    told = await course(fast, "late_leg-via", via=["ID-PANJANG"])

    departed, arrived = told[4:6]
    assert statuses([departed, arrived]) == ["departed", "arrived"]
    assert hours_between(departed, arrived) == 120


async def test_what_was_found_was_delivered_before_it_was_told_to_be_lost(fast: RunningCarrier) -> None:
    *_, lost, delivered = await course(fast, "lost_then_found-order")

    assert datetime.fromisoformat(delivered["occurred_at"]) < datetime.fromisoformat(lost["occurred_at"])
    assert delivered["proof"]["offline"] is True


async def test_proofs_captured_without_a_network_follow_with_the_moment_of_their_capture(fast: RunningCarrier) -> None:
    *_, delivered, added = await course(fast, "offline_proof-order")

    assert delivered["proof"] is None
    assert added["proof"]["offline"] is True
    assert added["proof"]["signature"]
    assert hours_between(delivered, added) == 0


async def test_a_neighbour_is_not_who_it_was_meant_for(fast: RunningCarrier) -> None:
    told = await course(fast, "wrong_hands-order")

    assert (told[-1]["proof"]["relation"], told[-1]["proof"]["id_match"]) == ("neighbour", False)


@pytest.mark.parametrize(("scenario", "warmest"), [("good", 6.7), ("spoiled", 19)])
async def test_the_cold_chain_holds_unless_it_is_spoiled(fast: RunningCarrier, scenario: str, warmest: float) -> None:
    cold = {"service_type": "cold", "proofs": ["temperature"], "temperature": {"min_c": 2, "max_c": 8}}
    told = await course(fast, f"{scenario}-cold", **cold)

    assert told[-1]["proof"]["temperature"] == {
        "min_c": pytest.approx(3, abs=0.5),
        "max_c": pytest.approx(warmest, 0.1),
    }


async def test_the_post_tries_and_holds_as_long_as_the_order_says(fast: RunningCarrier) -> None:
    told = await course(fast, "never_collected-short", attempts=1, hold_seconds=7200)

    assert statuses(told)[-4:] == ["delivery_failed", "on_hold", "return_in_transit", "returned"]
    assert statuses(told).count("delivery_failed") == 1
    assert hours_between(told[-3], told[-2]) == 2
    assert (told[-3]["point"], told[-3]["reason"]) == ("35200", "nobody_there")


async def test_the_longest_prefix_says_what_happens() -> None:
    async with carrier_running(scenarios={"req": "lost", "req-7-d1.2": "good"}) as carrier:
        for reference in ("req-7-d1.1", "req-7-d1.2", "other"):
            await place(carrier, reference)
        asked = [
            (await carrier.control.get("/control/orders", params={"reference_id": reference})).json()
            for reference in ("req-7-d1.1", "req-7-d1.2", "other")
        ]

    assert [order["scenario"] for orders in asked for order in orders] == ["lost", "good", "good"]


def test_the_mix_depends_on_the_seed_and_the_reference_alone() -> None:
    mix = {"good": 3, "lost": 1}
    references = [f"req-{number}" for number in range(1000)]

    def all_of(seed: str, order: list[str]) -> dict[str, str]:
        return {reference: scenario_for(reference, seed=seed, scenarios={}, mix=mix) for reference in order}

    assert all_of("1", references) == all_of("1", references[::-1]) != all_of("2", references)
    assert 200 < list(all_of("1", references).values()).count("lost") < 300


async def test_what_is_still_to_happen_comes_sooner_at_a_higher_speed() -> None:
    async with carrier_running(speed=1) as carrier:
        order_id = await place(carrier, "hurry")
        await carrier.set(speed=8_640_000)
        await carrier.until_quiet()

        assert statuses(await events(carrier, order_id))[-1] == "delivered"
