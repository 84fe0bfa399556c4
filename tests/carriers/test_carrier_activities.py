"""What deliveries and requests have the carrier do, against a carrier and a database that are real."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from activities.carrier import ContractedCarrierActivities
from carriers.circuit import FAILURES, Circuit
from carriers.http_carrier import HttpCarrier
from carriers.protocol import CarrierRefusedError
from local.ports import LOOPBACK, free_port
from schemas.calendar import limit
from schemas.carrier import FailureReason, OrderRef, Scan
from schemas.delivery import AskOutcome, AskRequest, ClaimRequest, DeliveryStatus, OrderRequest
from schemas.service_request import PaymentAsked, Recipient, RefundRequest, VoidRequest
from storage import policies, recipients, tracking
from storage.database import Pool
from tests import making
from tests.carriers.ordering import PERSONAL, SITI, about, order
from tests.simulators.running import RunningCarrier, carrier_running


@pytest.fixture
async def version(pool: Pool) -> str:
    policy = making.policy(name="carrier-activities")
    await policies.publish(pool, policy)
    return policy.version


@pytest.fixture
def activities(pool: Pool, carrier: HttpCarrier) -> ContractedCarrierActivities:
    return ContractedCarrierActivities(pool, carrier, Circuit())


@pytest.fixture
async def away(pool: Pool) -> AsyncIterator[ContractedCarrierActivities]:
    """The same with a carrier that is not there."""
    async with HttpCarrier(f"http://{LOOPBACK}:{free_port()}", "key") as carrier:
        yield ContractedCarrierActivities(pool, carrier, Circuit())


async def ordered(
    pool: Pool, version: str, delivery_id: str, recipient: Recipient = SITI, **fields: Any
) -> OrderRequest:
    """Return an order whose recipient stands in the database."""
    request = order(delivery_id, policy_version=version, **fields)
    await recipients.store(pool, request.delivery.recipient, recipient)
    return request


async def failure(call: Awaitable[object]) -> ApplicationError:
    """Return how an activity fails, and that nothing personal is in it."""
    with pytest.raises(ApplicationError) as raised:
        await call
    assert not [value for value in PERSONAL if value in str(raised.value)]
    return raised.value


async def test_an_order_is_taken_once_for_whoever_stands_in_the_database(
    pool: Pool, activities: ContractedCarrierActivities, version: str, post: RunningCarrier
) -> None:
    request = await ordered(pool, version, "act-1")
    outcome = await activities.place_order(request)
    assert outcome.taken is not None
    assert await activities.place_order(request) == outcome
    assert len((await post.control.get("/control/orders", params={"reference_id": "act-1.1"})).json()) == 1


async def test_an_order_for_nobody_is_refused_by_ourselves(
    activities: ContractedCarrierActivities, version: str
) -> None:
    outcome = await activities.place_order(order("act-nobody", policy_version=version))
    assert (outcome.taken, outcome.problem) == (None, "recipient")


async def test_a_policy_that_was_never_published_here_is_waited_for(
    pool: Pool, activities: ContractedCarrierActivities
) -> None:
    error = await failure(activities.place_order(await ordered(pool, "never", "act-unpublished")))
    assert (error.type, error.non_retryable) == ("PolicyNotPublished", False)


async def test_a_refused_order_says_why_in_our_words(pool: Pool, version: str) -> None:
    far, mute = SITI.model_copy(update={"postal_code": "95111"}), SITI.model_copy(update={"phone": "none"})
    async with carrier_running(not_served=["95"]) as post, HttpCarrier(post.url, post.key) as carrier:
        activities = ContractedCarrierActivities(pool, carrier, Circuit())
        to_far = await activities.place_order(await ordered(pool, version, "act-far", far))
        to_mute = await activities.place_order(await ordered(pool, version, "act-mute", mute))
    assert (to_far.reason, to_far.problem) == (FailureReason.NO_COURIER, "destination.postal_code")
    assert (to_mute.reason, to_mute.problem) == (FailureReason.OTHER, "destination.phone")


class Finicky(HttpCarrier):
    """Accepts no address."""

    async def order(self, *_: object) -> OrderRef:
        raise CarrierRefusedError("invalid", "destination.address")


async def test_an_address_that_the_carrier_cannot_find_is_an_unknown_address(pool: Pool, version: str) -> None:
    async with Finicky("http://localhost", "key") as carrier:
        activities = ContractedCarrierActivities(pool, carrier, Circuit())
        outcome = await activities.place_order(await ordered(pool, version, "act-nowhere"))
    assert (outcome.reason, outcome.problem) == (FailureReason.ADDRESS_UNKNOWN, "destination.address")


async def test_an_order_that_was_taken_otherwise_is_not_refused_but_left_to_people(
    pool: Pool, activities: ContractedCarrierActivities, version: str
) -> None:
    await activities.place_order(await ordered(pool, version, "act-other"))
    error = await failure(activities.place_order(order("act-other", policy_version=version, attempts=1)))
    assert (error.type, error.non_retryable) == ("CarrierRefused", False)


async def test_a_carrier_that_is_away_is_waited_for_by_temporal_and_not_stormed(
    pool: Pool, away: ContractedCarrierActivities, version: str
) -> None:
    request = await ordered(pool, version, "act-away")
    errors = [await failure(away.place_order(request)) for _ in range(FAILURES + 1)]
    assert {(error.type, error.non_retryable) for error in errors} == {("CarrierAway", False)}
    assert [error.next_retry_delay is None for error in errors] == [True] * (FAILURES - 1) + [False] * 2
    assert errors[-1].message == "the carrier is away: it was away when last called"


async def test_all_that_the_carrier_knows_is_kept_and_what_is_decisive_is_returned_every_time(
    pool: Pool, activities: ContractedCarrierActivities, version: str, post: RunningCarrier
) -> None:
    request = await ordered(pool, version, "act-asked")
    taken = (await activities.place_order(request)).taken
    assert taken is not None
    for status in ("picked", "delivery_failed", "dropping_off"):
        happened = await post.control.post(f"/control/orders/{taken.order_id}/events", json={"status": status})
        last = datetime.fromisoformat(happened.raise_for_status().json()["occurred_at"])
    outcome = await activities.ask_carrier(about(request, taken.order_id))
    assert [event.scan for event in outcome.events] == [Scan.FAILED]
    assert (outcome.reached, outcome.news_at) == (True, last)
    assert await activities.ask_carrier(about(request, taken.order_id)) == outcome

    seen = [scan.scan for scan in await tracking.of_delivery(pool, "act-asked")]
    assert seen[-3:] == [Scan.POSTED, Scan.FAILED, Scan.OUT_FOR_DELIVERY]
    untold = await pool.fetch(
        "select scan from carrier_events where delivery_id = 'act-asked' and told_at is null and scan = 'failed'"
    )
    assert untold == []


async def test_a_carrier_that_is_away_is_asked_another_time(away: ContractedCarrierActivities) -> None:
    assert await away.ask_carrier(AskRequest(delivery_id="act-x", number=1, order_id="or_1")) == AskOutcome(
        reached=False
    )


async def test_a_carrier_that_does_not_know_an_order_was_reached(activities: ContractedCarrierActivities) -> None:
    with capture_logs() as logs:
        outcome = await activities.ask_carrier(AskRequest(delivery_id="act-x", number=1, order_id="or_none"))
    assert outcome == AskOutcome()
    assert [log["code"] for log in logs] == ["unknown"]


async def test_what_the_carrier_refuses_is_an_outcome_and_not_an_error(
    activities: ContractedCarrierActivities,
) -> None:
    unknown = AskRequest(delivery_id="act-x", number=1, order_id="or_none")
    claim = ClaimRequest(**dict(unknown), reason=DeliveryStatus.SPOILED)
    assert (await activities.cancel_order(unknown)).cancelled is False
    assert (await activities.file_claim(claim)).claim is None
    assert (await activities.void_payment(VoidRequest(request_id="act-x", code="none"))).paid is None
    refund = RefundRequest(request_id="act-x", code="none", receipt="rc_1")
    assert (await activities.refund_payment(refund)).refund_receipt is None


async def test_what_the_carrier_does_is_an_outcome(
    pool: Pool, activities: ContractedCarrierActivities, version: str
) -> None:
    request = await ordered(pool, version, "act-done")
    taken = (await activities.place_order(request)).taken
    assert taken is not None
    of_it = about(request, taken.order_id)
    assert (await activities.file_claim(ClaimRequest(**dict(of_it), reason=DeliveryStatus.UNPROVEN))).claim is not None
    assert (await activities.cancel_order(of_it)).cancelled is True


@pytest.mark.parametrize("within", ["14 days", "10 working days", "40 working hours"])
async def test_a_payment_is_asked_for_once_however_many_attempts_it_takes(
    activities: ContractedCarrierActivities, post: RunningCarrier, within: str
) -> None:
    environment = ActivityEnvironment()
    environment.info = replace(environment.info, scheduled_time=datetime.now(UTC) - timedelta(minutes=5))
    ask: Callable[[PaymentAsked], Awaitable[Any]] = activities.ask_payment
    asked = PaymentAsked(request_id=f"act-{within.replace(' ', '-')}", amount=150_000, within=limit(within))
    code = await environment.run(ask, asked)
    assert await environment.run(ask, asked) == code

    receipt = (await post.control.post(f"/control/payments/{code.code}/pay")).raise_for_status().json()["receipt"]
    paid = (await activities.void_payment(VoidRequest(request_id=asked.request_id, code=code.code))).paid
    assert paid is not None
    assert paid.receipt == receipt
    refund = RefundRequest(request_id=asked.request_id, code=code.code, receipt=receipt)
    assert (await activities.refund_payment(refund)).refund_receipt is not None


async def test_a_payment_that_the_carrier_refuses_to_receive_is_tried_again_in_the_sight_of_people(
    activities: ContractedCarrierActivities,
) -> None:
    asked = PaymentAsked(request_id="act-refused", amount=-1, within=limit("14 days"))
    error = await failure(ActivityEnvironment().run(activities.ask_payment, asked))
    assert (error.type, error.non_retryable) == ("CarrierRefused", False)
    assert error.message == "amount: the carrier refuses it: invalid"
