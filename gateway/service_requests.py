"""Accepting service requests, starting them and sending them messages: what every edge of Kawal calls."""

import asyncio
import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.common import WorkflowIDConflictPolicy, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.service import RPCError, RPCStatusCode

from domain.service_terms import objections, service_of
from gateway import sweeping
from gateway.in_force import policy_in_force
from gateway.recipients import reachable, reference_of
from gateway.refusals import AWAY, BUSY, PAUSES_AFTER_A_LOST_TASK, NotFoundError, RefusedError
from runtime import settings
from schemas.policy import Policy
from schemas.service_request import (
    RequestIntake,
    RequestMessage,
    RequestReceipt,
    RequestResult,
    RequestStart,
    RequestTransitionKind,
    RequestView,
)
from storage import database, service_requests
from storage.benefits import BenefitTakenError
from workflows.service_request import ServiceRequestWorkflow


@dataclass(frozen=True)
class ServiceRequests:
    """Starts service requests and sends them messages, over one Temporal client and one database pool."""

    client: Client
    pool: database.Pool
    task_queue: str = settings.TASK_QUEUE

    async def submit(
        self, given: RequestIntake, *, policy_name: str | None = None, request_id: str | None = None
    ) -> RequestStart:
        """Accept a request: make it durable first, then start it.

        The same request id, or the same channel and external id, again starts nothing twice and returns the first
        request, so a caller that got no answer may simply repeat the call.

        Raises:
            RefusedError: the service needs something else, the benefit was given to another request, or no policy is in
                force.
        """
        policy = await policy_in_force(self.pool, datetime.now(UTC), policy_name)
        accepted = await self.accept(given, policy, request_id=request_id)
        try:
            await self.start(accepted)
        except RPCError as error:
            if error.status not in AWAY:  # the request is safe, and a sweep starts it when Temporal is back
                raise
        return accepted

    async def accept(
        self,
        given: RequestIntake,
        policy: Policy,
        *,
        request_id: str | None = None,
        requested_by: str | None = None,
    ) -> RequestStart:
        """Make a request durable without starting it; a sweep will, or `start`. Raises as `submit` does."""
        if problems := objections(policy, given):
            raise RefusedError("; ".join(problems))
        now = datetime.now(UTC)
        given = given.model_copy(update={"recipient": reachable(given.recipient)})
        request_id = request_id or new_request_id(now)
        service = service_of(policy, given.service)
        assert service is not None
        try:
            return await service_requests.accept(
                self.pool,
                request_id,
                given,
                reference_of(request_id),
                policy.version,
                now,
                once_per_period=service.once_per_period,
                requested_by=requested_by,
            )
        except (service_requests.RequestIdTakenError, BenefitTakenError) as error:
            raise RefusedError(str(error)) from error

    async def start(self, request: RequestStart) -> WorkflowHandle[ServiceRequestWorkflow, RequestResult]:
        """Start a request, once: one that runs or has ended is left as it is."""
        try:
            return await self.client.start_workflow(
                ServiceRequestWorkflow.run,
                request,
                id=request.request_id,
                task_queue=self.task_queue,
                id_conflict_policy=WorkflowIDConflictPolicy.USE_EXISTING,
                id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                static_summary=f"{request.service} in {request.region or 'no place given'}",
            )
        except WorkflowAlreadyStartedError:
            return self.handle(request.request_id)

    async def sweep(self) -> int:
        """Start requests that were accepted and never started; return how many. Raises as `sweeping.sweep` does."""
        return await sweeping.sweep(partial(service_requests.left_behind, self.pool), self.start)

    def handle(self, request_id: str) -> WorkflowHandle[ServiceRequestWorkflow, RequestResult]:
        """Return a handle of a request's workflow, whether it exists or not."""
        return self.client.get_workflow_handle_for(ServiceRequestWorkflow.run, request_id)

    async def send(self, request_id: str, message: RequestMessage) -> RequestReceipt:
        """Send a message and return its receipt once it took effect and is in the database.

        The same message id again returns a receipt again, also after the request has ended.

        Raises:
            RefusedError: the request refuses the message.
            NotFoundError: there is no such request.
        """
        update_id = f"{message.message_id}:{hashlib.sha256(message.model_dump_json().encode()).hexdigest()[:16]}"
        for pause in (*PAUSES_AFTER_A_LOST_TASK, None):
            try:
                receipt: RequestReceipt = await self.handle(request_id).execute_update(
                    message.kind, message, id=update_id, result_type=RequestReceipt
                )
            except WorkflowUpdateFailedError as error:
                reason = error.cause.message if isinstance(error.cause, ApplicationError) else str(error.cause)
                raise RefusedError(reason) from error
            except RPCError as error:
                if error.status is RPCStatusCode.NOT_FOUND:
                    return await self._receipt_of_an_ended_request(request_id, message)
                if error.status not in BUSY or pause is None:
                    raise
                await asyncio.sleep(pause)
            else:
                return receipt
        raise AssertionError("the last try returns or raises")

    async def _receipt_of_an_ended_request(self, request_id: str, message: RequestMessage) -> RequestReceipt:
        request = await self.show(request_id)
        lines = await service_requests.timeline(self.pool, request_id)
        heard = [line["message_id"] for line in lines if line["kind"] != RequestTransitionKind.REFUSED_MESSAGE]
        if message.message_id in heard:
            return RequestReceipt(request_id=request_id, message_id=message.message_id, status=request.status)
        raise RefusedError(f"request {request_id} is {request.status}: it is over")

    async def show(self, request_id: str) -> RequestView:
        """Return how a request stands, as the database has it. Raises `NotFoundError` when there is none."""
        request = await service_requests.find(self.pool, request_id)
        if request is None:
            raise NotFoundError(f"request: there is none with the id {request_id}, or no worker has taken it up yet")
        return request


def new_request_id(now: datetime) -> str:
    """Return a new request id: the day and eight letters or digits that cannot be mistaken for each other."""
    alphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ"
    return f"L{now:%y%m%d}-{''.join(secrets.choice(alphabet) for _ in range(8))}"
