"""Starting cases and sending them messages: what every edge of Kawal calls, and backend systems in Python."""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from pydantic import TypeAdapter
from temporalio.client import (
    Client,
    WorkflowHandle,
    WorkflowUpdateFailedError,
    WorkflowUpdateRPCTimeoutOrCancelledError,
)
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from gateway import sweeping
from gateway.in_force import policy_in_force
from gateway.places import located
from gateway.recipients import reachable_person
from gateway.refusals import AWAY, BUSY, PAUSES_AFTER_A_LOST_TASK, NoAnswerError, NotFoundError, RefusedError
from gateway.reporter_contact import reach_reporter
from runtime import settings
from schemas.base import Prose
from schemas.case import CaseResult, CaseStart, CaseView
from schemas.complaint import Complaint, Intake
from schemas.messages import Message, MessageReceipt
from storage import case_records, database, duplicates, intake
from storage.persons import ErasedError
from workflows.complaint import ComplaintWorkflow
from workflows.search_attributes import at_the_start

_PROSE: TypeAdapter[str] = TypeAdapter(Prose)


@dataclass(frozen=True)
class Starter:
    """Starts cases and sends them messages, over one Temporal client and one database pool."""

    client: Client
    pool: database.Pool
    task_queue: str = settings.TASK_QUEUE

    async def submit(self, given: Intake, *, policy_name: str | None = None, case_id: str | None = None) -> Complaint:
        """Accept a complaint: make it durable first, then start its case.

        The same case id, or the same channel and external id, again starts nothing twice and returns the first
        complaint, so a caller that got no answer may simply repeat the call.

        Raises:
            RefusedError: no policy is in force, or several are and none was named.
        """
        complaint = await self.accept(given, policy_name=policy_name, case_id=case_id)
        try:
            await self.start(complaint)
        except RPCError as error:
            if error.status not in AWAY:  # the complaint is safe, and a sweep starts its case when Temporal is back
                raise
        return complaint

    async def accept(
        self,
        given: Intake,
        *,
        policy_name: str | None = None,
        case_id: str | None = None,
        reported_by: str | None = None,
    ) -> Complaint:
        """Make a complaint durable without starting its case: `start` will, or a sweep. Temporal is not needed.

        Raises as `submit` does.
        """
        now = datetime.now(UTC)
        policy = await policy_in_force(self.pool, now, policy_name)
        cell = duplicates.cell(given.place, policy.duplicates)
        where = await located(policy, place=given.place, postal_code=given.postal_code, region=given.region)
        reporter = given.reporter and reachable_person(given.reporter)
        given = given.model_copy(update={"reporter": reporter, "region": where.region or given.region})
        try:
            complaint = await intake.accept(
                self.pool,
                case_id or new_case_id(now),
                given,
                policy.version,
                now,
                cell=cell,
                reported_by=reported_by,
            )
        except intake.CaseIdTakenError as error:
            raise RefusedError(str(error)) from error
        await reach_reporter(self.pool, complaint.case_id, given)
        return complaint

    async def sweep(self, *, seconds: float = 60) -> int:
        """Start the cases of complaints that were accepted and never started; return how many there were.

        Args:
            seconds: how long ago at least they were accepted: whoever accepted them may be about to start them.

        Raises:
            RPCError: as `sweeping.sweep` does.
        """
        return await sweeping.sweep(partial(intake.left_behind, self.pool, seconds=seconds), self.start)

    async def start(self, complaint: Complaint) -> WorkflowHandle[ComplaintWorkflow, CaseResult]:
        """Start a complaint's case, once: a case that runs or has ended is left as it is."""
        try:
            return await self.client.start_workflow(
                ComplaintWorkflow.run,
                CaseStart.model_validate(dict(complaint)),
                id=complaint.case_id,
                task_queue=self.task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                search_attributes=at_the_start(complaint),
                static_summary=f"{complaint.category} in {complaint.region or 'no place given'}",
            )
        except WorkflowAlreadyStartedError:
            return self.handle(complaint.case_id)

    def handle(self, case_id: str) -> WorkflowHandle[ComplaintWorkflow, CaseResult]:
        """Return a handle of a case's workflow, whether it exists or not."""
        return self.client.get_workflow_handle_for(ComplaintWorkflow.run, case_id)

    async def send(self, case_id: str, message: Message, *, text: str | None = None) -> MessageReceipt:
        """Send a message and return its receipt once it took effect and is in the database.

        The message counts from now, or from when its text was stored, however late Temporal or a worker takes it. The
        same message id again returns a receipt again, also after the case has ended. A text is stored apart, before the
        message goes out, so that no history holds it; it goes when the message is refused. Of a case whose reporter was
        erased no text is kept, and the case goes on without.

        Raises:
            RefusedError: the case refuses the message, for example because it is closed.
            NotFoundError: there is no such case.
            pydantic.ValidationError: the text is blank or too long.
        """
        if text is None:
            return await self._deliver(case_id, message, datetime.now(UTC))
        if not await intake.exists(self.pool, case_id):
            raise NotFoundError(f"case: there is none with the id {case_id}")
        text = _PROSE.validate_python(text)
        stored_at = await self._text_kept(case_id, message, text)
        try:
            receipt = await self._deliver(case_id, message, stored_at)
        except RefusedError:
            await intake.forget_text_of_refused(self.pool, case_id, message.message_id)
            raise
        # Once more, should another sender of the same message have been refused and taken the text away meanwhile.
        await self._text_kept(case_id, message, text)
        return receipt

    async def _text_kept(self, case_id: str, message: Message, text: str) -> datetime:
        """Return since when a message counts: since its text was kept, or since now if nobody may read it any more."""
        try:
            return await intake.store_text(self.pool, case_id, message.message_id, text)
        except ErasedError:
            return datetime.now(UTC)

    async def send_within(
        self, seconds: float, case_id: str, message: Message, *, text: str | None = None
    ) -> MessageReceipt:
        """Send a message like `send`, and wait for its receipt for so long at most.

        Raises:
            NoAnswerError: no receipt came in time.
        """
        try:
            async with asyncio.timeout(seconds):
                return await self.send(case_id, message, text=text)
        except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
            raise NoAnswerError(f"no worker took the message within {seconds:g} seconds") from error

    async def _deliver(self, case_id: str, message: Message, accepted_at: datetime) -> MessageReceipt:
        # Temporal remembers what it answered to an update id; a message that was mended in between is another update.
        update_id = f"{message.message_id}:{hashlib.sha256(message.model_dump_json().encode()).hexdigest()[:16]}"
        stamped = message.model_copy(update={"accepted_at": message.accepted_at or accepted_at})
        for pause in (*PAUSES_AFTER_A_LOST_TASK, None):
            try:
                return await self._update(case_id, stamped, update_id)
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return await self._receipt_of_an_ended_case(case_id, message)
                if error.status not in BUSY or pause is None:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("the last try returns or raises")

    async def _update(self, case_id: str, message: Message, update_id: str) -> MessageReceipt:
        try:
            receipt: MessageReceipt = await self.handle(case_id).execute_update(
                message.kind, message, id=update_id, result_type=MessageReceipt
            )
        except WorkflowUpdateFailedError as error:
            reason = error.cause.message if isinstance(error.cause, ApplicationError) else str(error.cause)
            raise RefusedError(reason) from error
        return receipt

    async def _receipt_of_an_ended_case(self, case_id: str, message: Message) -> MessageReceipt:
        """Answer for a case whose workflow takes no messages any more."""
        case = await case_records.case(self.pool, case_id)
        if case is None:
            raise NotFoundError(f"case: there is none with the id {case_id}, or no worker has taken it up yet")
        if (seq := await case_records.effect_of(self.pool, case_id, message)) is not None:
            return MessageReceipt(case_id=case_id, message_id=message.message_id, seq=seq, status=case.status)
        if case.closed_at is None:
            raise RefusedError(
                f"case {case_id} is {case.status}, but its workflow is gone: tell those who run Temporal"
            )
        raise RefusedError(f"case {case_id} is {case.status}, since {case.closed_at:%Y-%m-%d %H:%M} UTC: it is over")

    async def show(self, case_id: str) -> CaseView:
        """Return how a case stands, as the database has it.

        Raises:
            NotFoundError: there is no such case, or it was accepted a moment ago and is not routed yet.
        """
        case = await case_records.case(self.pool, case_id)
        if case is None:
            raise NotFoundError(f"case: there is none with the id {case_id}, or it was not routed yet")
        return case


def new_case_id(now: datetime) -> str:
    """Return a new case id: the day and eight letters or digits that cannot be mistaken for each other."""
    alphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
    return f"K{now:%y%m%d}-{''.join(secrets.choice(alphabet) for _ in range(8))}"
