"""One service request: the agency prepares it, it is paid for, delivered and confirmed; or taken back.

A thin shell of children and messages around `domain.service_request`.
"""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError, ChildWorkflowError, FailureError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from pydantic import ValidationError

    from activities.post_declarations import CarrierActivities, RequestActivities
    from domain.service_children import case_of, delivery_of, unheard_of_case, unheard_of_delivery, withdrawal
    from domain.service_events import (
        CaseEnded,
        DeliveryEnded,
        Event,
        MessageReceived,
        Planned,
        Refunded,
        Stopped,
        TimeReached,
        Unreadable,
        Voided,
        at_moment,
        moments,
    )
    from domain.service_events import PaymentAsked as PaymentAskedFor
    from domain.service_request import decide_all, evolve_all, next_moment, refusal, took_effect
    from domain.service_view import result, view
    from schemas.case import CaseStart
    from schemas.delivery import CancelDelivery
    from schemas.problems import storable
    from schemas.service_request import (
        REQUEST_MESSAGES,
        PaymentAsked,
        RefundRequest,
        RequestCommit,
        RequestCommitResult,
        RequestMessage,
        RequestReceipt,
        RequestResult,
        RequestStart,
        RequestState,
        RequestStep,
        RequestTransition,
        RequestView,
        VoidRequest,
    )
    from workflows.alarm import Alarm
    from workflows.complaint import ComplaintWorkflow
    from workflows.delivery import DeliveryWorkflow
    from workflows.durable import UnreadableError, durably, read_message, refused, undisturbed
    from workflows.post_queue import ask_post
    from workflows.search_attributes import at_the_start
    from workflows.settling import Core, settle

LONGEST_HISTORY = 150
"""Events; then it goes on in a new history, once no case and no delivery of it is under way."""

_CORE: Core[RequestState, Event, RequestTransition] = Core(decide_all, evolve_all, moments, at_moment)


@dataclass
class _Letter:
    """Something that arrived, and whoever waits to hear that it took effect."""

    event: Event
    reply: asyncio.Future[RequestReceipt] | None = None


_Handle = asyncio.Future[workflow.ChildWorkflowHandle[Any, Any] | None]


@dataclass
class _Other:
    """A case or a delivery that works for a request: what waits for its end, and how it is spoken to."""

    work: asyncio.Task[None]
    handle: _Handle
    """None: it could not be begun."""


@workflow.defn(name="ServiceRequest", failure_exception_types=[ValidationError])
class ServiceRequestWorkflow:
    """The only writer of a request's state."""

    @workflow.init
    def __init__(self, start: RequestStart) -> None:
        self._start = start.model_copy(update={"carried": None, "signals": 0})
        self._request = start.carried or RequestState(start=self._start)
        self._inbox: list[_Letter] = []
        self._alarm = Alarm()
        self._others: dict[str, _Other] = {}
        self._signals = start.signals
        self._length = 0

    @workflow.run
    async def run(self, start: RequestStart) -> RequestResult:
        """Carry it to an end. Bad input fails it with a clear error; a mistake of ours waits for its mend instead."""
        if start.request_id != workflow.info().workflow_id:
            raise ApplicationError(
                f"request_id: {start.request_id} is not the id of its workflow, {workflow.info().workflow_id}",
                type="WrongRequestId",
                non_retryable=True,
            )
        if not await undisturbed(self._live()):
            carried = {"carried": self._request, "signals": self._signals}
            workflow.continue_as_new(self._start.model_copy(update=carried))
        return result(self._request)

    async def _live(self) -> bool:
        """Do what has to be done; then, whatever comes first, a message, an end or a moment, settle it.

        Returns whether it is over; if it is not, its history has grown long, and it goes on in a new one.
        """
        if self._request.plan is None:
            reply = await durably(RequestActivities.plan_request, self._start)
            await self._settle([_Letter(Planned(workflow.now(), reply)), *self._letters()])
        while not self._request.over:
            self._have_others_work()
            if (step := self._request.now.step) is not None:
                await self._settle([_Letter(await self._do(step)), *self._letters()])
            elif self._history_is_long() and not self._inbox and self._nobody_works():
                return False
            else:
                await self._settle(await self._whatever_comes_first())
        await self._settle(self._letters())
        await workflow.wait_condition(workflow.all_handlers_finished)
        return True

    def _history_is_long(self) -> bool:
        """Return whether to go on in a new history; messages that change nothing lengthen it, and are not committed."""
        return self._length >= LONGEST_HISTORY or workflow.info().is_continue_as_new_suggested()

    # What others do: the agency prepares, the post delivers.

    def _have_others_work(self) -> None:
        now = self._request.now
        if now.case_open and self._request.case_id not in self._others:
            self._begin(self._request.case_id, self._have_it_prepared)
        if now.delivery_open and self._request.delivery_id not in self._others:
            self._begin(self._request.delivery_id, self._have_it_delivered)

    def _begin(self, other: str, work: Callable[[RequestState, _Handle], Coroutine[Any, Any, None]]) -> None:
        handle: _Handle = asyncio.Future()
        task = asyncio.create_task(work(self._request, handle))
        task.add_done_callback(lambda _: _give_up(handle))  # whoever wants to speak to it waits for no one who broke
        self._others[other] = _Other(task, handle)

    def _nobody_works(self) -> bool:
        return not self._request.now.case_open and not self._request.now.delivery_open

    async def _have_it_prepared(self, request: RequestState, handle: _Handle) -> None:
        complaint = case_of(request, workflow.now())
        try:
            case = await workflow.start_child_workflow(
                ComplaintWorkflow.run,
                CaseStart(**dict(complaint)),
                id=complaint.case_id,
                parent_close_policy=ParentClosePolicy.ABANDON,
                search_attributes=at_the_start(complaint),
                static_summary=f"{complaint.service} in {complaint.region or 'no place given'}",
            )
            handle.set_result(case)
            ended = await case
        except (ChildWorkflowError, WorkflowAlreadyStartedError):
            ended = unheard_of_case(complaint.case_id)
        self._inbox.append(_Letter(CaseEnded(workflow.now(), ended)))

    async def _have_it_delivered(self, request: RequestState, handle: _Handle) -> None:
        start = delivery_of(request, workflow.now())
        try:
            delivery = await workflow.start_child_workflow(
                DeliveryWorkflow.run,
                start,
                id=start.delivery_id,
                parent_close_policy=ParentClosePolicy.ABANDON,
                static_summary=f"{start.service} to {start.region or 'no place given'}",
            )
            handle.set_result(delivery)
            ended = await delivery
        except (ChildWorkflowError, WorkflowAlreadyStartedError):
            ended = unheard_of_delivery(start.delivery_id, workflow.now())
        self._inbox.append(_Letter(DeliveryEnded(workflow.now(), ended)))

    # What the engine does by itself.

    async def _do(self, step: RequestStep) -> Event:
        request, now = self._request, self._request.now
        match step:
            case RequestStep.ASK_PAYMENT:
                asked = await ask_post(CarrierActivities.ask_payment, self._payment(request))
                return PaymentAskedFor(workflow.now(), asked)
            case RequestStep.VOID_PAYMENT:
                void = VoidRequest(request_id=self._start.request_id, code=now.payment_code or "")
                outcome = await ask_post(CarrierActivities.void_payment, void)
                return Voided(workflow.now(), outcome)
            case RequestStep.REFUND:
                receipt = now.to_refund[0]
                refund = RefundRequest(request_id=self._start.request_id, code=now.payment_code, receipt=receipt)
                given_back = await ask_post(CarrierActivities.refund_payment, refund)
                return Refunded(workflow.now(), given_back, receipt)
            case RequestStep.STOP_CASE:
                message = withdrawal(request)
                await self._tell(request.case_id, message.kind, message)
            case RequestStep.STOP_DELIVERY:
                cancel = CancelDelivery(message_id=f"{self._start.request_id}:cancel")
                await self._tell(request.delivery_id, "cancel", cancel)
        return Stopped(workflow.now())

    @staticmethod
    def _payment(request: RequestState) -> PaymentAsked:
        assert request.plan is not None
        assert request.plan.payment is not None
        assert request.plan.amount is not None
        return PaymentAsked(
            request_id=request.start.request_id, amount=request.plan.amount, within=request.plan.payment.within
        )

    async def _tell(self, other: str, name: str, message: Any) -> None:
        handle = await self._others[other].handle
        try:
            if handle is not None:
                await handle.signal(name, message)
        except FailureError:  # it is over already; its end is on the way here
            workflow.logger.info("nobody to stop", extra={"other": other})

    def _broken(self) -> list[asyncio.Task[None]]:
        """Return what broke while it waited for others."""
        return [other.work for other in self._others.values() if other.work.done() and other.work.exception()]

    # Whatever comes: messages, ends, moments.

    def _letters(self) -> list[_Letter]:
        letters, self._inbox = self._inbox, []
        return letters

    async def _whatever_comes_first(self) -> list[_Letter]:
        self._alarm.set(next_moment(self._request), what_for=str(self._request.now.status))
        await workflow.wait_condition(
            lambda: bool(self._inbox) or self._alarm.rang_at is not None or bool(self._broken())
        )
        for work in self._broken():
            work.result()  # a mistake of ours: raised here, it waits for its mend and can be seen
        letters = self._letters()
        if now := self._alarm.rang_at:
            letters.append(_Letter(TimeReached(now)))
        return letters

    async def _settle(self, letters: list[_Letter]) -> None:
        settled = await settle(_CORE, self._request, [letter.event for letter in letters], self._commit)
        self._request, self._length = settled.state, max(self._length, settled.history_length)
        for letter in letters:
            self._answer(letter)

    async def _commit(
        self, draft: RequestState, transitions: tuple[RequestTransition, ...], moments: dict[str, datetime]
    ) -> RequestCommitResult:
        request = RequestCommit(
            request=view(draft),
            recipient=self._start.recipient,
            transitions=transitions,
            moments=moments,
            history_length=workflow.info().get_current_history_length(),
        )
        return await durably(RequestActivities.commit_request, request)

    def _answer(self, letter: _Letter) -> None:
        if letter.reply is None or not isinstance(letter.event, MessageReceived):
            return
        message = letter.event.message
        if took_effect(self._request, message):
            letter.reply.set_result(self._receipt(message))
        else:
            letter.reply.set_exception(refused(refusal(self._request, message) or "refused"))

    def _receipt(self, message: RequestMessage) -> RequestReceipt:
        return RequestReceipt(
            request_id=self._start.request_id, message_id=message.message_id, status=self._request.now.status
        )

    # Messages. Each exists as an update, which answers, and as a signal, which does not, under the name of its kind.

    @workflow.update(dynamic=True)
    async def _update(self, name: str, payloads: Sequence[RawValue]) -> RequestReceipt:
        """Take a message; returns when it has taken effect and is committed."""
        message = read_message(REQUEST_MESSAGES, name, payloads)
        reply: asyncio.Future[RequestReceipt] = asyncio.Future()
        self._inbox.append(_Letter(MessageReceived(at=workflow.now(), message=message), reply))
        return await reply

    @_update.validator
    def _check(self, name: str, payloads: Sequence[RawValue]) -> None:
        """Refuse without leaving an event behind; a message that took effect already gets its receipt again."""
        try:
            message = read_message(REQUEST_MESSAGES, name, payloads)
        except UnreadableError as error:
            raise refused(str(error)) from error
        reason = refusal(self._request, message)
        if reason and not took_effect(self._request, message):
            raise refused(reason)

    @workflow.signal(dynamic=True)
    def _signal(self, name: str, payloads: Sequence[RawValue]) -> None:
        """Take a message as a signal, whatever it holds: nobody hears of an error here, so the history records it."""
        self._signals += 1
        now = workflow.now()
        try:
            event: Event = MessageReceived(at=now, message=read_message(REQUEST_MESSAGES, name, payloads))
        except UnreadableError as error:
            arrival, problem = f"(signal {self._signals})", storable(str(error))
            event = Unreadable(at=now, id=arrival, name=storable(name), problem=problem)
        self._inbox.append(_Letter(event))

    @workflow.query
    def state(self) -> RequestView:
        """Return how it stands, and when time alone takes it further."""
        return view(self._request)


def _give_up(handle: _Handle) -> None:
    if not handle.done():
        handle.set_result(None)
