"""Boundaries of regions, prepared so that those around a point, or near it, are found among thousands at once."""

import math
from collections.abc import Iterable, Iterator

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from domain.points import EARTH_KM, Place
from schemas.places import Boundary

DEGREE_KM = math.radians(1) * EARTH_KM
"""The length of a degree of latitude."""


class Shapes:
    """The boundaries of a policy's regions. A line that crosses itself still has an inside: that of its parts."""

    def __init__(self, boundaries: Iterable[Boundary]) -> None:
        drawn = list(boundaries)
        self._regions = [boundary.region for boundary in drawn]
        self._shapes = np.array([_shape(boundary) for boundary in drawn], dtype=object)
        shapely.prepare(self._shapes)
        self._tree = shapely.STRtree(self._shapes)

    def centres(self) -> dict[str, Place]:
        """Return the middle of each region, latitude and longitude; of one with bays it may lie outside."""
        middles = [(shape.centroid.y, shape.centroid.x) for shape in self._shapes]
        return dict(zip(self._regions, middles, strict=True))

    def around(self, place: Place) -> list[str]:
        """Return the regions that a place lies in or on the border of."""
        latitude, longitude = place
        numbers = self._tree.query(shapely.Point(longitude, latitude))
        holding = shapely.intersects_xy(self._shapes[numbers], longitude, latitude)
        return [self._regions[number] for number in numbers[holding]]

    def near(self, place: Place, within_km: float) -> Iterator[tuple[float, str]]:
        """Yield the regions whose boundary is no further away, with the distance in km."""
        latitude, longitude = place
        shrink = math.cos(math.radians(latitude))  # a degree of longitude is so much shorter than one of latitude
        high = within_km / DEGREE_KM * 1.01
        wide = min(high / max(shrink, 1e-3), 180.0)
        window = shapely.box(longitude - wide, latitude - high, longitude + wide, latitude + high)
        here = shapely.Point(0, 0)
        for number in self._tree.query(window):
            flat = shapely.transform(self._shapes[number], lambda at: (at - (longitude, latitude)) * (shrink, 1))
            km = shapely.distance(flat, here) * DEGREE_KM
            if km <= within_km:
                yield km, self._regions[number]


def _shape(boundary: Boundary) -> BaseGeometry:
    whole = shapely.MultiPolygon([(around, holes) for around, *holes in boundary.polygons])
    return whole if whole.is_valid else shapely.make_valid(whole)
