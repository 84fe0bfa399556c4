"""Policy packs: a folder of TOML files that the people who answer for the rules can read and edit themselves."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from schemas.calendar import CalendarRules, Week
from schemas.policy import Agency, Category, Ladder, Level, Policy, Region, SanctionRule, Triage
from storage.time_zone import zone_named

EVERYWHERE = "everywhere"
"""Stands for the region in a category's routes when its agency is in charge in every region."""

_LISTS = {"agencies": "agency", "regions": "region", "categories": "category", "ladders": "ladder"}
_FILES = ("policy", "calendar", *_LISTS)
_SINGULAR = {**_LISTS, "routes": "route", "levels": "level", "sanctions": "sanction"}
_PARTS: dict[str, type[BaseModel]] = {"triage": Triage, "calendar": CalendarRules, "week": Week, "agencies": Agency}
_PARTS |= {"regions": Region, "categories": Category, "ladders": Ladder, "levels": Level, "sanctions": SanctionRule}
_FIELDS = {part: [_SINGULAR.get(name, name) for name in model.model_fields] for part, model in _PARTS.items()}
_FIELDS["policy"] = [name for name in Policy.model_fields if name not in ("calendar", "routes", *_LISTS)]
_FIELDS["categories"].append("routes")
_FILE_OF = {**{one: many for many, one in _LISTS.items()}, "route": "categories", "triage": "policy"}
_NEXT_CROSS_REFERENCE = re.compile(rf"; (?=(?:{'|'.join(_FILE_OF)}) )")


class PolicyError(ValueError):
    """A policy pack cannot be used. Its text names every mistake: the file, the place and the mend."""

    def __init__(self, folder: Path, problems: tuple[str, ...]) -> None:
        super().__init__(folder, problems)
        self.folder, self.problems = folder, problems

    def __str__(self) -> str:
        """Return one line per mistake below a heading."""
        return "\n- ".join([f"the policy pack {self.folder} cannot be used:", *self.problems])


def load_pack(folder: Path) -> Policy:
    """Read a policy pack: policy.toml, calendar.toml, agencies.toml, regions.toml, categories.toml, ladders.toml.

    Names that lead nowhere (an agency that is not listed) are looked for once everything else is right.

    Raises:
        PolicyError: naming every mistake by file and place, with its mend.
    """
    problems: list[str] = []
    raw = {name: _read(folder / f"{name}.toml", problems) for name in _FILES}
    unreadable = {problem.partition(":")[0] for problem in problems}
    data = _merged(raw, problems)
    problems += [*_strange_files(folder), *_strange_zone(raw["calendar"])]
    try:
        policy = Policy.model_validate(data)
    except ValidationError as error:
        first = not problems
        found = [text for details in error.errors() for text in _in_words(details, data) if details["loc"] or first]
        problems += [text for text in found if text.partition(":")[0] not in unreadable]
    if problems:
        raise PolicyError(folder, tuple(problems))
    return policy


def _read(path: Path, problems: list[str]) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))  # -sig: some editors put a mark at the beginning
    except OSError as error:
        problems.append(f"{path.name}: cannot be read ({error.strerror}): add the file, or let it be read")
    except UnicodeDecodeError as error:
        problems.append(f"{path.name}: byte {error.start} is not UTF-8: save the file in the encoding UTF-8")
    except tomllib.TOMLDecodeError as error:
        problems.append(f"{path.name}: is not TOML: {error}: correct this line or the one before")
    return {}


def _strange_files(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.toml")):
        if path.stem not in _FILES:
            yield f"{path.name}: nothing reads this file: move its content to one of {', '.join(_FILES)} (.toml)"


def _strange_zone(calendar: dict[str, Any]) -> Iterator[str]:
    try:
        zone_named(str(calendar.get("zone", "UTC")))
    except ValueError as error:
        yield f"calendar.toml: zone: {error}"


def _merged(raw: dict[str, dict[str, Any]], problems: list[str]) -> dict[str, Any]:
    """Return the content of all files as the fields of a policy; what cannot be one is reported and left out."""
    misplaced = raw["policy"].keys() & {"calendar", "routes", *_LISTS}
    problems += [f"policy.toml: {name}: does not belong here: move it to its own file" for name in sorted(misplaced)]
    data = {name: value for name, value in raw["policy"].items() if name not in misplaced}
    data["calendar"] = {name: _week(value) if name == "week" else value for name, value in raw["calendar"].items()}
    for many, one in _LISTS.items():
        data[many] = _tables(raw[many], one, f"{many}.toml", problems)
        problems += [f"{many}.toml: {name}: is unknown here: remove it, or write [[{one}]]" for name in raw[many]]
    for ladder in data["ladders"]:
        place = f"ladders.toml: ladder {ladder.get('code')}"
        ladder["levels"] = _tables(ladder, "level", place, problems)
        for level in ladder["levels"]:
            level["sanctions"] = _tables(level, "sanction", f"{place}, {level.get('title')}", problems)
    data["routes"] = [route for category in data["categories"] for route in _routes(category, problems)]
    return data


def _week(given: Any) -> Any:
    """Return a week whose hours may be written "07:30-12:00"."""
    if not isinstance(given, dict):
        return given
    return {name: [_hours(h) for h in day] if isinstance(day, list) else day for name, day in given.items()}


def _hours(given: Any) -> Any:
    return dict(zip(("opens", "closes"), given.split("-", 1), strict=False)) if isinstance(given, str) else given


def _tables(table: dict[str, Any], one: str, place: str, problems: list[str]) -> list[dict[str, Any]]:
    """Return and remove the tables written as [[one]]."""
    many = next(many for many, singular in _SINGULAR.items() if singular == one)
    if table.pop(many, None) is not None:
        problems.append(f"{place}: {many}: is unknown: write [[{one}]] for each {one}")
    found = table.pop(one, [])
    tables = found if isinstance(found, list) else [found]
    if tables is not found or not all(isinstance(entry, dict) for entry in tables):
        problems.append(f"{place}: {one}: write [[{one}]] in two brackets above each {one}")
    return [entry for entry in tables if isinstance(entry, dict)]


def _routes(category: dict[str, Any], problems: list[str]) -> Iterator[dict[str, Any]]:
    """Yield and remove a category's routes, which are written as region = agency."""
    code, routes = category.get("code"), category.pop("routes", {})
    place = f"categories.toml: category {code}, routes"
    if not isinstance(routes, dict):
        problems.append(f'{place}: write [category.routes] and below it lines such as "18.01" = "PUPR-18.01"')
        return
    for region, agency in routes.items():
        if isinstance(agency, dict):
            problems.append(f"{place}: {region}: put the whole code of the region in quotes")
        else:
            yield {"category": code, "agency": agency, "region": None if region == EVERYWHERE else region}


def _in_words(details: ErrorDetails, data: dict[str, Any]) -> Iterator[str]:
    """Yield what is wrong, as "file: place: mend"; several when the policy's parts do not fit together."""
    message = details["msg"].removeprefix("Value error, ")
    if not details["loc"]:
        for text in _NEXT_CROSS_REFERENCE.split(message):
            yield f"{_FILE_OF.get(text.partition(' ')[0], 'policy')}.toml: {text}"
        return
    if details["type"] == "too_short" and details["input"]:
        return  # a list with entries that are all wrong: each of them is reported by itself
    section, *_ = loc = [part for part in details["loc"] if part != "[key]"]
    file = "categories" if section == "routes" else section if section in _FILES else "policy"
    yield f"{file}.toml: {_place(loc, data)}: {_mend(details, loc, message)}"


def _place(loc: list[int | str], data: Any) -> str:
    """Return where in its file a value stands: "ladder default, level 2 (Head of division), limit"."""
    words: list[str] = []
    for part in loc:
        data = data.get(part) if isinstance(data, dict) else data[part] if isinstance(part, int) else None
        if isinstance(part, str):
            words.append(_SINGULAR.get(part, part))
        elif words[-1] == "route":
            words[-1] = f"category {data['category']}, route of {data['region'] or EVERYWHERE}"
        else:
            title = data.get("title") if isinstance(data, dict) else None
            code = data.get("code") or data.get("rule") if isinstance(data, dict) else None
            words[-1] += f" {code or part + 1}" + (f" ({title})" if title else "")
    return ", ".join(words[1:] if words[0] == "calendar" and words[1:] else words)


def _mend(details: ErrorDetails, loc: list[int | str], message: str) -> str:
    given = details["input"]
    match details["type"]:
        case "missing":
            return "is missing: add it"
        case "extra_forbidden":
            part = next((part for part in reversed(loc[:-1]) if part in _FIELDS), "policy")
            return f"is unknown: remove it or correct its name ({', '.join(_FIELDS[str(part)])})"
        case "string_type":
            return f"must be text: put {given} in quotes"
        case "string_pattern_mismatch":
            return f"{given!r} is not a code: write 1 to 120 plain letters, digits and signs, no space at either end"
        case "too_short" | "string_too_short":
            return "is empty: write at least one"
        case "value_error":
            return message
        case _:
            return f"{message[0].lower()}{message[1:]} (not {given!r})"
