"""The carrier's books of a day against ours, with a carrier whose webhooks never come."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from temporalio.client import Client

from carriers.protocol import CarrierAwayError
from gateway.reconciliation import Deed, Report
from gateway.service_requests import ServiceRequests
from schemas.messages import Actor, Role
from schemas.money import Money, MoneyKind, SettlementLine
from schemas.service_request import Cancel, RequestStatus
from storage import deliveries, payments
from tests.gateway.posting import PRICE, Posting, posting
from tests.simulators import customer
from tests.storage import post_making


@pytest.fixture(scope="module")
async def post(client: Client, database_url: str) -> AsyncIterator[Posting]:
    async with posting(client, database_url, "reconciling", "tests-of-reconciliation") as everything:
        yield everything


def deeds(report: Report) -> dict[str, Deed]:
    return {done.line.receipt: done.deed for done in report.done}


def receipts(lines: tuple[SettlementLine, ...]) -> set[str]:
    return {line.receipt for line in lines}


async def cancelled(post: Posting) -> str:
    request_id = await post.papers()
    await post.until(request_id, lambda request: request.status is RequestStatus.PREPARING)
    message = Cancel(message_id="no-more", actor=Actor(id="citizen-1", role=Role.REPORTER))
    await ServiceRequests(post.client, post.pool, post.task_queue).send(request_id, message)
    await post.until(request_id, lambda request: request.over_at is not None)
    return request_id


async def test_a_payment_that_no_webhook_told_of_is_brought_to_its_request_which_goes_on(post: Posting) -> None:
    request_id = await post.payable()
    receipt = await post.pay(request_id)
    assert (await post.request(request_id)).paid == 0

    report = await post.reconcile()

    assert receipt in receipts(report.books.missing_here)
    assert deeds(report)[receipt] is Deed.TOLD
    paid = await post.until(request_id, lambda request: request.paid > 0)
    assert (paid.status, paid.paid, paid.refunded) == (RequestStatus.DELIVERING, PRICE, 0)

    again = await post.reconcile()
    assert receipt in receipts(again.books.matched)
    assert receipt not in deeds(again)


async def test_money_for_a_request_that_is_over_is_named_each_time_as_to_be_given_back_by_hand(post: Posting) -> None:
    request_id = await cancelled(post)
    receipt = await post.pay_under(request_id)

    first, second = [await post.reconcile() for _ in range(2)]

    assert receipt in receipts(first.books.missing_here)
    assert receipt in receipts(second.books.matched)
    for report in (first, second):
        assert deeds(report)[receipt] is Deed.GIVE_BACK
        assert report.needs_people
    assert await payments.total(post.pool, request_id) == {MoneyKind.PAYMENT: PRICE}


async def test_money_under_a_name_that_is_not_ours_is_kept_and_left_to_people(post: Posting) -> None:
    receipt = await post.pay_under("somebody-elses")

    for _ in range(2):
        report = await post.reconcile()
        assert deeds(report)[receipt] is Deed.NOBODYS
        assert report.needs_people


async def test_money_paid_out_at_a_door_that_we_never_heard_of_counts_for_its_delivery(post: Posting) -> None:
    (commit, *_) = post_making.deliveries("cash-d1", ordered_by="cash")
    await deliveries.commit(post.pool, commit)
    order = await customer.place(post.carrier, "cash-d1.1", service_type="cash", payout_amount=300_000)
    await customer.happens(post.carrier, order, "picked")
    receipt = (await customer.happens(post.carrier, order, "delivered"))["receipt"]

    report = await post.reconcile()

    assert deeds(report)[receipt] is Deed.COUNTED
    assert await payments.total(post.pool, "cash") == {MoneyKind.PAYOUT: 300_000}
    assert receipt in receipts((await post.reconcile()).books.matched)


async def test_what_the_carrier_never_settled_needs_people(post: Posting) -> None:
    money = Money(
        kind=MoneyKind.COD, receipt="COD-NEVER-SETTLED", reference_id="x-d1.1", amount=PRICE, at=datetime.now(UTC)
    )
    await payments.record(post.pool, money)

    report = await post.reconcile()

    assert money.receipt in receipts(report.books.missing_there)
    assert report.needs_people


async def test_while_the_carrier_is_away_nothing_changes(post: Posting) -> None:
    before = await post.reconcile()
    (await post.carrier.control.post("/control/outage", json={"seconds": 60})).raise_for_status()
    try:
        with pytest.raises(CarrierAwayError):
            await post.reconcile()
    finally:
        (await post.carrier.control.delete("/control/outage")).raise_for_status()
    assert (await post.reconcile()).books == before.books
