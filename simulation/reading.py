"""Reading a row through a mapping: what a complaint was about, and how it went."""

from dataclasses import dataclass
from datetime import timedelta

from simulation.codes import as_code, place_codes
from simulation.mapping import Lateness, Mapping, Verdict
from simulation.moments import in_utc, moment
from simulation.table import Row

NO_CATEGORY = "(no category)"
"""The category of a complaint whose source names none: rules can be learnt for it as for any other."""


@dataclass(frozen=True)
class Matter:
    """What a complaint was about, and who was in charge of it."""

    category: str
    places: tuple[str, ...]
    """The codes of the place and of all around it, outermost first; empty when nobody knew where."""
    agency: str | None
    """None when the source names none."""

    @property
    def region(self) -> str | None:
        """The code of the narrowest place that is known."""
        return self.places[-1] if self.places else None


@dataclass(frozen=True)
class Course:
    """How a complaint went: all spans begin when it was opened."""

    promised: timedelta | None
    """Until the moment by which an answer was promised; negative where that lay before the opening."""
    answered: timedelta | None
    """Until the answer; None when there was none at the snapshot."""
    followed: timedelta
    """Until the snapshot."""
    verdict: Verdict | None
    """What the source says of it; None when it does not judge."""


@dataclass(frozen=True)
class Skipped:
    """A row that cannot be run, and why."""

    reason: str


def matter(row: Row, mapping: Mapping) -> Matter:
    """Return what a row is about."""
    columns = mapping.columns
    category, agency = row.cells[columns.category].strip(), row.cells[columns.agency].strip()
    return Matter(
        category=as_code(category or NO_CATEGORY),
        places=_places(row, mapping),
        agency=as_code(agency) if agency else None,
    )


def _places(row: Row, mapping: Mapping) -> tuple[str, ...]:
    if _on_a_point_that_means_nowhere(row, mapping):
        return ()
    names: list[str] = []
    for column in mapping.columns.place:
        name = row.cells[column].strip()
        if not name or name in mapping.no_location.places:
            break
        names.append(name)
    return place_codes(names)


def _on_a_point_that_means_nowhere(row: Row, mapping: Mapping) -> bool:
    latitude, longitude = mapping.columns.latitude, mapping.columns.longitude
    if latitude is None or longitude is None:
        return False
    try:
        point = float(row.cells[latitude]), float(row.cells[longitude])
    except ValueError:
        return False  # no point at all: the place's name decides
    return point in mapping.no_location.points


def course(row: Row, mapping: Mapping) -> Course | Skipped:
    """Return how a row's complaint went, or why that cannot be told."""
    columns, times = mapping.columns, mapping.times
    texts = {name: row.cells[name].strip() for name in (columns.opened, columns.target, columns.answered) if name}
    moments = {name: moment(text, times) for name, text in texts.items()}
    opened = moments[columns.opened]
    target = moments.get(columns.target or "")
    answered = moments.get(columns.answered or "")
    if opened is None:
        return Skipped(f"{columns.opened}: unreadable time" if texts[columns.opened] else "no opening time")
    if columns.answered and texts[columns.answered] and answered is None:
        return Skipped(f"{columns.answered}: unreadable time")
    if columns.target and texts[columns.target] and target is None:
        return Skipped(f"{columns.target}: unreadable time")
    followed = in_utc(times.snapshot, times.zone_info) - opened
    if answered is None and followed < timedelta():
        return Skipped("opened after the snapshot")
    judged = _judged(row, texts.get(columns.target or "", ""), mapping.lateness)
    if isinstance(judged, Skipped):
        return judged
    return Course(
        promised=target - opened if target else None,
        answered=answered - opened if answered else None,
        followed=followed,
        verdict=judged,
    )


def _judged(row: Row, target: str, lateness: Lateness | None) -> Verdict | Skipped | None:
    if lateness is None:
        return None
    flag = row.cells[lateness.column].strip()
    if not target:
        return Skipped("no target")
    if target.startswith(lateness.no_target):
        return Skipped("placeholder target")
    if not flag:
        return Skipped("no verdict in the source")
    if flag in lateness.on_time:
        return Verdict.ON_TIME
    if flag in lateness.overdue:
        return Verdict.OVERDUE
    return Skipped(f"{lateness.column}: neither on time nor overdue")
