"""One complaint of the past, lived through again by the real workflow on a virtual clock."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import TemporalError

from gateway.refusals import NotFoundError, RefusedError
from schemas.case import CaseResult, CaseView
from schemas.complaint import Complaint, Intake
from schemas.messages import Actor, Message, Respond, Role, Withdraw
from simulation.laboratory import Laboratory
from simulation.reading import Course, Matter
from storage import intake

CHANNEL = "simulation"
_LONGEST = 120.0
"""Seconds of the wall's clock after which a case counts as stuck; it needs about one for each level that it climbs."""

_VIRTUAL_TIME_ONLY = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
    }
)


@dataclass(frozen=True)
class Past:
    """A complaint as the table tells it."""

    number: int
    source_id: str
    matter: Matter
    course: Course

    @property
    def case_id(self) -> str:
        """Names the case: by the row, as nothing promises that the source's ids are all different."""
        return f"row-{self.number}"


@dataclass(frozen=True)
class Lived:
    """A case that was lived through, as the engine left it in the database."""

    past: Past
    view: CaseView
    events: int
    """Length of the history, without the events that exist only because its time is virtual."""


@dataclass(frozen=True)
class Lost:
    """A case that could not be lived through, and why."""

    past: Past
    reason: str


async def live(laboratory: Laboratory, past: Past) -> Lived | Lost:
    """Live a complaint through: start its case, let its time pass, answer it or, at the snapshot, take it back.

    The case begins now and all its spans stay what they were. Its answer carries the very moment at which it was
    given, which is what the workflow goes by; it is delivered some milliseconds later.
    """
    try:
        async with asyncio.timeout(_LONGEST):
            return await _live(laboratory, past)
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
        # The client disguises a cancellation while it waits for a receipt; Ctrl-C must not pass for a lost case.
        if (task := asyncio.current_task()) and task.cancelling():
            raise asyncio.CancelledError from None
        return Lost(past, f"stuck: nothing came of it within {_LONGEST:g} seconds")
    except (RefusedError, NotFoundError, TemporalError, OverflowError, RuntimeError, OSError) as error:
        return Lost(past, f"{type(error).__name__}: {error}")
    except (asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return Lost(past, f"the database: {error}")


async def _live(laboratory: Laboratory, past: Past) -> Lived | Lost:
    starter = laboratory.starter
    complaint = await _accept(laboratory, past)
    handle = await starter.start(complaint)
    await _waits(handle)
    # A few answers precede their complaint: those come at once.
    passes = max(past.course.followed if past.course.answered is None else past.course.answered, timedelta())
    if passes and not await laboratory.skipper.fast_forward(handle, passes):
        return Lost(past, "its workflow ended before its time")
    await starter.send(complaint.case_id, _last_message(past, complaint.accepted_at + passes))
    result = await handle.result()
    view = await starter.show(complaint.case_id)
    shown = view.model_dump(include=set(CaseResult.model_fields)) | {"answered": view.answered_at is not None}
    if CaseResult.model_validate(shown) != result:
        return Lost(past, "its workflow and the database do not say the same of it")
    return Lived(past, view, await _events(handle))


async def _waits(handle: WorkflowHandle[Any, Any]) -> None:
    """Return once the case waits for its first moment: a clock that is set forward before that may overshoot."""
    async for event in handle.fetch_history_events(wait_new_event=True):
        if event.event_type == EventType.EVENT_TYPE_TIMER_STARTED:
            return


async def _accept(laboratory: Laboratory, past: Past) -> Complaint:
    now, promised = datetime.now(UTC), past.course.promised
    given = Intake(
        channel=CHANNEL,
        category=past.matter.category,
        region=past.matter.region,
        text=f"row {past.number} of the table",
        promised_at=None if promised is None else now + promised,
    )
    return await intake.accept(laboratory.pool, past.case_id, given, laboratory.policy.version, now)


def _last_message(past: Past, at: datetime) -> Message:
    if past.course.answered is None:
        return Withdraw(message_id="snapshot", actor=Actor(id="snapshot", role=Role.SYSTEM), accepted_at=at)
    return Respond(message_id="answer", actor=Actor(id="operator"), accepted_at=at)


async def _events(handle: WorkflowHandle[Any, Any]) -> int:
    history = await handle.fetch_history()
    return sum(event.event_type not in _VIRTUAL_TIME_ONLY for event in history.events)
