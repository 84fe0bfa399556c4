from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from simulators.moments import book_date
from tests.simulators.customer import happens, place, post
from tests.simulators.listening import listening
from tests.simulators.running import RunningCarrier, carrier_running


async def expected(carrier: RunningCarrier, reference_id: str, *, for_days: int = 1) -> str:
    """Let the carrier expect a payment; return its code."""
    until = datetime.now(UTC) + timedelta(days=for_days)
    body = {"reference_id": reference_id, "amount": 50_000, "expires_at": until.isoformat()}
    answer = await post(carrier, "/v1/payments", body, key=f"pay-{reference_id}")
    assert answer.status_code == 201
    assert {**answer.json(), "payment_code": ""} == {
        "payment_code": "",
        "reference_id": reference_id,
        "amount": 50_000,
        "status": "open",
    }
    code: str = answer.json()["payment_code"]
    return code


async def settled(carrier: RunningCarrier, reference_id: str) -> list[dict[str, Any]]:
    """Return what the carrier has settled today under a reference."""
    today = datetime.now(ZoneInfo("Asia/Jakarta")).date()
    answer = (await carrier.control.get(f"/v1/settlements/{today}")).raise_for_status()
    assert answer.json()["date"] == today.isoformat()
    return [line for line in answer.json()["lines"] if line["reference_id"] == reference_id]


async def test_a_payment_is_received_once_and_told() -> None:
    async with listening() as listener, carrier_running(**listener.settings) as carrier:
        code = await expected(carrier, "paid")
        paid = await post(carrier, f"/control/payments/{code}/pay")
        again = await post(carrier, f"/control/payments/{code}/pay")
        await listener.until(lambda it: bool(it.genuine))
        shown = (await carrier.control.get(f"/v1/payments/{code}")).json()
        facts = await carrier.facts()

    assert paid.status_code == 200
    assert (again.status_code, again.json()["error"]["code"]) == (409, "already_paid")
    assert shown == paid.json()
    assert shown["status"] == "paid"
    assert [body["type"] for body in listener.genuine] == ["payment.received"]
    assert listener.genuine[0]["data"] == {name: value for name, value in shown.items() if name != "status"}
    assert facts["money"]["payment"] == {"count": 1, "sum": 50_000}


async def test_a_void_code_takes_no_money_and_a_paid_one_cannot_be_voided(carrier: RunningCarrier) -> None:
    void, paid = await expected(carrier, "void"), await expected(carrier, "paid")
    voided = [await post(carrier, f"/v1/payments/{void}/void") for _ in range(2)]
    await post(carrier, f"/control/payments/{paid}/pay")

    refused = await post(carrier, f"/control/payments/{void}/pay")
    late = await post(carrier, f"/v1/payments/{paid}/void")

    assert [(answer.status_code, answer.json()["status"]) for answer in voided] == [(200, "void")] * 2
    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "already_void")
    assert (late.status_code, late.json()["error"]["code"]) == (409, "already_paid")
    assert late.json()["payment"]["receipt"]


async def test_nobody_pays_after_the_time_for_it(carrier: RunningCarrier) -> None:
    code = await expected(carrier, "expired", for_days=-1)

    refused = await post(carrier, f"/control/payments/{code}/pay")

    assert (refused.status_code, refused.json()["error"]["code"]) == (409, "expired")


async def test_a_payment_is_given_back_once(carrier: RunningCarrier) -> None:
    code = await expected(carrier, "refunded")
    unpaid = await post(carrier, f"/v1/payments/{code}/refund", {"receipt": "none"}, key="refund-0")
    receipt = (await post(carrier, f"/control/payments/{code}/pay")).json()["receipt"]

    wrong = await post(carrier, f"/v1/payments/{code}/refund", {"receipt": "another"}, key="refund-1")
    first = await post(carrier, f"/v1/payments/{code}/refund", {"receipt": receipt}, key="refund-2")
    again = await post(carrier, f"/v1/payments/{code}/refund", {"receipt": receipt}, key="refund-2")
    other_key = await post(carrier, f"/v1/payments/{code}/refund", {"receipt": receipt}, key="refund-3")

    assert unpaid.json()["error"]["code"] == "not_paid"
    assert wrong.json()["error"]["field"] == "receipt"
    assert (first.status_code, again.status_code, other_key.status_code) == (201, 200, 409)
    assert set(first.json()) == {"refund_receipt", "receipt", "amount", "refunded_at"}
    assert again.json() == other_key.json()["refund"] == first.json()
    lines = await settled(carrier, "refunded")
    assert [(line["kind"], line["receipt"]) for line in lines] == [
        *(("payment", receipt), ("refund", first.json()["refund_receipt"])),
    ]


async def test_cash_is_paid_out_once_however_often_the_delivery_is_told(carrier: RunningCarrier) -> None:
    order_id = await place(carrier, "cash", service_type="cash", payout_amount=300_000)
    told = [await happens(carrier, order_id, "delivered") for _ in range(2)]

    lines = await settled(carrier, "cash")

    assert [(event["receipt"], event["amount"]) for event in told] == [(lines[0]["receipt"], 300_000)] * 2
    assert [line["kind"] for line in lines] == ["payout"]
    assert "cash" not in (await carrier.facts())["doubled_payouts"]


async def test_cash_is_collected_at_the_door(carrier: RunningCarrier) -> None:
    order_id = await place(carrier, "cod", cod_amount=150_000)
    failed = await happens(carrier, order_id, "delivery_failed", reason="nobody_there")
    delivered = await happens(carrier, order_id, "delivered")

    assert (failed["receipt"], failed["amount"]) == (None, None)
    assert [(line["kind"], line["amount"]) for line in await settled(carrier, "cod")] == [("cod", 150_000)]
    assert delivered["amount"] == 150_000


def test_money_is_settled_under_the_date_in_jakarta() -> None:
    late_evening_in_utc = datetime(2026, 11, 21, 17, 30, tzinfo=UTC)

    assert book_date(late_evening_in_utc.timestamp()).isoformat() == "2026-11-22"
