"""The people in a story: who asks for a service, prepares it, pays for it, and gets it."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from temporalio.api.history.v1 import HistoryEvent
from temporalio.client import WorkflowHandle

from gateway.refusals import RefusedError
from schemas.messages import Actor, Respond, Role
from schemas.service_request import Confirm, Dispute, DisputeReason, RequestResult, RequestStatus, RequestView
from simulation.post_house import PostHouse
from simulation.service_stories import Story
from storage import case_records, service_requests

_OPERATOR = Actor(id="operator-7")
_RECIPIENT = Actor(id="citizen-1", role=Role.REPORTER)


@dataclass
class People:
    """Those who take part in a story."""

    house: PostHouse
    story: Story
    stands: Callable[[str], None]
    """Told how the request stands, again and again."""
    children: list[str] = field(default_factory=list)
    """The cases and deliveries that were begun, in order."""
    refused_second: bool = False
    """Whether a second request for the same was refused."""
    _done: set[str] = field(default_factory=set)

    async def live(self) -> RequestResult:
        """Ask for the service, and do one's part until it is over.

        Raises:
            RefusedError: the request is refused, or the answer to its case.
            httpx.HTTPError: the counter takes no money.
        """
        house, story = self.house, self.story
        accepted = await house.requests.accept(story.intake, house.policy, request_id=story.request_id)
        handle = await house.requests.start(accepted)
        if story.asks_twice:
            await self._ask_again()
        await self._follow(handle)
        return await handle.result()

    async def _ask_again(self) -> None:
        """Ask for the same a second time, at another counter."""
        again = f"{self.story.request_id}-again"
        try:
            await self.house.requests.accept(self.story.intake, self.house.policy, request_id=again)
        except RefusedError:
            self.refused_second = True

    async def _follow(self, handle: WorkflowHandle[Any, Any]) -> None:
        async for event in handle.fetch_history_events(wait_new_event=True):
            if (child := _begun(event)) is not None:
                self.children.append(child)
                if is_case(child):
                    await self._prepare(child)
            request = await service_requests.find(self.house.pool, self.story.request_id)
            if request is not None:
                self.stands(str(request.status))
                await self._act(request)

    async def _prepare(self, case_id: str) -> None:
        """Say that it is ready, with a photograph of it; or let the time for it pass first."""
        ready = Respond(message_id=f"{case_id}:ready", actor=_OPERATOR, evidence=(f"photograph-{case_id}",))
        async for _ in self.house.cases.handle(case_id).fetch_history_events(wait_new_event=True):
            case = await case_records.case(self.house.pool, case_id)
            if case is not None and not (self.story.agency_late and case.on_time):
                await self.house.cases.send(case_id, ready)
                return

    async def _act(self, request: RequestView) -> None:
        """Do what it is time for, once. What comes a moment too soon is refused, and is done at the next event."""
        deed = f"{request.status} {request.delivery_id}"
        if deed in self._done:
            return
        try:
            acted = await self._do(request)
        except RefusedError:
            return
        if acted:
            self._done.add(deed)

    async def _do(self, request: RequestView) -> bool:
        message_id = f"{request.delivery_id}:receipt"
        match request.status:
            case RequestStatus.AWAITING_PAYMENT if request.payment_code and self.story.pays:
                await self.house.carrier.call("POST", f"/control/payments/{request.payment_code}/pay")
            case RequestStatus.CONFIRMING if self.story.disputes and _is_first(request):
                dispute = Dispute(message_id=message_id, actor=_RECIPIENT, reason=DisputeReason.DAMAGED)
                await self.house.requests.send(request.request_id, dispute)
            case RequestStatus.CONFIRMING:
                await self.house.requests.send(request.request_id, Confirm(message_id=message_id, actor=_RECIPIENT))
            case _:
                return False
        return True


def is_case(child: str) -> bool:
    """Return whether something that a request has begun is a case of preparation; else it is a delivery."""
    return re.search(r"-p\d+$", child) is not None


def _begun(event: HistoryEvent) -> str | None:
    if not event.HasField("child_workflow_execution_started_event_attributes"):
        return None
    return event.child_workflow_execution_started_event_attributes.workflow_execution.workflow_id


def _is_first(request: RequestView) -> bool:
    return request.delivery_id == f"{request.request_id}-d1"
