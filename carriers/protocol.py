"""What Kawal asks of a carrier, in its own terms. Each carrier is an adapter that speaks its own."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Protocol

from schemas.carrier import CarrierEvent, OrderRef, Receipt
from schemas.delivery import AskRequest, ClaimRequest, OrderRequest
from schemas.money import SettlementLine
from schemas.service_request import Payment, PaymentAsked, PaymentCode, Recipient, RefundRequest, VoidRequest

Report = tuple[CarrierEvent, Mapping[str, Any]]
"""What a carrier told, reduced to what a workflow may know; and as it was sent, which may hold personal data."""


class CarrierAwayError(Exception):
    """The carrier cannot be reached, or does nothing now; the same call may simply be repeated later."""

    def __init__(self, why: str, retry_after: timedelta | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after
        """How long it wants to be left alone; None: it does not say."""


class CarrierRefusedError(Exception):
    """The carrier refuses, and would again; what was asked for has to change."""

    def __init__(self, code: str, field: str | None = None) -> None:
        super().__init__(f"{field or 'call'}: the carrier refuses it: {code}")
        self.code = code
        self.field = field
        """Which field it does not accept; None: it does not say."""


class CarrierUnreadableError(ValueError):
    """The carrier said something that is not in the agreed form; the text names the fields, and repeats no value."""


@dataclass(frozen=True)
class Sender:
    """On whose behalf something is carried."""

    name: str


class Carrier(Protocol):
    """A carrier. What is created has an identity: asked for twice, it is created once.

    Every call raises CarrierAwayError when the carrier cannot be reached, CarrierRefusedError when it refuses for good,
    CarrierUnreadableError when nobody can read its answer.
    """

    async def order(self, request: OrderRequest, sender: Sender, recipient: Recipient) -> OrderRef:
        """Have a shipment taken."""

    async def events(self, request: AskRequest) -> list[Report]:
        """Return all that it knows of an order. What nobody can read is left out, and logged."""

    async def cancel(self, order_id: str) -> None:
        """Stop an order; refused once it is too late."""

    async def claim(self, request: ClaimRequest) -> str:
        """File a claim, and return the carrier's name for it."""

    async def ask_payment(self, request: PaymentAsked, expires_at: datetime) -> PaymentCode:
        """Have a payment received at every counter, until it expires."""

    async def void_payment(self, request: VoidRequest) -> Payment | None:
        """Take a payment's code back; return the payment when it was paid before."""

    async def refund(self, request: RefundRequest) -> Receipt:
        """Give a payment back, and return the receipt of that."""

    async def settlement(self, day: date) -> list[SettlementLine]:
        """Return the carrier's books of a day, as it counts days."""
