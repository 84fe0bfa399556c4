"""What a pack says once for many regions, written out: agencies in each region, and routes of the form "18.*"."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from schemas.policy import Agency, Region, Route
from schemas.problems import in_words
from storage.pack_files import EVERYWHERE, AgencyTable, CategoryTable
from storage.toml_lines import Path

_BELOW = ".*"


@dataclass
class Expansion:
    """All agencies and routes of a pack, and where in its files each was written."""

    agencies: list[Agency] = field(default_factory=list)
    routes: list[Route] = field(default_factory=list)
    agency_paths: list[Path] = field(default_factory=list)
    route_paths: list[Path] = field(default_factory=list)
    problems: list[tuple[str, Path, str]] = field(default_factory=list)
    """File, path and what is wrong there."""


def expand(
    agencies: Sequence[AgencyTable], categories: Sequence[CategoryTable], regions: Sequence[Region]
) -> Expansion:
    """Return all agencies and routes. What is written for one region takes precedence over what is for each."""
    found = Expansion()
    by_hand = {agency.code for agency in agencies if agency.in_each is None}
    for number, table in enumerate(agencies):
        for agency in _agencies(table, ("agency", number), regions, found):
            if table.in_each is None or agency.code not in by_hand:
                found.agencies.append(agency)
                found.agency_paths.append(("agency", number))
    for number, category in enumerate(categories):
        for key, route in _routes(category, ("category", number, "routes"), regions, found):
            found.routes.append(route)
            found.route_paths.append(("category", number, "routes", key))
    return found


def _agencies(table: AgencyTable, path: Path, regions: Sequence[Region], found: Expansion) -> Iterator[Agency]:
    plain = {name: value for name, value in table if name != "in_each"}
    if table.in_each is None:
        yield Agency.model_validate(plain)
        return
    if "{region}" not in table.code:
        found.problems.append(("agencies", (*path, "code"), "is the same in every region: write {region} into it"))
        return
    below = _below(table.in_each, regions)
    if not below:
        found.problems.append(("agencies", (*path, "in_each"), _nothing_below(table.in_each)))
    for region in below:
        try:
            yield Agency.model_validate({name: _filled(value, region) for name, value in plain.items()})
        except ValueError as error:
            what = in_words(error) if isinstance(error, ValidationError) else str(error)
            found.problems.append(("agencies", path, what))
            return


def _routes(
    category: CategoryTable, path: Path, regions: Sequence[Region], found: Expansion
) -> Iterator[tuple[str, Route]]:
    for key, agency in category.routes.items():
        if not key.endswith(_BELOW):
            region = None if key == EVERYWHERE else key
            yield key, Route(category=category.code, agency=agency, region=region)
            continue
        below = _below(key, regions)
        if not below:
            found.problems.append(("categories", (*path, key), _nothing_below(key)))
        for each in below:
            if each.code not in category.routes:
                try:
                    yield key, Route(category=category.code, agency=str(_filled(agency, each)), region=each.code)
                except ValueError as error:
                    found.problems.append(("categories", (*path, key), str(error)))
                    break


def _below(group: str, regions: Sequence[Region]) -> list[Region]:
    parent = group.removesuffix(_BELOW)
    return [region for region in regions if region.parent == parent]


def _nothing_below(group: str) -> str:
    return f"regions.toml has no region whose parent is {group.removesuffix(_BELOW)}: add some or correct the code"


def _filled(value: object, region: Region) -> object:
    """Return a text with {region} and {place} filled in. Raises `ValueError` when it names anything else."""
    if not isinstance(value, str):
        return value
    filled = value.replace("{region}", region.code).replace("{place}", region.name)
    if "{" in filled or "}" in filled:
        raise ValueError(f"{value!r} has other braces than {{region}} and {{place}}: correct it")
    return filled
