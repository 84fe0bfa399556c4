"""The throw-away servers on which people can watch services being delivered: all real, and gone when it ends."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from temporalio.client import Client

import worker
from carriers.http_carrier import HttpCarrier
from gateway.carrier_routes import carrier_app
from gateway.serve import serving
from gateway.service_requests import ServiceRequests
from gateway.starter import Starter
from local.carrier import SimulatedCarrier
from local.ports import LOOPBACK, free_ports
from local.postgres import EmbeddedPostgres
from local.scratch import scratch_folder
from local.temporal import NAMESPACE, TemporalDevServer
from privacy.ring import new_ring
from runtime.namespace import register_search_attributes
from runtime.temporal import DATA_CONVERTER
from schemas.policy import Policy
from simulation.hurry import hurried
from storage import database, policies
from workflows.search_attributes import KEYS

_SECONDS_OF_A_DAY = 86_400
_KEY = "key-of-the-demonstration"
_CALLS_PER_SECOND = 100.0


@dataclass(frozen=True)
class PostHouse:
    """All that runs, and through what people reach it."""

    client: Client
    pool: database.Pool
    policy: Policy
    """In a hurry."""
    day: float
    """How many seconds one lasts here."""
    requests: ServiceRequests
    cases: Starter
    carrier: SimulatedCarrier
    post: HttpCarrier
    """The carrier as its customers reach it."""


@asynccontextmanager
async def post_house(policy: Policy, *, day: float) -> AsyncIterator[PostHouse]:
    """Start PostgreSQL, Temporal, workers, the gateway and a simulated carrier on free ports of the loopback address.

    Whatever ends the block, an error or Ctrl-C among it, ends them too and removes all that they wrote.

    Args:
        policy: whose services are requested; published as one that is in a hurry.
        day: how many seconds a day lasts.

    Raises:
        ServerTrouble: a server cannot run here.
        MigrationError: the tables cannot be made.
    """
    in_a_hurry = hurried(policy, day=day)
    postgres_port, temporal_port, carrier_port, gateway_port = free_ports(4)
    with scratch_folder() as folder:
        async with (
            EmbeddedPostgres(
                folder / "postgres", postgres_port, log=folder / "postgres.log", durable=False
            ) as postgres,
            TemporalDevServer(temporal_port, log=folder / "temporal.log") as temporal,
            SimulatedCarrier(
                carrier_port, key=_KEY, log=folder / "carrier.log", data=folder / "carrier.sqlite"
            ) as carrier,
        ):
            await database.migrate(postgres.url)
            # Not as the environment says: its address and keys belong to another server.
            client = await Client.connect(temporal.address, namespace=NAMESPACE, data_converter=DATA_CONVERTER)
            await register_search_attributes(client, KEYS)
            settings = await carrier.set(**_reporting_to(gateway_port), speed=_SECONDS_OF_A_DAY / day)
            async with (
                await database.connect(postgres.url, ring=new_ring("post-house")) as pool,
                serving(carrier_app(client, pool, [settings["webhook_secret"]]), LOOPBACK, gateway_port),
                HttpCarrier(carrier.url, carrier.key) as post,
                worker.build(client, pool),
                worker.build_post(client, pool, post, rate=_CALLS_PER_SECOND),
            ):
                await policies.publish(pool, in_a_hurry)
                requests, cases = ServiceRequests(client, pool), Starter(client, pool)
                yield PostHouse(client, pool, in_a_hurry, day, requests, cases, carrier, post)


def _reporting_to(port: int) -> dict[str, Any]:
    return {"webhook_url": f"http://{LOOPBACK}:{port}/v1/carrier/webhooks"}
