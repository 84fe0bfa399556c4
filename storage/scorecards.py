"""Writing the entries of registers, once each, and reading registers back."""

from schemas.scorecard import (
    MonthScore,
    RegisterCommit,
    RegisterCommitResult,
    RegisterEntry,
    Score,
)
from storage.database import Connection, Pool

_MOST_ADOPTED = 500
"""Entries that a register is told of at once; whoever knows fewer asks again."""

_COLUMNS = set(RegisterEntry.model_fields) - {
    "case_hash",
    "case_refers_to",
    "deciders",
    "month_answered",
    "month_on_time",
    "on_time",
}
"""Fields of an entry that can be asked for; the rest is in its body."""


async def commit(pool: Pool, request: RegisterCommit) -> RegisterCommitResult:
    """Write entries, points and months in one transaction.

    The first writer wins. Doing it again does nothing, so a caller that never heard of its success may simply repeat
    it; one that has decided otherwise, or about what stands in the register already, is told so, and writes nothing.
    """
    agency, entries = request.agency, request.entries
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"scorecard {agency}")
        written_before = await _from(connection, agency, entries[0].number)
        if written_before:
            if written_before == entries:
                return _written(request)
            return RegisterCommitResult(written_before=written_before)
        if known := await _known(connection, request):
            return RegisterCommitResult(known=known)
        for entry in entries:
            await _append(connection, entry)
        for score in request.scores:
            await _add_points(connection, agency, score)
        for month in request.months:
            await _add_answers(connection, agency, month)
    return _written(request)


def _written(request: RegisterCommit) -> RegisterCommitResult:
    return RegisterCommitResult(moments=request.moments, history_length=request.history_length)


async def _from(connection: Connection, agency: str, number: int) -> tuple[RegisterEntry, ...]:
    rows = await connection.fetch(
        "select body from scorecard_register where agency = $1 and number >= $2 order by number limit $3",
        agency,
        number,
        _MOST_ADOPTED,
    )
    return tuple(RegisterEntry.model_validate(row["body"]) for row in rows)


async def _known(connection: Connection, request: RegisterCommit) -> tuple[str, ...]:
    rows = await connection.fetch(
        "select coalesce(item, message_id) as name from scorecard_register"
        " where agency = $1 and (item = any($2::text[]) or message_id = any($3::text[]))",
        request.agency,
        [entry.identity for entry in request.entries if entry.identity],
        [entry.message_id for entry in request.entries if entry.message_id],
    )
    return tuple(row["name"] for row in rows)


async def _append(connection: Connection, entry: RegisterEntry) -> None:
    row = entry.model_dump(include=_COLUMNS) | {"item": entry.identity, "body": entry.model_dump(mode="json")}
    columns, places = ", ".join(row), ", ".join(f"${n}" for n in range(1, len(row) + 1))
    await connection.execute(f"insert into scorecard_register ({columns}) values ({places})", *row.values())  # noqa: S608


async def _add_points(connection: Connection, agency: str, score: Score) -> None:
    await connection.execute(
        "insert into scorecards (agency, subject, period, period_start, points, standing) values ($1, $2, $3, $4, 0, 0)"
        " on conflict do nothing",
        agency,
        score.subject,
        score.period,
        score.begins,
    )
    await connection.execute(
        "update scorecards set points = points + $4, standing = standing + $5"
        " where agency = $1 and subject = $2 and period = $3",
        agency,
        score.subject,
        score.period,
        score.points,
        score.standing,
    )


async def _add_answers(connection: Connection, agency: str, month: MonthScore) -> None:
    await connection.execute(
        "insert into scorecard_months as m (agency, month, answered, on_time, came_late, closed)"
        " values ($1, $2, $3, $4, $5, $6) on conflict (agency, month)"
        " do update set answered = m.answered + excluded.answered, on_time = m.on_time + excluded.on_time,"
        " came_late = m.came_late + excluded.came_late, closed = excluded.closed",
        agency,
        month.month,
        month.answered,
        month.on_time,
        month.came_late,
        month.closed,
    )


async def exists(pool: Pool, agency: str) -> bool:
    """Return whether an agency has a register with anything in it."""
    found: bool = await pool.fetchval("select exists (select from scorecard_register where agency = $1)", agency)
    return found


async def register(
    pool: Pool, *, agency: str | None = None, subject: str | None = None, case_id: str | None = None
) -> list[RegisterEntry]:
    """Return entries by agency and number: of an agency, about a subject, from a case, or all.

    Those about a case are what it told of and what answers to that. The entries of a whole agency can be checked with
    `domain.register_chain.broken_at`.
    """
    rows = await pool.fetch(
        "select body from scorecard_register r where ($1::text is null or agency = $1)"
        " and ($2::text is null or subject = $2)"
        " and ($3::text is null or case_id = $3 or exists (select from scorecard_register p"
        " where p.agency = r.agency and p.number = r.refers_to and p.case_id = $3))"
        " order by agency, number",
        agency,
        subject,
        case_id,
    )
    return [RegisterEntry.model_validate(row["body"]) for row in rows]


async def points(pool: Pool, *, agency: str | None = None, period: str | None = None) -> list[tuple[str, Score]]:
    """Return the agencies and points of standing proposals, most points first, of one period or all."""
    rows = await pool.fetch(
        "select agency, subject, period, period_start as begins, points, standing from scorecards"
        " where standing > 0 and ($1::text is null or agency = $1) and ($2::text is null or period = $2)"
        " order by period_start desc, points desc, agency, subject",
        agency,
        period,
    )
    return [(row["agency"], Score(**{name: row[name] for name in Score.model_fields})) for row in rows]


async def months(pool: Pool, agency: str) -> list[MonthScore]:
    """Return an agency's months, oldest first."""
    rows = await pool.fetch(
        "select month, answered, on_time, came_late, closed from scorecard_months where agency = $1 order by month",
        agency,
    )
    return [MonthScore(**dict(row)) for row in rows]


async def forget_text_of_refused(pool: Pool, agency: str, scorecard_id: str, message_id: str) -> None:
    """Remove the text of a message that never took effect: there is no reason to keep it."""
    await pool.execute(
        "delete from message_texts where case_id = $2 and message_id = $3 and not exists"
        " (select from scorecard_register where agency = $1 and message_id = $3)",
        agency,
        scorecard_id,
        message_id,
    )
