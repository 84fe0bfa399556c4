"""How a jurisdiction's post carries things: its offices, agents and hubs, and what each service asks of it. Data."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from schemas.base import Code, Model, Rupiah
from schemas.calendar import Limit, Unit


def _refuse_working_time(limits: dict[str, Limit]) -> None:
    for field, limit in limits.items():
        if limit.unit in (Unit.WORKING_DAYS, Unit.WORKING_HOURS):
            raise ValueError(f"{field}: counts working time: write days or hours")


class PointKind(StrEnum):
    """What a point of the post is."""

    OFFICE = "office"
    AGENT = "agent"
    HUB = "hub"
    """Where consignments change from one leg to the next. People collect nothing there."""


class Carriage(StrEnum):
    """What kind of thing is carried; a point must be able for it."""

    DOCUMENT = "document"
    PARCEL = "parcel"
    COLD = "cold"
    """Kept within a range of temperatures all the way."""
    CASH = "cash"
    """Paid out to a person, not handed over in an envelope."""
    FREIGHT = "freight"


class Point(Model):
    """An office, agent or hub of the post."""

    code: Code
    name: str = Field(min_length=1)
    kind: PointKind = PointKind.OFFICE
    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)
    region: Code | None = None
    carries: tuple[Carriage, ...] = Field(default=(Carriage.DOCUMENT, Carriage.PARCEL), min_length=1)
    capacity: int | None = Field(default=None, ge=0, description="shipments a day; none: no bound is known")


class SlowPlace(Model):
    """A place that takes longer to reach, e.g. an island; holds for everything below it, too."""

    region: Code
    more: Limit = Field(description="added to every service's time")


class Watch(Model):
    """How a shipment is watched when the carrier's own reports stay away. Seconds to days, not working time."""

    first: Limit = Field(default=Limit(value=1, unit=Unit.DAYS), description="silence after which the carrier is asked")
    longest: Limit = Field(default=Limit(value=4, unit=Unit.DAYS), description="pauses double up to this")
    lost_after: Limit = Field(
        default=Limit(value=21, unit=Unit.DAYS), description="silence after which a shipment counts as lost"
    )

    @model_validator(mode="after")
    def _counts_elapsed_time(self) -> Self:
        _refuse_working_time({"first": self.first, "longest": self.longest, "lost_after": self.lost_after})
        return self


class Post(Model):
    """The post of a jurisdiction."""

    points: tuple[Point, ...] = ()
    slow_places: tuple[SlowPlace, ...] = ()
    watch: Watch = Watch()


class Recipient(StrEnum):
    """Into whose hands the result of a service may be given."""

    OWNER = "owner"
    HOUSEHOLD = "household"
    ANYONE = "anyone"


class Proof(StrEnum):
    """What shows that something came into the right hands."""

    SIGNATURE = "signature"
    ID_MATCH = "id match"
    FACE_PHOTO = "photo of face and ID"
    PLACE = "place"
    TEMPERATURE = "temperature"


class Temperatures(Model):
    """A range, both ends included, in degrees Celsius."""

    lowest: float = Field(ge=-90, le=60)
    highest: float = Field(ge=-90, le=60)

    @model_validator(mode="after")
    def _is_a_range(self) -> Self:
        if self.lowest > self.highest:
            raise ValueError("lowest lies above highest: exchange the two")
        return self

    def holds(self, other: "Temperatures") -> bool:
        """Return whether another range lies within this one."""
        return self.lowest <= other.lowest and other.highest <= self.highest


class Leg(Model):
    """A part of a consignment's way, up to a hub."""

    to: Code = Field(description="the hub")
    within: Limit = Field(description="of the moment when the leg before was over")


class DeliveryTerms(Model):
    """How a service's result is carried to the recipient."""

    carriage: Carriage = Carriage.DOCUMENT
    within: Limit = Limit(value=5, unit=Unit.WORKING_DAYS)
    attempts: int = Field(default=3, ge=1, le=10, description="at the door, before the post keeps it for collection")
    held_for: Limit = Field(default=Limit(value=10, unit=Unit.DAYS), description="how long the post keeps it then")
    proofs: tuple[Proof, ...] = (Proof.SIGNATURE,)
    proofs_within: Limit = Field(
        default=Limit(value=7, unit=Unit.DAYS),
        description="how late what was captured without a network may come in; an end without it waits as long",
    )
    temperatures: Temperatures | None = Field(default=None, description="the cold chain; outside it, it is spoiled")
    legs: tuple[Leg, ...] = Field(default=(), description="through which hubs, in this order")
    reissues: int = Field(default=0, ge=0, le=5, description="how often the sender sends another for a lost one")

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if (self.carriage is Carriage.COLD) != (self.temperatures is not None):
            raise ValueError("temperatures: what is carried cold has a range, and nothing else has one")
        if self.temperatures is not None and Proof.TEMPERATURE not in self.proofs:
            raise ValueError("proofs: a cold chain is proven by temperature: add it")
        _refuse_working_time({"held_for": self.held_for, "proofs_within": self.proofs_within})
        return self


class PaymentTime(StrEnum):
    """When a service is paid for."""

    BEFORE_DELIVERY = "before delivery"
    """At any office or agent, under a reference."""
    ON_DELIVERY = "on delivery"
    """To whoever brings it."""


class PaymentTerms(Model):
    """What the post receives for a service."""

    due: PaymentTime = PaymentTime.BEFORE_DELIVERY
    amount: Rupiah | None = Field(default=None, description="rupiah; none: each request says it")
    within: Limit = Field(default=Limit(value=14, unit=Unit.DAYS), description="then the request expires")
    refunded: bool = Field(default=True, description="whether it is given back when nothing is delivered")
