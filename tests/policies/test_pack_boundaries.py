"""Boundaries and postal codes of a pack: read as mapping tools write them, every mistake named with its mend."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from domain.policy_diff import changes
from schemas.policy import Policy
from storage.policy_pack import PolicyError, load_pack, read_pack
from tests import making
from tests.policies.packs import WATCH, edit, watch

RING = [[105, -5], [106, -5], [106, -4], [105, -5]]


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return Path(shutil.copytree(WATCH, tmp_path / "pack"))


def feature(code: Any = "18.01", kind: str = "Polygon", coordinates: Any = (RING,)) -> dict[str, Any]:
    return {
        "type": "Feature",
        "properties": {"code": code, "name": "anything"},
        "geometry": {"type": kind, "coordinates": coordinates},
    }


def draw(pack: Path, *features: Any, file: str = "boundaries.geojson") -> None:
    (pack / file).parent.mkdir(exist_ok=True)
    (pack / file).write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")


def mistakes(pack: Path) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load_pack(pack)
    return [problem.text for problem in caught.value.problems]


def test_polygons_of_one_file_and_of_a_folder_are_the_boundaries(pack: Path) -> None:
    hole = [[105.5, -4.6], [105.6, -4.6], [105.6, -4.5], [105.5, -4.6]]
    draw(pack, feature("18", "MultiPolygon", [[RING], [RING]]))
    draw(pack, feature("18.71"), file="boundaries/b.geojson")
    draw(pack, feature("18.01", coordinates=[RING, hole]), file="boundaries/a.geojson")

    found = load_pack(pack).boundaries

    assert [(boundary.region, [len(polygon) for polygon in boundary.polygons]) for boundary in found] == [
        ("18", [1, 1]),
        ("18.01", [2]),
        ("18.71", [1]),
    ]
    assert found[0].polygons[0][0][0] == (105.0, -5.0)
    assert {"boundaries.geojson", "boundaries/a.geojson"} <= set(read_pack(pack).sources)


def test_the_property_that_names_the_region_is_the_packs_choice(pack: Path) -> None:
    named = feature()
    named["properties"] = {"kode": "18.01"}
    draw(pack, named)
    edit(pack, "policy.toml", "head_role", 'boundary_code = "kode"\nhead_role')

    assert [boundary.region for boundary in load_pack(pack).boundaries] == ["18.01"]


def test_heights_are_passed_over(pack: Path) -> None:
    draw(pack, feature(coordinates=[[[*position, 12.5] for position in RING]]))

    assert load_pack(pack).boundaries[0].polygons[0][0][0] == (105.0, -5.0)


def test_a_pack_without_boundaries_is_the_version_that_it_was(pack: Path) -> None:
    (pack / "boundaries").mkdir()

    assert load_pack(pack).version == watch().version
    assert making.policy().version == "5c9797902639b307"


MISTAKES: dict[str, tuple[Any, str, str]] = {
    "a feature without a code": (
        {"properties": {}, "geometry": {}},
        "feature 1: properties: code is missing or no text: give each feature its region's code",
        "boundary_code",
    ),
    "a feature that is none": ("x", "feature 1: properties: code is missing", ""),
    "a code that is a number": (feature(18.01), "feature 1: properties: code is missing or no text", ""),
    "a code that is none": (feature("Kalianda "), "feature 1, Kalianda : 'Kalianda ' is not a code", ""),
    "a line": (feature(kind="LineString"), "feature 1: geometry: is no Polygon and no MultiPolygon", "draw the area"),
    "a polygon of nothing": (feature(coordinates=[]), "feature 1, 18.01, polygon 1: is too short", ""),
    "several of nothing": (feature("18", "MultiPolygon", []), "feature 1, 18: is too short", ""),
    "no coordinates": (feature(coordinates=None), "feature 1, 18.01, polygon 1: polygons must be lists of rings", ""),
    "a ring of a point": (feature(coordinates=[RING[:1]]), "feature 1, 18.01, polygon 1, ring 1: is too short", ""),
    "a ring that is open": (
        feature(coordinates=[RING, [*RING[:3], [105, -4]]]),
        "feature 1, 18.01, polygon 1, ring 2: does not end where it begins",
        "repeat its first position",
    ),
    "a place off the map": (
        feature(coordinates=[[[105, -5], [1060, -5], [106, -4], [105, -5]]]),
        "feature 1, 18.01, polygon 1, ring 1, position 2, number 1: 1060 is off the map",
        "longitude first",
    ),
    "latitude first": (
        feature(coordinates=[[[-5, 105], [-5, 106], [-4, 106], [-5, 105]]]),
        "feature 1, 18.01, polygon 1, ring 1, position 1, number 2: 105 is off the map",
        "longitude first",
    ),
    "text": (
        feature(coordinates=[[["a", -5], [106, -5], [106, -4], ["a", -5]]]),
        "feature 1, 18.01, polygon 1, ring 1, position 1, number 1: polygons must be lists of rings of positions",
        "",
    ),
    "half a position": (
        feature(coordinates=[[[105], [106, -5], [106, -4], [105]]]),
        "feature 1, 18.01, polygon 1, ring 1, position 1, number 2: polygons must be",
        "",
    ),
    "a region that is not listed": (
        feature("18.99"),
        "boundary 18.99: names the region 18.99, which is not listed",
        "add it or correct the name",
    ),
}


@pytest.mark.parametrize("what", MISTAKES)
def test_a_mistake_in_a_boundary_is_named_with_its_file_its_feature_and_its_mend(pack: Path, what: str) -> None:
    wrong, beginning, mend = MISTAKES[what]
    draw(pack, wrong, file="boundaries/south.geojson")

    (found,) = mistakes(pack)

    assert found.startswith(f"boundaries/south.geojson: {beginning}")
    assert mend in found


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_a_position_is_made_of_numbers_that_are_somewhere(pack: Path, number: str) -> None:
    draw(pack, feature())
    edit(pack, "boundaries.geojson", "106", number)

    (found,) = mistakes(pack)

    assert "feature 1, 18.01, polygon 1, ring 1, position 2, number 1" in found


def test_a_boundary_drawn_twice_is_named(pack: Path) -> None:
    draw(pack, feature())
    draw(pack, feature(), file="boundaries/a.geojson")

    assert mistakes(pack) == ["boundaries/a.geojson: boundary 18.01: is listed 2 times: keep one"]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"{", "boundaries.geojson, line 1: is not JSON: export the file once more"),
        (b"[]", "boundaries.geojson: is no FeatureCollection: export the layer as GeoJSON"),
        (b'{"features": {}}', "boundaries.geojson: is no FeatureCollection: export the layer as GeoJSON"),
        (b'"\xff"', "boundaries.geojson, line 1: is not UTF-8"),
    ],
)
def test_a_file_that_is_no_geojson_is_named(pack: Path, content: bytes, problem: str) -> None:
    (pack / "boundaries.geojson").write_bytes(content)

    (found,) = mistakes(pack)

    assert found.startswith(problem)


@pytest.mark.parametrize("name", ["boundary.geojson", "boundaries.json", "boundaries/lampung.json", "postal.csv"])
def test_a_file_that_nothing_reads_is_not_silently_ignored(pack: Path, name: str) -> None:
    draw(pack, feature(), file=name)

    (problem,) = mistakes(pack)

    assert problem.startswith(f"{name}: nothing reads this file")


def test_postal_codes_are_read_line_by_line(pack: Path) -> None:
    (pack / "postal_codes.csv").write_text("postal_code,region\n35551,18.01\n\n35551,18.71\n", encoding="utf-8")

    found = [(code.postal_code, code.region) for code in load_pack(pack).postal_codes]

    assert found == [("35551", "18.01"), ("35551", "18.71")]


@pytest.mark.parametrize(
    ("lines", "problem"),
    [
        ("35551,18.99", "line 3: postal code 35551: names the region 18.99, which is not listed: add it"),
        ("35551,", "line 3: postal_code 2, region: is missing: add it"),
        ("35+51,18.01", "line 3: postal_code 2, postal_code: '35+51' is not a postal code: write digits"),
        ("35550,18.01", "line 2: postal code 35550: in 18.01 is listed 2 times: keep one"),
    ],
)
def test_a_mistake_in_a_postal_code_is_named_with_its_line(pack: Path, lines: str, problem: str) -> None:
    (pack / "postal_codes.csv").write_text(f"postal_code,region\n35550,18.01\n{lines}\n", encoding="utf-8")

    (found,) = mistakes(pack)

    assert found.startswith(f"postal_codes.csv, {problem}")


IN_TABLES = {
    "an addressee that is not listed": (
        "regions.toml",
        'code = "18.71"',
        'code = "18.71"\nrefer_to = "LAPOR"',
        "regions.toml, line 12: region 18.71: names the addressee LAPOR, which is not listed",
    ),
    "a centre off the map": (
        "regions.toml",
        'code = "18.71"',
        'code = "18.71"\ncentre = { latitude = 105.3, longitude = -5.4 }',
        "regions.toml, line 12: region 18.71, centre, latitude: must be less than or equal to 90 (not 105.3)",
    ),
    "half a centre": (
        "regions.toml",
        'code = "18.71"',
        'code = "18.71"\ncentre = { latitude = -5.4 }',
        "regions.toml, line 12: region 18.71, centre, longitude: is missing: add it",
    ),
    "an outside that is not listed": (
        "policy.toml",
        "head_role",
        'outside = "moon"\nhead_role',
        "policy.toml, line 7: outside: names the region moon, which is not listed",
    ),
    "an outside of which somebody is in charge": (
        "policy.toml",
        "head_role",
        'outside = "18"\nhead_role',
        "policy.toml, line 7: outside: names the region 18, which has no refer_to: say there whom to refer to",
    ),
}


@pytest.mark.parametrize("mistake", IN_TABLES)
def test_a_mistake_in_where_regions_lie_is_named_with_its_line(pack: Path, mistake: str) -> None:
    file, old, new, problem = IN_TABLES[mistake]
    edit(pack, file, old, new)

    assert any(found.startswith(problem) for found in mistakes(pack)), mistakes(pack)


def test_a_policy_that_names_unknown_regions_is_refused() -> None:
    with pytest.raises(ValidationError, match="postal code 1 names the region moon"):
        Policy.model_validate(making.policy().model_dump() | {"postal_codes": [{"postal_code": "1", "region": "moon"}]})


def test_what_is_drawn_anew_is_said_without_its_thousands_of_positions(pack: Path, tmp_path: Path) -> None:
    before = Path(shutil.copytree(pack, tmp_path / "before"))
    draw(before, feature("18.01"), feature("18"))
    draw(pack, feature("18.01", coordinates=[[*RING[:1], [107, -5], *RING[2:]]]), feature("18.71"))
    (before / "postal_codes.csv").write_text("postal_code,region\n35550,18.01\n", encoding="utf-8")
    (pack / "postal_codes.csv").write_text("postal_code,region\n35550,18.71\n", encoding="utf-8")

    assert [change.in_words for change in changes(load_pack(before), load_pack(pack))] == [
        "boundaries: 2 -> 2 (1 new, 1 no longer, 1 changed)",
        "boundary 18.01: drawn -> drawn anew",
        "boundary 18.71: new: drawn anew",
        "boundary 18: no longer (was: drawn)",
        "postal codes: 1 -> 1 (1 new, 1 no longer, 0 changed)",
        "postal code 35550 in 18.01: no longer (was: used)",
        "postal code 35550 in 18.71: new: used",
    ]
