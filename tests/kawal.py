"""The running product as tests drive it."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from temporalio.client import Client, WorkflowHandle
from temporalio.testing import TimeSkipper

from gateway.starter import Starter
from schemas.case import CaseResult, CaseView
from schemas.complaint import Complaint
from schemas.ledger import LedgerEntry
from schemas.policy import Policy
from storage import case_records, policies
from storage.database import Pool
from tests import making
from workflows.complaint import ComplaintWorkflow

Handle = WorkflowHandle[ComplaintWorkflow, CaseResult]


@dataclass
class Kawal:
    """Starts cases with virtual clocks and lets their time pass; looks at what became of them."""

    client: Client
    skipper: TimeSkipper
    pool: Pool
    task_queue: str
    _opened: int = 0

    @property
    def starter(self) -> Starter:
        """Starts cases whose clock is virtual."""
        return Starter(self.skipper.client, self.pool, self.task_queue)

    @property
    def in_real_time(self) -> Starter:
        """Starts cases whose clock is that of the machine."""
        return Starter(self.client, self.pool, self.task_queue)

    def new_id(self) -> str:
        """Return an id that no case of these tests has."""
        self._opened += 1
        return f"case-{self._opened}"

    async def open(self, policy: Policy | None = None, *, real_time: bool = False, **changes: Any) -> Handle:
        """Start a case accepted now and return it once it is routed and committed."""
        policy = policy or making.policy()
        await policies.publish(self.pool, policy)
        complaint = self.complaint(policy, **changes)
        handle = await (self.in_real_time if real_time else self.starter).start(complaint)
        await self.routed(handle.id)
        return handle

    async def routed(self, case_id: str) -> None:
        """Wait until a case is routed and committed."""
        async for event in self.starter.handle(case_id).fetch_history_events(wait_new_event=True):
            if event.HasField("upsert_workflow_search_attributes_event_attributes"):
                break  # which follows the first commit

    def complaint(self, policy: Policy, **changes: Any) -> Complaint:
        """Return a complaint accepted now, under a policy."""
        fields: dict[str, Any] = {"case_id": self.new_id(), "accepted_at": datetime.now(UTC)}
        return making.complaint(**({"policy_version": policy.version} | fields | changes))

    async def pass_time(self, handle: Handle, time: timedelta) -> CaseView:
        """Let a case's virtual time pass; return how it stands then."""
        await self.skipper.fast_forward(handle, time)
        return await handle.query(ComplaintWorkflow.state)

    async def kinds(self, case_id: str) -> list[str]:
        """Return the timeline's kinds, in order, as the database has them."""
        return [line["kind"] for line in await case_records.timeline(self.pool, case_id)]

    async def ledger(self, case_id: str) -> list[LedgerEntry]:
        """Return the sanction ledger as the database has it."""
        return await case_records.ledger(self.pool, case_id)

    async def stored(self, case_id: str) -> CaseView:
        """Return how the case stands as the database has it."""
        case = await case_records.case(self.pool, case_id)
        assert case is not None
        return case
