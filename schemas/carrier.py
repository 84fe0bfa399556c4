"""What a carrier tells about a shipment, as far as a workflow may know it: no names, no addresses, no coordinates."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field, StringConstraints

from schemas.base import Code, Model, Rupiah, UtcDatetime
from schemas.post import Proof, Temperatures

Waybill = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9]{8,20}$")]
"""Opaque, except that one in the form of UPU S10 has to have the right check digit (`domain.waybills`)."""

OrderId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{2,63}$")]
"""The carrier's own name for an order."""

EventId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")]

Receipt = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{2,63}$")]
"""The number on a receipt for money: the same number is the same money."""


class Scan(StrEnum):
    """What can be told about a shipment. Each carrier's own words are mapped to these at the edge."""

    CONFIRMED = "confirmed"
    ALLOCATED = "allocated"
    PICKING_UP = "picking up"
    POSTED = "posted"
    DEPARTED = "departed"
    ARRIVED = "arrived"
    """At a hub: the end of a leg."""
    AT_DELIVERY_OFFICE = "at delivery office"
    OUT_FOR_DELIVERY = "out for delivery"
    FAILED = "failed"
    """An attempt at the door; the courier comes again, or the point keeps it."""
    HELD = "held"
    DELIVERED = "delivered"
    PROVEN = "proven"
    """Proofs of a delivery that was told before, captured without a network and sent later."""
    RETURNING = "returning"
    RETURNED = "returned"
    LOST = "lost"
    DISPOSED = "disposed"
    REJECTED = "rejected"
    """The carrier, or nobody of its couriers, takes it."""
    CANCELLED = "cancelled"
    OTHER = "other"
    """Something that nobody agreed upon; what, is kept as the carrier said it."""


EMSEVT: dict[Scan, str] = {
    Scan.POSTED: "EMA",
    Scan.DEPARTED: "EMC",
    Scan.ARRIVED: "EMD",
    Scan.AT_DELIVERY_OFFICE: "EMG",
    Scan.FAILED: "EMH",
    Scan.HELD: "EMH",
    Scan.DELIVERED: "EMI",
    Scan.PROVEN: "EMI",
}
"""The event of UPU EMSEVT that a scan is, for those that have one (DOMAIN: EMA posted ... EMI delivered)."""

DECISIVE = frozenset(
    {
        *(Scan.ARRIVED, Scan.FAILED, Scan.HELD, Scan.DELIVERED, Scan.PROVEN, Scan.RETURNING, Scan.RETURNED),
        *(Scan.LOST, Scan.DISPOSED, Scan.REJECTED, Scan.CANCELLED),
    }
)
"""Scans that change what happens to a delivery. The others are for people who follow it, and stay in the database."""


class FailureReason(StrEnum):
    """Why an attempt failed or something was given up. What a carrier writes beyond that may hold anything."""

    NOBODY_THERE = "nobody there"
    ADDRESS_UNKNOWN = "address unknown"
    PHONE_UNREACHABLE = "phone unreachable"
    NOT_THE_OWNER = "not the owner"
    ID_MISMATCH = "ID does not match"
    REFUSED = "refused by the recipient"
    CLOSED = "closed"
    WEATHER = "weather or sea"
    NO_COURIER = "no courier"
    DAMAGED = "damaged"
    OTHER = "other"


class Relation(StrEnum):
    """Who took something, as seen from the recipient."""

    OWNER = "owner"
    HOUSEHOLD = "household"
    NEIGHBOUR = "neighbour"
    OTHER = "other"


class CarrierEvent(Model):
    """One thing that a carrier told about one order, reduced to what a workflow may know."""

    event_id: EventId
    order: int = Field(ge=1, description="which of the delivery's orders: a lost one may be followed by another")
    scan: Scan
    at: UtcDatetime = Field(description="when it happened, as the carrier says")
    point: Code | None = None
    reason: FailureReason | None = None
    relation: Relation | None = None
    proofs: tuple[Proof, ...] = ()
    temperatures: Temperatures | None = Field(default=None, description="the lowest and highest on the way")
    receipt: Receipt | None = Field(default=None, description="of money that was paid out or received at the door")
    amount: Rupiah | None = Field(default=None, description="rupiah, of that receipt")


class OrderRef(Model):
    """An order that a carrier has taken."""

    order_id: OrderId
    waybill: Waybill
