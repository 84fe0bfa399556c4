"""The adapter against a carrier that runs as a program of its own."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from structlog.testing import capture_logs

from carriers.http_carrier import HttpCarrier
from carriers.protocol import CarrierAwayError, CarrierRefusedError, CarrierUnreadableError, Sender
from local.ports import LOOPBACK, free_port
from schemas.calendar import limit
from schemas.carrier import OrderRef, Scan
from schemas.delivery import AskRequest, ClaimRequest, DeliveryStatus
from schemas.money import MoneyKind
from schemas.service_request import PaymentAsked, PaymentCode, RefundRequest, VoidRequest
from tests.carriers.ordering import PERSONAL, SITI, about, order
from tests.simulators.running import RunningCarrier, carrier_running

LAMPUNG = Sender("Provinsi Lampung")
PRICE = 150_000
IN_A_WEEK = datetime.now(UTC) + timedelta(days=7)


async def insist(carrier: HttpCarrier, delivery_id: str) -> OrderRef:
    """Place an order until there is an answer, as Temporal does."""
    while True:
        try:
            return await carrier.order(order(delivery_id), LAMPUNG, SITI)
        except CarrierAwayError:
            continue


async def happens(post: RunningCarrier, order_id: str, status: str, **fields: Any) -> None:
    """Let something happen to an order at once."""
    answer = await post.control.post(f"/control/orders/{order_id}/events", json={"status": status, **fields})
    answer.raise_for_status()


async def asked(carrier: HttpCarrier, request_id: str) -> PaymentCode:
    """Ask for a payment."""
    asked = PaymentAsked(request_id=request_id, amount=PRICE, within=limit("7 days"))
    return await carrier.ask_payment(asked, IN_A_WEEK)


async def paid(post: RunningCarrier, code: PaymentCode) -> str:
    """Pay at a counter; return the receipt."""
    answer = (await post.control.post(f"/control/payments/{code.code}/pay")).raise_for_status()
    receipt: str = answer.json()["receipt"]
    return receipt


@asynccontextmanager
async def answering(status: str, body: str, *headers: str) -> AsyncIterator[HttpCarrier]:
    """A carrier that answers everything in the same way."""
    lines = (f"HTTP/1.1 {status}", "Connection: close", f"Content-Length: {len(body)}", *headers, "", body)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await reader.readexactly(int(head.lower().partition(b"content-length: ")[2].split()[0]))
        writer.write("\r\n".join(lines).encode())
        writer.close()

    server = await asyncio.start_server(answer, LOOPBACK, port := free_port())
    async with server, HttpCarrier(f"http://{LOOPBACK}:{port}", "key") as carrier:
        yield carrier


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"carriage": "parcel", "collect": PRICE, "attempts": 1, "held_for": "12 hours", "proofs": []},
        {"carriage": "cash", "pay_out": PRICE, "proofs": ["signature", "id match", "photo of face and ID", "place"]},
        {"carriage": "cold", "temperatures": {"lowest": 2, "highest": 8}, "proofs": ["signature", "temperature"]},
        {
            "carriage": "freight",
            "legs": [{"to": "ID-PANJANG", "within": "1 day"}, {"to": "ID-PRIOK", "within": "1 day"}],
        },
    ],
    ids=lambda fields: fields.get("carriage", "document"),
)
async def test_every_kind_of_thing_is_taken_and_told_of(
    post: RunningCarrier, carrier: HttpCarrier, fields: dict[str, Any]
) -> None:
    request = order(f"http-{fields.get('carriage', 'document')}", **fields)
    taken = await carrier.order(request, LAMPUNG, SITI)
    await happens(post, taken.order_id, "delivered")
    reports = {event.scan: (event, raw) for event, raw in await carrier.events(about(request, taken.order_id))}
    event, raw = reports[Scan.DELIVERED]
    assert event.proofs == request.plan.terms.proofs
    assert (event.order, event.amount, event.point) == (1, fields.get("collect") or fields.get("pay_out"), "35100")
    assert raw["waybill"] == taken.waybill


async def test_an_order_is_one_order_however_often_it_times_out_or_fails() -> None:
    async with (
        carrier_running(fail=0.3, time_out=0.4, time_out_seconds=0) as post,
        HttpCarrier(post.url, post.key) as c,
    ):
        taken = [await insist(c, f"once-{number}") for number in range(20)]
        again = [await insist(c, f"once-{number}") for number in range(20)]
        facts = await post.facts()
    assert taken == again
    assert (facts["orders"], facts["doubled_orders"]) == (20, [])
    assert min(facts["calls"]["timed_out_before"], facts["calls"]["timed_out_after"]) > 0


async def test_a_carrier_that_does_not_answer_in_time_is_away() -> None:
    async with carrier_running(time_out=1) as post, HttpCarrier(post.url, post.key, timeout=0.2) as carrier:
        with pytest.raises(CarrierAwayError, match=r"^ReadTimeout$"):
            await carrier.order(order("slow"), LAMPUNG, SITI)


async def test_a_carrier_that_fails_says_when_to_come_again() -> None:
    async with carrier_running(fail=1) as post, HttpCarrier(post.url, post.key) as carrier:
        with pytest.raises(CarrierAwayError, match="answers 503") as away:
            await carrier.order(order("failing"), LAMPUNG, SITI)
    assert away.value.retry_after == timedelta(seconds=1)


async def test_a_carrier_that_is_not_there_is_away() -> None:
    async with HttpCarrier(f"http://{LOOPBACK}:{free_port()}", "key") as carrier:
        with pytest.raises(CarrierAwayError, match=r"^ConnectError$"):
            await carrier.order(order("nobody"), LAMPUNG, SITI)


async def test_a_wrong_key_refuses_nobodys_order(post: RunningCarrier) -> None:
    async with HttpCarrier(post.url, "another key") as carrier:
        with pytest.raises(CarrierAwayError, match="answers 401"):
            await carrier.order(order("wrong-key"), LAMPUNG, SITI)


async def test_whatever_answers_in_between_refuses_nobodys_order() -> None:
    async with answering("404 Not Found", "<html>no such page</html>") as carrier:
        with pytest.raises(CarrierAwayError, match="something in between answers 404"):
            await carrier.order(order("no-page"), LAMPUNG, SITI)


async def test_nobody_is_left_alone_for_longer_than_an_hour() -> None:
    async with answering("429 Too Many Requests", "{}", "Retry-After: 86400") as carrier:
        with pytest.raises(CarrierAwayError) as away:
            await carrier.order(order("put-off"), LAMPUNG, SITI)
    assert away.value.retry_after == timedelta(hours=1)


async def test_a_waybill_that_was_misread_is_not_taken() -> None:
    async with answering("201 Created", '{"order_id": "or_1", "waybill": "CP123456789ID"}') as carrier:
        with pytest.raises(CarrierUnreadableError, match=r"^waybill: has the form of UPU S10 and a wrong check digit"):
            await carrier.order(order("misread"), LAMPUNG, SITI)


@pytest.mark.parametrize("body", ["", "[]", '{"order_id": "or_1"}', "<html>welcome</html>"])
async def test_an_answer_that_nobody_can_read_is_no_order(body: str) -> None:
    async with answering("200 OK", body) as carrier:
        with pytest.raises(CarrierUnreadableError):
            await carrier.order(order("unclear"), LAMPUNG, SITI)


async def test_a_field_that_is_not_accepted_is_named_and_its_value_is_not(carrier: HttpCarrier) -> None:
    wrong = SITI.model_copy(update={"phone": "0811 720 000"})
    with pytest.raises(CarrierRefusedError) as refused:
        await carrier.order(order("wrong-phone"), LAMPUNG, wrong)
    assert (refused.value.code, refused.value.field) == ("invalid", "destination.phone")
    assert "0811" not in str(refused.value)


async def test_another_order_under_the_same_name_is_refused(carrier: HttpCarrier) -> None:
    await carrier.order(order("same-name"), LAMPUNG, SITI)
    with pytest.raises(CarrierRefusedError) as refused:
        await carrier.order(order("same-name", attempts=1), LAMPUNG, SITI)
    assert refused.value.code == "idempotency_conflict"


async def test_the_second_order_of_a_delivery_is_another_order(carrier: HttpCarrier) -> None:
    first = await carrier.order(order("twice"), LAMPUNG, SITI)
    assert await carrier.order(order("twice", 2), LAMPUNG, SITI) != first


async def test_an_order_can_be_stopped_until_it_is_under_way(post: RunningCarrier, carrier: HttpCarrier) -> None:
    stopped, gone = [(await carrier.order(order(f"stop-{n}"), LAMPUNG, SITI)).order_id for n in range(2)]
    await happens(post, gone, "picked")
    await carrier.cancel(stopped)
    await carrier.cancel(stopped)
    with pytest.raises(CarrierRefusedError, match="too_late"):
        await carrier.cancel(gone)


async def test_a_claim_is_filed_once(post: RunningCarrier, carrier: HttpCarrier) -> None:
    taken = await carrier.order(order("claimed"), LAMPUNG, SITI)
    before = (await post.facts())["claims"]
    claim = ClaimRequest(delivery_id="claimed", number=1, order_id=taken.order_id, reason=DeliveryStatus.LOST)
    assert await carrier.claim(claim) == await carrier.claim(claim)
    assert (await post.facts())["claims"] == before + 1


async def test_nobody_knows_an_order_that_was_never_placed(carrier: HttpCarrier) -> None:
    with pytest.raises(CarrierRefusedError) as refused:
        await carrier.events(AskRequest(delivery_id="none", number=1, order_id="or/../or_1"))
    assert refused.value.code == "unknown"


async def test_an_event_that_nobody_can_read_hides_no_other(post: RunningCarrier, carrier: HttpCarrier) -> None:
    request = order("unreadable")
    taken = await carrier.order(request, LAMPUNG, SITI)
    await happens(post, taken.order_id, "arrived", point="Hub der Straße 1")
    await happens(post, taken.order_id, "lost")
    with capture_logs() as logs:
        reports = await carrier.events(about(request, taken.order_id))
    scans = [event.scan for event, _ in reports]
    assert Scan.LOST in scans
    assert Scan.ARRIVED not in scans
    [left_out] = [log for log in logs if log["log_level"] == "error"]
    assert left_out["order_id"] == taken.order_id
    assert left_out["problem"].startswith("point: ")


async def test_a_payment_is_asked_for_once_paid_and_given_back_once(post: RunningCarrier, carrier: HttpCarrier) -> None:
    code = await asked(carrier, "req-paid")
    receipt = await paid(post, code)
    known = await carrier.void_payment(VoidRequest(request_id="req-paid", code=code.code))
    assert known is not None
    assert (known.receipt, known.amount) == (receipt, PRICE)

    refund = RefundRequest(request_id="req-paid", code=code.code, receipt=receipt)
    given_back = await carrier.refund(refund)
    assert await carrier.refund(refund) == given_back
    assert (await post.facts())["doubled_refunds"] == []

    books = await carrier.settlement(known.at.astimezone(ZoneInfo("Asia/Jakarta")).date())
    of_it = {line.kind: (line.receipt, line.amount) for line in books if line.reference_id == "req-paid"}
    assert of_it == {MoneyKind.PAYMENT: (receipt, PRICE), MoneyKind.REFUND: (given_back, PRICE)}


async def test_money_that_was_given_back_before_by_hand_is_given_back(
    post: RunningCarrier, carrier: HttpCarrier
) -> None:
    code = await asked(carrier, "req-by-hand")
    receipt = (await post.control.post(f"/control/payments/{code.code}/pay")).json()["receipt"]
    by_hand = await post.control.post(
        f"/v1/payments/{code.code}/refund", json={"receipt": receipt}, headers={"Idempotency-Key": "at the counter"}
    )
    refund = RefundRequest(request_id="req-by-hand", code=code.code, receipt=receipt)
    assert await carrier.refund(refund) == by_hand.json()["refund_receipt"]


async def test_a_payment_that_was_voided_can_never_be_paid(post: RunningCarrier, carrier: HttpCarrier) -> None:
    code = await asked(carrier, "req-void")
    assert await carrier.void_payment(VoidRequest(request_id="req-void", code=code.code)) is None
    assert (await post.control.post(f"/control/payments/{code.code}/pay")).status_code == 409


async def test_what_was_paid_at_the_door_is_not_given_back_at_a_counter(carrier: HttpCarrier) -> None:
    with pytest.raises(CarrierRefusedError, match="payment_code"):
        await carrier.refund(RefundRequest(request_id="req-door", code=None, receipt="rc_1"))


async def test_neither_the_key_nor_anything_personal_is_logged(
    post: RunningCarrier, carrier: HttpCarrier, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Whoever sets logging up from a dictionary in this process may have switched existing loggers off.
    monkeypatch.setattr(logging.getLogger("httpx"), "disabled", False)
    with caplog.at_level(logging.DEBUG), caplog.at_level(logging.DEBUG, "httpx"), capture_logs() as logs:
        await carrier.order(order("discreet"), LAMPUNG, SITI)
        with pytest.raises(CarrierRefusedError):
            await carrier.order(order("discreet-2"), LAMPUNG, SITI.model_copy(update={"postal_code": "x"}))
    said = caplog.text + str(logs) + repr(carrier) + str(vars(carrier))
    assert "/v1/orders" in said
    assert not [value for value in (*PERSONAL, post.key) if value in said]
