"""Servers that tests of crashes kill and start again, and the cases that live through it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from temporalio.client import Client, WorkflowHandle

from cli.worker_process import WorkerProcess
from gateway.starter import Starter
from local.ports import free_ports
from local.postgres import EmbeddedPostgres
from local.scratch import scratch_folder
from local.temporal import TemporalDevServer
from runtime import settings, temporal
from runtime.namespace import register_search_attributes
from schemas.case import CaseResult, CaseView
from schemas.policy import Policy
from storage import case_records, database, policies
from tests import making
from workflows.complaint import ComplaintWorkflow
from workflows.search_attributes import KEYS

Handle = WorkflowHandle[ComplaintWorkflow, CaseResult]


@dataclass
class Site:
    """PostgreSQL and Temporal on disk, in real time, with connections of our own to both."""

    folder: Path
    postgres: EmbeddedPostgres
    temporal: TemporalDevServer
    client: Client
    pool: database.Pool
    _opened: int = 0

    @property
    def starter(self) -> Starter:
        """Sends messages to cases, and starts those of the product's own task queue."""
        return Starter(self.client, self.pool)

    def worker(self, name: str = "worker") -> WorkerProcess:
        """Describe the product's own worker as a process; nothing starts yet. Several need a name each."""
        return WorkerProcess(
            self.client,
            environment={"KAWAL_DATABASE_URL": self.postgres.url, "TEMPORAL_ADDRESS": self.temporal.address},
            log=self.log_of(name),
        )

    def log_of(self, name: str) -> Path:
        """Return where a process writes what it has to say."""
        return self.folder / f"{name}.log"

    async def open(self, policy: Policy, *, task_queue: str = settings.TASK_QUEUE, **changes: Any) -> Handle:
        """Start a case that is accepted now, and wait for nothing."""
        self._opened += 1
        case_id = f"crash-{self._opened}"
        await policies.publish(self.pool, policy)
        fields: dict[str, Any] = {"accepted_at": datetime.now(UTC), "policy_version": policy.version} | changes
        complaint = making.complaint(case_id, **fields)
        return await Starter(self.client, self.pool, task_queue).start(complaint)

    async def stored(self, case_id: str) -> CaseView:
        """Return how a case stands as the database has it."""
        case = await case_records.case(self.pool, case_id)
        assert case is not None, f"{case_id} was never committed"
        return case

    async def routed(self, case: Handle) -> CaseView:
        """Wait until a case is routed and committed."""
        async for event in case.fetch_history_events(wait_new_event=True):
            if event.HasField("upsert_workflow_search_attributes_event_attributes"):
                return await self.stored(case.id)
        raise AssertionError(f"{case.id} ended before it was routed")

    async def at_the_top(self, case: Handle) -> CaseView:
        """Wait until a case has climbed its whole ladder, and waits for nothing but an answer."""
        async for event in case.fetch_history_events(wait_new_event=True):
            if event.HasField("upsert_workflow_search_attributes_event_attributes"):  # which follows a commit
                stored = await self.stored(case.id)
                if stored.what_next is None:
                    return stored
        raise AssertionError(f"{case.id} ended before it was at the top")

    async def why_it_hangs(self, case: Handle) -> str:
        """Say what a case that does not go on is waiting for."""
        pending = (await case.describe()).raw_description.pending_activities
        return "; ".join(
            f"{one.activity_type.name}, attempt {one.attempt}: {one.last_failure.message}" for one in pending
        )


@asynccontextmanager
async def running_site(*, temporal_in_memory: bool = False) -> AsyncIterator[Site]:
    """Run both servers for the block, prepared as for production.

    In memory, Temporal is faster and does not outlive its process: not for those who kill it.
    """
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(scratch_folder())
        postgres_port, temporal_port = free_ports(2)
        postgres = EmbeddedPostgres(folder / "postgres", postgres_port, log=folder / "postgres.log")
        db_file = None if temporal_in_memory else folder / "temporal.db"
        server = TemporalDevServer(temporal_port, log=folder / "temporal.log", db_file=db_file)
        stack.push_async_callback(postgres.stop)
        stack.push_async_callback(server.stop)
        await asyncio.gather(postgres.start(), server.start())
        await database.migrate(postgres.url)
        client = await temporal.connect(server.address)
        await register_search_attributes(client, KEYS)
        pool = await database.connect(postgres.url)
        stack.callback(pool.terminate)
        yield Site(folder, postgres, server, client, pool)
