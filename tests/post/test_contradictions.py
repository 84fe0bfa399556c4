"""What the carrier tells may contradict itself: what is proven stands, and people are told to look."""

from schemas.delivery import DeliveryStatus
from schemas.service_request import RequestStart, RequestStatus
from tests.post.house import House


async def carried(house: House, service: str) -> tuple[RequestStart, str]:
    """Have something carried; return its request and what the carrier calls the order."""
    request = await house.request(service)
    await house.prepare(request)
    return request, await house.order(request)


async def test_what_was_proven_to_be_delivered_cannot_be_on_its_way_back(by_hand: House) -> None:
    request, order_id = await carried(by_hand, "population-documents")
    await by_hand.happen(order_id, "delivered", proven=False)
    await by_hand.until_delivery(f"{request.request_id}-d1", "told")
    await by_hand.happen(order_id, "return_in_transit")
    await by_hand.until_delivery(f"{request.request_id}-d1", "told", 2)
    await by_hand.happen(order_id, "proof_added", captured=1)
    await by_hand.until(request, RequestStatus.CONFIRMING)
    await by_hand.confirm(request)
    life = await by_hand.life(request)
    assert life.result.outcome == DeliveryStatus.DELIVERED
    assert (await by_hand.delivery(life)).contradicted


async def replaced(house: House) -> tuple[RequestStart, str, str]:
    """Have something lost, and another one sent in its place; return both orders."""
    request, lost = await carried(house, "social-aid-goods")
    await house.happen(lost, "picked", "lost")
    return request, lost, await house.order_of(f"{request.request_id}-d1", 2)


async def test_when_the_lost_one_is_delivered_after_all_its_replacement_is_stopped(by_hand: House) -> None:
    request, lost, replacement = await replaced(by_hand)
    await by_hand.happen(lost, "delivered")
    await by_hand.until(request, RequestStatus.CONFIRMING)
    await by_hand.confirm(request)
    delivery = await by_hand.delivery(await by_hand.life(request))
    assert (delivery.status, delivery.contradicted) == (DeliveryStatus.DELIVERED, False)
    assert await status_at_the_carrier(by_hand, replacement) == "cancelled"


async def test_when_its_replacement_cannot_be_stopped_any_more_people_are_told_to_look(by_hand: House) -> None:
    request, lost, replacement = await replaced(by_hand)
    await by_hand.happen(replacement, "picked")
    await by_hand.happen(lost, "delivered")
    await by_hand.until(request, RequestStatus.CONFIRMING)
    await by_hand.confirm(request)
    delivery = await by_hand.delivery(await by_hand.life(request))
    assert (delivery.status, delivery.contradicted) == (DeliveryStatus.DELIVERED, True)


async def status_at_the_carrier(house: House, order_id: str) -> str:
    """Return how an order stands, as the carrier sees it."""
    return str((await house.carrier.control.get(f"/v1/orders/{order_id}")).raise_for_status().json()["status"])


async def test_without_a_single_webhook_everything_is_found_out_by_asking(deaf: House) -> None:
    life = await deaf.lives("population-documents", "third_attempt")
    assert (life.result.status, life.result.outcome) == (RequestStatus.COMPLETED, DeliveryStatus.DELIVERED)
    assert (await deaf.delivery(life)).attempts == 2
