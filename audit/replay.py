"""Replaying histories through the code of today: does it still decide what was decided then?

Temporal's replayer compares the steps: which activities, timers and updates came in which order. Whether they were
about the same thing shows in the result of a closed case: it names the verdict, the level, the number of transitions
and the head of the ledger, which stands for every sanction in it; of a service request or a delivery, its end and the
money. The result of today is compared with that of then; so is the whole state that a long life hands on from one
history to the next.
"""

import re
from collections.abc import AsyncIterator
from typing import Any, NoReturn

from temporalio import workflow
from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import WorkflowExecutionStartedEventAttributes
from temporalio.client import Client, WorkflowHistory
from temporalio.worker import (
    ContinueAsNewInput,
    ExecuteWorkflowInput,
    Interceptor,
    Replayer,
    WorkflowInboundInterceptor,
    WorkflowInterceptorClassInput,
    WorkflowOutboundInterceptor,
)

from runtime import temporal
from schemas.base import Model
from schemas.case import CaseResult, CaseStart
from schemas.delivery import DeliveryResult, DeliveryStart
from schemas.scorecard import ScorecardStart
from schemas.service_request import RequestResult, RequestStart
from workflows.complaint import ComplaintWorkflow
from workflows.delivery import DeliveryWorkflow
from workflows.scorecard import ScorecardWorkflow
from workflows.service_request import ServiceRequestWorkflow

_LONGEST_VALUE = 100
_ALL = "WorkflowType IN ('Complaint', 'Scorecard', 'ServiceRequest', 'Delivery')"
_ENDS = {
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_COMPLETED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_FAILED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CANCELED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TERMINATED,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIMED_OUT,
    EventType.EVENT_TYPE_WORKFLOW_EXECUTION_CONTINUED_AS_NEW,
}


Result = CaseResult | RequestResult | DeliveryResult
GoingOn = CaseStart | ScorecardStart | RequestStart | DeliveryStart
End = Result | GoingOn
"""What a history ends with: a result, or the state with which a life goes on in another history."""

_RESULTS: dict[str, type[Result]] = {
    "Complaint": CaseResult,
    "ServiceRequest": RequestResult,
    "Delivery": DeliveryResult,
}
_GOING_ON: dict[str, type[GoingOn]] = {
    "Complaint": CaseStart,
    "Scorecard": ScorecardStart,
    "ServiceRequest": RequestStart,
    "Delivery": DeliveryStart,
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
    """Yield the histories of one case, first to last: a long life has several, each goes on from the one before.

    Raises:
        RPCError: Temporal has none (not found), or no longer has the first.
    """
    last = await client.get_workflow_handle(case_id).fetch_history()
    run_id: str | None = _started(last).first_execution_run_id
    while run_id:
        history = await client.get_workflow_handle(case_id, run_id=run_id).fetch_history()
        yield history
        run_id = _goes_on_in(history)


def _started(history: WorkflowHistory) -> WorkflowExecutionStartedEventAttributes:
    return history.events[0].workflow_execution_started_event_attributes


def _goes_on_in(history: WorkflowHistory) -> str | None:
    end = history.events[-1]
    if not end.HasField("workflow_execution_continued_as_new_event_attributes"):
        return None
    return end.workflow_execution_continued_as_new_event_attributes.new_execution_run_id


def of_all_cases(client: Client) -> AsyncIterator[WorkflowHistory]:
    """Yield all histories that Temporal keeps, open and closed: of cases, registers, service requests, deliveries."""
    return client.list_workflows(_ALL).map_histories()


async def count(client: Client) -> int:
    """Return how many histories `of_all_cases` is going to yield, about."""
    return (await client.count_workflows(_ALL)).count


async def replay(histories: AsyncIterator[WorkflowHistory]) -> AsyncIterator[Verdict]:
    """Run histories through the workflow code and yield a verdict for each, in order."""
    ends_of_today: dict[str, End] = {}
    replayer = Replayer(
        workflows=[ComplaintWorkflow, ScorecardWorkflow, ServiceRequestWorkflow, DeliveryWorkflow],
        data_converter=temporal.data_converter(strict=True),
        workflow_runner=temporal.workflow_runner(),
        interceptors=[_EndsKept(ends_of_today)],
    )
    async with replayer.workflow_replay_iterator(histories) as results:
        async for result in results:
            history, failure = result.history, result.replay_failure
            parts_at = _where(failure) if failure else await _differs(history, ends_of_today.pop(history.run_id, None))
            yield Verdict(
                case_id=history.workflow_id,
                run_id=history.run_id,
                events=len(history.events),
                open=history.events[-1].event_type not in _ENDS,
                holds=parts_at is None,
                parts_at=parts_at,
            )


class _EndsKept(Interceptor):
    """Keeps what replayed workflows return, or hand on to the history that they go on in, by run."""

    def __init__(self, results: dict[str, End]) -> None:
        self._results = results

    def workflow_interceptor_class(
        self,
        input: WorkflowInterceptorClassInput,  # noqa: A002 - Temporal's name
    ) -> type[WorkflowInboundInterceptor]:
        results = self._results

        class KeepHandedOn(WorkflowOutboundInterceptor):
            def continue_as_new(self, input: ContinueAsNewInput) -> NoReturn:  # noqa: A002 - Temporal's name
                [results[workflow.info().run_id]] = input.args
                super().continue_as_new(input)

        class KeepResult(WorkflowInboundInterceptor):
            def init(self, outbound: WorkflowOutboundInterceptor) -> None:
                super().init(KeepHandedOn(outbound))

            async def execute_workflow(self, input: ExecuteWorkflowInput) -> Any:  # noqa: A002 - Temporal's name
                result = await super().execute_workflow(input)
                results[workflow.info().run_id] = result
                return result

        return KeepResult


async def _differs(history: WorkflowHistory, today: End | None) -> str | None:
    """Return how the end of today differs from the history's; None when it does not, or there is none yet."""
    end, kind = history.events[-1], _started(history).workflow_type.name
    if end.HasField("workflow_execution_completed_event_attributes"):
        model: type[End] = _RESULTS[kind]
        payloads = end.workflow_execution_completed_event_attributes.result.payloads
    elif end.HasField("workflow_execution_continued_as_new_event_attributes"):
        model = _GOING_ON[kind]
        payloads = end.workflow_execution_continued_as_new_event_attributes.input.payloads
    else:
        return None
    [then] = await temporal.data_converter(strict=True).decode(payloads, [model])
    if today is None:
        return f"event {end.event_id}: the case had come to an end there, and has not today"
    differences = _differences(then, today)
    return f"event {end.event_id}: {'; '.join(differences)}" if differences else None


def _differences(then: Model, today: Model) -> list[str]:
    """Return in which fields two ends differ; of a life that goes on, in which parts of its state."""
    if isinstance(then, GoingOn) and isinstance(today, GoingOn):
        then, today = then.carried or then, today.carried or today
    return [
        f"{name} was {_short(getattr(then, name))}, is {_short(getattr(today, name, None))}"
        for name in type(then).model_fields
        if getattr(then, name) != getattr(today, name, None)
    ]


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def _where(failure: Exception) -> str:
    """Return where a history parts from the code, out of the SDK's report of it."""
    said = re.search(r'message: "(.*?)"[,}]', str(failure), flags=re.DOTALL)
    return said.group(1) if said else str(failure)
