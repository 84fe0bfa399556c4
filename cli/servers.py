"""All that `kawal dev` runs: started in order, started again when one dies, stopped in the opposite order."""

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from temporalio.client import Client

from cli.connection import temporal_client
from cli.dev_identity import DevIdentity, identity_in, ring_in
from cli.gateway_process import GatewayProcess
from cli.output import progress_console, steps
from cli.prepare import prepare
from cli.worker_process import WorkerProcess
from local.carrier import SimulatedCarrier
from local.ports import LOOPBACK
from local.postgres import EmbeddedPostgres
from local.server import Server
from local.temporal import TemporalDevServer
from privacy.ring import KeyRing
from schemas.policy import Policy
from storage import database

CARRIER_KEY = "key-of-the-simulated-carrier"


@dataclass(frozen=True)
class Running:
    """All servers, up and answering."""

    postgres: EmbeddedPostgres
    temporal: TemporalDevServer
    carrier: SimulatedCarrier
    carrier_secret: str
    worker: WorkerProcess
    gateway: GatewayProcess
    client: Client
    ring: KeyRing
    identity: DevIdentity
    evidence: str

    @property
    def addresses(self) -> dict[str, Any]:
        """Where everything is, under the names that the ready file uses."""
        return {
            "temporal": self.temporal.address,
            "temporal_ui": self.temporal.ui_url or "",
            "database": self.postgres.url,
            "gateway": self.gateway.url,
            "carrier": self.carrier.url,
            "carrier_key": self.carrier.key,
            "carrier_secret": self.carrier_secret,
            "api": f"{self.gateway.url}/v1",
            "open311": f"{self.gateway.url}/open311/v2",
            "open311_api_key": self.identity.api_key,
            "tokens": self.identity.tokens,
            "issuer": self.identity.issuer.issuer,
            "audience": self.identity.issuer.audience,
            "jwks": f"file:{self.identity.issuer.jwks_file}",
            "keys": self.ring.written(),
            "evidence": self.evidence,
        }

    async def keep(self, *beside: Coroutine[None, None, None]) -> None:
        """Start again whichever server dies, without end; raise when one cannot be started."""
        endless = [
            _keep("PostgreSQL", self.postgres),
            _keep("Temporal", self.temporal),
            _keep("The carrier", self.carrier),
            _keep("The worker", self.worker),
            _keep("The gateway", self.gateway),
            *beside,
        ]
        tasks = [asyncio.create_task(one) for one in endless]
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def everything(
    folder: Path, ports: dict[str, int], policy: Policy, *, durable: bool, carrier_speed: float
) -> AsyncIterator[Running]:
    """Run PostgreSQL, Temporal, a simulated carrier, a worker and the gateway, with all that they need in place."""
    logs = folder / "logs"
    postgres = EmbeddedPostgres(
        folder / "postgres", ports["--postgres-port"], log=logs / "postgres.log", durable=durable
    )
    temporal = TemporalDevServer(
        ports["--temporal-port"],
        ports["--ui-port"],
        log=logs / "temporal.log",
        db_file=folder / "temporal.db" if durable else None,
    )
    carrier = SimulatedCarrier(
        ports["--carrier-port"], key=CARRIER_KEY, log=logs / "carrier.log", data=folder / "carrier.sqlite"
    )
    async with contextlib.AsyncExitStack() as stack:
        with steps() as step:
            step("Starting PostgreSQL ...")
            await stack.enter_async_context(postgres)
            step("Starting Temporal ...")
            await stack.enter_async_context(temporal)
            step("Preparing tables, search attributes and the policy ...")
            client = await temporal_client(temporal.address)
            ring = ring_in(folder)
            await prepare(postgres.url, client, [policy], ring=ring)
            async with await database.connect(postgres.url, max_size=1, ring=ring) as pool:
                identity = await identity_in(folder, pool, policy)
            evidence = (folder / "evidence").absolute().as_uri()
            step("Starting a simulated carrier ...")
            await stack.enter_async_context(carrier)
            gateway_url = f"http://{LOOPBACK}:{ports['--gateway-port']}"
            webhooks = f"{gateway_url}/v1/carrier/webhooks"
            secret = (await carrier.set(speed=carrier_speed, webhook_url=webhooks))["webhook_secret"]
            environment = {
                "KAWAL_DATABASE_URL": postgres.url,
                "TEMPORAL_ADDRESS": temporal.address,
                "KAWAL_CARRIER_URL": carrier.url,
                "KAWAL_CARRIER_KEY": carrier.key,
                "KAWAL_CARRIER_WEBHOOK_SECRETS": secret,
                "KAWAL_KEYS": ring.written(),
                "KAWAL_OIDC_ISSUER": identity.issuer.issuer,
                "KAWAL_OIDC_AUDIENCE": identity.issuer.audience,
                "KAWAL_OIDC_JWKS": f"file:{identity.issuer.jwks_file}",
                "KAWAL_EVIDENCE_URL": evidence,
                "KAWAL_WEBHOOKS_LOCAL": "1",
                "KAWAL_CODEC_ORIGINS": temporal.ui_url or "",
            }
            step("Starting a worker ...")
            worker = WorkerProcess(client, environment=environment, log=logs / "worker.log")
            await stack.enter_async_context(worker)
            step("Starting the gateway ...")
            gateway = GatewayProcess(ports["--gateway-port"], environment=environment, log=logs / "gateway.log")
            await stack.enter_async_context(gateway)
        yield Running(postgres, temporal, carrier, secret, worker, gateway, client, ring, identity, evidence)


async def _keep(name: str, server: Server) -> None:
    while True:
        code = await server.wait()
        progress_console.print(f"[yellow]{name} ended ({_how(code)}). Starting it again.[/yellow]", soft_wrap=True)
        await server.start()


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"
