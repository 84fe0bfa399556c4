"""A workflow that hears what deliveries and requests hear, and remembers it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from temporalio import workflow
from temporalio.client import Client, WorkflowHandle
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from schemas.carrier import CarrierEvent
from schemas.delivery import Told
from schemas.service_request import Paid, Payment

QUEUE = "hearing"


@workflow.defn(name="Hearing")
class Hearing:
    """Stands for a delivery or a request."""

    def __init__(self) -> None:
        self._events: list[CarrierEvent] = []
        self._payments: list[Payment] = []
        self._over = False

    @workflow.run
    async def run(self) -> None:
        """Listen until it is told that it is over."""
        await workflow.wait_condition(lambda: self._over)

    @workflow.signal
    def told(self, told: Told) -> None:
        """Hear of a shipment."""
        self._events += told.events

    @workflow.signal
    def paid(self, paid: Paid) -> None:
        """Hear of money."""
        self._payments.append(paid.payment)

    @workflow.signal
    def end(self) -> None:
        """Hear nothing any more."""
        self._over = True

    @workflow.update
    async def has_heard(self, event_id: str) -> None:
        """Return once an event was heard."""
        await workflow.wait_condition(lambda: event_id in [event.event_id for event in self._events])

    @workflow.query
    def events(self) -> list[CarrierEvent]:
        """Return what was heard of a shipment."""
        return self._events

    @workflow.query
    def payments(self) -> list[Payment]:
        """Return what was heard of money."""
        return self._payments


@dataclass(frozen=True)
class Ears:
    """Starts workflows that hear, and asks them."""

    client: Client

    async def open(self, workflow_id: str) -> None:
        """Begin to hear for a delivery or a request."""
        await self.client.start_workflow(Hearing.run, id=workflow_id, task_queue=QUEUE)

    async def close(self, workflow_id: str) -> None:
        """Let it be over."""
        await self._of(workflow_id).signal(Hearing.end)
        await self._of(workflow_id).result()

    async def events(self, workflow_id: str) -> list[CarrierEvent]:
        """Return what was heard of a shipment."""
        return await self._of(workflow_id).query(Hearing.events)

    async def payments(self, workflow_id: str) -> list[Payment]:
        """Return what was heard of money."""
        return await self._of(workflow_id).query(Hearing.payments)

    async def until_heard(self, workflow_id: str, event_id: str) -> None:
        """Wait until an event was heard."""
        await self._of(workflow_id).execute_update(Hearing.has_heard, event_id)

    def _of(self, workflow_id: str) -> WorkflowHandle[Hearing, None]:
        return self.client.get_workflow_handle_for(Hearing.run, workflow_id)


@asynccontextmanager
async def hearing(client: Client) -> AsyncIterator[Ears]:
    """Hear for as long as this lasts."""
    worker = Worker(client, task_queue=QUEUE, workflows=[Hearing], workflow_runner=UnsandboxedWorkflowRunner())
    async with worker:
        yield Ears(client)
