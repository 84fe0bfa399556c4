"""Replaying histories through the code of today: does it still decide what was decided then?"""

import re
from collections.abc import AsyncIterator

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import Replayer

from runtime import temporal
from schemas.base import Model
from workflows.complaint import ComplaintWorkflow

_ENDS = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
}


class Verdict(Model):
    """Whether one history holds. An open one is checked up to its last completed step."""

    case_id: str
    run_id: str
    events: int
    open: bool
    holds: bool
    parts_at: str | None = None


async def of_case(client: Client, case_id: str) -> AsyncIterator[WorkflowHistory]:
    """Yield the history of one case. Raises `RPCError` (not found) when Temporal has none."""
    yield await client.get_workflow_handle(case_id).fetch_history()


def of_all_cases(client: Client) -> AsyncIterator[WorkflowHistory]:
    """Yield the histories of all cases that Temporal keeps, open and closed."""
    return client.list_workflows("WorkflowType = 'Complaint'").map_histories()


async def count(client: Client) -> int:
    """Return how many histories `of_all_cases` is going to yield, about."""
    return (await client.count_workflows("WorkflowType = 'Complaint'")).count


async def replay(histories: AsyncIterator[WorkflowHistory]) -> AsyncIterator[Verdict]:
    """Run histories through the workflow code and yield a verdict for each, in order."""
    replayer = Replayer(
        workflows=[ComplaintWorkflow],
        data_converter=temporal.DATA_CONVERTER,
        workflow_runner=temporal.workflow_runner(),
    )
    async with replayer.workflow_replay_iterator(histories) as results:
        async for result in results:
            events = result.history.events
            yield Verdict(
                case_id=result.history.workflow_id,
                run_id=result.history.run_id,
                events=len(events),
                open=events[-1].event_type not in _ENDS,
                holds=result.replay_failure is None,
                parts_at=None if result.replay_failure is None else _where(result.replay_failure),
            )


def _where(failure: Exception) -> str:
    """Return where a history parts from the code, out of the SDK's report of it."""
    said = re.search(r'message: "(.*?)"[,}]', str(failure), flags=re.DOTALL)
    return said.group(1) if said else str(failure)
