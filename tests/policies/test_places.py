"""A place on the map is in the region whose boundary is around it; where nobody drew one, other signs tell."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import shape

from domain.places import Places
from domain.regions import outwards, parents, referral
from domain.shapes import Shapes
from schemas.places import Boundary, How
from schemas.policy import Policy
from storage.policy_pack import load_pack
from tests import making
from tests.policies.drawn import DISTRICTS, REGENCIES, drawn_pack, features, needs_boundaries, villages
from tests.policies.packs import jakarta, lampung

PALEMBANG, MONAS, OCEAN = (-2.99, 104.76), (-6.175, 106.827), (-8.0, 100.0)
BANDAR_LAMPUNG, METRO = (-5.43, 105.26), (-5.117, 105.308)


def square(west: float, south: float, east: float, north: float) -> list[list[list[float]]]:
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def a_policy(**more: Any) -> Policy:
    """Return a policy whose north is two squares, one with a hill in it, whose south is one; its west nobody drew."""
    regions = [
        *(region.model_dump() for region in making.policy().regions),
        {"code": "west", "name": "West", "centre": {"latitude": 10.5, "longitude": 9}},
        {"code": "west/isle", "name": "Isle", "parent": "west"},
        {"code": "west/isle/bay", "name": "Bay", "parent": "west/isle"},
        {"code": "west/cape", "name": "Cape", "parent": "west"},
        {"code": "abroad", "name": "Abroad", "refer_to": "NEXT"},
        {"code": "abroad/near", "name": "Near", "parent": "abroad", "centre": {"latitude": 10.5, "longitude": 15}},
        {"code": "elsewhere", "name": "Elsewhere", "refer_to": "ALL"},
    ]
    fields = {
        "regions": regions,
        "addressees": [{"code": "NEXT", "name": "Next door"}, {"code": "ALL", "name": "Everybody"}],
        "boundaries": [
            {"region": "north", "polygons": [square(10, 10, 11, 11), square(12, 10, 13, 11)]},
            {"region": "north/hill", "polygons": [square(10.4, 10.4, 10.6, 10.6)]},
            {"region": "south", "polygons": [square(10, 9, 11, 10)]},
        ],
        "postal_codes": [
            {"postal_code": "10 001", "region": "north/hill"},
            {"postal_code": "20-A", "region": "west/isle/bay"},
            {"postal_code": "20-A", "region": "west/cape"},
            {"postal_code": "30", "region": "north"},
            {"postal_code": "30", "region": "south"},
        ],
        "outside": "elsewhere",
    }
    return Policy.model_validate(making.policy().model_dump() | fields | more)


POLICY = a_policy()
PLACES = Places(POLICY)

FOUND: dict[str, tuple[tuple[float, float] | None, str | None, str | None, str | None, How]] = {
    "within a square": ((10.1, 10.1), None, None, "north", How.BOUNDARY),
    "within the other square": ((10.1, 12.1), None, None, "north", How.BOUNDARY),
    "within the smaller of two": ((10.5, 10.5), None, None, "north/hill", How.BOUNDARY),
    "on the border of the smaller": ((10.4, 10.5), None, None, "north/hill", How.BOUNDARY),
    "on a border of two equals, nearer to a centre": ((10.0, 10.2), None, None, "south", How.BOUNDARY),
    "a kilometre off the coast": ((10.5, 13.009), None, None, "north", How.NEAR_BOUNDARY),
    "three kilometres off, nearest to a centre": ((10.5, 13.027), None, None, "elsewhere", How.OUTSIDE),
    "near a centre that nobody drew": ((10.5, 9.3), None, None, "west", How.CENTRE),
    "near one abroad": ((10.5, 14.8), None, None, "abroad/near", How.CENTRE),
    "far from everything": ((-40.0, -40.0), None, None, "elsewhere", How.OUTSIDE),
    "where devices are that do not know": ((0.0, 0.0), None, None, None, How.UNKNOWN),
    "a place that is none": ((float("nan"), 10.5), None, None, None, How.UNKNOWN),
    "nothing": (None, None, None, None, How.UNKNOWN),
    "a postal code": (None, "10001", None, "north/hill", How.POSTAL_CODE),
    "a postal code as people write it": (None, " 20a ", None, "west", How.POSTAL_CODE),
    "a postal code of regions that have nothing in common": (None, "30", None, None, How.UNKNOWN),
    "a postal code that is none": (None, "?", None, None, How.UNKNOWN),
    "a postal code, and a given part of its region": (None, "20-A", "west/cape", "west/cape", How.KEPT),
    "a postal code, and another region given": (None, "10001", "south", "north/hill", How.POSTAL_CODE),
    "a given region": (None, None, "south", "south", How.GIVEN),
    "a given region that is unknown": (None, None, "moon", None, How.UNKNOWN),
    "a place, and another region given": ((10.1, 10.1), None, "south", "north", How.BOUNDARY),
    "a place, and the same region given": ((10.1, 10.1), None, "north", "north", How.BOUNDARY),
    "a place, and a part of its region given": ((10.1, 10.1), None, "north/hill", "north/hill", How.KEPT),
    "a place, and what it lies in given": ((10.5, 10.5), None, "north", "north/hill", How.BOUNDARY),
    "a place, and a postal code of another": ((9.5, 10.5), "10001", None, "south", How.BOUNDARY),
    "near a centre, and a region given that is not far": ((10.5, 14.8), None, "west", "abroad/near", How.CENTRE),
    "near a centre, and a part of its region given": ((10.5, 9.3), None, "west/isle", "west/isle", How.GIVEN),
    "near a centre, and a postal code of its region": ((10.5, 9.3), "20-A", None, "west", How.POSTAL_CODE),
    "near a centre, and given what that lies in": ((10.5, 14.8), None, "abroad", "abroad/near", How.CENTRE),
    "near a centre, and a drawn region that is not around it": ((10.5, 9.6), None, "north", "west", How.CENTRE),
    "far from everything, and a region given": ((-40.0, -40.0), None, "south", "south", How.GIVEN),
}


@pytest.mark.parametrize("what", FOUND)
def test_a_region_is_found_by_the_best_that_is_known(what: str) -> None:
    place, postal_code, region, *found = FOUND[what]

    assert PLACES.find(place, postal_code, region) == tuple(found)


def test_below_regencies_a_given_part_of_the_same_regency_is_kept() -> None:
    bay = {"region": "west/isle/bay", "polygons": [square(8.9, 10.4, 9.1, 10.6)]}
    cape = {"code": "west/isle/cape", "name": "Cape", "parent": "west/isle"}
    policy = a_policy(boundaries=[bay], regions=[*a_policy().model_dump()["regions"], cape])

    assert Places(policy).find((10.5, 9.0), None, "west/isle/cape") == ("west/isle/cape", How.KEPT)
    assert Places(policy).find((10.5, 9.0), None, "west/cape") == ("west/isle/bay", How.BOUNDARY)
    assert Places(policy).find((10.5, 9.0), None, "west/isle") == ("west/isle/bay", How.BOUNDARY)


def test_without_boundaries_a_given_region_that_is_near_enough_counts_for_more_than_a_nearer_centre() -> None:
    places = Places(lampung())

    assert places.find(METRO, None, None) == ("18.72", How.CENTRE)
    assert places.find(METRO, None, "18.02") == ("18.02", How.GIVEN)
    assert places.find(METRO, None, "18") == ("18.72", How.CENTRE), "the centre says more"
    assert places.find(METRO, None, "18.13") == ("18.72", How.CENTRE), "too far away to be true"
    assert places.find(PALEMBANG, None, "18.71") == ("16", How.CENTRE)


def test_how_near_is_near_enough_is_data() -> None:
    none, more = Places(a_policy(near_boundary_km=0)), Places(a_policy(near_boundary_km=5, near_centre_km=1))

    assert none.find((10.5, 13.009), None, None) == ("elsewhere", How.OUTSIDE)
    assert none.find((10.5, 13.0), None, None) == ("north", How.BOUNDARY)
    assert more.find((10.5, 13.027), None, None) == ("north", How.NEAR_BOUNDARY)
    assert more.find((10.5, 9.3), None, None) == ("elsewhere", How.OUTSIDE)


@pytest.mark.parametrize("latitude", [0.5, 60.5, -80.5])
def test_a_kilometre_is_as_long_in_the_north_as_at_the_equator(latitude: float) -> None:
    land = {"region": "south", "polygons": [square(10, latitude - 0.5, 11, latitude + 0.5)]}
    places = Places(a_policy(boundaries=[land]))
    degree = 111.195 * np.cos(np.radians(latitude))

    assert places.find((latitude, 11 + 1.9 / degree), None, None)[1] is How.NEAR_BOUNDARY
    assert places.find((latitude, 11 + 2.1 / degree), None, None)[1] is How.OUTSIDE


def test_the_smallest_region_beside_a_place_is_a_part_of_the_nearest() -> None:
    """A boundary of a regency and those of its districts are never the same line."""
    land = [
        {"region": "north", "polygons": [square(10, 10, 11, 11)]},
        {"region": "north/hill", "polygons": [square(10.5, 10, 10.999, 11)]},
        {"region": "west/isle", "polygons": [square(11.02, 10, 11.03, 11)]},
    ]
    places = Places(a_policy(boundaries=land))
    far_hill = {"region": "north/hill", "polygons": [square(10.5, 10, 10.9, 11)]}

    assert places.find((10.5, 11.005), None, None) == ("north/hill", How.NEAR_BOUNDARY)
    assert Places(a_policy(boundaries=[land[0], far_hill, land[2]])).find((10.5, 11.008), None, None)[0] == "north"
    assert places.find((10.5, 11.018), None, None) == ("west/isle", How.NEAR_BOUNDARY)


def test_a_line_that_crosses_itself_has_an_inside_all_the_same() -> None:
    bow = [[[10, 10], [11, 11], [11, 10], [10, 11], [10, 10]]]
    places = Places(a_policy(boundaries=[{"region": "south", "polygons": [bow]}]))

    assert places.find((10.5, 10.1), None, None) == ("south", How.BOUNDARY)
    assert places.find((10.9, 10.5), None, None)[1] is not How.BOUNDARY


def test_the_middle_of_what_crosses_itself_is_not_at_the_end_of_the_world() -> None:
    bow = Boundary.model_validate(
        {"region": "south", "polygons": [[[[10, 10], [11, 11], [11, 10], [10, 10.95], [10, 10]]]]}
    )

    latitude, longitude = Shapes([bow]).centres()["south"]

    assert (10 < latitude < 11, 10 < longitude < 11) == (True, True)


def test_where_parts_of_a_region_overlap_is_within_it() -> None:
    land = {"region": "south", "polygons": [square(10, 10, 11, 11), square(10.5, 10, 11.5, 11)]}

    assert Places(a_policy(boundaries=[land])).find((10.5, 10.7), None, None) == ("south", How.BOUNDARY)


def test_a_hole_is_outside() -> None:
    with_a_hole = [*square(10, 10, 11, 11), *square(10.2, 10.2, 10.8, 10.8)]
    places = Places(a_policy(boundaries=[{"region": "south", "polygons": [with_a_hole]}]))

    assert places.find((10.5, 10.5), None, None) == ("elsewhere", How.OUTSIDE)
    assert places.find((10.1, 10.5), None, None) == ("south", How.BOUNDARY)


def test_what_is_said_lies_elsewhere_unless_it_holds_what_was_found() -> None:
    assert not PLACES.differ("north", "north/hill")
    assert not PLACES.differ("north", "north")
    assert PLACES.differ("north/hill", "north")
    assert PLACES.differ("moon", "north")


@pytest.mark.parametrize(
    ("place", "addressee"),
    [(PALEMBANG, "LAPOR-16"), (MONAS, "LAPOR-31"), ((-6.12, 106.15), "LAPOR-36"), ((-3.8, 102.3), "LAPOR-17")],
)
def test_a_place_in_a_province_beside_lampung_is_referred_there(place: tuple[float, float], addressee: str) -> None:
    region, _ = Places(lampung()).find(place, None, None)

    assert referral(lampung(), region) == addressee


def test_a_place_in_none_of_the_regions_is_referred_to_everybody() -> None:
    for policy in (lampung(), jakarta()):
        assert Places(policy).find(OCEAN, None, None) == ("elsewhere", How.OUTSIDE)
        assert referral(policy, "elsewhere") == "LAPOR"


def test_lampungs_regencies_are_found_by_their_centres() -> None:
    for region in lampung().regions:
        if region.centre:
            found = Places(lampung()).find((region.centre.latitude, region.centre.longitude), None, None)
            assert found == (region.code, How.CENTRE)


def test_a_city_beside_jakarta_is_its_own_provinces() -> None:
    region, how = Places(jakarta()).find((-6.39, 106.82), None, None)

    assert (region, how, referral(jakarta(), region)) == ("32.76", How.CENTRE, "LAPOR-32")


# ---- The real boundaries -------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Policy:
    return load_pack(drawn_pack(tmp_path_factory.mktemp("lampung")))


@pytest.fixture(scope="module")
def places(drawn: Policy) -> Places:
    return Places(drawn)


@needs_boundaries
def test_every_district_lies_in_itself(places: Places) -> None:
    for feature in features(DISTRICTS):
        inside = shape(feature["geometry"]).representative_point()
        found = places.find((inside.y, inside.x), None, None)
        assert found == (feature["properties"]["kode"], How.BOUNDARY)


@needs_boundaries
def test_every_regency_lies_in_itself(places: Places, drawn: Policy) -> None:
    for feature in features(REGENCIES):
        inside = shape(feature["geometry"]).representative_point()
        region, how = places.find((inside.y, inside.x), None, None)
        assert feature["properties"]["kode"] in outwards(region, parents(drawn))
        assert how is How.BOUNDARY


@needs_boundaries
def test_a_border_belongs_to_one_region_whatever_comes_first_in_the_file(places: Places, drawn: Policy) -> None:
    turned = Places(drawn.model_copy(update={"boundaries": drawn.boundaries[::-1]}))

    for boundary in drawn.boundaries:
        for longitude, latitude in boundary.polygons[0][0][:3]:
            found = places.find((latitude, longitude), None, None)
            assert found[1] is How.BOUNDARY
            assert found == turned.find((latitude, longitude), None, None)


@needs_boundaries
@pytest.mark.parametrize(
    ("place", "regency"),
    [((-5.4706, 105.3206), "18.71"), ((-5.866, 105.755), "18.01"), ((-5.198, 103.926), "18.13")],
    ids=["the port of Panjang", "the ferries of Bakauheni", "the pier of Krui"],
)
def test_a_place_in_the_water_beside_the_coast_is_the_coasts(
    places: Places, drawn: Policy, place: tuple[float, float], regency: str
) -> None:
    region, _ = places.find(place, None, None)

    assert regency in outwards(region, parents(drawn))


@needs_boundaries
def test_places_beyond_the_boundaries_are_somebody_elses(places: Places) -> None:
    assert places.find(PALEMBANG, None, "18.71") == ("16", How.CENTRE)
    assert places.find(MONAS, None, None) == ("31", How.CENTRE)
    assert places.find(OCEAN, None, None) == ("elsewhere", How.OUTSIDE)


@needs_boundaries
def test_every_postal_code_is_in_the_district_of_its_villages(places: Places, drawn: Policy) -> None:
    for village in villages():
        region, how = places.find(None, village["kodepos"], None)
        assert how is How.POSTAL_CODE
        assert region in [*outwards(village["kode_kecamatan"], parents(drawn))]


@needs_boundaries
def test_nearly_every_village_lies_in_its_district(places: Places) -> None:
    """Where it does not, the tables of the boundaries and of the villages disagree."""
    right = [
        places.find((float(village["lat"]), float(village["lng"])), None, None)[0] == village["kode_kecamatan"]
        for village in villages()
        if village["lat"]
    ]

    assert sum(right) / len(right) > 0.99


class ByHand:
    """The rule that the index has to keep to, over every line of every boundary: no tree, nothing prepared."""

    def __init__(self, policy: Policy, known: Places) -> None:
        self.depths = {code: len([*outwards(code, parents(policy))]) for code in parents(policy)}
        self.codes = [boundary.region for boundary in policy.boundaries]
        rings = [
            (number, np.array(ring))
            for number, boundary in enumerate(policy.boundaries)
            for polygon in boundary.polygons
            for ring in polygon
        ]
        self.of = np.concatenate([np.full(len(ring) - 1, number) for number, ring in rings])
        self.begins = np.concatenate([ring[:-1] for _, ring in rings])
        self.ends = np.concatenate([ring[1:] for _, ring in rings])
        self.known = known

    def around(self, latitude: float, longitude: float) -> list[str]:
        """Return the regions around a place: a ray from it crosses their lines an odd number of times."""
        (west, south), (east, north) = self.begins.T, self.ends.T
        with np.errstate(divide="ignore", invalid="ignore"):
            at = west + (latitude - south) / (north - south) * (east - west)
        crosses = ((south > latitude) != (north > latitude)) & (longitude < at)
        odd = np.bincount(self.of[crosses], minlength=len(self.codes)) % 2
        return [code for code, inside in zip(self.codes, odd, strict=True) if inside]

    def km(self, latitude: float, longitude: float) -> dict[str, float]:
        """Return the distance in km of a place from the lines of every region."""
        scale = np.array([np.cos(np.radians(latitude)), 1.0]) * 111.195
        one, two = ((ends - [longitude, latitude]) * scale for ends in (self.begins, self.ends))
        along = two - one
        length = (along**2).sum(axis=1)
        share = np.clip(-(one * along).sum(axis=1) / np.where(length == 0, 1, length), 0, 1)
        apart = np.hypot(*(one + share[:, None] * along).T)
        nearest = np.full(len(self.codes), np.inf)
        np.minimum.at(nearest, self.of, apart)
        return dict(zip(self.codes, nearest.tolist(), strict=True))


@pytest.fixture(scope="module")
def by_hand(drawn: Policy, places: Places) -> ByHand:
    return ByHand(drawn, places)


@needs_boundaries
@settings(max_examples=300, deadline=None)
@given(latitude=st.floats(-6.3, -3.6), longitude=st.floats(103.4, 106.1))
def test_the_index_finds_what_a_look_at_every_line_finds(by_hand: ByHand, latitude: float, longitude: float) -> None:
    around, km = by_hand.around(latitude, longitude), by_hand.km(latitude, longitude)
    nearest, least = min(km.items(), key=lambda entry: entry[1])
    if least < 1e-6 or abs(least - 2) < 1e-3:
        return  # on a line, or as far away as still counts: arithmetic decides

    region, how = by_hand.known.find((latitude, longitude), None, None)

    if around:
        deepest = max(by_hand.depths[code] for code in around)
        assert (how, region in around) == (How.BOUNDARY, True)
        assert region is not None
        assert by_hand.depths[region] == deepest
        assert sum(by_hand.depths[code] == deepest for code in around) == 1 or region == min(
            (code for code in around if by_hand.depths[code] == deepest),
            key=lambda code: (centre_km(code, latitude, longitude), code),
        )
    elif least < 2:
        assert how is How.NEAR_BOUNDARY
        assert region is not None
        assert region.startswith(nearest) or km[region] == pytest.approx(least, abs=1e-6)
        assert km[region] < 2.001
    else:
        assert how in (How.CENTRE, How.OUTSIDE)


def centre_km(code: str, latitude: float, longitude: float) -> float:
    file = DISTRICTS if len(code) > 5 else REGENCIES
    (feature,) = [feature for feature in features(file) if feature["properties"]["kode"] == code]
    centre = shape(feature["geometry"]).centroid
    return float(np.hypot((centre.x - longitude) * np.cos(np.radians(latitude)), centre.y - latitude))


_ANY = st.floats() | st.sampled_from([0.0, -0.0, 90.0, -90.0, 180.0, -180.0, 1e308])


@given(
    st.none() | st.tuples(_ANY, _ANY),
    st.none() | st.text(max_size=20),
    st.none() | st.text(max_size=20) | st.sampled_from(sorted(parents(POLICY))),
)
def test_whatever_was_said_there_is_an_answer(
    place: tuple[float, float] | None, postal_code: str | None, region: str | None
) -> None:
    found, how = PLACES.find(place, postal_code, region)

    assert found is None or found in parents(POLICY)
    assert (found is None) == (how is How.UNKNOWN)
