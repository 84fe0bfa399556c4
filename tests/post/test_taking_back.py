"""A request that is not wanted any more, or not paid for, is taken back: whatever was begun is stopped, once each."""

import pytest

from gateway.refusals import RefusedError
from schemas.delivery import DeliveryStatus
from schemas.money import MoneyKind
from schemas.service_request import RequestStart, RequestStatus
from schemas.status import Status
from storage import payments
from tests.post.house import House


async def carried_to_its_end(house: House, request: RequestStart) -> None:
    """Let the carrier bring it to the door, and the recipient confirm."""
    order_id = await house.order(request)
    await house.happen(order_id, "picked", "delivered")
    await house.until(request, RequestStatus.CONFIRMING)
    await house.confirm(request)


async def test_while_it_is_prepared_the_agency_is_told_to_stop(by_hand: House) -> None:
    request = await by_hand.request("samsat-papers")
    case_id = await by_hand.preparation(request)
    receipt = await by_hand.cancel(request)
    life = await by_hand.life(request)
    assert receipt.status == RequestStatus.ENDING
    assert (life.result.status, life.result.outcome, life.result.paid) == (RequestStatus.CANCELLED, None, 0)
    assert (await by_hand.cases.handle(case_id).result()).status == Status.WITHDRAWN
    assert life.kinds == ["received", "cancelled", "stopped", "declined"]


async def test_while_its_payment_is_awaited_nobody_can_pay_any_more(by_hand: House) -> None:
    request = await by_hand.request("samsat-papers")
    await by_hand.prepare(request)
    await by_hand.until_kind(request, "payment asked")
    await by_hand.cancel(request)
    life = await by_hand.life(request)
    assert life.kinds == ["received", "prepared", "payment asked", "cancelled", "voided"]
    code = (await by_hand.requests.show(request.request_id)).payment_code
    answer = await by_hand.carrier.control.post(f"/control/payments/{code}/pay")
    assert answer.json()["error"]["code"] == "already_void"


async def test_until_it_is_picked_up_the_carrier_stops_it_and_the_money_goes_back(by_hand: House) -> None:
    request = await by_hand.request("samsat-papers")
    await by_hand.prepare(request)
    await by_hand.pay(request)
    await by_hand.order(request)
    await by_hand.cancel(request)
    life = await by_hand.life(request)
    assert (life.result.status, life.result.outcome) == (RequestStatus.CANCELLED, DeliveryStatus.CANCELLED)
    assert (life.result.paid, life.result.refunded) == (450_000, 450_000)
    assert life.kinds[-4:] == ["cancelled", "stopped", "undelivered", "refunded"]
    assert await payments.total(by_hand.pool, request.request_id) == {
        MoneyKind.PAYMENT: 450_000,
        MoneyKind.REFUND: 450_000,
    }
    assert (await by_hand.carrier.facts())["doubled_refunds"] == []


async def test_once_it_is_picked_up_it_is_too_late_and_it_is_delivered(by_hand: House) -> None:
    request = await by_hand.request("samsat-papers")
    await by_hand.prepare(request)
    await by_hand.pay(request)
    delivery_id = f"{request.request_id}-d1"
    await by_hand.happen(await by_hand.order(request), "picked")
    await by_hand.cancel(request)
    await by_hand.until_delivery(delivery_id, "too late to cancel")
    await carried_to_its_end(by_hand, request)
    life = await by_hand.life(request)
    assert (life.result.status, life.result.refunded) == (RequestStatus.COMPLETED, 0)


async def test_what_was_delivered_can_be_disputed_not_cancelled(by_hand: House) -> None:
    request = await by_hand.request("population-documents")
    await by_hand.prepare(request)
    await by_hand.happen(await by_hand.order(request), "delivered")
    await by_hand.until(request, RequestStatus.CONFIRMING)
    with pytest.raises(RefusedError, match="dispute the receipt"):
        await by_hand.cancel(request)
    await by_hand.confirm(request)
    with pytest.raises(RefusedError, match="it is over"):
        await by_hand.cancel(request)


async def test_what_nobody_pays_for_in_time_expires(deaf: House) -> None:
    request = await deaf.request("samsat-papers")
    await deaf.prepare(request)
    life = await deaf.life(request)
    assert (life.result.status, life.result.paid) == (RequestStatus.EXPIRED, 0)
    assert life.kinds == ["received", "prepared", "payment asked", "expired", "voided"]


async def test_what_was_paid_at_the_last_moment_is_delivered_although_nobody_was_told(deaf: House) -> None:
    request = await deaf.request("samsat-papers")
    await deaf.prepare(request)
    await deaf.pay(request)
    await deaf.until(request, RequestStatus.CONFIRMING)
    await deaf.confirm(request)
    life = await deaf.life(request)
    assert (life.result.status, life.result.paid, life.result.refunded) == (RequestStatus.COMPLETED, 450_000, 0)
    asked = ["received", "prepared", "payment asked"]
    assert life.kinds == [*asked, "expired", "voided", "paid", "delivered", "confirmed"]


async def test_what_was_paid_when_it_was_not_wanted_any_more_is_given_back(deaf: House) -> None:
    request = await deaf.request("samsat-papers")
    await deaf.prepare(request)
    await deaf.pay(request)
    await deaf.cancel(request)
    life = await deaf.life(request)
    assert (life.result.status, life.result.paid, life.result.refunded) == (RequestStatus.CANCELLED, 450_000, 450_000)
    assert life.kinds[-4:] == ["cancelled", "voided", "paid too much", "refunded"]


async def test_money_that_is_not_due_is_given_back_or_left_to_people(by_hand: House) -> None:
    request = await by_hand.request("samsat-papers")
    await by_hand.prepare(request)
    await by_hand.pay(request)
    await by_hand.until_kind(request, "paid")
    await by_hand.tell_of_payment(request, "unheard-of-1", 450_000)
    await by_hand.until_kind(request, "refund failed")  # the carrier knows of no such receipt
    await by_hand.tell_of_payment(request, "unheard-of-1", 450_000)
    await carried_to_its_end(by_hand, request)
    life = await by_hand.life(request)
    assert life.kinds == [
        *("received", "prepared", "payment asked", "paid", "paid too much", "refund failed"),
        *("delivered", "confirmed"),
    ]
    assert (life.result.paid, life.result.refunded) == (900_000, 0)
    assert await payments.total(by_hand.pool, request.request_id) == {MoneyKind.PAYMENT: 900_000}


async def test_money_for_a_request_that_is_over_is_kept_for_people(by_hand: House) -> None:
    request = await by_hand.request("samsat-papers")
    await by_hand.prepare(request)
    await by_hand.until_kind(request, "payment asked")
    await by_hand.cancel(request)
    await by_hand.life(request)
    await by_hand.tell_of_payment(request, "far-too-late-1", 450_000)
    assert await payments.total(by_hand.pool, request.request_id) == {MoneyKind.PAYMENT: 450_000}
