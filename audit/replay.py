"""Replaying histories through the code of today: does it still decide what was decided then?

Temporal's replayer compares the steps: which activities, timers and updates came in which order. Whether they were
about the same thing shows in the result of a closed case: it names the verdict, the level, the number of transitions
and the head of the ledger, which stands for every sanction in it. The result of today is compared with that of then.
"""

import re
from collections.abc import AsyncIterator
from typing import Any

from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import (
    ExecuteWorkflowInput,
    Interceptor,
    Replayer,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
)

from runtime import temporal
from schemas.base import Model
from schemas.case import CaseResult
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
    """Whether one history holds. Of an open one, only the steps are checked, up to its last completed one."""

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
    results_of_today: dict[str, CaseResult] = {}
    replayer = Replayer(
        workflows=[ComplaintWorkflow],
        data_converter=temporal.DATA_CONVERTER,
        workflow_runner=temporal.workflow_runner(),
        interceptors=[_ResultsKept(results_of_today)],
    )
    async with replayer.workflow_replay_iterator(histories) as results:
        async for result in results:
            history, failure = result.history, result.replay_failure
            parts_at = (
                _where(failure) if failure else await _differs(history, results_of_today.pop(history.run_id, None))
            )
            yield Verdict(
                case_id=history.workflow_id,
                run_id=history.run_id,
                events=len(history.events),
                open=history.events[-1].event_type not in _ENDS,
                holds=parts_at is None,
                parts_at=parts_at,
            )


class _ResultsKept(Interceptor):
    """Keeps what replayed workflows return, by run."""

    def __init__(self, results: dict[str, CaseResult]) -> None:
        self._results = results

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002 - Temporal's name
    ) -> type[WorkflowInboundInterceptor]:
        results = self._results

        class KeepResult(WorkflowInboundInterceptor):
            async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002 - Temporal's name
                result = await super().execute_workflow(input)
                results[workflow.info().run_id] = result
                return result

        return KeepResult


async def _differs(history: WorkflowHistory, today: CaseResult | None) -> str | None:
    """Return how the result of today differs from the history's; None when it does not, or there is none yet."""
    end = history.events[-1]
    if not end.HasField("workflow_execution_completed_event_attributes"):
        return None
    payloads = end.workflow_execution_completed_event_attributes.result.payloads
    [then] = await temporal.DATA_CONVERTER.decode(payloads, [CaseResult])
    if today is None:
        return f"event {end.event_id}: the case was closed then, and is not today"
    differences = [
        f"{name} was {getattr(then, name)}, is {getattr(today, name)}"
        for name in CaseResult.model_fields
        if getattr(then, name) != getattr(today, name)
    ]
    return f"event {end.event_id}: {'; '.join(differences)}" if differences else None


def _where(failure: Exception) -> str:
    """Return where a history parts from the code, out of the SDK's report of it."""
    said = re.search(r'message: "(.*?)"[,}]', str(failure), flags=re.DOTALL)
    return said.group(1) if said else str(failure)
