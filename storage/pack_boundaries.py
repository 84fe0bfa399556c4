"""boundaries.geojson of a policy pack, or any number of files in its folder boundaries: the land of its regions.

They are FeatureCollections (RFC 7946) of polygons, as mapping tools write them. Nobody edits them by hand, so mistakes
are named by feature, not by line.
"""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from schemas.places import Boundary
from storage.pack_problems import Problem
from storage.pack_source import SourceFile, text_of

NAME = "boundaries.geojson"
FOLDER = "boundaries"
KIND = "boundary"
"""How a feature is called where something is wrong with it as a whole."""


def read(folder: Path, code_property: str, problems: list[Problem]) -> tuple[dict[str, SourceFile], list[Boundary]]:
    """Return the boundaries of all files, and by name the files that they were read from.

    Args:
        folder: that of the pack.
        code_property: the property of each feature that is a region's code.
        problems: gets what is wrong.
    """
    sources, boundaries = dict[str, SourceFile](), list[Boundary]()
    for path in (folder / NAME, *sorted((folder / FOLDER).glob("*.geojson"))):
        if path.exists():
            name = path.relative_to(folder).as_posix()
            of_file = list(_of_file(path, name, code_property, problems))
            boundaries += of_file
            sources[name] = SourceFile(name, {KIND: [{"region": boundary.region} for boundary in of_file]})
    return sources, boundaries


def _of_file(path: Path, name: str, code_property: str, problems: list[Problem]) -> Iterator[Boundary]:
    text = text_of(path)
    if isinstance(text, Problem):
        problems.append(text.model_copy(update={"file": name}))
        return
    try:
        whole = json.loads(text)
    except (ValueError, RecursionError) as error:
        line = error.lineno if isinstance(error, json.JSONDecodeError) else None
        problems.append(Problem(file=name, line=line, problem="is not JSON: export the file once more"))
        return
    features = whole.get("features") if isinstance(whole, dict) else None
    if not isinstance(features, list):
        problems.append(Problem(file=name, problem="is no FeatureCollection: export the layer as GeoJSON (RFC 7946)"))
        return
    for number, feature in enumerate(features, start=1):
        try:
            yield _boundary(feature, code_property)
        except ValidationError as error:
            place = ", ".join(filter(None, (f"feature {number}", _code(feature, code_property))))
            problems.append(_problem(name, place, error.errors()[0]))  # thousands of positions go wrong in the same way
        except ValueError as error:
            problems.append(Problem(file=name, place=f"feature {number}", problem=str(error)))


def _boundary(feature: Any, code_property: str) -> Boundary:
    """Return what a feature says. Raises `ValueError`, with the field and the mend, when it does not fit."""
    code = _code(feature, code_property)
    if code is None:
        raise ValueError(
            f"properties: {code_property} is missing or no text: give each feature its region's code there, or name the"
            " property that has it in policy.toml (boundary_code)"
        )
    geometry = _part(feature, "geometry")
    kind, coordinates = _part(geometry, "type"), _part(geometry, "coordinates")
    if kind not in ("Polygon", "MultiPolygon"):
        raise ValueError(f"geometry: is no Polygon and no MultiPolygon: draw the area of {code}")
    polygons = [coordinates] if kind == "Polygon" else coordinates
    return Boundary.model_validate({"region": code, "polygons": _flat(polygons)})


def _code(feature: Any, code_property: str) -> str | None:
    code = _part(_part(feature, "properties"), code_property)
    return code if isinstance(code, str) else None


def _part(whole: Any, name: str) -> Any:
    return whole.get(name) if isinstance(whole, dict) else None


def _flat(part: Any) -> Any:
    """Return coordinates without heights, which positions may have."""
    if not isinstance(part, list):
        return part
    is_high = len(part) == 3 and not any(isinstance(number, list) for number in part)
    return part[:2] if is_high else [_flat(inner) for inner in part]


def _problem(file: str, place: str, details: ErrorDetails) -> Problem:
    field, *numbers = details["loc"]
    parts = zip(("polygon", "ring", "position", "number"), numbers, strict=False)
    where = [f"{name} {number + 1}" for name, number in parts if isinstance(number, int)]
    return Problem(file=file, place=", ".join((place, *where)), problem=_mend(str(field), details))


def _mend(field: str, details: ErrorDetails) -> str:
    match details["type"]:
        case "value_error":
            return details["msg"].removeprefix("Value error, ")
        case "too_short":
            return "is too short: a ring has four positions or more, the last the same as the first"
        case "string_pattern_mismatch":
            return f"{details['input']!r} is not a code: write 1 to 120 plain letters, digits and signs"
        case "greater_than_equal" | "less_than_equal":
            return f"{details['input']!r} is off the map: positions are degrees, longitude first, in WGS 84"
        case _:
            return (
                f"{field} must be lists of rings of positions, each [longitude, latitude]: export the layer once more"
            )
