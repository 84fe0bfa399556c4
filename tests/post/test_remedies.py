"""A complaint has something carried as its remedy, and hears how that ended, unless it is over by then."""

from datetime import UTC, datetime

from gateway.recipients import reachable
from schemas.complaint import Complaint
from schemas.delivery import DeliveryResult, DeliveryStatus
from schemas.messages import Actor, Deliver, Role, Withdraw
from schemas.status import Status
from storage import case_records, deliveries, recipients
from tests.post.house import SITI, House


async def remedied(house: House) -> str:
    """Open a complaint about a document, in which the agency has another one carried; return the case's id."""
    case_id = house.new_id()
    complaint = Complaint(
        case_id=case_id,
        channel="tests",
        category="population-document",
        region="18.71",
        accepted_at=datetime.now(UTC),
        policy_version=house.policy.version,
    )
    await house.cases.start(complaint)
    await house.until_case(case_id, "assigned")
    await recipients.store(house.pool, f"recipient-of-{case_id}", reachable(SITI))
    remedy = Deliver(
        message_id=f"{case_id}:remedy",
        actor=Actor(id="operator-7"),
        service="population-documents",
        recipient=f"recipient-of-{case_id}",
    )
    await house.tell_case(case_id, remedy)
    return case_id


async def ends(house: House, case_id: str) -> DeliveryResult:
    """Wait for the end of the delivery that a case ordered."""
    handle = house.client.get_workflow_handle(f"{case_id}-d1", result_type=DeliveryResult)
    result: DeliveryResult = await handle.result()
    return result


async def test_a_case_hears_how_its_remedy_was_carried(by_hand: House) -> None:
    case_id = await remedied(by_hand)
    await by_hand.happen(await by_hand.order_of(f"{case_id}-d1"), "picked", "delivered")
    await by_hand.until_case(case_id, "delivery ended")
    case = await case_records.case(by_hand.pool, case_id)
    assert case is not None
    [remedy] = case.remedies
    assert (remedy.delivery_id, remedy.outcome) == (f"{case_id}-d1", DeliveryStatus.DELIVERED)
    assert case.status == Status.ASSIGNED
    [found] = await deliveries.of(by_hand.pool, case_id)
    assert (found.delivery_id, found.status) == (f"{case_id}-d1", DeliveryStatus.DELIVERED)


async def test_a_remedy_of_a_case_that_is_over_is_carried_all_the_same(by_hand: House) -> None:
    case_id = await remedied(by_hand)
    order_id = await by_hand.order_of(f"{case_id}-d1")
    withdrawal = Withdraw(message_id=f"{case_id}:no-more", actor=Actor(id="citizen-1", role=Role.REPORTER))
    await by_hand.tell_case(case_id, withdrawal)
    assert (await by_hand.cases.handle(case_id).result()).status == Status.WITHDRAWN
    await by_hand.happen(order_id, "picked", "delivered")
    assert (await ends(by_hand, case_id)).status == DeliveryStatus.DELIVERED
    assert "delivery ended" not in await by_hand.case_kinds(case_id)
