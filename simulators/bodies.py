"""The bodies of the carrier's calls, as strict as the document: what it does not name is refused."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Rupiah = Annotated[int, Field(gt=0)]


class Body(BaseModel):
    """A body of a call."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Contact(Body):
    """Who, and where."""

    name: Name | None = None
    phone: Annotated[str, StringConstraints(pattern=r"^\+[0-9]{8,15}$")] | None = None
    address: Annotated[str, StringConstraints(min_length=1, max_length=1000)] | None = None
    postal_code: Annotated[str, StringConstraints(pattern=r"^[0-9]{5}$")] | None = None
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)


class Destination(Contact):
    """Where to, and through which office or agent."""

    point: Name | None = None


class Item(Body):
    """What is carried."""

    name: Name
    quantity: int = Field(gt=0)


class Temperature(Body):
    """A range in degrees Celsius."""

    min_c: float
    max_c: float


class Order(Body):
    """An order to carry something."""

    reference_id: Name
    service_type: Literal["document", "parcel", "cold", "cash", "freight"]
    origin: Contact
    destination: Destination
    items: tuple[Item, ...] = Field(min_length=1)
    handed_to: Literal["owner", "household", "anyone"]
    proofs: tuple[Literal["signature", "id_match", "face_photo", "place", "temperature"], ...]
    temperature: Temperature | None = None
    attempts: Annotated[int, Field(ge=1, le=10)] | None = None
    hold_seconds: Annotated[float, Field(gt=0)] | None = None
    via: tuple[Name, ...] | None = None
    cod_amount: Rupiah | None = None
    payout_amount: Rupiah | None = None
    metadata: dict[str, Any] | None = None


class Claim(Body):
    """A claim for what went wrong with an order."""

    reason: Name


class PaymentOrder(Body):
    """An amount that somebody may pay at any counter."""

    reference_id: Name
    amount: Rupiah
    expires_at: AwareDatetime


class RefundOrder(Body):
    """Which payment is to be given back."""

    receipt: Name


class Payment(BaseModel):
    """A payment as the carrier keeps it."""

    payment_code: str
    reference_id: str
    amount: int
    status: Literal["open", "paid", "void"] = "open"
    expires_at: datetime
    receipt: str | None = None
    paid_at: str | None = None
