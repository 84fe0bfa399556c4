"""Following a case through its virtual time: messages at its own moment, and looks at its history."""

from datetime import datetime, timedelta
from itertools import count
from typing import Any

from temporalio.api.enums.v1 import EventType
from temporalio.api.history.v1 import HistoryEvent

from audit.replay import of_case, replay
from schemas.case import CaseStart, CaseState, CaseView
from schemas.messages import MessageReceipt
from schemas.policy import CaseClass, Policy
from storage import case_records, policies
from tests import making
from tests.kawal import Handle, Kawal
from workflows.complaint import ComplaintWorkflow

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
_OF_VIRTUAL_TIME = frozenset(
    {
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_TIME_SKIPPING_TRANSITIONED,
        EventType.EVENT_TYPE_WORKFLOW_EXECUTION_OPTIONS_UPDATED,
    }
)
_said = count(1)


async def now(kawal: Kawal, case: Handle) -> datetime:
    """Return the case's virtual moment."""
    return await kawal.skipper.get_current_time(case)


async def says(kawal: Kawal, case: Handle, kind: str, **fields: Any) -> MessageReceipt:
    """Send a message that is accepted at the case's virtual moment; return its receipt."""
    fields = {"accepted_at": await now(kawal, case)} | fields
    return await kawal.starter.send(case.id, making.message(kind, f"{kind}-{next(_said)}", **fields))


async def reaches(kawal: Kawal, case: Handle, moment: datetime) -> CaseView:
    """Let a case's time pass until a moment; return how it stands then."""
    return await kawal.pass_time(case, moment - await now(kawal, case))


async def carries_on(kawal: Kawal, state: CaseState) -> Handle:
    """Start a workflow with a case that a history before left behind; return once it has taken it up."""
    start = CaseStart(**dict(state.complaint), carried=state)
    case = await kawal.starter.client.start_workflow(
        ComplaintWorkflow.run, start, id=start.case_id, task_queue=kawal.task_queue
    )
    async for event in case.fetch_history_events(wait_new_event=True):
        if event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_COMPLETED:
            break
    return case


async def events(case: Handle) -> list[HistoryEvent]:
    """Return a case's history without the events that exist only because its time is virtual."""
    return [event for event in (await case.fetch_history()).events if event.event_type not in _OF_VIRTUAL_TIME]


async def no_task_failed(case: Handle) -> bool:
    """Return whether no workflow task of a case failed."""
    return all(event.event_type != EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED for event in await events(case))


async def replays(kawal: Kawal, case: Handle) -> bool:
    """Return whether a case's whole history holds with the code of today."""
    return all([verdict.holds async for verdict in replay(of_case(kawal.client, case.id))])


async def moments(kawal: Kawal, case: Handle, *kinds: str) -> list[tuple[str, datetime]]:
    """Return what happened to a case when, in order, as the database has it; of these kinds, or all."""
    lines = await case_records.timeline(kawal.pool, case.id)
    return [(line["kind"], line["at"]) for line in lines if not kinds or line["kind"] in kinds]


def changed(policy: Policy, **changes: Any) -> Policy:
    """Return a policy with some of it changed, which is another version."""
    return Policy.model_validate(dict(policy) | changes)


def without_law(policy: Policy) -> Policy:
    """Return a policy whose law gives no deadline, so that its ladder alone presses for an answer."""
    classes = tuple(CaseClass(code=found.code, name=found.name) for found in policy.classes)
    return changed(policy, classes=classes)


def roads_of(agency: str, policy: Policy) -> Policy:
    """Return a policy in which roads belong to an agency that no other test knows."""
    owner = policy.agencies[0].model_copy(update={"code": agency})
    routes = tuple(
        route.model_copy(update={"agency": agency}) if route.category == "road" else route for route in policy.routes
    )
    return changed(policy, agencies=(*policy.agencies, owner), routes=routes)


async def published(kawal: Kawal, policy: Policy) -> Policy:
    """Publish a policy and return it."""
    await policies.publish(kawal.pool, policy)
    return policy
