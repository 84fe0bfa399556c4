"""What the files of a policy pack hold, as people write them: the models that packs are read with and editors check by.

They are those of the policy with two differences: a list is written as [[one]] for each of its entries, and what
repeats itself for every regency may be written once. `Calendar` alone only describes: calendar.toml is read by
`storage.holiday_calendar`, which resolves it first. Boundaries are GeoJSON, which `storage.pack_boundaries` reads.
"""

from datetime import date
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints, create_model

from schemas.attributes import Attribute
from schemas.base import Code, Model
from schemas.calendar import Week
from schemas.places import PostalCode
from schemas.policy import (
    Addressee,
    Agency,
    CaseClass,
    Category,
    Ladder,
    Level,
    Policy,
    Region,
    SanctionRule,
    Service,
    TriggeredRule,
)
from schemas.post import Point, Post, SlowPlace
from schemas.status import StatusScheme
from storage.holiday_calendar import Decree, Source

EVERYWHERE = "everywhere"
"""Stands for the region in a category's routes when its agency is in charge in every region."""

InEach = Annotated[str, StringConstraints(pattern=r"^[!-~](?:[ -~]*[!-~])?\.\*$")]
"""Stands for every region directly below one: "18.*" for those below 18."""


class AgencyTable(Agency):
    """A public body (OPD) that answers complaints; with in_each, one such body in each of several regions."""

    in_each: InEach | None = Field(
        default=None,
        description='one agency for every region directly below this one, e.g. "18.*"; {region} in the other fields'
        " stands for the region's code, {place} for its name; an agency that is written by itself takes precedence",
    )


class CategoryTable(Category):
    """What a complaint is about, and who is in charge of it where."""

    attributes: tuple[Attribute, ...] = Field(
        default=(), alias="attribute", description="what it asks of whoever reports"
    )
    routes: dict[Code, Code] = Field(
        default={},
        description='region = agency, the narrowest region wins; "18.*" = "PUPR-{region}" stands for a line for every'
        " region directly below 18, each of which may still have a line of its own; everywhere = every region",
    )


class LevelTable(Level):
    """One rung of a ladder: who holds the case there, for how long, and what follows when nothing comes."""

    sanctions: tuple[SanctionRule, ...] = Field(default=(), alias="sanction")


class LadderTable(Ladder):
    """The levels that a case climbs when nobody answers, lowest first."""

    levels: tuple[LevelTable, ...] = Field(min_length=1, alias="level")


class SeasonTable(Week):
    """A stretch of days, the first and the last included, with other hours than usual, e.g. Ramadan."""

    name: str = Field(min_length=1)
    first: date
    last: date


class SourceTable(Source):
    """Which days off to take from the package `holidays`."""


class DecreeTable(Decree):
    """A day off that is added, or one that is taken back, with the number of the decree that does so."""


class Calendar(Model):
    """calendar.toml: working hours and days off."""

    zone: str = Field(description="IANA time zone, e.g. Asia/Jakarta", min_length=1)
    valid_to: date = Field(description="the last day whose holidays are decreed; later deadlines are provisional")
    week: Week
    seasons: tuple[SeasonTable, ...] = Field(default=(), alias="season")
    source: SourceTable | None = None
    holidays: dict[date, str] = Field(default={}, description="days without work, with their names")
    decrees: tuple[DecreeTable, ...] = Field(default=(), alias="decree")


class Agencies(Model):
    """agencies.toml: the public bodies that answer complaints."""

    agencies: tuple[AgencyTable, ...] = Field(alias="agency", min_length=1)


class Regions(Model):
    """regions.toml: the places, each within its parent."""

    regions: tuple[Region, ...] = Field(default=(), alias="region")


class Categories(Model):
    """categories.toml: what complaints are about, and who is in charge."""

    categories: tuple[CategoryTable, ...] = Field(alias="category", min_length=1)


class Ladders(Model):
    """ladders.toml: what cases climb when nobody answers."""

    ladders: tuple[LadderTable, ...] = Field(alias="ladder", min_length=1)


class Classes(Model):
    """classes.toml: the kinds of request, with the law's deadline for each."""

    classes: tuple[CaseClass, ...] = Field(default=(), alias="class")


class Addressees(Model):
    """addressees.toml: to whom reporters are referred with what is outside the government's authority."""

    addressees: tuple[Addressee, ...] = Field(default=(), alias="addressee")


class Sanctions(Model):
    """sanctions.toml: consequences of something else than one level's lateness."""

    sanctions: tuple[TriggeredRule, ...] = Field(default=(), alias="sanction")


class Statuses(Model):
    """statuses.toml: the words and colours in which people are told where their case stands."""

    schemes: tuple[StatusScheme, ...] = Field(default=(), alias="scheme")


class Services(Model):
    """services.toml: what people can request, who prepares it, and into whose hands it may be given."""

    services: tuple[Service, ...] = Field(default=(), alias="service")


class PostTable(Post):
    """post.toml: the offices, agents and hubs of the post, places that take longer, and how shipments are watched."""

    points: tuple[Point, ...] = Field(default=(), alias="point", description="points.csv may hold more of them")
    slow_places: tuple[SlowPlace, ...] = Field(default=(), alias="slow_place")


class PointRows(Model):
    """points.csv: points of the post, one a line; nobody would write tens of thousands as tables."""

    points: tuple[Point, ...] = Field(default=(), alias="point")


class PostalCodeRows(Model):
    """postal_codes.csv: the regions of postal codes, one a line; a code of several regions has a line for each."""

    postal_codes: tuple[PostalCode, ...] = Field(default=(), alias="postal_code")


LISTS: dict[str, type[BaseModel]] = {
    "agencies": Agencies,
    "regions": Regions,
    "categories": Categories,
    "ladders": Ladders,
    "classes": Classes,
    "addressees": Addressees,
    "sanctions": Sanctions,
    "statuses": Statuses,
    "services": Services,
}
"""The files that each hold one list, by their names without ".toml"."""

_IN_OTHER_FILES = ("calendar", "routes", "post", "boundaries", "postal_codes")

_HEAD: dict[str, Any] = {
    name: (field.annotation, field)
    for name, field in Policy.model_fields.items()
    if name not in {*_IN_OTHER_FILES}.union(*(model.model_fields for model in LISTS.values()))
}
Head = create_model(
    "Head",
    __base__=Model,
    __doc__="policy.toml: what a policy is called, since when it holds, and its windows.",
    **_HEAD,
    boundary_code=(
        str,
        Field(default="code", description="the property of boundaries' features that is a region's code"),
    ),
)


FILES: dict[str, type[BaseModel]] = {"policy": Head, **LISTS, "post": PostTable}
"""The files that are read with these models, by their names without ".toml"."""

ROWS: dict[str, type[BaseModel]] = {"points": PointRows, "postal_codes": PostalCodeRows}
"""The files that hold one thing a line, by their names without ".csv"."""

REQUIRED = ("policy", "calendar", "agencies", "regions", "categories", "ladders")
OPTIONAL = tuple(name for name in FILES if name not in REQUIRED)


def one_of(model: type[BaseModel]) -> str:
    """Return how an entry of a file's list is written: "agency" in agencies.toml, as [[agency]]."""
    (field,) = model.model_fields.values()
    return str(field.alias)
