"""A policy: who is in charge of what and where, how long each may take, and what lateness leads to. Data, not code."""

import hashlib
import json
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Self

from pydantic import Field, model_validator

from schemas import coherence
from schemas.attributes import Attribute
from schemas.base import Code, Model, Rupiah
from schemas.calendar import CalendarRules, Limit, MinuteOfDay, Unit
from schemas.handling import Handling
from schemas.places import Boundary, Centre, PostalCode
from schemas.post import DeliveryTerms, PaymentTerms, Post, Recipient
from schemas.sanctions import SanctionRule, Subject, Trigger, TriggeredRule
from schemas.status import StatusScheme

__all__ = ["SanctionRule", "Subject", "Trigger", "TriggeredRule"]


class Agency(Model):
    """A public body (OPD) that answers complaints."""

    code: Code
    name: str
    ladder: Code | None = Field(default=None, description="what its cases climb, unless their category says otherwise")
    government: Code | None = Field(default=None, description="region whose government it belongs to")
    kind: Code | None = Field(
        default=None, description="its part in that government, e.g. inspectorate; ladders use it"
    )
    around_the_clock: bool = Field(default=False, description="works day and night: its clocks never rest")


class Region(Model):
    """A place of the administrative tree: province, regency, district or village."""

    code: Code
    name: str
    parent: Code | None = None
    centre: Centre | None = Field(default=None, description="finds the region of a place that no boundary holds")
    refer_to: Code | None = Field(
        default=None, description="outside the government's authority, with all below it: whom to refer to"
    )


class Category(Model):
    """What a complaint is about."""

    code: Code
    name: str
    place_required: bool = Field(default=True, description="without a place nobody can tell who is in charge")
    ladder: Code | None = Field(default=None, description="none: that of the agency in charge")
    case_class: Code | None = Field(default=None, description="decides about the statutory deadline")
    refer_to: Code | None = Field(default=None, description="outside the government's authority: whom to refer to")
    to_triage: bool = Field(default=False, description="owned by nobody on purpose: the triage desk decides")
    bypasses_respondent: bool = Field(
        default=False, description="whistle-blowing: the accused agency holds no level, sees nothing, sends nothing"
    )
    otherwise: Code | None = Field(default=None, description="who is in charge when the usual agency is the accused")
    description: str = Field(default="", description="for whoever looks for the right category")
    keywords: tuple[str, ...] = Field(default=(), description="other words by which people look for it")
    group: str = Field(default="", description="under which categories that belong together are shown")
    attributes: tuple[Attribute, ...] = Field(default=(), description="what it asks of whoever reports")


class Route(Model):
    """An agency is in charge of a category within a region and everything below it; no region means everywhere."""

    category: Code
    agency: Code
    region: Code | None = None


class CaseClass(Model):
    """What kind of request a case is (complaint, aspiration, information request), and the law's deadline for it."""

    code: Code
    name: str
    statutory: tuple[Limit, ...] = Field(
        default=(), description="counted from the opening, whoever has the case; the earliest of several counts"
    )
    warn_share: float = Field(default=0.75, gt=0, lt=1)
    pauses_for_information: bool = Field(
        default=False, description="whether the law lets the deadline rest while the reporter completes the file"
    )
    basis: str = Field(default="", description="the law that the deadline rests on")


class Addressee(Model):
    """Somebody outside the government's authority to whom reporters are referred."""

    code: Code
    name: str
    contact: str = Field(default="", description="where the reporter can go: address, telephone, page")


class Offer(Model):
    """A route outside the government that is open once a level has let its time pass."""

    route: str = Field(min_length=1, description="e.g. the Ombudsman's office")
    basis: str = Field(min_length=1, description="the law that opens it")


class Level(Model):
    """One rung of a ladder: who holds the case there, for how long, and what follows when nothing comes."""

    title: str = Field(min_length=1)
    role: Code
    agency: Code | None = Field(default=None, description="the agency whose role this is; none: the case's own")
    agency_kind: Code | None = Field(
        default=None, description="instead of an agency: the one of this kind in the government of the case's own"
    )
    deputies: tuple[Code, ...] = Field(default=(), description="roles of the same agency that stand in, in this order")
    limit: Limit
    warn_share: float = Field(default=0.75, gt=0, lt=1, description="share of the limit after which a warning goes out")
    sanctions: tuple[SanctionRule, ...] = ()
    offer: Offer | None = Field(default=None, description="what is open to the reporter once this level is late")


class Ladder(Model):
    """The levels that a case climbs when nobody answers, lowest first."""

    code: Code
    levels: tuple[Level, ...] = Field(min_length=1)
    reminders: tuple[Limit, ...] = Field(
        default=(), description="when the top let its time pass: pauses between reminders; the last one repeats"
    )


class Triage(Model):
    """Where cases go that no route fits; they climb a ladder like all others."""

    queue: Code
    agency: Code
    ladder: Code = "default"


class Duplicates(Model):
    """Which complaints may be the same: same category, near each other, and not long apart. Proposed, never forced."""

    resolution: int = Field(default=9, ge=5, le=12, description="of the H3 cells compared: 9 is about 200 m across")
    within: Limit = Field(default=Limit(value=30, unit=Unit.DAYS), description="seconds to days, not working time")


class QuietHours(Model):
    """When nobody is notified: notices wait until it is over. Local time."""

    begins: MinuteOfDay
    ends: MinuteOfDay
    on_days_off: bool = Field(default=False, description="whether days without work are quiet as a whole")


class Period(StrEnum):
    """Over which time points are added up."""

    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


class Service(Model):
    """Something that people can request, which is prepared by an agency and carried to them."""

    code: Code
    name: str
    category: Code = Field(description="its routes say which agency prepares it")
    prepared_within: Limit
    handed_to: Recipient
    delivery: DeliveryTerms = DeliveryTerms()
    payment: PaymentTerms | None = Field(default=None, description="what the post receives for it; none: it is free")
    pays_out: bool = Field(
        default=False,
        description="money goes to the recipient, each request says how much; it is carried as cash",
    )
    once_per_period: bool = Field(
        default=False,
        description="each beneficiary gets it once in each period that requests name: never paid twice",
    )
    periods: Period = Field(default=Period.MONTH, description="how requests name them: 2026-11, 2026-Q4 or 2026")
    at_most: Rupiah | None = Field(default=None, description="rupiah that one request may name; none: no bound")
    confirm_within: Limit = Field(
        default=Limit(value=7, unit=Unit.DAYS),
        description="the recipient's time to confirm or dispute the receipt; silence confirms",
    )
    prepare_again: int = Field(
        default=1,
        ge=0,
        le=5,
        description="how often the agency prepares it anew after it was lost, spoiled or rightly disputed",
    )
    case_class: Code | None = Field(
        default=None, description="decides about a statutory deadline of the preparation; none: it has none"
    )


class Policy(Model):
    """All rules of one jurisdiction from one day on. Immutable: any change makes another version."""

    name: Code
    title: str
    effective_from: date
    effective_to: date | None = Field(default=None, description="the last day for cases to open under it; none: open")
    head_role: Code = Field(default="head-of-agency", description="the role that sanctions of an agency's head name")
    calendar: CalendarRules
    agencies: tuple[Agency, ...] = Field(min_length=1)
    regions: tuple[Region, ...] = ()
    categories: tuple[Category, ...] = Field(min_length=1)
    routes: tuple[Route, ...] = ()
    ladders: tuple[Ladder, ...] = Field(min_length=1)
    triage: Triage
    classes: tuple[CaseClass, ...] = ()
    addressees: tuple[Addressee, ...] = ()
    sanctions: tuple[TriggeredRule, ...] = ()
    handling: Handling = Handling()
    duplicates: Duplicates | None = None
    quiet_hours: QuietHours | None = None
    points_period: Period = Period.YEAR
    schemes: tuple[StatusScheme, ...] = ()
    services: tuple[Service, ...] = ()
    post: Post = Post()
    boundaries: tuple[Boundary, ...] = ()
    postal_codes: tuple[PostalCode, ...] = ()
    outside: Code | None = Field(
        default=None, description="the region that stands for all places in none of the others"
    )
    near_boundary_km: float = Field(
        default=2, ge=0, le=50, description="a place this near a boundary, and in none, counts as within: piers, gaps"
    )
    near_centre_km: float = Field(
        default=75, ge=0, le=2000, description="without boundaries: how far from a region's centre a place may be in it"
    )

    @cached_property
    def version(self) -> str:
        """The content's hash: two policies with the same version are the same, letter by letter.

        What stands at its default is left out, so that a field added in a later release changes no version. A default,
        once released, never changes.
        """
        said = self.model_dump(mode="json", exclude_defaults=True)
        text = json.dumps(said, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        if problems := coherence.problems(self):
            raise ValueError("; ".join(problems))
        return self
