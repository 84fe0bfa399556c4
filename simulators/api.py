"""What the carrier answers its customers: docs/carrier-api.md."""

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Header
from fastapi.responses import JSONResponse

from simulators.bodies import Claim, Order, PaymentOrder, RefundOrder
from simulators.office import Office
from simulators.once import once

Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=255)]


def api(office: Office) -> APIRouter:
    """Return the calls of an office's customers."""
    calls = APIRouter(prefix="/v1")
    store, orders, payments = office.store, office.orders, office.payments

    @calls.post("/orders", status_code=201)
    async def take(order: Order, key: Key) -> JSONResponse:
        return once(store, key, "order", order, lambda: orders.take(order))

    @calls.get("/orders/{order_id}")
    async def order(order_id: str) -> dict[str, Any]:
        return orders.shown(order_id)

    @calls.post("/orders/{order_id}/cancel")
    async def cancel(order_id: str) -> dict[str, Any]:
        return orders.cancel(order_id)

    @calls.post("/orders/{order_id}/claims", status_code=201)
    async def claim(order_id: str, claim: Claim, key: Key) -> JSONResponse:
        return once(store, key, f"claim {order_id}", claim, lambda: orders.claim(order_id, claim.reason))

    @calls.post("/payments", status_code=201)
    async def expect(payment: PaymentOrder, key: Key) -> JSONResponse:
        return once(store, key, "payment", payment, lambda: payments.expect(payment))

    @calls.get("/payments/{code}")
    async def payment(code: str) -> dict[str, Any]:
        return payments.shown(code)

    @calls.post("/payments/{code}/void")
    async def void(code: str) -> dict[str, Any]:
        return payments.void(code)

    @calls.post("/payments/{code}/refund", status_code=201)
    async def refund(code: str, refund: RefundOrder, key: Key) -> JSONResponse:
        return once(store, key, f"refund {code}", refund, lambda: payments.refund(code, refund.receipt))

    @calls.get("/settlements/{day}")
    async def settlement(day: date) -> dict[str, Any]:
        return office.ledger.settlement(day)

    return calls
