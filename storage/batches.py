"""Files of many requests: which of their rows became requests. What the rows say stays with whoever sent the file."""

from enum import StrEnum

from pydantic import Field

from schemas.base import Model, UtcDatetime
from storage.database import Pool


class BatchIdTakenError(ValueError):
    """A batch of another service, or with another number of rows, has this id."""


class RowStatus(StrEnum):
    """What became of a row."""

    WAITING = "waiting"
    ACCEPTED = "accepted"
    REFUSED = "refused"


class Batch(Model):
    """A file, named by the hash of its content."""

    batch_id: str
    service: str
    rows: int
    created_at: UtcDatetime
    done_at: UtcDatetime | None = Field(description="when the last row was settled")


class BatchRow(Model):
    """A row of a file, counted from 1, and what became of it."""

    row: int
    status: RowStatus
    request_id: str | None
    problem: str | None = Field(description="the field and the mend, never what was given")


async def create(pool: Pool, batch_id: str, service: str, rows: int) -> Batch:
    """Make a batch with all its rows waiting, and return it. The same again returns it as it stands.

    Raises:
        BatchIdTakenError: its id is that of a batch of another service or size.
    """
    await pool.execute(
        "with made as (insert into batches (batch_id, service, rows) values ($1, $2, $3) on conflict do nothing"
        " returning batch_id, rows) insert into batch_rows (batch_id, row)"
        " select batch_id, generate_series(1, rows) from made",
        batch_id,
        service,
        rows,
    )
    batch = await find(pool, batch_id)
    if batch is None or (batch.service, batch.rows) != (service, rows):
        raise BatchIdTakenError(f"batch_id: {batch_id} is that of another batch; send the same file for one service")
    return batch


async def find(pool: Pool, batch_id: str) -> Batch | None:
    """Return a batch, or None when there is none with this id."""
    row = await pool.fetchrow(
        "select batch_id, service, rows, created_at, done_at from batches where batch_id = $1", batch_id
    )
    return None if row is None else Batch.model_validate(dict(row))


async def waiting(pool: Pool, batch_id: str, limit: int) -> list[int]:
    """Return the numbers of the first so many rows that still wait."""
    rows = await pool.fetch(
        "select row from batch_rows where batch_id = $1 and status = 'waiting' order by row limit $2", batch_id, limit
    )
    return [row["row"] for row in rows]


async def settle(pool: Pool, batch_id: str, row: int, request_id: str | None, problem: str | None) -> None:
    """Note the request that a row became, or else its problem; what was noted first stays.

    Args:
        pool: the database.
        batch_id: the file.
        row: counted from 1.
        request_id: the request; None: it was refused.
        problem: why it was refused: the field and the mend, never what was given.
    """
    status = RowStatus.REFUSED if request_id is None else RowStatus.ACCEPTED
    async with pool.acquire() as connection, connection.transaction():
        # Whoever settles the last row has to see that it is the last.
        await connection.execute("select from batches where batch_id = $1 for update", batch_id)
        await connection.execute(
            "update batch_rows set status = $3, request_id = $4, problem = $5"
            " where batch_id = $1 and row = $2 and status = 'waiting'",
            batch_id,
            row,
            status,
            request_id,
            problem,
        )
        await connection.execute(
            "update batches set done_at = now() where batch_id = $1 and done_at is null"
            " and not exists (select from batch_rows where batch_id = $1 and status = 'waiting')",
            batch_id,
        )


async def results(pool: Pool, batch_id: str) -> list[BatchRow]:
    """Return all rows of a batch in their order, and what became of each."""
    rows = await pool.fetch(
        "select row, status, request_id, problem from batch_rows where batch_id = $1 order by row", batch_id
    )
    return [BatchRow.model_validate(dict(row)) for row in rows]
