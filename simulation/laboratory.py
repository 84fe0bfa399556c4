"""The throw-away servers and the worker that a simulation runs on: all real, and gone when it ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from temporalio.client import Client
from temporalio.testing import TimeSkipper, TimeSkippingConfig

import worker
from gateway.starter import Starter
from local.ports import free_ports
from local.postgres import EmbeddedPostgres
from local.scratch import scratch_folder
from local.temporal import NAMESPACE, TemporalDevServer
from privacy.ring import new_ring
from runtime.namespace import register_search_attributes
from runtime.temporal import DATA_CONVERTER
from schemas.policy import Policy
from storage import database, policies
from workflows.search_attributes import KEYS


@dataclass(frozen=True)
class Laboratory:
    """Where virtual cases live."""

    starter: Starter
    skipper: TimeSkipper
    """Each workflow has a clock of its own, which stands still against the wall's until it is told to go forward."""
    pool: database.Pool
    policy: Policy


@asynccontextmanager
async def laboratory(policy: Policy) -> AsyncIterator[Laboratory]:
    """Start PostgreSQL, Temporal and a worker on free ports of the loopback address, with the policy published.

    Whatever ends the block, an error or Ctrl-C among it, ends them too and removes all that they wrote.

    Raises:
        ServerTrouble: a server cannot run here.
        MigrationError: the tables cannot be made.
    """
    postgres_port, temporal_port = free_ports(2)
    with scratch_folder() as folder:
        async with (
            EmbeddedPostgres(
                folder / "postgres", postgres_port, log=folder / "postgres.log", durable=False
            ) as postgres,
            TemporalDevServer(temporal_port, log=folder / "temporal.log", time_skipping=True) as temporal,
        ):
            await database.migrate(postgres.url)
            # Not as the environment says: its address and keys belong to another server.
            client = await Client.connect(temporal.address, namespace=NAMESPACE, data_converter=DATA_CONVERTER)
            await register_search_attributes(client, KEYS)
            async with await database.connect(postgres.url, ring=new_ring("laboratory")) as pool:
                await policies.publish(pool, policy)
                skipper = TimeSkipper(client, config=TimeSkippingConfig(enabled=False))
                async with worker.build(client, pool):
                    yield Laboratory(Starter(skipper.client, pool), skipper, pool, policy)
