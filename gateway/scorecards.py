"""The registers of agencies at the edge: delivering to them what cases tell, sending messages, reading them."""

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime

from pydantic import TypeAdapter
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.common import (
    SearchAttributePair,
    TypedSearchAttributes,
    WorkflowIDConflictPolicy,
    WorkflowIDReusePolicy,
)
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode

from gateway.refusals import PAUSES_AFTER_A_LOST_TASK, NotFoundError, RefusedError
from runtime import settings
from schemas.base import Prose
from schemas.scorecard import (
    Delivery,
    RegisterEntry,
    RegisterMessage,
    RegisterReceipt,
    Score,
    ScorecardStart,
)
from storage import database, intake, scorecard_feed, scorecards
from workflows.scorecard import ScorecardWorkflow, workflow_id
from workflows.search_attributes import AGENCY

_TRY_AGAIN = (RPCStatusCode.FAILED_PRECONDITION, RPCStatusCode.ABORTED)

_PROSE: TypeAdapter[str] = TypeAdapter(Prose)


async def deliver(client: Client, pool: database.Pool, task_queue: str) -> int:
    """Bring what cases have told to the registers that it is for, and return how many items that were.

    An item counts as delivered once Temporal has accepted the signal that carries it. Whoever dies in between leaves it
    to the next one, and the register takes it once all the same. Several may deliver at once. An agency whose register
    cannot be reached keeps no other from hearing.

    Raises:
        RPCError: Temporal refused something; what it did accept is delivered.
    """
    delivered, failure = 0, None
    for agency in await scorecard_feed.waiting(pool):
        try:
            while number := await _deliver_some(client, pool, task_queue, agency):
                delivered += number
        except RPCError as error:
            failure = error
    if failure is not None:
        raise failure
    return delivered


async def _deliver_some(client: Client, pool: database.Pool, task_queue: str, agency: str) -> int:
    async with pool.acquire() as connection, connection.transaction():
        items = await scorecard_feed.next_for(connection, agency)
        if items:
            await _signal(client, task_queue, agency, Delivery(items=tuple(items.values())))
            await scorecard_feed.mark_delivered(connection, list(items))
    return len(items)


async def _signal(client: Client, task_queue: str, agency: str, delivery: Delivery) -> None:
    await client.start_workflow(
        ScorecardWorkflow.run,
        ScorecardStart(agency=agency),
        id=workflow_id(agency),
        task_queue=task_queue,
        id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
        id_reuse_policy=WorkflowIDReusePolicy.ALLOW_DUPLICATE,
        search_attributes=TypedSearchAttributes([SearchAttributePair(AGENCY, agency)]),
        static_summary=f"register of {agency}",
        start_signal="deliver",
        start_signal_args=[delivery],
    )


@dataclass(frozen=True)
class Scorecards:
    """The registers of all agencies, over one Temporal client and one database pool."""

    client: Client
    pool: database.Pool
    task_queue: str = settings.TASK_QUEUE

    async def deliver(self) -> int:
        """Bring what cases have told to the registers, and return how many items that were."""
        return await deliver(self.client, self.pool, self.task_queue)

    def handle(self, agency: str) -> WorkflowHandle[ScorecardWorkflow, None]:
        """Return a handle of a register's workflow, whether it exists or not."""
        return self.client.get_workflow_handle_for(ScorecardWorkflow.run, workflow_id(agency))

    async def send(self, agency: str, message: RegisterMessage, *, text: str | None = None) -> RegisterReceipt:
        """Send an objection or a decision; return its receipt once it took effect and is in the database.

        The message counts from now, or from when its text was stored, however late a worker takes it. The same message
        id again returns the receipt again. A text is stored apart, before the message goes out, so that no history
        holds it; it goes when the message is refused.

        Raises:
            RefusedError: the register refuses the message, for example because it is too late to object.
            NotFoundError: the agency has no register yet.
            pydantic.ValidationError: the text is blank or too long.
        """
        if text is None:
            return await self._deliver(agency, message, datetime.now(UTC))
        if not await scorecards.exists(self.pool, agency):
            raise _no_register(agency)
        text, where = _PROSE.validate_python(text), workflow_id(agency)
        stored_at = await intake.store_text(self.pool, where, message.message_id, text)
        try:
            receipt = await self._deliver(agency, message, stored_at)
        except RefusedError:
            await scorecards.forget_text_of_refused(self.pool, agency, where, message.message_id)
            raise
        # Once more, should another sender of the same message have been refused and taken the text away meanwhile.
        await intake.store_text(self.pool, where, message.message_id, text)
        return receipt

    async def _deliver(self, agency: str, message: RegisterMessage, accepted_at: datetime) -> RegisterReceipt:
        # Temporal remembers what it answered to an update id; a message that was mended in between is another update.
        update_id = f"{message.message_id}:{hashlib.sha256(message.model_dump_json().encode()).hexdigest()[:16]}"
        stamped = message.model_copy(update={"accepted_at": message.accepted_at or accepted_at})
        for pause in (*PAUSES_AFTER_A_LOST_TASK, None):
            try:
                return await self._update(agency, stamped, update_id)
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    raise _no_register(agency) from error
                if error.status not in _TRY_AGAIN or pause is None:
                    raise
                await asyncio.sleep(pause)
        raise AssertionError("the last try returns or raises")

    async def _update(self, agency: str, message: RegisterMessage, update_id: str) -> RegisterReceipt:
        try:
            receipt: RegisterReceipt = await self.handle(agency).execute_update(
                message.kind, message, id=update_id, result_type=RegisterReceipt
            )
        except WorkflowUpdateFailedError as error:
            reason = error.cause.message if isinstance(error.cause, ApplicationError) else str(error.cause)
            raise RefusedError(reason) from error
        return receipt

    async def list(
        self, *, agency: str | None = None, subject: str | None = None, case_id: str | None = None
    ) -> list[RegisterEntry]:
        """Return entries by agency and number: of an agency, about a subject, from a case, or all."""
        return await scorecards.register(self.pool, agency=agency, subject=subject, case_id=case_id)

    async def points(self, *, agency: str | None = None, period: str | None = None) -> dict[str, tuple[Score, ...]]:
        """Return the points of standing proposals by agency, of one period (2026, 2026-Q4, 2026-11) or all."""
        found: dict[str, tuple[Score, ...]] = {}
        for code, score in await scorecards.points(self.pool, agency=agency, period=period):
            found[code] = (*found.get(code, ()), score)
        return found


def _no_register(agency: str) -> NotFoundError:
    return NotFoundError(f"agency: {agency} has no register; it begins with the first proposal or answer of a case")
