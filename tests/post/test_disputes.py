"""A recipient may say that it is not so: then it is prepared and delivered again; but cash is never paid twice."""

import pytest

from gateway.refusals import RefusedError
from schemas.money import MoneyKind
from schemas.service_request import DisputeReason, RequestStart, RequestStatus
from storage import payments
from tests.post.house import SITI, House


async def delivered(house: House, service: str, round_: int = 1, request: RequestStart | None = None) -> RequestStart:
    """Bring a request, a new one unless it is given, to its recipient."""
    request = request or await house.request(service)
    await house.prepare(request, round_)
    await house.happen(await house.order(request, round_), "delivered")
    await house.until_kind(request, "delivered")
    return request


async def test_what_did_not_arrive_is_prepared_and_delivered_again(by_hand: House) -> None:
    request = await delivered(by_hand, "social-aid-goods")
    await by_hand.dispute(request, DisputeReason.DAMAGED)
    await delivered(by_hand, "social-aid-goods", 2, request)
    await by_hand.until(request, RequestStatus.CONFIRMING)
    with pytest.raises(RefusedError, match="submit a complaint"):
        await by_hand.dispute(request, DisputeReason.INCOMPLETE, "not-so-again")
    await by_hand.confirm(request)
    life = await by_hand.life(request)
    assert life.result.status == RequestStatus.COMPLETED
    again = ["prepared", "delivered"]
    assert life.kinds == ["received", *again, "disputed", *again, "confirmed"]


async def test_a_dispute_about_cash_is_looked_into_and_never_paid_a_second_time(by_hand: House) -> None:
    request = await by_hand.request(
        "social-aid-cash", recipient=SITI.model_copy(update={"national_id": "1871014107900301"})
    )
    await delivered(by_hand, "social-aid-cash", request=request)
    await by_hand.until(request, RequestStatus.CONFIRMING)
    await by_hand.dispute(request, DisputeReason.NOT_RECEIVED)
    await by_hand.prepare(request, 2)
    life = await by_hand.life(request)
    assert life.result.status == RequestStatus.COMPLETED
    assert life.kinds == ["received", "prepared", "delivered", "disputed", "prepared"]
    assert await payments.total(by_hand.pool, request.request_id) == {MoneyKind.PAYOUT: 600_000}
    orders = await by_hand.carrier.control.get("/control/orders", params={"reference_id": f"{request.request_id}-d2.1"})
    assert orders.json() == []
    assert (await by_hand.carrier.facts())["doubled_payouts"] == []
