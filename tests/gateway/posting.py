"""Services on a database of their own, with workers and a carrier that tells nothing by itself: it has to be asked."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import asyncpg
from temporalio.client import Client

import worker
from carriers.http_carrier import HttpCarrier
from gateway.reconciliation import CARRIER_ZONE, Report, reconcile
from gateway.service_requests import ServiceRequests
from gateway.starter import Starter
from schemas.messages import Actor, Respond
from schemas.policy import Policy
from schemas.service_request import RequestIntake, RequestView
from simulation.hurry import hurried
from storage import case_records, database, policies, service_requests
from storage.policy_pack import load_pack
from storage.time_zone import zone_named
from tests.gateway.batch_making import LAMPUNG, nik
from tests.simulators import customer
from tests.simulators.running import RunningCarrier, carrier_running

DAY = 2.0
"""Seconds that a day of the policy lasts."""
_PATIENCE = 60.0
PRICE = 450_000


@dataclass
class Posting:
    """All that runs, and the people around it."""

    name: str
    url: str
    client: Client
    pool: database.Pool
    carrier: RunningCarrier
    adapter: HttpCarrier
    policy: Policy
    task_queue: str
    ids: list[str] = field(default_factory=list)

    @property
    def today(self) -> date:
        """Return the carrier's."""
        return datetime.now(zone_named(CARRIER_ZONE)).date()

    async def papers(self) -> str:
        """Ask for papers that are paid for at a counter; return the request, which the agency prepares."""
        request_id = f"{self.name}-{len(self.ids) + 1}"
        self.ids.append(request_id)
        given: dict[str, Any] = {
            "channel": "tests",
            "service": "samsat-papers",
            "region": "18.71",
            "amount": PRICE,
            "recipient": {"name": "Siti Aminah", "national_id": nik(1), "address": "Jalan Kartini 1"},
        }
        edge = ServiceRequests(self.client, self.pool, self.task_queue)
        await edge.start(await edge.accept(RequestIntake.model_validate(given), self.policy, request_id=request_id))
        return request_id

    async def payable(self) -> str:
        """Ask for the same, and wait until it can be paid."""
        request_id = await self.papers()
        await self.prepare(request_id)
        await self.until(request_id, lambda request: request.payment_code is not None)
        return request_id

    async def prepare(self, request_id: str) -> None:
        """Let the agency say that it is ready."""
        case_id = f"{request_id}-p1"
        async with asyncio.timeout(_PATIENCE):
            while await case_records.case(self.pool, case_id) is None:
                pass
        message = Respond(message_id=f"{case_id}:ready", actor=Actor(id="operator-7"))
        await Starter(self.client, self.pool, self.task_queue).send(case_id, message)

    async def pay(self, request_id: str) -> str:
        """Let somebody pay at a counter; return the receipt."""
        code = (await self.request(request_id)).payment_code
        answer = await self.carrier.control.post(f"/control/payments/{code}/pay")
        return str(answer.raise_for_status().json()["receipt"])

    async def pay_under(self, reference_id: str, amount: int = PRICE) -> str:
        """Let somebody pay under a code that the carrier has of somebody else; return the receipt."""
        expires_at = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        wanted = {"reference_id": reference_id, "amount": amount, "expires_at": expires_at}
        key = f"{reference_id}.another"
        code = (await customer.post(self.carrier, "/v1/payments", wanted, key=key)).raise_for_status().json()
        answer = await self.carrier.control.post(f"/control/payments/{code['payment_code']}/pay")
        return str(answer.raise_for_status().json()["receipt"])

    async def request(self, request_id: str) -> RequestView:
        """Return how a request stands."""
        found = await service_requests.find(self.pool, request_id)
        assert found is not None
        return found

    async def until(self, request_id: str, condition: Callable[[RequestView], bool]) -> RequestView:
        """Wait until a request fulfils a condition."""
        async with asyncio.timeout(_PATIENCE):
            while True:
                found = await service_requests.find(self.pool, request_id)
                if found is not None and condition(found):
                    return found

    async def reconcile(self) -> Report:
        """Compare the books of today."""
        return await reconcile(self.client, self.pool, self.adapter, self.today)


@asynccontextmanager
async def posting(client: Client, database_url: str, name: str, task_queue: str) -> AsyncIterator[Posting]:
    """Run the services of Lampung, under a policy of this name in which a day lasts two seconds."""
    url = await _own_database(database_url, name)
    pool = await database.connect(url, max_size=4)
    policy = Policy.model_validate(dict(hurried(load_pack(LAMPUNG), day=DAY)) | {"name": name})
    await policies.publish(pool, policy)
    async with (
        carrier_running(speed=86_400 / DAY) as carrier,
        HttpCarrier(carrier.url, carrier.key) as adapter,
        worker.build(client, pool, task_queue=task_queue),
        worker.build_post(client, pool, adapter, rate=200, task_queue=task_queue),
    ):
        yield Posting(name, url, client, pool, carrier, adapter, policy, task_queue)
    await pool.close()


async def _own_database(database_url: str, name: str) -> str:
    connection = await asyncpg.connect(database_url)
    await connection.execute(f"create database {name}")
    await connection.close()
    url = urlunsplit(urlsplit(database_url)._replace(path=f"/{name}"))
    await database.migrate(url)
    return url
