"""Policy packs: a folder of TOML files that the people who answer for the rules can read and edit themselves."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from schemas import coherence
from schemas.calendar import CalendarRules
from schemas.places import Boundary
from schemas.policy import Policy
from schemas.post import Post
from storage import holiday_calendar, pack_boundaries, pack_calendar, pack_rows, pack_source
from storage.pack_expansion import expand
from storage.pack_files import FILES, LISTS, OPTIONAL, REQUIRED, ROWS, PointRows, PostalCodeRows, PostTable
from storage.pack_mends import problems_of
from storage.pack_places import Places
from storage.pack_problems import PolicyError, Problem
from storage.pack_sense import nonsense
from storage.pack_source import SourceFile
from storage.time_zone import zone_named

__all__ = ["Pack", "PolicyError", "load_pack", "read_pack"]


@dataclass(frozen=True)
class Pack:
    """A policy with the files that it was read from."""

    folder: Path
    policy: Policy
    sources: dict[str, SourceFile]
    """By the names of the files without ".toml" and ".csv"; boundaries by their files' whole names."""


def load_pack(folder: Path) -> Policy:
    """Read a policy pack. What its files hold is described in `storage.pack_files`.

    Raises:
        PolicyError: naming every mistake by file, line and place, with its mend.
    """
    return read_pack(folder).policy


def read_pack(folder: Path) -> Pack:
    """Read a policy pack together with its sources.

    Names that lead nowhere (an agency that is not listed) are looked for once everything else is right.

    Raises:
        PolicyError: naming every mistake by file, line and place, with its mend.
    """
    problems = [*_strange_files(folder)]
    sources = _read(folder, problems)
    models: dict[str, type[BaseModel]] = {**FILES, **ROWS}
    parts = {
        stem: _validated(sources[stem], sources[stem].raw, model, problems)
        for stem, model in models.items()
        if stem in sources
    }
    code_property = parts["policy"].boundary_code if parts.get("policy") else ""
    drawn, boundaries = pack_boundaries.read(folder, code_property, problems) if code_property else ({}, [])
    sources |= drawn
    calendar = _calendar(sources["calendar"], problems) if "calendar" in sources else None
    if problems or calendar is None:
        raise PolicyError(folder, tuple(problems))
    return Pack(folder, _whole(folder, sources, parts, calendar, boundaries), sources)


def _read(folder: Path, problems: list[Problem]) -> dict[str, SourceFile]:
    sources = {}
    for stem in (*REQUIRED, *OPTIONAL):
        if stem in REQUIRED or (folder / f"{stem}.toml").exists():
            found = pack_source.read(folder, stem)
            if isinstance(found, Problem):
                problems.append(found)
            else:
                sources[stem] = found
    for stem in ROWS:
        if (rows := pack_rows.read(folder, stem, problems)) is not None:
            sources[stem] = rows
    return sources


def _strange_files(folder: Path) -> Iterator[Problem]:
    stems, others = (*REQUIRED, *OPTIONAL), (*pack_rows.NAMES, pack_boundaries.NAME)
    known = {*(f"{stem}.toml" for stem in stems), *others}
    named = [path for ending in ("toml", "csv", "geojson", "json") for path in folder.glob(f"*.{ending}")]
    for path in sorted(named):
        if path.name not in known:
            mend = f"nothing reads this file: move its content to one of {', '.join(stems)} (.toml)"
            yield Problem(file=path.name, problem=f"{mend} or to {', '.join(others[:-1])} or {others[-1]}")
    for path in sorted((folder / pack_boundaries.FOLDER).glob("*")):
        if path.suffix != ".geojson":
            name = path.relative_to(folder).as_posix()
            yield Problem(file=name, problem="nothing reads this file: export it as GeoJSON, with the ending .geojson")


def _validated(source: SourceFile, content: dict[str, Any], model: type[BaseModel], problems: list[Problem]) -> Any:
    try:
        return model.model_validate(content)
    except ValidationError as error:
        problems += problems_of(error, source, model)
        return None


def _calendar(source: SourceFile, problems: list[Problem]) -> CalendarRules | None:
    found: list[str] = []
    fields = holiday_calendar.resolve(source.raw, found)
    problems += [pack_calendar.located(source, words) for words in found]
    try:
        zone_named(str(source.raw.get("zone", "UTC")))
    except ValueError as error:
        problems.append(source.problem(("zone",), str(error)))
    rules: CalendarRules | None = _validated(source, fields, CalendarRules, problems)
    return rules


def _whole(
    folder: Path,
    sources: dict[str, SourceFile],
    parts: dict[str, Any],
    calendar: CalendarRules,
    boundaries: Sequence[Boundary],
) -> Policy:
    """Return the policy that the parts of a pack make up, once they fit together."""
    lists = {name: value for stem in LISTS if stem in parts for name, value in parts[stem]}
    expansion = expand(lists["agencies"], lists["categories"], lists["regions"])
    if expansion.problems:
        raise PolicyError(folder, tuple(sources[stem].problem(path, what) for stem, path, what in expansion.problems))
    expanded = {"agencies": tuple(expansion.agencies), "routes": tuple(expansion.routes)}
    head = {name: value for name, value in parts["policy"] if name in Policy.model_fields}
    more = {"boundaries": tuple(boundaries), "postal_codes": parts.get("postal_codes", PostalCodeRows()).postal_codes}
    draft = Policy.model_construct(**head, **lists | expanded | more, calendar=calendar, post=_post(parts))
    places = Places(sources, draft, expansion)
    unfit = map(places.problem, [*coherence.problems(draft), *coherence.oversights(draft)])
    if found := (*unfit, *nonsense(draft, sources)):
        raise PolicyError(folder, found)
    return Policy.model_validate(draft.model_dump())


def _post(parts: dict[str, Any]) -> Post:
    """Return the post with the points of both of its files."""
    written = parts.get("post", PostTable())
    more = parts.get("points", PointRows())
    return Post(points=(*written.points, *more.points), slow_places=written.slow_places, watch=written.watch)
