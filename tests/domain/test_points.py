"""Whoever gets something by post is served by the nearest point that is able for it, wherever on Earth that is."""

import random
from collections.abc import Sequence
from itertools import islice, pairwise
from math import asin, cos, radians, sin, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.points import EARTH_KM, Place, Points
from schemas.post import Carriage, Point, PointKind

METRE = 1e-3
MILLIMETRE = 1e-6
BANDAR_LAMPUNG = (-5.4142, 105.2621)


def point(code: str, place: Place, **fields: object) -> Point:
    return Point.model_validate({"code": code, "name": code, "latitude": place[0], "longitude": place[1]} | fields)


def codes(points: Sequence[Point], place: Place, carriage: Carriage = Carriage.DOCUMENT, **load: int) -> list[str]:
    return [found.code for found, _ in Points(points).nearest(place, carriage, load)]


def haversine(one: Place, other: Place) -> float:
    """Return a distance in km as the textbook does it, one pair at a time."""
    (lat, lng), (lat2, lng2) = (tuple(map(radians, place)) for place in (one, other))
    half = sin((lat2 - lat) / 2) ** 2 + cos(lat) * cos(lat2) * sin((lng2 - lng) / 2) ** 2
    return 2 * EARTH_KM * asin(sqrt(min(1, half)))


def place_of(point: Point) -> Place:
    return point.latitude, point.longitude


# Whole degrees make points that lie at the same spot, at the same distance, on a pole and on the antimeridian likely.
LATITUDES = st.integers(-90, 90) | st.floats(-90, 90) | st.sampled_from([-90, 90, 0])
LONGITUDES = st.integers(-180, 180) | st.floats(-180, 180) | st.sampled_from([-180, 180, 179.999999, -179.999999])
PLACES = st.tuples(LATITUDES, LONGITUDES)
POINTS = st.tuples(
    PLACES,
    st.sampled_from(PointKind),
    st.sets(st.sampled_from(Carriage), min_size=1).map(sorted),
    st.none() | st.integers(0, 3),
)


@st.composite
def clouds(draw: st.DrawFn) -> list[Point]:
    """Return points with the codes 0, 1, 2 ... in any order; many of them at the same spots."""
    drawn = draw(st.lists(POINTS, max_size=12))
    repeated = drawn * draw(st.sampled_from([1, 1, 2, 9]))
    points = [
        point(f"{number:03d}", place, kind=kind, carries=carries, capacity=capacity)
        for number, (place, kind, carries, capacity) in enumerate(repeated)
    ]
    return draw(st.permutations(points))


@given(clouds(), PLACES, st.sampled_from(Carriage), st.integers(0, 3))
def test_all_that_are_able_come_once_and_in_order(
    cloud: list[Point], place: Place, carriage: Carriage, each_has: int
) -> None:
    load = {point.code: each_has for point in cloud}
    able = {
        point.code
        for point in cloud
        if point.kind is not PointKind.HUB
        and carriage in point.carries
        and (point.capacity is None or each_has < point.capacity)
    }

    found = list(Points(cloud).nearest(place, carriage, load))

    assert sorted(point.code for point, _ in found) == sorted(able)
    for one, km in found:
        # The textbook's formula loses half its digits at the other end of the world.
        assert km == pytest.approx(haversine(place, place_of(one)), abs=METRE)
    for (one, km), (other, further) in pairwise(found):
        assert km < further + MILLIMETRE
        assert further > km + MILLIMETRE / 2 or one.code < other.code


def test_of_points_at_the_same_spot_or_equally_far_the_first_by_code_comes_first() -> None:
    around = [(0, 1), (1, 0), (0, -1), (-1, 0), (0, 1)]
    points = [point(code, place) for code, place in zip("ecadb", around, strict=True)]

    assert codes(points, (0, 0)) == list("abcde")


def test_more_points_at_one_spot_than_are_looked_at_at_once_still_come_by_code() -> None:
    points = [point(f"{number:04d}", BANDAR_LAMPUNG) for number in random.Random(1).sample(range(1000), 1000)]

    assert codes(points, BANDAR_LAMPUNG) == [f"{number:04d}" for number in range(1000)]


def test_a_point_a_metre_nearer_is_nearer() -> None:
    at_the_door, next_door = (0, 0), (0, 1e-5)

    assert codes([point("a", next_door), point("b", at_the_door)], at_the_door) == ["b", "a"]


def test_hubs_serve_nobody() -> None:
    hub = point("ID-PANJANG", BANDAR_LAMPUNG, kind=PointKind.HUB)

    assert codes([hub, point("far", (50, 0))], BANDAR_LAMPUNG) == ["far"]


def test_only_points_that_are_able_for_it_are_chosen() -> None:
    points = [point("near", BANDAR_LAMPUNG), point("cold", (0, 100), carries=[Carriage.COLD, Carriage.CASH])]

    assert codes(points, BANDAR_LAMPUNG) == ["near"]
    assert codes(points, BANDAR_LAMPUNG, Carriage.COLD) == ["cold"]
    assert codes(points, BANDAR_LAMPUNG, Carriage.FREIGHT) == []


def test_a_point_that_has_all_it_can_take_today_is_passed_over() -> None:
    points = [point("agent", BANDAR_LAMPUNG, capacity=2), point("office", (0, 100))]

    assert codes(points, BANDAR_LAMPUNG, agent=1, office=1000) == ["agent", "office"]
    assert codes(points, BANDAR_LAMPUNG, agent=2, office=1000) == ["office"]


def test_a_post_without_points_serves_nobody() -> None:
    assert codes([], BANDAR_LAMPUNG) == []


@pytest.mark.parametrize(
    ("place", "near", "far"),
    [
        pytest.param((0, 179.99), (0, -179.99), (0, 179.5), id="across the antimeridian"),
        pytest.param((12, 180), (12, -180), (12, 179.9999), id="the antimeridian has two names"),
        pytest.param((89.9, 0), (89.9, 180), (89.6, 0), id="across the north pole"),
        pytest.param((-90, 17), (-90, -120), (-89.99, 17), id="the south pole has every longitude"),
        pytest.param((0, 540), (0, -180), (0, 179), id="more than once around"),
    ],
)
def test_the_seams_of_the_map_are_no_seams_of_the_world(place: Place, near: Place, far: Place) -> None:
    assert codes([point("far", far), point("near", near)], place) == ["near", "far"]


def test_the_other_end_of_the_world_is_half_a_round_away() -> None:
    ((_, km),) = Points([point("antipode", (5.4142, -74.7379))]).nearest(BANDAR_LAMPUNG, Carriage.DOCUMENT)

    assert km == pytest.approx(20015.1, abs=0.1)


@pytest.fixture(scope="module")
def nation() -> list[Point]:
    """Return as many points as the national post has: 4,554 offices, 54,900 agents, and hubs."""
    chance = random.Random(17)
    kinds = [PointKind.OFFICE] * 4_554 + [PointKind.AGENT] * 54_900 + [PointKind.HUB] * 546
    return [
        point(
            f"{number:05d}",
            (chance.uniform(-11, 6), chance.uniform(95, 141)),
            kind=kind,
            carries=[Carriage.DOCUMENT, Carriage.PARCEL] if kind is PointKind.AGENT else list(Carriage),
        )
        for number, kind in enumerate(kinds)
    ]


def test_among_all_points_of_the_nation_the_nearest_are_found(nation: list[Point]) -> None:
    points, chance = Points(nation), random.Random(18)
    for carriage in (Carriage.DOCUMENT, Carriage.COLD, Carriage.PARCEL):
        place = chance.uniform(-11, 6), chance.uniform(95, 141)
        able = [point for point in nation if point.kind is not PointKind.HUB and carriage in point.carries]
        by_hand = sorted((haversine(place, place_of(point)), point.code) for point in able)

        found = [(km, point.code) for point, km in islice(points.nearest(place, carriage), 300)]

        assert [code for _, code in found] == [code for _, code in by_hand[:300]]
        assert [km for km, _ in found] == pytest.approx([km for km, _ in by_hand[:300]], abs=METRE)


def test_when_all_others_are_full_the_last_point_of_the_nation_is_found(nation: list[Point]) -> None:
    bounded = [point.model_copy(update={"capacity": 1}) for point in nation]
    load = {point.code: 1 for point in nation if point.code != "04000"}

    ((found, _),) = Points(bounded).nearest((0, -75), Carriage.DOCUMENT, load)

    assert found.code == "04000"
