"""The point of the post that is nearest to somebody, among those that are able for what is carried."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from operator import attrgetter
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from schemas.post import Carriage, Point, PointKind

EARTH_KM = 6371.0088
"""The mean radius of the Earth, taken as a sphere: distances are right to half a percent."""

Place = tuple[float, float]
"""Latitude and longitude in degrees."""

_SAME_KM = 1e-6
"""A millimetre: points that are not further apart from each other in distance count as equally far."""

_SLACK_KM = 1e-3
"""More than a selection by dot products can be wrong by (about 0.2 m, right here or at the other end of the world)."""

_FIRST = 32
"""How many of the nearest are put into order at once; most of the time the first of them will do."""

_NO_LOAD: Mapping[str, int] = MappingProxyType({})

_Floats = NDArray[np.float64]
_Numbers = NDArray[np.intp]


class Points:
    """The offices and agents of a post by what they carry, built once for a policy. Hubs serve nobody."""

    def __init__(self, points: Iterable[Point]) -> None:
        serving = sorted((point for point in points if point.kind is not PointKind.HUB), key=attrgetter("code"))
        self._able = {
            carriage: _Cloud([point for point in serving if carriage in point.carries]) for carriage in Carriage
        }

    def nearest(
        self, place: Place, carriage: Carriage, load: Mapping[str, int] = _NO_LOAD
    ) -> Iterator[tuple[Point, float]]:
        """Yield the points that can take one more, nearest first, each with its distance in km as the crow flies.

        Of points that are equally far to the millimetre, the one whose code sorts first comes first. `load` says by
        code how many shipments a point has today; one whose capacity is reached is passed over.
        """
        for point, km in self._able[carriage].outwards(place):
            if point.capacity is None or load.get(point.code, 0) < point.capacity:
                yield point, km


class _Cloud:
    """Points that are sorted by code, as unit vectors: neither the poles nor the antimeridian are special to these."""

    def __init__(self, points: Sequence[Point]) -> None:
        self._points = points
        self._vectors = _vectors(
            np.array([point.latitude for point in points]), np.array([point.longitude for point in points])
        )

    def outwards(self, place: Place) -> Iterator[tuple[Point, float]]:
        """Yield all points with their distance in km, nearest first. Work is done only for those that are asked for."""
        here = _vectors(*np.array(place)[:, None])[0]
        nearness = self._vectors @ here
        told, chosen, size = 0, _FIRST, len(self._points)
        while told < size:
            numbers = np.arange(size) if chosen >= size else np.argpartition(nearness, size - chosen)[size - chosen :]
            distances = _km(self._vectors[numbers], here)
            sure = np.inf if chosen >= size else distances.max() - _SLACK_KM
            numbers, distances = _in_order(numbers, distances, sure)
            for number, km in zip(numbers[told:].tolist(), distances[told:].tolist(), strict=True):
                yield self._points[number], km
            told, chosen = len(numbers), chosen * 8


def _vectors(latitudes: _Floats, longitudes: _Floats) -> _Floats:
    """Return one unit vector a row, from degrees."""
    latitudes, longitudes = np.radians(latitudes), np.radians(longitudes)
    level = np.cos(latitudes)
    return np.column_stack((level * np.cos(longitudes), level * np.sin(longitudes), np.sin(latitudes)))


def _km(vectors: _Floats, here: _Floats) -> _Floats:
    """Return great-circle distances, exact also for neighbours and antipodes, of which a cosine says too little."""
    apart, together = np.linalg.norm(vectors - here, axis=1), np.linalg.norm(vectors + here, axis=1)
    return np.asarray(2 * EARTH_KM * np.arctan2(apart, together), dtype=np.float64)


def _in_order(numbers: _Numbers, distances: _Floats, sure: float) -> tuple[_Numbers, _Floats]:
    """Return the points nearer than `sure` by distance, and by code where that is the same.

    Points that are equally far stay together: the last of them is sure, or all are left for later.
    """
    by_distance = np.argsort(distances)
    numbers, distances = numbers[by_distance], distances[by_distance]
    group = np.concatenate(([0], np.cumsum(np.diff(distances) > _SAME_KM)))
    by_code = np.lexsort((numbers, group))
    last = np.searchsorted(group, group, side="right") - 1
    by_code = by_code[distances[last] < sure]
    return numbers[by_code], distances[by_code]
