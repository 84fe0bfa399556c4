"""The running house as tests of deliveries drive it: agencies, counters, recipients, and what the carrier does."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import count, groupby
from typing import Any
from urllib.parse import urlsplit

import asyncpg
import httpx
from standardwebhooks import Webhook
from temporalio.client import Client

import worker
from carriers.http_carrier import HttpCarrier
from domain.service_terms import service_of
from gateway.carrier_routes import carrier_app
from gateway.serve import serving
from gateway.service_requests import ServiceRequests
from gateway.starter import Starter
from local.ports import LOOPBACK, free_port
from schemas.delivery import DeliveryView
from schemas.messages import Actor, Message, Respond, Role
from schemas.policy import Policy
from schemas.post import PaymentTime
from schemas.service_request import (
    Cancel,
    Confirm,
    Dispute,
    DisputeReason,
    Recipient,
    RequestIntake,
    RequestReceipt,
    RequestResult,
    RequestStart,
    RequestStatus,
)
from storage import case_records, database, deliveries, policies, service_requests, tracking
from tests.simulators.running import RunningCarrier, carrier_running

DAY = 2.0
"""Seconds that a day lasts in a policy in a hurry."""
PATIENCE = 150.0
"""Seconds; longer than any life of these tests."""

SITI = Recipient(
    name="Siti Aminah",
    national_id="1871014107900001",
    phone="081272345678",
    address="Jalan Kartini 1",
    latitude=-5.41,
    longitude=105.26,
)
JAKARTA = SITI.model_copy(update={"address": "Jalan Enggano 5", "latitude": -6.12, "longitude": 106.88})
_SAID: dict[str, dict[str, Any]] = {
    "samsat-papers": {"amount": 450_000},
    "local-tax-receipts": {"amount": 120_000},
    "alms-receipts": {"amount": 50_000},
    "social-aid-cash": {"amount": 600_000, "period": "2026-11"},
    "food-consignment": {"amount": 900_000, "recipient": JAKARTA},
}
"""What a request for a service says beyond the service, unless a test says otherwise."""


@dataclass(frozen=True)
class Life:
    """What became of a request."""

    request: RequestStart
    result: RequestResult
    kinds: list[str]
    """What happened to it, as the database has it."""


@dataclass
class House:
    """All that runs, and the people around it."""

    name: str
    client: Client
    pool: database.Pool
    carrier: RunningCarrier
    requests: ServiceRequests
    cases: Starter
    policy: Policy
    webhooks: str
    """Where the carrier tells us what happens."""
    secret: str
    """What it signs that with."""
    _scenarios: dict[str, str] = field(default_factory=dict)
    _changing: asyncio.Lock = field(default_factory=asyncio.Lock)
    _numbers: Any = field(default_factory=lambda: count(1))

    @property
    def task_queue(self) -> str:
        """Where its workers look for work."""
        return self.requests.task_queue

    def new_id(self) -> str:
        """Return an id that no request of these tests has."""
        return f"{self.name}-{next(self._numbers)}"

    # What people do.

    def intake(self, service: str, **changes: Any) -> RequestIntake:
        """Return what somebody in Bandar Lampung asks for."""
        fields: dict[str, Any] = {"channel": "tests", "service": service, "region": "18.71", "recipient": SITI}
        return RequestIntake(**(fields | _SAID.get(service, {}) | changes))

    async def request(self, service: str, scenario: str = "good", **changes: Any) -> RequestStart:
        """Ask for a service whose first shipment will go as a scenario says."""
        request_id = self.new_id()
        await self.will_go(f"{request_id}-d1.1", scenario)
        accepted = await self.requests.accept(self.intake(service, **changes), self.policy, request_id=request_id)
        await self.requests.start(accepted)
        return accepted

    async def lives(self, service: str, scenario: str = "good", *, rounds: int = 1, **changes: Any) -> Life:
        """Live a whole life: the agency prepares it so many times, what is due is paid, the recipient confirms."""
        async with asyncio.timeout(PATIENCE):
            request = await self.request(service, scenario, **changes)
            await self.prepare(request)
            if self._is_paid_first(service):
                await self.pay(request)
            for round_ in range(2, rounds + 1):
                await self.prepare(request, round_)
            if await self.comes_to(request, RequestStatus.CONFIRMING):
                await self.confirm(request)
            return await self.life(request)

    def _is_paid_first(self, service: str) -> bool:
        found = service_of(self.policy, service)
        return bool(found and found.payment and found.payment.due is PaymentTime.BEFORE_DELIVERY)

    async def prepare(self, request: RequestStart, round_: int = 1) -> None:
        """Let the agency say that it is ready."""
        case_id = await self.preparation(request, round_)
        await self.tell_case(case_id, Respond(message_id=f"{case_id}:ready", actor=Actor(id="operator-7")))

    async def preparation(self, request: RequestStart, round_: int = 1) -> str:
        """Return the case of a round's preparation, once the agency has it."""
        case_id = f"{request.request_id}-p{round_}"
        await self.until_child(request, case_id)
        async for event in self.cases.handle(case_id).fetch_history_events(wait_new_event=True):
            if event.HasField("upsert_workflow_search_attributes_event_attributes"):
                break  # which follows the first commit
        return case_id

    async def tell_case(self, case_id: str, message: Message) -> None:
        """Send a case a message."""
        await self.cases.send(case_id, message)

    async def pay(self, request: RequestStart) -> str:
        """Let somebody pay at the counter under the request's code; return the code."""
        await self.until_kind(request, "payment asked")
        code = (await self.requests.show(request.request_id)).payment_code
        (await self.carrier.control.post(f"/control/payments/{code}/pay")).raise_for_status()
        return str(code)

    async def confirm(self, request: RequestStart) -> RequestReceipt:
        """Let the recipient confirm."""
        return await self.requests.send(request.request_id, Confirm(message_id="has-it", actor=self.recipient()))

    async def cancel(self, request: RequestStart) -> RequestReceipt:
        """Let the requester cancel."""
        return await self.requests.send(request.request_id, Cancel(message_id="no-more", actor=self.recipient()))

    async def dispute(self, request: RequestStart, reason: DisputeReason, message_id: str = "not-so") -> RequestReceipt:
        """Let the recipient dispute."""
        message = Dispute(message_id=message_id, actor=self.recipient(), reason=reason)
        return await self.requests.send(request.request_id, message)

    @staticmethod
    def recipient() -> Actor:
        """Return the recipient's account."""
        return Actor(id="citizen-1", role=Role.REPORTER)

    # What the carrier does.

    async def tell_of_payment(self, request: RequestStart, receipt: str, amount: int) -> None:
        """Let the carrier tell of money by a webhook, whether or not it has ever received any."""
        now = datetime.now(UTC)
        data = {
            "payment_code": (await self.requests.show(request.request_id)).payment_code,
            "reference_id": request.request_id,
            "receipt": receipt,
            "amount": amount,
            "paid_at": now.isoformat(),
        }
        body = json.dumps({"type": "payment.received", "timestamp": now.isoformat(), "data": data})
        webhook_id = f"wh_{self.new_id()}"
        headers = {
            "webhook-id": webhook_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(webhook_id, now, body),
        }
        async with httpx.AsyncClient() as carrier:
            (await carrier.post(self.webhooks, content=body, headers=headers)).raise_for_status()

    async def will_go(self, prefix: str, scenario: str) -> None:
        """Say how shipments will go whose references begin so."""
        async with self._changing:
            self._scenarios[prefix] = scenario
            (await self.carrier.control.put("/control/scenarios", json=self._scenarios)).raise_for_status()

    async def order(self, request: RequestStart, round_: int = 1) -> str:
        """Return what the carrier calls the first order of a request's delivery, once it has taken it."""
        delivery_id = f"{request.request_id}-d{round_}"
        await self.until_child(request, delivery_id)
        return await self.order_of(delivery_id)

    async def order_of(self, delivery_id: str, number: int = 1) -> str:
        """Return what the carrier calls an order of a delivery that was begun, once it has taken it."""
        await self.until_delivery(delivery_id, "ordered" if number == 1 else "reissued")
        reference = {"reference_id": f"{delivery_id}.{number}"}
        [order] = (await self.carrier.control.get("/control/orders", params=reference)).raise_for_status().json()
        return str(order["order_id"])

    async def happen(self, order_id: str, *statuses: str, **step: Any) -> None:
        """Let the carrier do something now, and tell us."""
        for status in statuses:
            body = {"status": status} | step
            (await self.carrier.control.post(f"/control/orders/{order_id}/events", json=body)).raise_for_status()

    # What is waited for, and what is seen then.

    async def until_child(self, request: RequestStart, child: str) -> None:
        """Wait until a request has begun a case or a delivery."""
        async for event in self.requests.handle(request.request_id).fetch_history_events(wait_new_event=True):
            if event.child_workflow_execution_started_event_attributes.workflow_execution.workflow_id == child:
                return
        raise AssertionError(f"{request.request_id} ended without {child}")

    async def comes_to(self, request: RequestStart, status: RequestStatus) -> bool:
        """Wait until a request stands so; return False if it ends before."""
        async for _ in self.requests.handle(request.request_id).fetch_history_events(wait_new_event=True):
            found = await service_requests.find(self.pool, request.request_id)
            if found is not None and found.status == status:
                return True
        return False

    async def until(self, request: RequestStart, status: RequestStatus) -> None:
        """Wait until a request stands so."""
        assert await self.comes_to(request, status), f"{request.request_id} ended before it was {status}"

    async def until_kind(self, request: RequestStart, kind: str) -> None:
        """Wait until something happened to a request."""
        async for _ in self.requests.handle(request.request_id).fetch_history_events(wait_new_event=True):
            if kind in await self.kinds(request):
                return
        raise AssertionError(f"{request.request_id} ended without {kind}")

    async def until_case(self, case_id: str, kind: str) -> None:
        """Wait until something happened to a case that was begun."""
        async for _ in self.cases.handle(case_id).fetch_history_events(wait_new_event=True):
            if kind in await self.case_kinds(case_id):
                return
        raise AssertionError(f"{case_id} ended without {kind}")

    async def until_delivery(self, delivery_id: str, kind: str, times: int = 1) -> None:
        """Wait until something happened to a delivery that was begun, so many times."""
        async for _ in self.client.get_workflow_handle(delivery_id).fetch_history_events(wait_new_event=True):
            if (await self.delivery_kinds(delivery_id)).count(kind) >= times:
                return
        raise AssertionError(f"{delivery_id} ended without {kind}")

    async def life(self, request: RequestStart) -> Life:
        """Wait for a request's end; return what became of it."""
        result = await self.requests.handle(request.request_id).result()
        return Life(request, result, await self.kinds(request))

    async def kinds(self, request: RequestStart) -> list[str]:
        """Return what happened to a request, as the database has it."""
        return [line["kind"] for line in await service_requests.timeline(self.pool, request.request_id)]

    async def case_kinds(self, case_id: str) -> list[str]:
        """Return what happened to a case, as the database has it."""
        return [line["kind"] for line in await case_records.timeline(self.pool, case_id)]

    async def delivery(self, life: Life, round_: int = 1) -> DeliveryView:
        """Return how a delivery stands, as the database has it."""
        found = await deliveries.find(self.pool, f"{life.request.request_id}-d{round_}")
        assert found is not None
        return found

    async def stations(self, life: Life, round_: int = 1) -> list[str]:
        """Return how a delivery stood, one after the other, as the database has it."""
        lines = await deliveries.timeline(self.pool, f"{life.request.request_id}-d{round_}")
        return [status for status, _ in groupby(line["status"] for line in lines)]

    async def scans(self, delivery_id: str) -> list[str]:
        """Return all that the carrier told of a delivery, in the order in which it happened."""
        return [seen.scan for seen in await tracking.of_delivery(self.pool, delivery_id)]

    async def delivery_kinds(self, delivery_id: str) -> list[str]:
        """Return what happened to a delivery, as the database has it, but for silence: that depends on the machine."""
        lines = await deliveries.timeline(self.pool, delivery_id)
        return [line["kind"] for line in lines if line["kind"] != "silent"]


@asynccontextmanager
async def running_house(
    client: Client, server: str, policy: Policy, name: str, *, call_limit: float = 15.0, **carrier_settings: Any
) -> AsyncIterator[House]:
    """Run a whole house under a policy, with a carrier, a database and a task queue of its own.

    Two carriers may give the same number to two receipts, so they share no database.

    Args:
        client: Temporal's.
        server: the URL of any database on the server on which its own is made.
        policy: the rules of all its requests.
        name: what its database and task queue are called, and its requests begin with.
        call_limit: seconds until a call that the carrier does not answer is given up.
        carrier_settings: those of the carrier, e.g. `speed`, `drop`.
    """
    port = free_port()
    webhooks = f"http://{LOOPBACK}:{port}/v1/carrier/webhooks"
    async with (
        _database_of_its_own(server, name) as pool,
        carrier_running(webhook_url=webhooks, **carrier_settings) as carrier,
    ):
        await policies.publish(pool, policy)
        secret = (await carrier.control.get("/control/settings")).json()["webhook_secret"]
        async with (
            serving(carrier_app(client, pool, [secret]), LOOPBACK, port),
            HttpCarrier(carrier.url, carrier.key, timeout=call_limit) as adapter,
            worker.build(client, pool, task_queue=name),
            worker.build_post(client, pool, adapter, rate=500, task_queue=name),
        ):
            yield House(
                name=name,
                client=client,
                pool=pool,
                carrier=carrier,
                requests=ServiceRequests(client, pool, name),
                cases=Starter(client, pool, name),
                policy=policy,
                webhooks=webhooks,
                secret=secret,
            )


@asynccontextmanager
async def _database_of_its_own(server: str, name: str) -> AsyncIterator[database.Pool]:
    connection = await asyncpg.connect(server)
    await connection.execute(f'create database "{name}"')
    await connection.close()
    url = urlsplit(server)._replace(path=f"/{name}").geturl()
    await database.migrate(url)
    pool = await database.connect(url)
    yield pool
    await pool.close()
