"""The same receipt is the same money, and the carrier's books of a day are held against ours."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from domain.service_events import Event
from schemas.delivery import DeliveryStatus
from schemas.money import Money, MoneyKind, SettlementLine
from storage import payments, service_requests
from storage.database import Pool
from storage.settlements import reconcile, store_settlement
from tests.storage import post_making as post
from tests.storage.post_making import PRICE

JAKARTA = ZoneInfo("Asia/Jakarta")


def money(receipt: str, amount: int = 1000, kind: MoneyKind = MoneyKind.PAYMENT, **fields: object) -> Money:
    row = {"receipt": receipt, "kind": kind, "reference_id": f"ref-{receipt}", "amount": amount, "at": post.NOON}
    return Money.model_validate(row | fields)


def line(receipt: str, amount: int = 1000, kind: MoneyKind = MoneyKind.PAYMENT, **fields: object) -> SettlementLine:
    return SettlementLine.model_validate(
        money(receipt, amount, kind, **fields).model_dump(include=set(SettlementLine.model_fields))
    )


async def test_money_told_many_times_at_once_counts_once(pool: Pool) -> None:
    one = money("R-1", request_id="mo-1")
    new = await asyncio.gather(*(payments.record(pool, one) for _ in range(8)))
    assert sorted(new) == [False] * 7 + [True]
    assert await payments.total(pool, "mo-1") == {MoneyKind.PAYMENT: 1000}
    assert "R-1" not in {conflict.receipt for conflict in await payments.conflicts(pool)}


@pytest.mark.parametrize("change", [{"amount": 999}, {"kind": MoneyKind.COD}, {"reference_id": "ref-other"}])
async def test_other_money_under_a_known_receipt_never_counts_and_is_never_lost(
    pool: Pool, change: dict[str, object]
) -> None:
    receipt = f"R-2-{next(iter(change))}"
    first = money(receipt, request_id=f"mo-{receipt}")
    await payments.record(pool, first)
    other = first.model_copy(update=change)
    assert await asyncio.gather(*(payments.record(pool, other) for _ in range(4))) == [False] * 4
    assert await payments.total(pool, f"mo-{receipt}") == {MoneyKind.PAYMENT: 1000}
    [kept] = [conflict for conflict in await payments.conflicts(pool) if conflict.receipt == receipt]
    assert (kept.amount, kept.kind, kept.reference_id) == (other.amount, other.kind, other.reference_id)


async def test_money_cannot_be_changed_afterwards(pool: Pool) -> None:
    await payments.record(pool, money("R-3"))
    with pytest.raises(asyncpg.RestrictViolationError, match="money is append-only"):
        await pool.execute("update money set amount = 1 where receipt = 'R-3'")


async def test_money_is_recorded_with_the_transition_that_tells_of_it(pool: Pool) -> None:
    paid_twice: list[Event] = [
        *(post.PLANNED, post.prepared("mo-4"), post.ASKED),
        *(post.paid("R-4-first"), post.paid("R-4-again", hours=4), post.refunded("R-4-back", "R-4-again")),
    ]
    for request in post.requests(post.start("mo-4"), paid_twice):
        await asyncio.gather(*(service_requests.commit(pool, request) for _ in range(3)))
    assert await payments.total(pool, "mo-4") == {MoneyKind.PAYMENT: 2 * PRICE, MoneyKind.REFUND: PRICE}
    of = await pool.fetchval("select of_receipt from money where receipt = 'R-4-back'")
    assert of == "R-4-again"


async def test_money_of_the_door_is_that_of_the_delivery_and_counts_once(pool: Pool) -> None:
    door = money("R-5", PRICE, MoneyKind.COD, reference_id="mo-5-d1.1", request_id="mo-5", delivery_id="mo-5-d1")
    await payments.record(pool, door)
    events: list[Event] = [
        *(post.PLANNED, post.prepared("mo-5"), post.ASKED, post.paid("R-5-counter")),
        post.carried("mo-5", DeliveryStatus.DELIVERED, receipt="R-5", amount=PRICE),
    ]
    for request in post.requests(post.start("mo-5"), events):
        await service_requests.commit(pool, request)
    assert await payments.total(pool, "mo-5") == {MoneyKind.COD: PRICE, MoneyKind.PAYMENT: PRICE}
    assert "R-5" not in {conflict.receipt for conflict in await payments.conflicts(pool)}


async def test_a_settlement_says_what_agrees_and_what_does_not(pool: Pool) -> None:
    day, noon = date(2026, 3, 2), datetime(2026, 3, 2, 5, tzinfo=UTC)
    ours = [
        money("S-both", 10, at=noon),
        money("S-unsettled", 20, MoneyKind.COD, at=noon),
        money("S-amount", 30, at=noon),
        money("S-kind", 40, MoneyKind.PAYOUT, at=noon),
    ]
    theirs = [
        line("S-both", 10, at=noon),
        line("S-unknown", 50, at=noon),
        line("S-amount", 31, at=noon),
        line("S-kind", 40, MoneyKind.COD, at=noon),
    ]
    for one in ours:
        await payments.record(pool, one)
    await store_settlement(pool, day, theirs)
    found = await reconcile(pool, day, JAKARTA)
    assert found.matched == (theirs[0],)
    assert [one.receipt for one in found.missing_here] == ["S-unknown"]
    assert [one.receipt for one in found.missing_there] == ["S-unsettled"]
    assert [(one.here.amount, one.there.amount) for one in found.differing] == [(30, 31), (40, 40)]
    assert found.totals_here == {MoneyKind.PAYMENT: 40, MoneyKind.COD: 20, MoneyKind.PAYOUT: 40}
    assert found.totals_there == {MoneyKind.PAYMENT: 91, MoneyKind.COD: 40}
    assert not found.agrees


async def test_our_day_begins_and_ends_at_midnight_of_the_zone(pool: Pool) -> None:
    midnight = datetime(2026, 3, 3, 17, tzinfo=UTC)  # in Jakarta the fourth begins
    for receipt, at in (("Z-before", midnight - timedelta(seconds=1)), ("Z-after", midnight)):
        await payments.record(pool, money(receipt, at=at))
    assert [one.receipt for one in (await reconcile(pool, date(2026, 3, 4), JAKARTA)).missing_there] == ["Z-after"]
    assert [one.receipt for one in (await reconcile(pool, date(2026, 3, 3), JAKARTA)).missing_there] == ["Z-before"]


async def test_what_one_side_books_before_midnight_and_the_other_after_it_is_the_same_money(pool: Pool) -> None:
    at = datetime(2026, 3, 9, 16, 59, tzinfo=UTC)
    await payments.record(pool, money("M-1", at=at))
    await store_settlement(pool, date(2026, 3, 10), [line("M-1", at=at)])
    for day in (date(2026, 3, 9), date(2026, 3, 10)):
        assert (await reconcile(pool, day, JAKARTA)).agrees


async def test_a_reference_that_was_paid_twice_is_found_until_the_second_is_given_back(pool: Pool) -> None:
    day, at = date(2026, 3, 12), datetime(2026, 3, 12, 5, tzinfo=UTC)
    twice = [money(receipt, reference_id="req-twice", at=at) for receipt in ("D-1", "D-2")]
    await payments.record(pool, twice[0])
    lines = [line("D-1", reference_id="req-twice", at=at), line("D-2", reference_id="req-twice", at=at)]
    await store_settlement(pool, day, lines)
    [double] = (await reconcile(pool, day, JAKARTA)).double  # though nobody here has heard of the second
    assert (double.reference_id, double.receipts) == ("req-twice", ("D-1", "D-2"))
    await payments.record(pool, twice[1])
    await payments.record(pool, money("D-3", kind=MoneyKind.REFUND, reference_id="req-twice", at=at, of_receipt="D-2"))
    assert (await reconcile(pool, day, JAKARTA)).double == ()


async def test_a_receipt_that_was_settled_on_two_days_is_found(pool: Pool) -> None:
    at = datetime(2026, 3, 16, 5, tzinfo=UTC)
    await payments.record(pool, money("T-1", at=at))
    for day in (date(2026, 3, 16), date(2026, 3, 17)):
        await store_settlement(pool, day, [line("T-1", at=at)])
    [double] = (await reconcile(pool, date(2026, 3, 17), JAKARTA)).double
    assert double.receipts == ("T-1", "T-1")


async def test_a_settlement_sent_again_is_the_same_and_a_corrected_one_takes_its_place(pool: Pool) -> None:
    day = date(2026, 3, 20)
    lines = [line("C-1"), line("C-2")]
    await asyncio.gather(*(store_settlement(pool, day, lines) for _ in range(6)))
    assert (await reconcile(pool, day, JAKARTA)).totals_there == {MoneyKind.PAYMENT: 2000}
    await store_settlement(pool, day, [line("C-1", 700), line("C-1", 700)])
    assert (await reconcile(pool, day, JAKARTA)).totals_there == {MoneyKind.PAYMENT: 700}
    with pytest.raises(ValueError, match="lines: the receipt C-1 stands there for different money"):
        await store_settlement(pool, day, [line("C-1", 700), line("C-1", 800)])
