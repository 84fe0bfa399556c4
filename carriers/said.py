"""What a carrier says, in the form of docs/carrier-api.md, before anybody has thought about what it means."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, TypeVar

import pydantic_core
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from carriers.protocol import CarrierUnreadableError
from domain.waybills import wrong_s10
from schemas.base import Code, Rupiah, UtcDatetime
from schemas.carrier import EventId, OrderId, Receipt, Waybill
from schemas.money import SettlementLine
from schemas.problems import in_words
from schemas.service_request import Payment


def _rightly_read(waybill: str) -> str:
    if wrong_s10(waybill):
        raise ValueError("has the form of UPU S10 and a wrong check digit: it was misread")
    return waybill


def _plain_field(name: str) -> str | None:
    return name if re.fullmatch(r"[A-Za-z0-9_.\[\]-]{1,100}", name, re.ASCII) else None


class Said(BaseModel):
    """Something that a carrier says. Errors repeat nothing of it."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)


class SaidOrder(Said):
    """An order, as the carrier answers."""

    order_id: OrderId
    waybill: Annotated[Waybill, AfterValidator(_rightly_read)]


class SaidProof(Said):
    """What is to show that something came into the right hands. Not one of them is worth refusing the whole event."""

    relation: str | None = None
    id_match: object = None
    signature: object = None
    face_photo: object = None
    place: object = None
    temperature: object = None


class SaidEvent(Said):
    """Something that happened to an order."""

    event_id: EventId
    order_id: OrderId
    reference_id: Code
    waybill: Annotated[Waybill, AfterValidator(_rightly_read)] | None = None
    status: Annotated[str, Field(max_length=100)]
    occurred_at: UtcDatetime
    point: Code | None = None
    reason: Annotated[str, Field(max_length=100)] | None = None
    proof: SaidProof | None = None
    receipt: Receipt | None = None
    amount: Rupiah | None = None


class SaidPayment(Said):
    """Money that the carrier received."""

    receipt: Receipt
    amount: Rupiah
    paid_at: UtcDatetime

    def payment(self) -> Payment:
        """Return it in our words."""
        return Payment(receipt=self.receipt, amount=self.amount, at=self.paid_at)


class SaidReceipt(SaidPayment):
    """The same, told by a webhook."""

    reference_id: Code


class SaidHistory(Said):
    """An order with all that happened to it, each still to be read: one that is unreadable harms no other."""

    events: tuple[dict[str, Any], ...]


class SaidWebhook(Said):
    """What a webhook holds."""

    type: str
    data: dict[str, Any]


class SaidClaim(Said):
    """A claim, as the carrier calls it."""

    claim_id: Code


class SaidRefund(Said):
    """Money that was given back."""

    refund_receipt: Receipt


class SaidSettlement(Said):
    """The carrier's books of a day."""

    lines: tuple[SettlementLine, ...]


class SaidError(Said):
    """Why the carrier refuses something; the words that it adds may repeat what is personal, and are not read."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,59}$")]
    field: Annotated[str, AfterValidator(_plain_field)] | None = None


S = TypeVar("S", bound=BaseModel)


def parsed(text: bytes) -> Mapping[str, Any]:
    """Return what stands in a JSON object.

    Raises:
        CarrierUnreadableError: it is none.
    """
    try:
        found = pydantic_core.from_json(text, allow_inf_nan=False)
    except ValueError:
        raise CarrierUnreadableError("body: is no JSON") from None
    if not isinstance(found, dict):
        raise CarrierUnreadableError("body: is no JSON object")
    return found


def read(form: type[S], said: object) -> S:
    """Read what a carrier says in a form that was agreed upon. It may say more than that, at any place.

    Raises:
        CarrierUnreadableError: it is not in that form.
    """
    try:
        return form.model_validate(said, extra="ignore")
    except ValidationError as error:
        raise CarrierUnreadableError(in_words(error)) from None
