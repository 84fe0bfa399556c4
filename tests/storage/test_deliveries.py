"""A delivery's transitions are written once each, with its orders and the money of the door, or not at all."""

import asyncio
from datetime import date, timedelta

import asyncpg
import pytest

from schemas.carrier import Scan
from schemas.delivery import DeliveryCommit, DeliveryCommitResult
from schemas.money import MoneyKind
from schemas.post import Carriage
from schemas.service_request import Recipient
from storage import deliveries, payments, point_loads, recipients
from storage.database import Pool
from tests.storage import post_making as post
from tests.storage.post_making import handed_over, told


async def test_a_commit_done_many_times_at_once_is_done_once(pool: Pool) -> None:
    for request in post.deliveries("dl-1", told("e1", Scan.FAILED), handed_over("e2", 2)):
        results = await asyncio.gather(*(deliveries.commit(pool, request) for _ in range(8)))
        assert results == [DeliveryCommitResult()] * 8
    timeline = await deliveries.timeline(pool, "dl-1")
    assert [(line["seq"], line["kind"]) for line in timeline] == [
        (1, "planned"),
        (2, "ordered"),
        (3, "told"),
        (4, "told"),
    ]
    assert [line["event_id"] for line in timeline] == [None, None, "e1", "e2"]
    assert [line["status"] for line in timeline] == ["planned", "on the way", "attempted", "delivered"]


async def test_a_delivery_is_read_back_as_it_was_written(pool: Pool) -> None:
    made = post.deliveries("dl-2", told("e1", Scan.HELD, reason="nobody there", point="35100"))
    for request in made:
        await deliveries.commit(pool, request)
        assert await deliveries.find(pool, "dl-2") == request.delivery
    written = [transition for request in made for transition in request.transitions]
    assert await deliveries.transitions(pool, "dl-2") == written
    assert await deliveries.find(pool, "dl-nowhere") is None


async def test_an_older_commit_that_comes_late_does_not_turn_the_delivery_back(pool: Pool) -> None:
    made = post.deliveries("dl-3", handed_over("e1"))
    for request in (*made, made[0]):
        await deliveries.commit(pool, request)
    assert await deliveries.find(pool, "dl-3") == made[-1].delivery


async def test_of_many_writers_that_disagree_the_first_wins_and_the_others_are_told_what_stands(pool: Pool) -> None:
    *before, last = post.deliveries("dl-4", told("e1", Scan.LOST))
    for request in before:
        await deliveries.commit(pool, request)
    different = [_later(last, seconds) for seconds in range(8)]
    results = await asyncio.gather(*(deliveries.commit(pool, request) for request in different))
    [winner] = [one for one, result in zip(different, results, strict=True) if not result.written_before]
    assert all(result.written_before in ((), winner.transitions) for result in results)
    assert (await deliveries.transitions(pool, "dl-4"))[-1:] == list(winner.transitions)


def _later(request: DeliveryCommit, seconds: int) -> DeliveryCommit:
    later = tuple(t.model_copy(update={"at": t.at + timedelta(seconds=seconds)}) for t in request.transitions)
    return request.model_copy(update={"transitions": later})


async def test_what_a_writer_did_not_know_of_is_told_even_if_more_was_written_than_it_has(pool: Pool) -> None:
    first, *others = made = post.deliveries("dl-5", handed_over("e1"))
    for request in made:
        await deliveries.commit(pool, request)
    result = await deliveries.commit(pool, first)
    assert result.written_before == tuple(t for request in (first, *others) for t in request.transitions)


async def test_a_delivery_is_found_by_what_the_carrier_calls_its_orders(pool: Pool) -> None:
    for request in post.deliveries("dl-6", waybill="P26112200017"):
        await deliveries.commit(pool, request)
    assert await deliveries.by_order(pool, "or-dl-6") == ("dl-6", 1)
    assert await deliveries.by_waybill(pool, "P26112200017") == ("dl-6", 1)
    assert await deliveries.by_order(pool, "or-nobody") is None
    assert await deliveries.by_waybill(pool, "P99999999999") is None


async def test_a_waybill_that_is_used_again_is_that_of_the_later_order(pool: Pool) -> None:
    for delivery_id in ("dl-old", "dl-new"):
        for request in post.deliveries(delivery_id, waybill="RR123456785ID"):
            await deliveries.commit(pool, request)
    assert await deliveries.by_waybill(pool, "RR123456785ID") == ("dl-new", 1)
    assert await deliveries.by_order(pool, "or-dl-old") == ("dl-old", 1)


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("req-7-d1.1", ("req-7-d1", 1)),
        ("a.b.c.12", ("a.b.c", 12)),
        ("req-7-d1", None),
        ("req-7-d1.0", None),
        ("req-7-d1.x", None),
        ("other system's 1.1", None),
        ("req-7-d1.1\n", None),
        ("", None),
    ],
)
def test_an_orders_own_reference_names_its_delivery(reference: str, found: tuple[str, int] | None) -> None:
    assert deliveries.by_reference(reference) == found


async def test_the_deliveries_of_a_request_are_listed_oldest_first(pool: Pool) -> None:
    for delivery_id in ("dl-7-d1", "dl-7-d2"):
        for request in post.deliveries(delivery_id, ordered_by="dl-7"):
            await deliveries.commit(pool, request)
    assert [found.delivery_id for found in await deliveries.of(pool, "dl-7")] == ["dl-7-d1", "dl-7-d2"]


@pytest.mark.parametrize(("carriage", "kind"), [(Carriage.PARCEL, MoneyKind.COD), (Carriage.CASH, MoneyKind.PAYOUT)])
async def test_money_at_the_door_counts_once_however_often_it_is_told(
    pool: Pool, carriage: Carriage, kind: MoneyKind
) -> None:
    delivery_id = f"dl-8-{carriage}"
    money = {"receipt": f"R-{delivery_id}", "amount": 90_000}
    made = post.deliveries(
        delivery_id,
        told("e1", Scan.DELIVERED, 1, **money),  # not proven yet
        told("e2", Scan.PROVEN, 2, relation="owner", proofs=("signature",), **money),
        ordered_by=delivery_id,
        carriage=carriage,
    )
    for request in made:
        await asyncio.gather(*(deliveries.commit(pool, request) for _ in range(3)))
    assert await payments.total(pool, delivery_id) == {kind: 90_000}


async def test_a_commit_that_dies_in_the_middle_leaves_nothing(pool: Pool) -> None:
    planned, ordered = post.deliveries("dl-9")
    await deliveries.commit(pool, planned)
    bad = ordered.model_copy(update={"transitions": (*ordered.transitions, *ordered.transitions)})
    with pytest.raises(asyncpg.UniqueViolationError):
        await deliveries.commit(pool, bad)
    assert await deliveries.find(pool, "dl-9") == planned.delivery
    assert await deliveries.by_order(pool, "or-dl-9") is None
    assert await deliveries.commit(pool, ordered) == DeliveryCommitResult()


@pytest.mark.parametrize(
    "statement",
    [
        "update delivery_timeline set at = now() where delivery_id = 'dl-10'",
        "delete from delivery_timeline where delivery_id = 'dl-10'",
        "truncate delivery_timeline",
    ],
)
async def test_the_timeline_only_grows(pool: Pool, statement: str) -> None:
    for request in post.deliveries("dl-10"):
        await deliveries.commit(pool, request)
    with pytest.raises(asyncpg.RestrictViolationError, match="is append-only"):
        await pool.execute(statement)


async def test_the_first_recipient_under_a_reference_stays(pool: Pool) -> None:
    first = Recipient(name="Siti Aminah", national_id="1871010101900001", address="Jl. Kartini 1", latitude=-5.4)
    await asyncio.gather(*(recipients.store(pool, "rcp-1", first) for _ in range(4)))
    await recipients.store(pool, "rcp-1", first.model_copy(update={"name": "Budi"}))
    assert await recipients.find(pool, "rcp-1") == first
    assert await recipients.find(pool, "rcp-nobody") is None


async def test_a_point_never_takes_more_than_it_can_carry_on_a_day(pool: Pool) -> None:
    day = date(2026, 11, 24)
    taken = await asyncio.gather(*(point_loads.take(pool, "P-1", day, f"pl-{n % 12}", 5) for n in range(24)))
    assert (await point_loads.loads(pool, day))["P-1"] == 5
    assert sum(taken) == 10  # twice each
    assert await point_loads.take(pool, "P-1", day + timedelta(days=1), "pl-next-day", 5)


async def test_a_delivery_has_one_place_and_keeps_it_when_there_is_no_other(pool: Pool) -> None:
    day = date(2026, 11, 27)
    assert await point_loads.take(pool, "P-2", day, "pl-full", 1)
    assert await point_loads.take(pool, "P-3", day, "pl-moves", 1)
    assert not await point_loads.take(pool, "P-2", day, "pl-moves", 1)
    assert await point_loads.loads(pool, day) == {"P-2": 1, "P-3": 1}
    assert await point_loads.take(pool, "P-2", day, "pl-moves", 2)
    assert await point_loads.take(pool, "P-2", day, "pl-moves", 0)  # its capacity was lowered since
    assert await point_loads.loads(pool, day) == {"P-2": 2}
    assert await point_loads.take(pool, "P-4", day, "pl-unbounded", None)


async def test_a_place_taken_in_a_transaction_that_fails_is_free_again(pool: Pool) -> None:
    day = date(2026, 11, 26)
    async with pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        assert await point_loads.take(connection, "P-5", day, "pl-undone", 1)
        await transaction.rollback()
    assert await point_loads.loads(pool, day) == {}
