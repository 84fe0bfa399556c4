"""What calendar.toml says, resolved into plain days and hours.

Days off come from a source that knows whole countries, from lists written by hand, and from decrees, which have the
last word. All of them become dates with names when a pack is read: what cases carry never asks the source again.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

from pydantic import BaseModel, Field, StrictBool, StrictInt, StringConstraints, TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from schemas.base import Model
from schemas.calendar import CalendarRules, Season, Week, overlaps

if TYPE_CHECKING:
    from holidays import HolidayBase

_FIELDS = ("zone", "valid_to", "week", "season", "source", "holidays", "decree")
_Words = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]
_Table = TypeVar("_Table", bound=BaseModel)
_DATE = TypeAdapter(date)
_COUNTRY_MEND = "write the country's code of two letters, e.g. ID"


class Source(Model):
    """Which days off to take from the package `holidays`."""

    country: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$")]
    subdivision: _Words | None = None
    categories: tuple[_Words, ...] = Field(min_length=1)
    years: tuple[StrictInt, ...] = Field(min_length=1)
    language: _Words | None = None


class Decree(Model):
    """A day off that is added, or one that is taken back, with the number of the decree that does so."""

    day: date = Field(alias="date")
    name: _Words
    works: StrictBool = False
    basis: _Words
    issued: date | None = None


def resolve(raw: dict[str, Any], problems: list[str]) -> dict[str, Any]:
    """Return the fields of `CalendarRules` that the content of calendar.toml stands for.

    Days off are those of [source], then of [holidays], then of each [[decree]] in order; the later wins. A name of a
    decree's day carries the decree's number. What is wrong with [[season]], [source] and [[decree]] is added to
    `problems`, as "calendar.toml: place: what is wrong: mend", and left out; what `CalendarRules` itself refuses in
    the other fields is passed on to it, so that no mistake is named twice.
    """
    found = list(_strange_fields(raw))
    week = {"week": _week(raw["week"])} if "week" in raw else {}
    calendar = {name: raw[name] for name in ("zone", "valid_to") if name in raw} | week
    calendar["seasons"] = _seasons(raw, found)
    decrees = [decree for _, decree in _valid(Decree, _tables(raw, "decree", found), "decree", found)]
    written = raw.get("holidays", {})
    if isinstance(written, dict):
        by_hand = {*written, *(decree.day.isoformat() for decree in decrees if not decree.works)}
        days_off = _days_of_source(raw, by_hand, found) | written
        for decree in decrees:
            _apply(decree, days_off)
        calendar["holidays"] = dict(sorted(days_off.items()))
    else:
        calendar["holidays"] = written
    found += _without_hours(calendar, decrees)
    problems += [f"calendar.toml: {problem}" for problem in found]
    return calendar


def _strange_fields(raw: dict[str, Any]) -> Iterator[str]:
    for name in raw:
        if name in ("seasons", "decrees"):
            yield f"{name}: is unknown: write [[{name[:-1]}]] for each {name[:-1]}"
        elif name not in _FIELDS:
            yield f"{name}: is unknown: remove it or correct its name ({', '.join(_FIELDS)})"


def _seasons(raw: dict[str, Any], found: list[str]) -> list[dict[str, Any]]:
    """Return the seasons that hold, their hours gathered into a week."""
    tables = [_gathered(table) for table in _tables(raw, "season", found)]
    valid = _valid(Season, tables, "season", found)
    clashes = list(overlaps(season for _, season in valid))
    found += [
        f"season {other.name}: overlaps with {one.name} on {other.first}: shorten one of them" for one, other in clashes
    ]
    clashing = [other for _, other in clashes]
    return [table for table, season in valid if season not in clashing]


def _gathered(table: dict[str, Any]) -> dict[str, Any]:
    """Return a season's table with the hours of its weekdays in a week of their own."""
    days = {name: table[name] for name in table if name in Week.model_fields or name == "week"}
    return {name: table[name] for name in table if name not in days} | {"week": _week(days)}


def _apply(decree: Decree, days_off: dict[str, Any]) -> None:
    day = decree.day.isoformat()
    if decree.works:
        days_off.pop(day, None)
    else:
        days_off[day] = f"{decree.name} ({decree.basis})"


def _without_hours(calendar: dict[str, Any], decrees: Iterable[Decree]) -> Iterator[str]:
    """Yield the working days by decree that have no hours: taking a day off back opens nothing on a Sunday."""
    try:
        rules = CalendarRules.model_validate(calendar)
    except ValidationError:
        return  # the policy names these mistakes
    for decree in decrees:
        if decree.works and not rules.hours_on(decree.day):
            yield (
                f"decree {decree.day}: {decree.day:%A} has no hours in which to work: "
                "correct the date, or give the day hours with a [[season]] of its own"
            )


def _days_of_source(raw: dict[str, Any], by_hand: Iterable[str], found: list[str]) -> dict[str, Any]:
    if "source" not in raw:
        return {}
    if not isinstance(raw["source"], dict):
        found.append("source: write [source] in one bracket, and once only")
        return {}
    for _, source in _valid(Source, [raw["source"]], "source", found):
        strange = list(_strange_source(source))
        if not strange:
            strange = list(_strange_years(source, _date(raw.get("valid_to")), by_hand))
        if not strange:
            return {day.isoformat(): name for day, name in _ask(source, source.categories, source.years).items()}
        found += [f"{place}: {problem}" for place, problem in strange]
    return {}


def _strange_source(source: Source) -> Iterator[tuple[str, str]]:
    """Yield the names that the source does not know, each with its place."""
    try:
        known = _country(source)
    except NotImplementedError:
        yield "source, country", f"{source.country!r} is unknown: {_COUNTRY_MEND}"
        return
    for place, given, possible in (
        ("subdivision", (source.subdivision,), known.subdivisions),
        ("categories", source.categories, known.supported_categories),
        ("language", (source.language,), known.supported_languages),
    ):
        choice = f"choose from {', '.join(sorted(possible))}" if possible else "remove the line"
        for word in given:
            if word is not None and word not in possible:
                yield f"source, {place}", f"{word!r} is unknown for {source.country}: {choice}"
    for year in source.years:
        if not known.start_year <= year <= known.end_year:
            yield "source, years", f"{year} is unknown: write years from {known.start_year} to {known.end_year}"


def _strange_years(source: Source, valid_to: date | None, by_hand: Iterable[str]) -> Iterator[tuple[str, str]]:
    """Yield why deadlines up to `valid_to` would be computed without all of their days off."""
    if valid_to is None:
        return  # its absence is named by the policy
    first, last = min(source.years), max(source.years)
    if valid_to.year > last:
        yield (
            "valid_to",
            f"{valid_to} lies beyond {last}, the last year of [source]: add the years up to it, or correct the date",
        )
    for year in sorted(set(range(first, last)) - set(source.years)):
        yield "source, years", f"{year} is left out: add it"
    written = {day[:4] for day in by_hand}
    for year in sorted({year for year in source.years if year <= valid_to.year and str(year) not in written}):
        for category in source.categories:
            if not _ask(source, [category], [year]):
                yield (
                    "source, categories",
                    f"the source has no {category} day in {year}, so that deadlines would fall too early: "
                    f"set valid_to before {year}, or write the days as [[decree]]",
                )


def _country(source: Source) -> "HolidayBase":
    """Return what the source knows of the country. Raises `NotImplementedError` when that is nothing."""
    return _ask(source.model_copy(update={"subdivision": None, "language": None}), None, None)


def _ask(source: Source, categories: Sequence[str] | None, years: Sequence[int] | None) -> "HolidayBase":
    from holidays import country_holidays  # noqa: PLC0415 - a quarter of a second, only for packs with a source

    return country_holidays(
        source.country,
        subdiv=source.subdivision,
        years=years,
        expand=False,
        language=source.language,
        categories=tuple(categories) if categories else None,
    )


def _date(given: object) -> date | None:
    try:
        return _DATE.validate_python(given)
    except ValidationError:
        return None


def _tables(raw: dict[str, Any], name: str, found: list[str]) -> list[dict[str, Any]]:
    tables = raw.get(name, [])
    if isinstance(tables, list) and all(isinstance(table, dict) for table in tables):
        return tables
    found.append(f"{name}: write [[{name}]] in two brackets above each {name}")
    return []


def _valid(
    model: type[_Table], tables: Sequence[dict[str, Any]], kind: str, found: list[str]
) -> list[tuple[dict[str, Any], _Table]]:
    """Return the tables that are right with the models that they make; what is wrong with the others is reported."""
    valid = []
    for number, table in enumerate(tables, start=1):
        place = kind if model is Source else f"{kind} {table.get('name' if model is Season else 'date', number)}"
        try:
            valid.append((table, model.model_validate(table)))
        except ValidationError as error:
            found += [_in_words(details, place, model) for details in error.errors()]
    return valid


def _in_words(details: ErrorDetails, place: str, model: type[BaseModel]) -> str:
    words = [place]
    for depth, part in enumerate(details["loc"]):
        if isinstance(part, int):
            words[-1] += f" {part + 1}"
        elif (depth, part) != (0, "week"):  # a season's weekdays stand in its own table
            words.append(part)
    return f"{', '.join(words)}: {_mend(details, model)}"


def _mend(details: ErrorDetails, model: type[BaseModel]) -> str:
    message, given = details["msg"].removeprefix("Value error, "), details["input"]
    match details["type"]:
        case "missing":
            return "is missing: add it"
        case "extra_forbidden":
            return f"is unknown: remove it or correct its name ({', '.join(_names(model))})"
        case "string_type":
            return f"must be text: put {given} in quotes"
        case "string_pattern_mismatch":
            return f"{given!r} is unknown: {_COUNTRY_MEND}"
        case "tuple_type" | "list_type":
            return f"must be a list: put {given!r} in square brackets"
        case "too_short" | "string_too_short":
            return "is empty: write at least one"
        case "value_error":
            return message
        case _:
            return f"{message[0].lower()}{message[1:]} (not {given!r})"


def _names(model: type[BaseModel]) -> Iterator[str]:
    for name, field in model.model_fields.items():
        yield from Week.model_fields if name == "week" else [field.alias or name]


def _week(given: Any) -> Any:
    """Return a week whose hours may be written "07:30-12:00"."""
    if not isinstance(given, dict):
        return given
    return {name: [_hours(h) for h in day] if isinstance(day, list) else day for name, day in given.items()}


def _hours(given: Any) -> Any:
    return dict(zip(("opens", "closes"), given.split("-", 1), strict=False)) if isinstance(given, str) else given
