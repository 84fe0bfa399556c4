"""A mapping: which column of a file of SP4N-LAPOR! means what, and what its words mean in the policy's codes. Data."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Annotated, Self
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails

from gateway.channels.tables import folded
from gateway.refusals import RefusedError
from schemas.base import Model
from schemas.complaint import Identity, PlainCode
from schemas.policy import Policy
from schemas.status import Status, Words
from storage.time_zone import zone_named

CHANNEL = "lapor"


class MappingError(RefusedError):
    """A mapping cannot be used. Its text names every mistake: the file, the field and the mend."""

    def __init__(self, where: str, problems: list[str]) -> None:
        super().__init__("\n- ".join([f"the mapping {where} cannot be used:", *problems]))
        self.problems = problems


def _known_zone(name: str) -> str:
    zone_named(name)
    return name


def _readable(time_format: str) -> str:
    some = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
    try:
        read = datetime.strptime(some.strftime(time_format), time_format)  # noqa: DTZ007 - only its date counts
    except ValueError as error:
        raise ValueError(f"{time_format!r} is not a time format: write e.g. %d/%m/%Y %H:%M") from error
    if read.date() != some.date():
        raise ValueError(f"{time_format!r} does not hold a whole date: write e.g. %d/%m/%Y %H:%M")
    return time_format


Column = Annotated[str, Field(min_length=1)]


class Columns(Model):
    """The names of the columns. Those that the files lack are left out."""

    tracking_id: Column = Field(description="LAPOR!'s own number of the report: the same number is the same report")
    title: Column | None = None
    text: Column
    category: Column
    case_class: Column | None = Field(default=None, description="complaint, aspiration, information request")
    place: Column | None = Field(default=None, description="code or name of the regency or city")
    latitude: Column | None = Field(default=None, description="in degrees, WGS84")
    longitude: Column | None = None
    submitted_at: Column | None = Field(default=None, description="when the reporter sent it there")
    status: Column | None = Field(default=None, description="how it stands there")
    name: Column | None = Field(default=None, description="the reporter's, as are those below")
    phone: Column | None = None
    email: Column | None = None
    national_id: Column | None = None
    address: Column | None = None

    @property
    def named(self) -> Iterator[str]:
        """Every column that is named."""
        for field in type(self).model_fields:
            if (column := getattr(self, field)) is not None:
                yield column


class Times(Model):
    """How the files write moments."""

    zone: Annotated[str, AfterValidator(_known_zone)] = Field(description="IANA zone of times that name none")
    formats: tuple[Annotated[str, AfterValidator(_readable)], ...] = Field(
        min_length=1, description="as strptime reads them; the first that fits. Dates of a workbook need none"
    )

    @cached_property
    def zone_info(self) -> ZoneInfo:
        """The zone itself."""
        return zone_named(self.zone)


class Names(Model):
    """What names mean in the policy's codes. They are compared without regard to case and blanks."""

    names: dict[str, PlainCode] = {}
    otherwise: PlainCode | None = Field(
        default=None, description="for any other name, which the case then keeps; none: another name is a mistake"
    )

    @cached_property
    def by_name(self) -> Mapping[str, str]:
        """The codes by name, as names are compared."""
        return {folded(name): code for name, code in self.names.items()}


class Classes(Model):
    """What a class does to a report. Its case's own class follows from its category."""

    as_categorised: tuple[str, ...] = Field(default=(), description="classes whose reports keep their category")
    categories: dict[str, PlainCode] = Field(default={}, description="by class: the category of all its reports")

    @cached_property
    def by_name(self) -> Mapping[str, str | None]:
        """The category by class, as names are compared; none: that of the report."""
        kept: dict[str, str | None] = {folded(name): None for name in self.as_categorised}
        return kept | {folded(name): code for name, code in self.categories.items()}


class Statuses(Model):
    """Reports that are not for us to take."""

    passed_over: tuple[str, ...] = Field(default=(), description="statuses of reports that are settled over there")

    @cached_property
    def folded_names(self) -> frozenset[str]:
        """The statuses, as names are compared."""
        return frozenset(map(folded, self.passed_over))


class Headings(Model):
    """How the columns are called that go back."""

    tracking_id: str = "Tracking ID"
    status: str = "Status"
    agency: str = "Instansi"
    deadline: str = "Batas Waktu"
    updated_at: str = "Diperbarui"
    answer: str = "Jawaban"


class Export(Model):
    """In which words statuses go back."""

    scheme: str = Field(default=CHANNEL, description="the policy's status scheme whose Indonesian words are used")
    words: dict[Status, Words] = Field(default={}, description="in place of the scheme's")
    headings: Headings = Headings()


class LaporMapping(Model):
    """What the columns and words of LAPOR!'s files mean."""

    channel: PlainCode = CHANNEL
    empty: tuple[str, ...] = Field(default=("-",), description="what stands in cells that say nothing")
    columns: Columns
    times: Times | None = None
    categories: Names = Names()
    places: Names = Names()
    classes: Classes = Classes()
    identities: dict[Column, dict[str, Identity]] = Field(
        default={}, description="by column: what its words say of what others may see. The strictest counts"
    )
    statuses: Statuses = Statuses()
    export: Export = Export()

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        columns = self.columns
        needs = [
            ("times", columns.submitted_at and not self.times, "say zone and formats of columns.submitted_at"),
            ("columns", (columns.latitude is None) != (columns.longitude is None), "name latitude and longitude both"),
            ("classes", columns.case_class and not self.classes.by_name, "say what the classes mean"),
        ]
        if missing := [f"{section}: {mend}" for section, wrong, mend in needs if wrong]:
            raise ValueError("; ".join(missing))
        return self

    @property
    def named_columns(self) -> frozenset[str]:
        """Every column that files have to have."""
        return frozenset([*self.columns.named, *self.identities])

    def problems_under(self, policy: Policy) -> list[str]:
        """Return what of it a policy does not know; a category for other names may be unknown: it goes to triage."""
        categories, regions = {c.code for c in policy.categories}, {r.code for r in policy.regions}
        elsewhere = {"otherwise": self.places.otherwise} if self.places.otherwise else {}
        mentioned = [
            *(("categories.names", name, code, categories) for name, code in self.categories.names.items()),
            *(("classes.categories", name, code, categories) for name, code in self.classes.categories.items()),
            *(("places", name, code, regions) for name, code in {**self.places.names, **elsewhere}.items()),
        ]
        return [
            f"{section}: {name}: {code} is not one of the policy's: correct it, or add it there"
            for section, name, code, known in mentioned
            if code not in known
        ]


def load_mapping(file: Path) -> LaporMapping:
    """Read a mapping from its TOML file.

    Raises:
        MappingError: naming every mistake by its field, with the mend.
    """
    try:
        return LaporMapping.model_validate(tomllib.loads(file.read_text(encoding="utf-8-sig")))
    except OSError as error:
        problem = f"cannot be read ({error.strerror}): correct the name, or let it be read"
    except UnicodeDecodeError as error:
        problem = f"byte {error.start} is not UTF-8: save the file in the encoding UTF-8"
    except tomllib.TOMLDecodeError as error:
        problem = f"is not TOML: {error}: correct this line or the one before"
    except ValidationError as error:
        raise MappingError(file.name, [_in_words(details) for details in error.errors()]) from error
    raise MappingError(file.name, [problem])


def _in_words(details: ErrorDetails) -> str:
    message = details["msg"].removeprefix("Value error, ")
    field = ".".join(map(str, details["loc"]))
    mend = {"missing": "is missing: add it", "extra_forbidden": "nothing reads this: remove it, or correct its name"}
    return f"{field}: {mend.get(details['type'], message)}" if field else message
