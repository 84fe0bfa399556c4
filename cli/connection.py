"""Commands reach both servers through here."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
from temporalio.service import RPCError

from runtime import settings, temporal
from runtime.namespace import NamespaceError
from starter import NotFoundError, RefusedError, Starter
from storage import database
from storage.policy_pack import PolicyError

EXPECTED = (
    NamespaceError,
    NotFoundError,
    OSError,
    PolicyError,
    RPCError,
    RefusedError,
    RuntimeError,
    asyncpg.PostgresError,
)
"""What may go wrong without being a bug; the messages speak for themselves."""


@asynccontextmanager
async def starter() -> AsyncIterator[Starter]:
    """Connect to Temporal and the database for the time of one command."""
    where = settings.load()
    pool = await database.connect(where.database_url, max_size=4)
    try:
        yield Starter(await temporal.connect(where.temporal_address), pool)
    finally:
        await pool.close()
