"""The level clock: how long the holder of a case's present level has, and when a warning goes out."""

from datetime import datetime

from domain import working_time
from schemas.calendar import Deadline
from schemas.case import CasePlan, LevelClock


def start(plan: CasePlan, *, level: int, at: datetime, promised_at: datetime | None = None) -> LevelClock:
    """Return the clock of a level that begins now; a moment promised elsewhere takes the place of the level's limit."""
    rules = plan.levels[level]
    if promised_at is None:
        due = working_time.due(plan.calendar, at, rules.limit)
        warn_at = working_time.warning(plan.calendar, at, due.at, rules.limit, rules.warn_share)
    else:
        due = Deadline(at=promised_at, steps=(f"promised: {promised_at.isoformat()}",))
        warn_at = at + (promised_at - at) * rules.warn_share
    return LevelClock(started_at=at, warn_at=warn_at, due=due)
