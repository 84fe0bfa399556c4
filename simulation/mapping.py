"""A mapping: which column of a table of past complaints means what. Data, so that any city's table can be run."""

import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime
from enum import StrEnum
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, NaiveDatetime, ValidationError, model_validator
from pydantic_core import ErrorDetails

from schemas.base import Code, Model
from storage.time_zone import zone_named


class MappingError(ValueError):
    """A mapping cannot be used. Its text names every mistake: the file, the field and the mend."""

    def __init__(self, file: Path, problems: tuple[str, ...]) -> None:
        super().__init__(file, problems)
        self.file, self.problems = file, problems

    def __str__(self) -> str:
        """Return one line per mistake below a heading."""
        return "\n- ".join([f"the mapping {self.file} cannot be used:", *self.problems])


class Verdict(StrEnum):
    """Whether a complaint was answered by its target."""

    ON_TIME = "on time"
    OVERDUE = "overdue"


def _known_zone(name: str) -> str:
    zone_named(name)
    return name


def _readable(time_format: str) -> str:
    some = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    try:
        read = datetime.strptime(some.strftime(time_format), time_format)  # noqa: DTZ007 - only its date counts
    except ValueError as error:
        raise ValueError(f"{time_format!r} is not a time format: write e.g. %Y-%m-%d %H:%M:%S") from error
    if read.date() != some.date():
        raise ValueError(f"{time_format!r} does not hold a whole date: write e.g. %Y-%m-%d %H:%M:%S")
    return time_format


Column = Annotated[str, Field(min_length=1)]
TimeFormat = Annotated[str, AfterValidator(_readable)]


class Columns(Model):
    """The names of the columns. Those that a table lacks are left out."""

    id: Column = Field(description="the source's own name of a complaint, for reports")
    category: Column
    agency: Column = Field(description="who was in charge: the right answer for routing")
    place: tuple[Column, ...] = Field(default=(), description="the place, outermost first, e.g. district, village")
    latitude: Column | None = None
    longitude: Column | None = None
    opened: Column
    target: Column | None = Field(default=None, description="by when an answer was promised")
    answered: Column | None = Field(default=None, description="when the answer came; empty while there is none")

    @property
    def named(self) -> Iterator[tuple[str, str]]:
        """Every field together with a column that it names."""
        for field in type(self).model_fields:
            value = getattr(self, field)
            names = value if isinstance(value, tuple) else (value,) if value is not None else ()
            yield from ((field, name) for name in names)


class Times(Model):
    """How the table writes moments."""

    zone: Annotated[str, AfterValidator(_known_zone)] = Field(description="IANA zone of times that name none")
    formats: tuple[TimeFormat, ...] = Field(min_length=1, description="as strptime reads them; the first that fits")
    snapshot: NaiveDatetime = Field(
        description="when the table was taken, in the zone: complaints without an answer are followed until then"
    )

    @cached_property
    def zone_info(self) -> ZoneInfo:
        """The zone itself."""
        return zone_named(self.zone)


class NoLocation(Model):
    """What stands where nobody knew the place. Such a complaint has none, whatever its other columns say."""

    points: tuple[tuple[float, float], ...] = Field(default=(), description="latitude and longitude in degrees, WGS84")
    places: tuple[str, ...] = Field(default=(), description="texts in a place column; an empty one always counts")


class Lateness(Model):
    """The source's own verdict, to hold the engine's against."""

    column: Column
    on_time: tuple[str, ...] = Field(min_length=1, description="values that mean: answered by the target")
    overdue: tuple[str, ...] = Field(min_length=1, description="values that mean: not answered by the target")
    no_target: tuple[Annotated[str, Field(min_length=1)], ...] = Field(
        default=(), description="beginnings of target times that stand for: none was set"
    )

    @model_validator(mode="after")
    def _unambiguous(self) -> Self:
        if both := sorted({*self.on_time} & {*self.overdue}):
            raise ValueError(f"{', '.join(both)} cannot mean both on_time and overdue: keep it in one of them")
        return self


class Routing(Model):
    """How the policy of a run is learnt."""

    train_share: float = Field(default=0.7, gt=0, lt=1, description="share of rows to learn from; the rest tests")


class Mapping(Model):
    """What the columns of a table of past complaints mean."""

    name: Code
    title: str = Field(min_length=1)
    source: str = Field(default="", description="where the table comes from, and its licence")
    columns: Columns
    times: Times
    no_location: NoLocation = NoLocation()
    lateness: Lateness | None = Field(default=None, description="left out when the source judges no lateness")
    routing: Routing = Routing()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.lateness is not None and self.columns.target is None:
            raise ValueError("columns.target: is missing, and lateness is about it: add it, or leave out [lateness]")
        if (self.columns.latitude is None) != (self.columns.longitude is None):
            raise ValueError("columns.latitude and columns.longitude: name both, or neither")
        if self.no_location.points and self.columns.latitude is None:
            raise ValueError("no_location.points: need columns.latitude and columns.longitude: add them")
        return self

    @property
    def named_columns(self) -> Iterator[tuple[str, str]]:
        """Every field, as it is written in the file, together with a column that it names."""
        yield from ((f"columns.{field}", name) for field, name in self.columns.named)
        if self.lateness is not None:
            yield "lateness.column", self.lateness.column


def load_mapping(file: Path) -> Mapping:
    """Read a mapping from its TOML file.

    Raises:
        MappingError: naming every mistake by its field, with the mend.
    """
    try:
        return Mapping.model_validate(tomllib.loads(file.read_text(encoding="utf-8-sig")))
    except OSError as error:
        problem = f"cannot be read ({error.strerror}): correct the name, or let it be read"
    except UnicodeDecodeError as error:
        problem = f"byte {error.start} is not UTF-8: save the file in the encoding UTF-8"
    except tomllib.TOMLDecodeError as error:
        problem = f"is not TOML: {error}: correct this line or the one before"
    except ValidationError as error:
        raise MappingError(file, tuple(_in_words(details) for details in error.errors())) from error
    raise MappingError(file, (problem,))


def _in_words(details: ErrorDetails) -> str:
    message = details["msg"].removeprefix("Value error, ")
    field = ".".join(str(part + 1) if isinstance(part, int) else part for part in details["loc"])
    return f"{field}: {_mend(details, message)}" if field else message


def _mend(details: ErrorDetails, message: str) -> str:
    match details["type"]:
        case "missing":
            return "is missing: add it"
        case "extra_forbidden":
            known = ", ".join(_fields_beside(details["loc"]))
            return f"nothing reads this: remove it, or correct its name ({known})"
        case "string_type":
            return f"must be text: put {details['input']} in quotes"
        case "value_error":
            return message
        case _:
            return f"{message[0].lower()}{message[1:]} (not {details['input']!r})"


def _fields_beside(loc: tuple[int | str, ...]) -> Iterator[str]:
    sections: dict[str, type[Model]] = {
        "columns": Columns,
        "times": Times,
        "no_location": NoLocation,
        "lateness": Lateness,
        "routing": Routing,
    }
    section: Any = sections.get(str(loc[0]), Mapping) if len(loc) > 1 else Mapping
    yield from section.model_fields
