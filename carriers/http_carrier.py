"""A carrier that is reached over HTTP, in the shape of docs/carrier-api.md."""

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from types import TracebackType
from typing import Any, Self
from urllib.parse import quote

import httpx
import structlog

from carriers import words
from carriers.meaning import meant
from carriers.protocol import CarrierAwayError, CarrierRefusedError, CarrierUnreadableError, Report, Sender
from carriers.said import (
    SaidClaim,
    SaidError,
    SaidEvent,
    SaidHistory,
    SaidOrder,
    SaidPayment,
    SaidRefund,
    SaidSettlement,
    parsed,
    read,
)
from domain.working_time import length
from schemas.carrier import OrderRef, Receipt
from schemas.delivery import AskRequest, ClaimRequest, OrderRequest
from schemas.money import SettlementLine
from schemas.service_request import Payment, PaymentAsked, PaymentCode, Recipient, RefundRequest, VoidRequest

_log = structlog.get_logger("carrier")

TIMEOUT = 15.0
"""Seconds without a sign of life. What was done when time ran out is found out by doing it again under its key."""
LONGEST_RETRY_AFTER = timedelta(hours=1)
"""However long a carrier wants to be left alone, it is asked again by then."""

_NOT_NOW = frozenset({401, 403, 408, 425, 429})
"""Says nothing against what is asked for: our key is wrong, or the moment is."""


class HttpCarrier:
    """One carrier, over connections that are kept open; an async context manager that closes them."""

    def __init__(self, url: str, key: str, *, timeout: float = TIMEOUT) -> None:
        """Say where the API is, without /v1, and with which key it is used; nothing is sent yet."""
        headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        self._client = httpx.AsyncClient(base_url=url, headers=headers, timeout=timeout)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    async def order(self, request: OrderRequest, sender: Sender, recipient: Recipient) -> OrderRef:
        """Have a shipment taken, once under `<delivery id>.<number>`."""
        said = await self._create("/v1/orders", _order(request, sender, recipient), key=_reference(request))
        taken = read(SaidOrder, said)
        return OrderRef(order_id=taken.order_id, waybill=taken.waybill)

    async def events(self, request: AskRequest) -> list[Report]:
        """Return all that the carrier knows of an order. What nobody can read is left out, and logged."""
        history = read(SaidHistory, await self._call("GET", f"/v1/orders/{_part(request.order_id)}"))
        reports: list[Report] = []
        for raw in history.events:
            try:
                reports.append((meant(read(SaidEvent, raw), request.number), raw))
            except CarrierUnreadableError as problem:
                _log.error("an event of the carrier is left out", order_id=request.order_id, problem=str(problem))
        return reports

    async def cancel(self, order_id: str) -> None:
        """Stop an order; refused once it is too late."""
        await self._call("POST", f"/v1/orders/{_part(order_id)}/cancel")

    async def claim(self, request: ClaimRequest) -> str:
        """File a claim, once for each order."""
        path, body = f"/v1/orders/{_part(request.order_id)}/claims", {"reason": words.CLAIM_REASONS[request.reason]}
        said = await self._create(path, body, key=f"{request.delivery_id}.{request.number}.claim")
        return read(SaidClaim, said).claim_id

    async def ask_payment(self, request: PaymentAsked, expires_at: datetime) -> PaymentCode:
        """Have a payment received at every counter until it expires, once for each request."""
        body = {
            "reference_id": request.request_id,
            "amount": request.amount,
            "expires_at": expires_at.isoformat(),
        }
        said = await self._create("/v1/payments", body, key=f"{request.request_id}.payment")
        return read(PaymentCode, {"code": said.get("payment_code")})

    async def void_payment(self, request: VoidRequest) -> Payment | None:
        """Take a payment's code back; return the payment when it was paid before."""
        try:
            await self._call("POST", f"/v1/payments/{_part(request.code)}/void")
        except _RefusedError as refused:
            if refused.code != "already_paid":
                raise
            return read(SaidPayment, refused.answer.get("payment")).payment()
        return None

    async def refund(self, request: RefundRequest) -> Receipt:
        """Give a payment back, once for each receipt. What was paid at the door has no code, and is refused."""
        if request.code is None:
            raise CarrierRefusedError("not_at_a_counter", "payment_code")
        path, body = f"/v1/payments/{_part(request.code)}/refund", {"receipt": request.receipt}
        try:
            said = await self._create(path, body, key=f"{request.receipt}.refund")
        except _RefusedError as refused:
            if refused.code != "already_refunded":
                raise
            return read(SaidRefund, refused.answer.get("refund")).refund_receipt
        return read(SaidRefund, said).refund_receipt

    async def settlement(self, day: date) -> list[SettlementLine]:
        """Return the carrier's books of a day, as it counts days."""
        return list(read(SaidSettlement, await self._call("GET", f"/v1/settlements/{day.isoformat()}")).lines)

    async def _create(self, path: str, body: Mapping[str, Any], *, key: str) -> Mapping[str, Any]:
        return await self._call("POST", path, json=body, headers={"Idempotency-Key": key})

    async def _call(self, method: str, path: str, **what: Any) -> Mapping[str, Any]:
        try:
            answer = await self._client.request(method, path, **what)
        except httpx.RequestError as problem:  # its text may name anything
            raise CarrierAwayError(type(problem).__name__) from None
        if answer.is_success:
            return parsed(answer.content)
        if answer.is_client_error and answer.status_code not in _NOT_NOW:
            raise _refused(answer)
        raise CarrierAwayError(f"answers {answer.status_code}", _retry_after(answer))


class _RefusedError(CarrierRefusedError):
    """A refusal with all that the carrier says about it."""

    def __init__(self, code: str, field: str | None, answer: Mapping[str, Any]) -> None:
        super().__init__(code, field)
        self.answer = answer


def _refused(answer: httpx.Response) -> CarrierAwayError | CarrierRefusedError:
    """Return what a refusal amounts to. One that is not in the carrier's form comes from something in between."""
    try:
        said = parsed(answer.content)
        error = read(SaidError, said.get("error"))
    except CarrierUnreadableError:
        return CarrierAwayError(f"something in between answers {answer.status_code}")
    return _RefusedError(error.code, error.field, said)


def _retry_after(answer: httpx.Response) -> timedelta | None:
    said = answer.headers.get("Retry-After", "")
    return min(timedelta(seconds=int(said)), LONGEST_RETRY_AFTER) if re.fullmatch(r"\d{1,9}", said, re.ASCII) else None


def _part(text: str) -> str:
    """Return a text as one part of a path."""
    return quote(text, safe="")


def _reference(request: OrderRequest) -> str:
    return f"{request.delivery.delivery_id}.{request.number}"


def _order(request: OrderRequest, sender: Sender, recipient: Recipient) -> dict[str, Any]:
    """Return the body of an order. What is in the shipment is nobody's business but the recipient's."""
    delivery, plan, terms = request.delivery, request.plan, request.plan.terms
    service_type, range_ = words.SERVICE_TYPES[terms.carriage], terms.temperatures
    return {
        "reference_id": _reference(request),
        "service_type": service_type,
        "origin": {"name": sender.name},
        "destination": recipient.model_dump(exclude={"national_id"}) | {"point": plan.point},
        "items": [{"name": service_type, "quantity": 1}],
        "handed_to": words.HANDED_TO[plan.handed_to],
        "proofs": [words.PROOFS[proof] for proof in terms.proofs],
        "temperature": range_ and {"min_c": range_.lowest, "max_c": range_.highest},
        "attempts": terms.attempts,
        "hold_seconds": int(length(terms.held_for).total_seconds()),
        "via": [leg.to for leg in terms.legs],
        "cod_amount": delivery.collect,
        "payout_amount": delivery.pay_out,
        "metadata": {},
    }
