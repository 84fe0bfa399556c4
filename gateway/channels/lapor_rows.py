"""From a row of LAPOR!'s table to a complaint as any channel hands one in, or all that is wrong with the row."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import Any

from pydantic import TypeAdapter, ValidationError

from gateway.channels.lapor_cells import Cells, WrongCellError
from gateway.channels.lapor_mapping import LaporMapping, MappingError
from gateway.channels.lapor_reporter import readings
from gateway.channels.tables import Problem, Row, folded
from schemas.base import Prose
from schemas.complaint import ExternalId, Identity, Intake
from schemas.policy import Policy

_STRICTNESS = (Identity.NAMED, Identity.ANONYMOUS, Identity.CONFIDENTIAL)
_CLOCKS_DIFFER = timedelta(days=1)
"""A report from later than that was misread."""
_LONGEST_NAME = 200
_DEGREES = {"latitude": 90, "longitude": 180}
_NO_TRACKING_ID = "is empty, or has blanks or strange signs: write LAPOR!'s own number"
_TRACKING_ID: TypeAdapter[str] = TypeAdapter(ExternalId)
_TEXT: TypeAdapter[str] = TypeAdapter(Prose)


@dataclass(frozen=True)
class Report:
    """A row without mistakes."""

    line: int
    tracking_id: str
    intake: Intake | None
    """None: it is settled over there, and passed over."""


class Reader:
    """Reads rows through a mapping, under a policy."""

    def __init__(self, mapping: LaporMapping, policy: Policy, now: datetime) -> None:
        """Say through which mapping, under which policy, and what time it is.

        Raises:
            MappingError: the policy does not know a code of the mapping.
        """
        if problems := mapping.problems_under(policy):
            raise MappingError(f"under the policy {policy.name}", problems)
        self._mapping = mapping
        self._columns = mapping.columns
        self._policy = policy
        self._latest = now + _CLOCKS_DIFFER
        self._nothing = {"", *map(folded, mapping.empty)}

    def read(self, row: Row) -> Report | list[Problem]:
        """Return the report of a row, or all that is wrong with it."""
        cells, wrong = Cells(row, self._nothing), list[Problem]()

        def tried(reading: Callable[[Cells], Any]) -> Any:
            try:
                return reading(cells)
            except WrongCellError as error:
                wrong.append(Problem(row.line, error.column, str(error)))
                return None

        tracking_id = tried(self._tracking_id)
        if tried(self._passed_over) and tracking_id:
            return Report(row.line, tracking_id, None)
        found = {
            "text": tried(self._text),
            "category": tried(self._category),
            "region": tried(self._region),
            "place": {field: tried(partial(self._degrees, field)) for field in _DEGREES},
            "identity": tried(self._identity),
            "reporter": {field: tried(reading) for field, reading in readings(self._columns).items()},
        }
        attributes = {"submitted_at": tried(self._submitted_at), **self._unknown_names(cells, found)}
        if wrong or (wrong := [*self._half_a_place(row.line, found["place"])]):
            return wrong
        found |= {part: found[part] if {*found[part].values()} - {None} else None for part in ("place", "reporter")}
        kept = {name: said for name, said in attributes.items() if said is not None}
        own = {"channel": self._mapping.channel, "external_id": tracking_id, "attributes": kept}
        return Report(row.line, tracking_id, Intake.model_validate(found | own))

    def _tracking_id(self, cells: Cells) -> str:
        column = self._columns.tracking_id
        found = cells.checked("tracking_id", column, _TRACKING_ID, _NO_TRACKING_ID)
        if found is None:
            raise WrongCellError(column, "tracking_id", _NO_TRACKING_ID)
        return found

    def _passed_over(self, cells: Cells) -> bool:
        status = cells.said("status", self._columns.status)
        return status is not None and folded(status) in self._mapping.statuses.folded_names

    def _text(self, cells: Cells) -> str:
        said = (cells.said("title", self._columns.title), cells.said("text", self._columns.text))
        try:
            return _TEXT.validate_python("\n\n".join(part for part in said if part))
        except ValidationError:
            mend = "is empty, or longer than 20,000 letters: write what the reporter wrote"
            raise WrongCellError(self._columns.text, "text", mend) from None

    def _category(self, cells: Cells) -> str:
        by_class, names = self._by_class(cells), self._mapping.categories
        name = cells.said("category", self._columns.category)
        found = by_class or names.by_name.get(folded(name or "")) or names.otherwise
        if found is None:
            mend = "is no name that the mapping knows: correct it, or add it under categories.names"
            raise WrongCellError(self._columns.category, "category", mend)
        return found

    def _by_class(self, cells: Cells) -> str | None:
        """Return the category that the class of a report decides, if it does."""
        name, known = cells.said("case_class", self._columns.case_class), self._mapping.classes.by_name
        if name is not None and folded(name) not in known:
            mend = "is no class that the mapping knows: correct it, or add it under classes"
            raise WrongCellError(self._columns.case_class, "case_class", mend)
        return known[folded(name)] if name else None

    def _region(self, cells: Cells) -> str | None:
        name = cells.said("place", self._columns.place)
        if name is None:
            return None
        found = self._regions.get(folded(name)) or self._mapping.places.otherwise
        if found is None:
            mend = "is no code or name of a region: correct it, or add it under places.names in the mapping"
            raise WrongCellError(self._columns.place, "place", mend)
        return found

    @cached_property
    def _regions(self) -> dict[str, str]:
        """The codes of places: by themselves, by their names in the policy, and by those of the mapping."""
        regions = self._policy.regions
        by_name = {folded(region.name): region.code for region in regions}
        return by_name | {folded(region.code): region.code for region in regions} | dict(self._mapping.places.by_name)

    def _unknown_names(self, cells: Cells, found: dict[str, Any]) -> dict[str, str | None]:
        """Return the names that stand for nothing known here: whoever looks at the case has to see them."""
        category, place = (cells.row.cells.get(name or "") for name in (self._columns.category, self._columns.place))
        names = self._mapping.categories
        unknown_category = found["category"] == names.otherwise and folded(str(category)) not in names.by_name
        unknown_place = found["region"] is not None and folded(str(place)) not in self._regions
        return {
            "category_name": str(category)[:_LONGEST_NAME] or None if unknown_category else None,
            "place_name": str(place)[:_LONGEST_NAME] if unknown_place else None,
        }

    def _half_a_place(self, line: int, degrees: dict[str, float | None]) -> Iterator[Problem]:
        for field, other in (tuple(_DEGREES), tuple(_DEGREES)[::-1]):
            if degrees[field] is None and degrees[other] is not None:
                yield Problem(line, getattr(self._columns, field), f"{field}: is missing: give both, or neither")

    def _degrees(self, field: str, cells: Cells) -> float | None:
        column: str | None = getattr(self._columns, field)
        text = cells.said(field, column)
        if text is None:
            return None
        try:
            degrees = float(text if "." in text else text.replace(",", "."))  # as spreadsheets here write -5,41
        except ValueError:
            degrees = float("nan")
        if not abs(degrees) <= _DEGREES[field]:
            mend = f"is no number of degrees up to {_DEGREES[field]}: write it as in -5.41, or empty the cell"
            raise WrongCellError(column, field, mend)
        return degrees

    def _identity(self, cells: Cells) -> Identity:
        found = [self._word(cells, column, words) for column, words in self._mapping.identities.items()]
        return max(found, key=_STRICTNESS.index, default=Identity.NAMED)

    @staticmethod
    def _word(cells: Cells, column: str, words: dict[str, Identity]) -> Identity:
        word = cells.said("identity", column)
        known = {folded(name): identity for name, identity in words.items()}
        if word is not None and folded(word) not in known:
            mend = "is no word that the mapping knows: correct it, or add it under identities"
            raise WrongCellError(column, "identity", mend)
        return known[folded(word)] if word else Identity.NAMED

    def _submitted_at(self, cells: Cells) -> str | None:
        column = self._columns.submitted_at
        if column is None or cells.said("submitted_at", column) is None:
            return None
        moment = next(self._moments(cells.raw(column)), None)
        if moment is None:
            mend = "is no moment as the mapping's times.formats write one: correct it, or add its format"
            raise WrongCellError(column, "submitted_at", mend)
        if moment.year < 2000 or moment > self._latest:
            mend = "lies before this century or in the future: correct it, or the mapping's times"
            raise WrongCellError(column, "submitted_at", mend)
        return moment.isoformat()

    def _moments(self, cell: object) -> Iterator[datetime]:
        """Yield the moments, in UTC, that a cell may mean."""
        times = self._mapping.times
        if times is None:
            return
        if isinstance(cell, datetime):
            yield cell.replace(tzinfo=times.zone_info).astimezone(UTC)
            return
        for time_format in times.formats:
            try:
                read = datetime.strptime(str(cell), time_format)  # noqa: DTZ007 - a format may hold a zone
                yield (read if read.tzinfo else read.replace(tzinfo=times.zone_info)).astimezone(UTC)
            except (ValueError, OverflowError):
                continue
