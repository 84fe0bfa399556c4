"""How long it takes to find the nearest of 60,000 points, and how many times longer that is in pure Python.

Run it as `python -m benchmarks.points`.
"""

import random
import statistics
import sys
from collections.abc import Callable, Sequence
from math import asin, cos, radians, sin, sqrt
from time import perf_counter

from domain.points import Place, Points
from schemas.post import Carriage, Point, PointKind

_OFFICES, _AGENTS, _HUBS = 4_554, 54_900, 546
_PLACES = 1_000
_BY_HAND = 20


def main() -> None:
    """Print the median and the 95th percentile of both ways, and the ratio of the medians."""
    chance = random.Random(2026)  # noqa: S311 - the same points in every run
    cloud = _nation(chance)
    places = [_somewhere(chance) for _ in range(_PLACES)]
    points = Points(cloud)

    quick = _timed(lambda place: next(points.nearest(place, Carriage.DOCUMENT))[0].code, places)
    slow = _timed(lambda place: min(_by_hand(cloud, place))[1], places[:_BY_HAND])

    sys.stdout.write(f"{len(cloud)} points\n{_told('nearest()', quick)}\n{_told('pure Python', slow)}\n")
    sys.stdout.write(f"ratio of the medians: {statistics.median(slow) / statistics.median(quick):.0f}\n")


def _nation(chance: random.Random) -> list[Point]:
    kinds = [PointKind.OFFICE] * _OFFICES + [PointKind.AGENT] * _AGENTS + [PointKind.HUB] * _HUBS
    return [
        Point(code=f"{number:05d}", name="Point", kind=kind, latitude=place[0], longitude=place[1])
        for number, kind in enumerate(kinds)
        for place in [_somewhere(chance)]
    ]


def _somewhere(chance: random.Random) -> Place:
    """Return a place within the bounds of Indonesia."""
    return chance.uniform(-11, 6), chance.uniform(95, 141)


def _by_hand(cloud: Sequence[Point], place: Place) -> list[tuple[float, str]]:
    lat, lng = map(radians, place)
    return [
        (_angle(lat, lng, radians(point.latitude), radians(point.longitude)), point.code)
        for point in cloud
        if point.kind is not PointKind.HUB and Carriage.DOCUMENT in point.carries
    ]


def _angle(lat: float, lng: float, lat2: float, lng2: float) -> float:
    half = sin((lat2 - lat) / 2) ** 2 + cos(lat) * cos(lat2) * sin((lng2 - lng) / 2) ** 2
    return 2 * asin(sqrt(half))


def _timed(find: Callable[[Place], str], places: Sequence[Place]) -> list[float]:
    """Return the seconds that each search took."""
    find(places[0])
    seconds = []
    for place in places:
        begun = perf_counter()
        find(place)
        seconds.append(perf_counter() - begun)
    return seconds


def _told(name: str, seconds: Sequence[float]) -> str:
    slowest = statistics.quantiles(seconds, n=20)[-1]
    return f"{name:12} median {statistics.median(seconds) * 1e3:8.3f} ms, 95 % within {slowest * 1e3:8.3f} ms"


if __name__ == "__main__":
    main()
