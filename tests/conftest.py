"""The real servers that tests run on: one PostgreSQL and one Temporal for all, gone at the end."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from temporalio.client import Client
from temporalio.testing import TimeSkipper, TimeSkippingConfig

import worker
from local.ports import free_port
from local.postgres import EmbeddedPostgres
from local.scratch import scratch_folder
from local.temporal import TemporalDevServer
from privacy.ring import new_ring
from runtime import temporal
from runtime.namespace import register_search_attributes
from storage import database
from tests.kawal import Kawal
from workflows.search_attributes import KEYS

os.environ.setdefault("KAWAL_KEYS", new_ring("of-the-tests").written())
"""What processes that tests start open personal data with, too."""


@pytest.fixture(scope="session")
def servers_folder() -> Iterator[Path]:
    with scratch_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
async def database_url(servers_folder: Path) -> AsyncIterator[str]:
    log = servers_folder / "postgres.log"
    async with EmbeddedPostgres(servers_folder / "postgres", free_port(), log=log, durable=False) as postgres:
        await database.migrate(postgres.url)
        yield postgres.url


@pytest.fixture(scope="session")
async def pool(database_url: str) -> AsyncIterator[database.Pool]:
    pool = await database.connect(database_url)
    yield pool
    await pool.close()


@pytest.fixture(scope="session")
async def temporal_server(servers_folder: Path) -> AsyncIterator[TemporalDevServer]:
    server = TemporalDevServer(free_port(), log=servers_folder / "temporal.log", time_skipping=True)
    async with server:
        yield server


@pytest.fixture(scope="session")
async def client(temporal_server: TemporalDevServer) -> Client:
    """A client in real time: histories of its workflows are as in production."""
    client = await temporal.connect(temporal_server.address)
    await register_search_attributes(client, KEYS)
    return client


@pytest.fixture(scope="session")
async def kawal(client: Client, pool: database.Pool) -> AsyncIterator[Kawal]:
    """Everything together, with a worker. Cases have virtual clocks, or real ones on request."""
    skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False))
    async with worker.build(client, pool, task_queue="tests"):
        yield Kawal(client, skipper, pool, task_queue="tests")
