"""Who does not hold an office for a while. A case learns of it with its next commit."""

from schemas.case import Absence, CommitRequest
from storage.database import Connection, Pool


async def record(pool: Pool, absence: Absence) -> None:
    """Record an absence; the same office and beginning again corrects its end and deputy.

    Raises:
        ValueError: it ends before it begins.
    """
    if absence.until <= absence.since:
        raise ValueError("until: must come after since")
    await pool.execute(
        "insert into absences (office, since, until, deputy) values ($1, $2, $3, $4)"
        " on conflict (office, since) do update set until = excluded.until, deputy = excluded.deputy",
        absence.office,
        absence.since,
        absence.until,
        absence.deputy,
    )


async def listed(pool: Pool, office: str | None = None) -> list[Absence]:
    """Return recorded absences, of one office or of all, latest first."""
    rows = await pool.fetch(
        "select office, since, until, deputy from absences where $1::text is null or office = $1 order by since desc",
        office,
    )
    return [Absence.model_validate(dict(row)) for row in rows]


async def changed(connection: Connection, request: CommitRequest) -> tuple[Absence, ...] | None:
    """Return the absences that matter to a case if it does not know just these; None if it does."""
    if not request.offices:
        return None
    rows = await connection.fetch(
        "select office, since, until, deputy from absences where office = any($1) and until > $2"
        " order by office, since",
        list(request.offices),
        request.case.opened_at,
    )
    there = tuple(Absence.model_validate(dict(row)) for row in rows)
    return None if there == request.absences else there
