"""Money that the post received or paid out, and how its books compare with ours."""

from datetime import date
from enum import StrEnum

from pydantic import Field

from schemas.base import CaseId, Code, Model, Rupiah, UtcDatetime
from schemas.carrier import Receipt


class MoneyKind(StrEnum):
    """Which way money went, and where."""

    PAYMENT = "payment"
    """Received at a counter."""
    COD = "cod"
    """Received at the door."""
    PAYOUT = "payout"
    """Paid out to a recipient."""
    REFUND = "refund"
    """Given back to whoever had paid."""


class SettlementLine(Model):
    """Money, as the carrier and we both know it."""

    kind: MoneyKind
    receipt: Receipt
    reference_id: Code = Field(description="what the carrier knows the payment or the order under")
    amount: Rupiah = Field(description="rupiah")
    at: UtcDatetime


class Money(SettlementLine):
    """Money, with what it belongs to here."""

    request_id: CaseId | None = Field(default=None, description="or the case that a delivery belongs to")
    delivery_id: CaseId | None = None
    of_receipt: Receipt | None = Field(default=None, description="of a refund: the payment that it gives back")


class Difference(Model):
    """The same receipt with another amount or kind on the two sides."""

    here: SettlementLine
    there: SettlementLine


class PaidTwice(Model):
    """A reference under which money went more than once, as far as it was not given back."""

    kind: MoneyKind
    reference_id: Code
    receipts: tuple[Receipt, ...] = Field(description="a receipt that was settled on two days stands here twice")


class DoublePayout(Model):
    """A benefit, or a request without one, that was paid out more than once. Names no person."""

    service: Code | None = Field(description="none: the requests hold no benefit that is given once in a period")
    period: Code | None
    request_ids: tuple[CaseId, ...]
    receipts: tuple[Receipt, ...]
    amount: int = Field(description="rupiah, of all receipts together")


class Reconciliation(Model):
    """How the carrier's books of one day compare with ours. A receipt is looked for on all days."""

    day: date
    zone: str = Field(description="in which the day begins and ends")
    matched: tuple[SettlementLine, ...] = ()
    missing_here: tuple[SettlementLine, ...] = Field(default=(), description="settled, and we never heard of it")
    missing_there: tuple[SettlementLine, ...] = Field(default=(), description="ours of the day, never settled")
    differing: tuple[Difference, ...] = ()
    double: tuple[PaidTwice, ...] = ()
    totals_here: dict[MoneyKind, int] = Field(default={}, description="rupiah, of our records of the day")
    totals_there: dict[MoneyKind, int] = Field(default={}, description="rupiah, of the carrier's lines of the day")

    @property
    def agrees(self) -> bool:
        """Whether nobody has to look."""
        return not (self.missing_here or self.missing_there or self.differing or self.double)
