"""What goes wrong on the way leads to its own end: nothing is lost without a claim, or prepared for nothing."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest

from domain.ledger import broken_at
from schemas.carrier import FailureReason, Scan
from schemas.delivery import DeliveryStatus
from schemas.ledger import EntryKind
from schemas.messages import Actor, Reject
from schemas.service_request import DisputeReason, RequestStatus
from storage import case_records, payments
from tests.post.house import SITI, House, Life

Lives = Mapping[str, asyncio.Task[Life]]

UNDELIVERED = ["received", "prepared", "undelivered"]
PREPARED_AGAIN = [*UNDELIVERED, "prepared", "delivered", "confirmed"]
DELIVERED = ["received", "prepared", "delivered", "confirmed"]


@dataclass(frozen=True)
class Way:
    """How a first shipment goes wrong, and what that leads to."""

    scenario: str
    service: str
    ends: DeliveryStatus
    """Of the first delivery."""
    kinds: list[str]
    """Of the request."""
    claimed: bool = False
    reason: FailureReason | None = None
    rounds: int = 1


DOCUMENT, AID = "population-documents", "social-aid-goods"
WAYS = {
    "never collected": Way(
        *("never_collected", DOCUMENT, DeliveryStatus.RETURNED, UNDELIVERED), reason=FailureReason.NOBODY_THERE
    ),
    "address unknown": Way(
        *("address_unknown", DOCUMENT, DeliveryStatus.RETURNED, UNDELIVERED), reason=FailureReason.ADDRESS_UNKNOWN
    ),
    "ID does not match": Way(
        *("id_mismatch", DOCUMENT, DeliveryStatus.RETURNED, UNDELIVERED), reason=FailureReason.ID_MISMATCH
    ),
    "rejected": Way("rejected", DOCUMENT, DeliveryStatus.REFUSED, UNDELIVERED, reason=FailureReason.OTHER),
    "no courier": Way(
        "courier_not_found", DOCUMENT, DeliveryStatus.REFUSED, UNDELIVERED, reason=FailureReason.NO_COURIER
    ),
    "never proven": Way("no_proof", DOCUMENT, DeliveryStatus.UNPROVEN, UNDELIVERED, claimed=True),
    "wrong hands": Way("wrong_hands", DOCUMENT, DeliveryStatus.MISDELIVERED, PREPARED_AGAIN, claimed=True, rounds=2),
    "too warm": Way("spoiled", "medicine", DeliveryStatus.SPOILED, PREPARED_AGAIN, claimed=True, rounds=2),
    "disposed of": Way(
        *("disposed", "medicine", DeliveryStatus.SPOILED, PREPARED_AGAIN),
        claimed=True,
        reason=FailureReason.DAMAGED,
        rounds=2,
    ),
    "lost": Way("lost", DOCUMENT, DeliveryStatus.CLAIMED, PREPARED_AGAIN, claimed=True, rounds=2),
    "lost at a hub": Way("lost_at_hub", "food-consignment", DeliveryStatus.CLAIMED, UNDELIVERED, claimed=True),
    "silent": Way("silent", DOCUMENT, DeliveryStatus.CLAIMED, PREPARED_AGAIN, claimed=True, rounds=2),
    "replaced": Way("lost", AID, DeliveryStatus.DELIVERED, DELIVERED, claimed=True),
    "found again": Way("lost_then_found", DOCUMENT, DeliveryStatus.DELIVERED, DELIVERED, claimed=True),
    "late at a hub": Way("late_leg", "food-consignment", DeliveryStatus.DELIVERED, DELIVERED),
    "contradicted": Way("contradiction", DOCUMENT, DeliveryStatus.DELIVERED, DELIVERED),
}


async def lost_each_time(house: House) -> Life:
    """Live a life in which the second one is lost, too."""
    request = await house.request(DOCUMENT, "lost")
    await house.will_go(f"{request.request_id}-d2", "lost")
    await house.prepare(request)
    await house.prepare(request, 2)
    return await house.life(request)


async def declined(house: House) -> Life:
    """Live a life in which the agency refuses."""
    request = await house.request(DOCUMENT)
    case_id = await house.preparation(request)
    message = Reject(message_id=f"{case_id}:no", actor=Actor(id="operator-7"), reason="not-entitled")
    await house.tell_case(case_id, message)
    return await house.life(request)


async def agency_late(house: House) -> Life:
    """Live a life in which the agency is ready only when its superior has it."""
    request = await house.request(DOCUMENT)
    case_id = await house.preparation(request)
    await house.until_case(case_id, "escalated")
    await house.prepare(request)
    return await house.life(request)


async def dispute_refused(house: House) -> Life:
    """Live a life in which the recipient disputes, and the agency stands by what it sent."""
    request = await house.request(DOCUMENT)
    await house.prepare(request)
    await house.until(request, RequestStatus.CONFIRMING)
    await house.dispute(request, DisputeReason.WRONG)
    case_id = await house.preparation(request, 2)
    await house.tell_case(case_id, Reject(message_id="no", actor=Actor(id="operator-7"), reason="it-is-right"))
    return await house.life(request)


LIVES: dict[str, Any] = {
    name: partial(House.lives, service=way.service, scenario=way.scenario, rounds=way.rounds)
    for name, way in WAYS.items()
} | {
    "lost each time": lost_each_time,
    "declined": declined,
    "agency late": agency_late,
    "dispute refused": dispute_refused,
    "paid, came back": partial(House.lives, service="samsat-papers", scenario="never_collected"),
    "owed, came back": partial(House.lives, service="local-tax-receipts", scenario="never_collected"),
    "paid, in wrong hands": partial(House.lives, service="samsat-papers", scenario="wrong_hands", rounds=2),
    "cash in wrong hands": partial(
        House.lives,
        service="social-aid-cash",
        scenario="wrong_hands",
        recipient=SITI.model_copy(update={"national_id": "1871014107900201"}),
    ),
}


@pytest.mark.parametrize("name", WAYS)
async def test_a_failure_leads_to_its_own_end(lives: Lives, house: House, name: str) -> None:
    way, life = WAYS[name], await lives[name]
    delivery = await house.delivery(life)
    assert (delivery.status, delivery.reason) == (way.ends, way.reason)
    assert (delivery.claim is not None) == way.claimed
    assert life.kinds == way.kinds
    completed = way.kinds[-1] == "confirmed"
    assert life.result.status == (RequestStatus.COMPLETED if completed else RequestStatus.UNDELIVERED)


async def test_what_is_lost_is_replaced_by_the_sender_where_the_service_says_so(lives: Lives, house: House) -> None:
    life = await lives["replaced"]
    assert (await house.delivery(life)).orders == 2
    kinds = await house.delivery_kinds(f"{life.request.request_id}-d1")
    assert [kind for kind in kinds if kind not in ("told", "overdue")] == ["planned", "ordered", "claimed", "reissued"]


async def test_what_is_lost_is_not_prepared_more_often_than_the_service_allows(lives: Lives) -> None:
    life = await lives["lost each time"]
    assert life.kinds == ["received", "prepared", "undelivered", "prepared", "undelivered"]
    assert (life.result.status, life.result.outcome) == (RequestStatus.UNDELIVERED, DeliveryStatus.CLAIMED)


async def test_silence_for_longer_than_anything_takes_counts_as_lost(lives: Lives, house: House) -> None:
    life = await lives["silent"]
    assert "presumed lost" in await house.delivery_kinds(f"{life.request.request_id}-d1")


async def test_what_was_lost_and_is_found_is_delivered(lives: Lives, house: House) -> None:
    assert (await house.stations(await lives["found again"]))[-2:] == ["lost", "delivered"]


async def test_a_consignment_that_comes_late_to_a_hub_is_seen_before_it_arrives(lives: Lives, house: House) -> None:
    life = await lives["late at a hub"]
    kinds = await house.delivery_kinds(f"{life.request.request_id}-d1")
    assert kinds.index("leg overdue") < kinds.index("told")
    delivery = await house.delivery(life)
    assert delivery.legs[0].late
    assert not delivery.on_time


async def test_what_the_carrier_tells_after_the_end_is_kept_and_changes_nothing(lives: Lives, house: House) -> None:
    life = await lives["contradicted"]
    assert (await house.scans(f"{life.request.request_id}-d1"))[-2:] == [Scan.DELIVERED, Scan.RETURNING]


async def test_cash_in_wrong_hands_is_never_paid_out_again(lives: Lives, house: House) -> None:
    life = await lives["cash in wrong hands"]
    assert (life.result.status, life.result.outcome) == (RequestStatus.UNDELIVERED, DeliveryStatus.MISDELIVERED)
    assert life.result.paid_out is not None
    assert sum((await payments.total(house.pool, life.request.request_id)).values()) == 600_000
    assert not (await house.requests.show(life.request.request_id)).frees_benefit


async def test_money_goes_back_for_what_came_back(lives: Lives) -> None:
    life = await lives["paid, came back"]
    assert life.kinds[-2:] == ["undelivered", "refunded"]
    assert (life.result.paid, life.result.refunded) == (450_000, 450_000)


async def test_money_that_was_owed_anyway_does_not_go_back(lives: Lives) -> None:
    life = await lives["owed, came back"]
    assert life.kinds[-1] == "undelivered"
    assert (life.result.paid, life.result.refunded) == (120_000, 0)


async def test_what_is_prepared_again_is_not_paid_again(lives: Lives) -> None:
    life = await lives["paid, in wrong hands"]
    paid = ["received", "prepared", "payment asked", "paid"]
    assert life.kinds == [*paid, "undelivered", "prepared", "delivered", "confirmed"]
    assert life.result.paid == 450_000


async def test_a_dispute_that_the_agency_refuses_leaves_it_delivered(lives: Lives) -> None:
    life = await lives["dispute refused"]
    assert (life.result.status, life.result.outcome) == (RequestStatus.COMPLETED, DeliveryStatus.DELIVERED)
    assert life.kinds == ["received", "prepared", "delivered", "disputed", "dispute settled"]


async def test_an_agency_may_decline(lives: Lives) -> None:
    life = await lives["declined"]
    assert life.kinds == ["received", "declined"]
    assert (life.result.status, life.result.outcome) == (RequestStatus.DECLINED, None)


async def test_an_agency_that_is_late_with_preparing_is_proposed_for_a_sanction(lives: Lives, house: House) -> None:
    life = await lives["agency late"]
    assert life.kinds == DELIVERED
    case_id = f"{life.request.request_id}-p1"
    assert [kind for kind in await house.case_kinds(case_id) if kind in ("breached", "escalated")][:2] == [
        "breached",
        "escalated",
    ]
    ledger = await case_records.ledger(house.pool, case_id)
    assert ("verification-late", EntryKind.PROPOSED) in [(entry.rule, entry.kind) for entry in ledger]
    assert broken_at(ledger) is None
