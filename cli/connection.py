"""Commands reach both servers through here: quickly, or with plain words about what is missing."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from urllib.parse import urlsplit

import asyncpg
from temporalio.client import Client
from temporalio.service import RPCError

from gateway.refusals import NotFoundError, RefusedError
from gateway.starter import Starter
from local.trouble import ServerTrouble
from privacy.ring import RingError
from runtime import settings, temporal
from runtime.namespace import NamespaceError
from storage import database
from storage.persons import ErasedError
from storage.policy_pack import PolicyError

_PATIENCE = 5.0
"""Seconds; a server that is there answers sooner, and a person at a terminal does not wait for longer."""


class AwayError(RuntimeError):
    """A server does not answer, or is not prepared; the message says where, and what helps."""


EXPECTED = (
    AwayError,
    NamespaceError,
    NotFoundError,
    OSError,
    PolicyError,
    RPCError,
    RefusedError,
    ServerTrouble,
    asyncpg.InterfaceError,
    asyncpg.PostgresError,
    database.MigrationError,
    ErasedError,
    RingError,
    settings.SettingsError,
    temporal.TemporalAwayError,
)
"""What may go wrong without being a bug; the messages speak for themselves."""


async def temporal_client(address: str | None) -> Client:
    """Connect to Temporal.

    Raises:
        AwayError: it does not answer.
    """
    mend = "Start it with kawal dev, or set TEMPORAL_ADDRESS to the host:port where it runs."
    try:
        async with asyncio.timeout(_PATIENCE):
            return await temporal.connect(address)
    except TimeoutError as error:
        raise AwayError(f"Temporal does not answer within {_PATIENCE:g} seconds. {mend}") from error
    except temporal.TemporalAwayError as error:
        raise AwayError(f"{error}. {mend}") from error


@asynccontextmanager
async def records(database_url: str, *, max_size: int = 4) -> AsyncIterator[database.Pool]:
    """Connect to a database that has Kawal's tables.

    Raises:
        AwayError: it does not answer, or has none.
    """
    async with answering(database_url, max_size=max_size) as pool:
        if not await pool.fetchval("select to_regclass('policy_versions') is not null"):
            raise AwayError("the database has no tables of Kawal yet: run kawal init")
        yield pool


@asynccontextmanager
async def answering(database_url: str, *, max_size: int = 4) -> AsyncIterator[database.Pool]:
    """Connect to a database, whatever it holds.

    Raises:
        AwayError: it does not answer.
    """
    pool = await database.connect(database_url, max_size=max_size)
    try:
        await _require_answer(pool, database_url)
        yield pool
    finally:
        pool.terminate()


async def _require_answer(pool: database.Pool, database_url: str) -> None:
    try:
        async with asyncio.timeout(_PATIENCE):
            await pool.fetchval("select true")
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        why = str(error) or f"nothing came within {_PATIENCE:g} seconds"
        raise AwayError(
            f"the database does not answer{_at_host(database_url)}: {why}. Start it with kawal dev, "
            "or set KAWAL_DATABASE_URL to where it runs (postgresql://user:password@host/name)."
        ) from error


def _at_host(database_url: str) -> str:
    """Name the host and nothing else of an address that holds a password."""
    host = None
    with suppress(ValueError):
        host = urlsplit(database_url).hostname
    return f" at {host}" if host else ""


@asynccontextmanager
async def starter() -> AsyncIterator[Starter]:
    """Connect to Temporal and the database for the time of one command.

    Raises:
        AwayError: one of them does not answer, or `kawal init` was forgotten.
    """
    where = settings.load()
    async with records(where.database_url) as pool:
        client = await temporal_client(where.temporal_address)
        try:
            yield Starter(client, pool)
        except RPCError as error:
            if "search attribute" not in error.message:
                raise
            raise AwayError(f"Temporal's namespace {client.namespace} is not prepared: run kawal init") from error
