"""Who acts for an office: its holder, a deputy while the holder is away, or nobody."""

from collections.abc import Iterable
from datetime import datetime

from schemas.case import Absence, CaseState, LevelPlan


def acting(absences: Iterable[Absence], office: str, deputies: tuple[str, ...], at: datetime) -> str | None:
    """Return who acts for an office at a moment: None while its holder and everybody who stands in are away.

    A deputy that the absence names comes before those of the ladder.
    """
    away = {absence.office: absence for absence in absences if absence.since <= at < absence.until}
    if office not in away:
        return office
    named = away[office].deputy
    candidates = (*((named,) if named else ()), *deputies)
    return next((deputy for deputy in candidates if deputy not in away), None)


def concerned(state: CaseState) -> tuple[str, ...]:
    """Return every office whose absence matters to the case, each once; none for cases of the first edition."""
    if state.plan is None or state.plan.edition < 2:
        return ()
    levels = [*state.plan.levels, *(level for part in state.parts for level in part.levels)]
    heads = [state.plan.agency_head, *(part.agency_head for part in state.parts)]
    return tuple(dict.fromkeys(office for office in (*_of(levels), *heads)))


def _of(levels: Iterable[LevelPlan]) -> Iterable[str]:
    for level in levels:
        yield level.holder
        yield from level.deputies
