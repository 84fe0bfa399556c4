"""Where the regions of a policy lie, and what of that a place on the map was found to be."""

from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from schemas.base import Code, Model

Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
"""Degrees north of the equator, WGS 84."""

Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]
"""Degrees east of Greenwich, WGS 84."""

Position = tuple[Longitude, Latitude]
"""In the order of GeoJSON: longitude first."""


def _closed(ring: tuple[Position, ...]) -> tuple[Position, ...]:
    if ring[0] != ring[-1]:
        raise ValueError("does not end where it begins: repeat its first position at the end")
    return ring


Ring = Annotated[tuple[Position, ...], Field(min_length=4), AfterValidator(_closed)]
"""A line around something; its last position is its first."""

Polygon = Annotated[tuple[Ring, ...], Field(min_length=1)]
"""The ring around an area, then those around its holes."""

PostalCodeText = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z](?:[0-9A-Za-z -]{0,10}[0-9A-Za-z])?$")]


class Centre(Model):
    """The middle of a region, or its seat: what a place is held against while no boundary is known."""

    latitude: Latitude
    longitude: Longitude


class Boundary(Model):
    """The land of a region as polygons, as in GeoJSON."""

    region: Code
    polygons: tuple[Polygon, ...] = Field(min_length=1)


class PostalCode(Model):
    """A region in which a postal code is used. A code that is used in several is written once for each."""

    postal_code: PostalCodeText
    region: Code


class How(StrEnum):
    """By what a region was found."""

    BOUNDARY = "boundary"
    """The place lies within the region's boundary."""
    NEAR_BOUNDARY = "near boundary"
    """The place lies in no region and right beside this one: on a pier, off a beach, in a gap between two."""
    CENTRE = "centre"
    """No boundary says where the place lies; of the regions without one, this one's centre is the nearest."""
    POSTAL_CODE = "postal code"
    GIVEN = "given"
    """The region is the one that was given; nothing else says where it is, or nothing that is more to be trusted."""
    KEPT = "kept"
    """The region is the one that was given: the place lies in the same regency, of which that is a part."""
    OUTSIDE = "outside"
    """The place lies in none of the policy's regions."""
    UNKNOWN = "unknown"
    """Nothing that was given says where it is."""


class Located(Model):
    """Where something is, by the regions of a policy."""

    region: Code | None = None
    referral: Code | None = Field(
        default=None, description="outside the government's authority there: the addressee to whom reporters go"
    )
    how: How
    differs: bool = Field(default=False, description="a region was given that the place does not lie in")
