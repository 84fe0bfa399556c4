"""Finds the line of what is wrong with a policy as a whole, from the words: "agency BMBK names the ladder ..."."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from schemas.policy import Policy
from storage import pack_boundaries
from storage.pack_expansion import Expansion
from storage.pack_files import LISTS, ROWS, one_of
from storage.pack_problems import Problem
from storage.pack_source import SourceFile
from storage.toml_lines import Path

_KINDS = (
    *((stem, one_of(model)) for stem, model in LISTS.items()),
    *(("post", "point"), ("post", "slow_place")),
    *((stem, one_of(model)) for stem, model in ROWS.items()),
)
"""Files with how an entry of their lists is written."""


@dataclass(frozen=True)
class _Place:
    """Where something stands that has a name, and what else tells it apart from others of the same name."""

    name: str
    stem: str
    path: Path
    signs: tuple[str, ...] = ()


class Places:
    """Where everything that has a name in a policy stands in the files of its pack."""

    def __init__(self, sources: Mapping[str, SourceFile], policy: Policy, expansion: Expansion) -> None:
        self._sources = sources
        self._places = defaultdict[str, list[_Place]](list)
        for place in (*_entries(sources), *_expanded(policy, expansion), *_single(sources)):
            self._places[place.name].append(place)

    def problem(self, words: str) -> Problem:
        """Return what is wrong as a problem with the place that its first words name."""
        name = next((name for name in _beginnings(words) if name in self._places), None)
        if name is None:
            return Problem(file="policy.toml", problem=words)
        what = words.removeprefix(name).lstrip(":, ")
        named = self._places[name]
        signed = [place for place in named if any(_mentions(what, sign) for sign in place.signs)]
        place = signed[0] if signed else named[-1]  # of what is listed twice, the second
        source = self._sources[place.stem]
        return source.problem(_leaf(source, place.path, what), what, place=name)


def _entries(sources: Mapping[str, SourceFile]) -> Iterator[_Place]:
    """Yield the entries of all lists, and the levels of ladders, by the names that the rules give them."""
    drawn = [(stem, pack_boundaries.KIND) for stem in sources if stem.endswith(".geojson")]
    for stem, kind in (*_KINDS, *drawn):
        for number, entry in enumerate(sources[stem].raw.get(kind, []) if stem in sources else []):
            names = (entry.get(name) for name in ("code", "rule", "postal_code", "region"))
            name = f"{kind.replace('_', ' ')} {next(filter(None, names), None)}"
            signs = (entry["region"],) if "postal_code" in entry else ()
            yield _Place(name, stem, (kind, number), signs)
            for level, rung in enumerate(entry.get("level", [])):
                yield _Place(f"{name}, {rung.get('title')}", stem, (kind, number, "level", level))


def _expanded(policy: Policy, expansion: Expansion) -> Iterator[_Place]:
    for agency, path in zip(policy.agencies, expansion.agency_paths, strict=True):
        yield _Place(f"agency {agency.code}", "agencies", path)
    for route, path in zip(policy.routes, expansion.route_paths, strict=True):
        signs = (route.agency, route.region) if route.region else (route.agency,)
        yield _Place(f"route of {route.category}", "categories", path, signs)


def _single(sources: Mapping[str, SourceFile]) -> Iterator[_Place]:
    """Yield what stands once in policy.toml."""
    for name in sources["policy"].raw:
        yield _Place(name, "policy", (name,))


def _beginnings(words: str) -> Iterator[str]:
    """Yield what a sentence may begin with that is a name, the longest first."""
    yield words
    for end in range(len(words) - 1, 0, -1):
        if words[end] in " ,:":
            yield words[:end]


def _leaf(source: SourceFile, path: Path, what: str) -> Path:
    """Return the path to the value that is mentioned; else to the field that is; else the path itself."""
    values = [(here, value) for here, value in _values(_at(source.raw, path), path) if here[-1] not in ("code", "name")]
    for here, value in values:
        if isinstance(value, str) and _mentions(what, value):
            return here
    return next((here for here, _ in values if _mentions(what, here[-1]) and here[-1] != "title"), path)


def _at(data: Any, path: Path) -> Any:
    for part in path:
        data = data[part]
    return data


def _values(data: Any, path: Path) -> Iterator[tuple[Path, Any]]:
    """Yield the fields of a table and the entries of its plain lists; the tables of its lists are other places."""
    if isinstance(data, dict):
        for name, value in data.items():
            if not (isinstance(value, list) and value and isinstance(value[0], dict)):
                yield (*path, name), value
                yield from _values(value, (*path, name))
    elif isinstance(data, list):
        for number, value in enumerate(data):
            yield (*path, number), value


def _mentions(words: str, value: str | int) -> bool:
    return re.search(rf"(?<![\w.-]){re.escape(str(value))}(?![\w-]|\.\w)", words) is not None
