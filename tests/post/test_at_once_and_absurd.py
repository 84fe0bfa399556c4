"""What happens at once, twice or absurdly loses nothing, doubles nothing, and stops nobody."""

import asyncio
import json
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from pydantic import ValidationError
from temporalio.client import Client

from activities.service_requests import PostgresRequestActivities
from carriers.http_carrier import _order
from carriers.protocol import CarrierUnreadableError, Sender
from carriers.said import SaidEvent, read
from domain.delivery_events import ToldOf
from domain.service_events import CaseEnded, Event, MessageReceived, Planned
from domain.service_request import decide_all, refusal
from domain.service_view import view
from gateway.refusals import RefusedError
from gateway.service_requests import ServiceRequests
from schemas.carrier import Relation, Scan
from schemas.delivery import DeliveryStatus, OrderRequest
from schemas.messages import Actor, Role
from schemas.money import Money, MoneyKind
from schemas.service_request import (
    Cancel,
    Confirm,
    Dispute,
    DisputeReason,
    Recipient,
    RequestCommit,
    RequestCommitResult,
    RequestState,
    RequestStatus,
)
from storage import payments, service_requests
from tests.domain.carrying import SIGNED, Carried, plan, scanned, start
from tests.domain.requesting import Requested, case_result
from tests.making import NOON
from tests.post.conftest import lampung
from tests.post.house import SITI, House, running_house
from workflows.service_request import ServiceRequestWorkflow

CITIZEN = Actor(id="citizen-1", role=Role.REPORTER)


@pytest.fixture(scope="module")
async def by_hand(client: Client, database_url: str) -> AsyncIterator[House]:
    async with running_house(client, database_url, lampung(), "review") as house:
        yield house


async def test_a_cancellation_that_comes_with_the_request_itself_is_not_lost(by_hand: House) -> None:
    accepted = await by_hand.requests.accept(
        by_hand.intake("samsat-papers"), by_hand.policy, request_id=by_hand.new_id()
    )
    async with asyncio.timeout(20):
        handle = await by_hand.client.start_workflow(
            ServiceRequestWorkflow.run,
            accepted,
            id=accepted.request_id,
            task_queue=by_hand.task_queue,
            start_signal="cancel",
            start_signal_args=[Cancel(message_id="no-more", actor=CITIZEN)],
        )
        assert (await handle.result()).status is RequestStatus.CANCELLED


@pytest.mark.parametrize("of", ["case", "delivery"])
async def test_a_cancellation_that_a_lost_task_had_committed_reaches_whom_it_stops(by_hand: House, of: str) -> None:
    """What a lost task had begun is begun by the next one: nobody can be told to stop before."""
    house, request_id = by_hand, by_hand.new_id()
    accepted = await house.requests.accept(house.intake("social-aid-goods"), house.policy, request_id=request_id)
    cancel = Cancel(message_id="no-more", actor=CITIZEN)
    reply = await PostgresRequestActivities(house.pool).plan_request(accepted)
    events: list[Event] = [Planned(accepted.accepted_at, reply)]
    if of == "delivery":
        events.append(CaseEnded(accepted.accepted_at, case_result(f"{request_id}-p1", answered=True)))
    events.append(MessageReceived(accepted.accepted_at, cancel))
    after, transitions = decide_all(RequestState(start=accepted), events)
    commit = RequestCommit(request=view(after), recipient=accepted.recipient, transitions=transitions)
    assert await service_requests.commit(house.pool, commit) == RequestCommitResult()
    async with asyncio.timeout(20):
        handle = await house.requests.start(accepted)
        assert (await handle.result()).status is RequestStatus.CANCELLED


async def test_a_message_that_was_refused_gets_no_receipt_once_the_request_is_over(by_hand: House) -> None:
    request = await by_hand.request("samsat-papers")
    await by_hand.preparation(request)
    early = Dispute(message_id="too-early", actor=CITIZEN, reason=DisputeReason.WRONG)
    await by_hand.requests.handle(request.request_id).signal("dispute", early)
    await by_hand.until_kind(request, "message refused")
    await by_hand.cancel(request)
    await by_hand.life(request)
    with pytest.raises(RefusedError, match="it is over"):
        await by_hand.requests.send(request.request_id, early)


async def test_what_was_paid_out_late_under_another_request_is_not_paid_out_again(by_hand: House) -> None:
    house, cash = by_hand, "social-aid-cash"
    somebody = SITI.model_copy(update={"national_id": "1871014107900399"})
    first = await house.request(cash, recipient=somebody)
    await house.preparation(first)
    await house.cancel(first)
    await house.life(first)
    second = await house.request(cash, recipient=somebody)
    late = Money(
        kind=MoneyKind.PAYOUT,
        receipt="LATE-1",
        reference_id=f"{first.request_id}-d1.1",
        amount=600_000,
        at=NOON,
        request_id=first.request_id,
    )
    await payments.record(house.pool, late)  # as a device tells that had no network for weeks
    await house.prepare(second)
    life = await house.life(second)
    assert (life.result.status, life.result.outcome) == (RequestStatus.UNDELIVERED, DeliveryStatus.REFUSED)
    asked = {"reference_id": f"{second.request_id}-d1.1"}
    assert (await house.carrier.control.get("/control/orders", params=asked)).json() == []


async def test_money_counts_as_soon_as_the_carrier_tells_of_it(by_hand: House) -> None:
    """Else what comes in the moment in which its request ends is nowhere until the books are compared."""
    house, request_id = by_hand, by_hand.new_id()
    accepted = await house.requests.accept(house.intake("samsat-papers"), house.policy, request_id=request_id)
    reply = await PostgresRequestActivities(house.pool).plan_request(accepted)
    after, transitions = decide_all(RequestState(start=accepted), [Planned(accepted.accepted_at, reply)])
    commit = RequestCommit(request=view(after), recipient=accepted.recipient, transitions=transitions)
    await service_requests.commit(house.pool, commit)
    await ServiceRequests(house.client, house.pool, "where-nobody-works").start(accepted)
    await house.tell_of_payment(accepted, "RC-told-1", 450_000)
    assert await payments.total(house.pool, request_id) == {MoneyKind.PAYMENT: 450_000}


def test_a_payout_of_another_sum_than_was_ordered_is_seen_by_people() -> None:
    life = Carried(plan(proofs=["signature"]), pay_out=600_000)
    paid = {"relation": Relation.OWNER, "proofs": SIGNED, "receipt": "PO-1", "amount": 60_000}
    life.happens(ToldOf(life.now, scanned("ev-1", Scan.DELIVERED, 1, **paid)))
    assert life.standing.contradicted


@pytest.mark.parametrize("kind", [Confirm, Dispute])
def test_only_the_recipient_confirms_or_disputes(kind: type[Confirm] | type[Dispute]) -> None:
    """Else the agency that is to be watched confirms its own delivery, and nobody can dispute it any more."""
    life = Requested()
    life.prepared()
    life.delivered()
    by_the_agency = {"message_id": "has-it", "actor": Actor(id="operator-7", agency="roads")}
    more = {"reason": DisputeReason.WRONG} if kind is Dispute else {}
    assert refusal(life.state, kind.model_validate(by_the_agency | more)) is not None


def test_hours_and_money_are_whole_numbers_to_the_carrier() -> None:
    body = _order(OrderRequest(delivery=start(), plan=plan(), number=1), Sender("x"), Recipient(name="x", address="y"))
    assert json.dumps(body["hold_seconds"]) == str(int(timedelta(days=10).total_seconds()))


@pytest.mark.parametrize("amount", [2**63, 10**30])
def test_an_amount_that_no_database_holds_is_unreadable(amount: int) -> None:
    """Else every attempt to keep it fails, the delivery asks again and again, and stands still for ever."""
    said = {
        "event_id": "ev-1",
        "order_id": "or-1",
        "reference_id": "req-7-d1.1",
        "status": "delivered",
        "occurred_at": NOON.isoformat(),
        "receipt": "RC-1",
        "amount": amount,
    }
    with pytest.raises(CarrierUnreadableError, match="amount"):
        read(SaidEvent, said)


@pytest.mark.parametrize("zero", ["\uff10", "\u0660"])
def test_a_nik_is_written_in_one_way(zero: str) -> None:
    """The same person under other digits would be somebody else, and be paid the same benefit again."""
    number = "".join(chr(ord(zero) + int(digit)) for digit in str(SITI.national_id))
    with pytest.raises(ValidationError):
        Recipient(name="x", address="y", national_id=number)
