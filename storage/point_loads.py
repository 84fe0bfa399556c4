"""How many shipments each point of the post carries on a day."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date

import asyncpg

from storage.database import Connection, Pool


async def take(database: Pool | Connection, point: str, day: date, delivery_id: str, capacity: int | None) -> bool:
    """Give a delivery one of a point's places on a day, and return whether it has one.

    A delivery has one place: another frees the one that it had; none is lost when there is no other. The same again
    changes nothing.

    Args:
        database: with a connection, all happens within its transaction.
        point: its code.
        day: in the time zone of the post.
        delivery_id: whose place it is.
        capacity: places a day; None: no bound is known.
    """
    async with _transaction(database) as connection:
        await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"point {point} {day}")
        taken = await connection.fetchval(
            "select count(*) from point_loads where point = $1 and day = $2 and delivery_id <> $3",
            point,
            day,
            delivery_id,
        )
        if capacity is not None and taken >= capacity:
            return await _has(connection, point, day, delivery_id)
        await connection.execute(
            "insert into point_loads (delivery_id, point, day) values ($1, $2, $3)"
            " on conflict (delivery_id) do update set point = excluded.point, day = excluded.day",
            delivery_id,
            point,
            day,
        )
    return True


async def _has(connection: Connection, point: str, day: date, delivery_id: str) -> bool:
    """Whether a delivery has its place already, though the point's capacity was lowered since."""
    found: bool = await connection.fetchval(
        "select exists (select from point_loads where point = $1 and day = $2 and delivery_id = $3)",
        point,
        day,
        delivery_id,
    )
    return found


async def loads(pool: Pool, day: date) -> dict[str, int]:
    """Return how many places are taken on a day, by point; a point without any is left out."""
    rows = await pool.fetch("select point, count(*) as taken from point_loads where day = $1 group by point", day)
    return {row["point"]: row["taken"] for row in rows}


@asynccontextmanager
async def _transaction(database: Pool | Connection) -> AsyncIterator[Connection]:
    if isinstance(database, asyncpg.Pool):
        async with database.acquire() as connection, connection.transaction():
            yield connection
    else:
        async with database.transaction():
            yield database
