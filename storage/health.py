"""How the database is, and how full the desks are: for those who watch over it all."""

from asyncpg import UndefinedTableError

from schemas.base import Model
from storage.database import MIGRATIONS, Pool


class Desks(Model):
    """How much there is to do, and what got stuck."""

    open_by_status: dict[str, int]
    overdue: int
    not_started: int
    dead_notices: int
    dead_webhooks: int


async def is_prepared(pool: Pool) -> bool:
    """Return whether the database has every migration of this release. Raises what `database.AWAY` lists."""
    wanted = {path.name.split("_")[0] for path in MIGRATIONS.glob("*.sql")}
    try:
        applied = await pool.fetch("select version from schema_migrations where version = any($1)", list(wanted))
    except UndefinedTableError:
        return False
    return len(applied) == len(wanted)


async def desks(pool: Pool) -> Desks:
    """Return how much there is to do."""
    statuses = await pool.fetch("select status, count(*) as number from cases where closed_at is null group by status")
    row = await pool.fetchrow(
        "select (select count(*) from cases where closed_at is null and due_at < now()) as overdue,"
        " (select count(*) from not_started where accepted_at < now() - interval '1 minute') as not_started,"
        " (select count(*) from deliveries where state = 'dead') as dead_notices,"
        " (select count(*) from webhook_deliveries where state = 'dead') as dead_webhooks"
    )
    assert row is not None
    return Desks(open_by_status={one["status"]: one["number"] for one in statuses}, **dict(row))
