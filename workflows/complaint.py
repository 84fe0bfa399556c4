"""One complaint, from its acceptance to its end: a thin shell of timers and messages around `domain.lifecycle`."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.common import RawValue, RetryPolicy
from temporalio.exceptions import ApplicationError, FailureError, is_cancelled_exception

with workflow.unsafe.imports_passed_through():
    from pydantic import ValidationError

    from activities.declarations import CaseActivities
    from domain.lifecycle import (
        Event,
        MessageReceived,
        Opened,
        TimeReached,
        Unreadable,
        decide_all,
        evolve_all,
        next_moment,
    )
    from domain.refusal import refusal, took_effect
    from domain.view import result, view
    from schemas.case import CaseResult, CaseState, CaseView, CommitRequest
    from schemas.complaint import Complaint
    from schemas.messages import MESSAGES, Acknowledge, Message, MessageReceipt, Respond, Withdraw
    from schemas.problems import in_words, storable
    from workflows.alarm import Alarm
    from workflows.search_attributes import changes

Argument = TypeVar("Argument")
Result = TypeVar("Result")


@dataclass
class _Letter:
    """Something that arrived, and whoever waits to hear that it took effect."""

    event: MessageReceived | Unreadable
    reply: asyncio.Future[MessageReceipt] | None = None


@workflow.defn(name="Complaint", failure_exception_types=[ValidationError])
class ComplaintWorkflow:
    """The only writer of a case's state. Every transition is committed before anybody is told of it."""

    @workflow.init
    def __init__(self, complaint: Complaint) -> None:
        self._case = CaseState(complaint=complaint)
        self._inbox: list[_Letter] = []
        self._alarm = Alarm()
        self._shown: CaseView | None = None
        self._signals = 0

    @workflow.run
    async def run(self, complaint: Complaint) -> CaseResult:
        """Live the case. Bad input fails it with a clear error; a mistake of ours waits for its mend instead.

        A case ends by an answer or a withdrawal, never by a cancellation from outside, which nothing would record.
        """
        if complaint.case_id != workflow.info().workflow_id:
            raise ApplicationError(
                f"case_id: {complaint.case_id} is not the id of its workflow, {workflow.info().workflow_id}",
                type="WrongCaseId",
                non_retryable=True,
            )
        life = asyncio.create_task(self._live(complaint))
        while True:
            try:
                return await asyncio.shield(life)
            except asyncio.CancelledError:
                if life.done():
                    raise
            except ValidationError as mistake:
                raise RuntimeError("the case made a value that its own models refuse") from mistake

    async def _live(self, complaint: Complaint) -> CaseResult:
        """Open the case; then, whatever comes first, a message or the moment it waits for, settle it."""
        plan = await _durably(CaseActivities.plan_case, complaint)
        self._case = self._case.model_copy(update={"plan": plan})
        await self._settle([Opened(at=complaint.accepted_at)])
        while self._inbox or not self._case.status.final:
            letters, events = await self._whatever_comes_first()
            await self._settle(events)
            self._answer(letters)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return result(self._case)

    async def _whatever_comes_first(self) -> tuple[list[_Letter], list[Event]]:
        self._alarm.set(next_moment(self._case), what_for=_what_for(view(self._case)))
        await workflow.wait_condition(lambda: bool(self._inbox) or self._alarm.rang_at is not None)
        letters, self._inbox = self._inbox, []
        events: list[Event] = [letter.event for letter in letters]
        if now := self._alarm.rang_at:
            events.append(TimeReached(at=now))
        return letters, events

    async def _settle(self, events: list[Event]) -> None:
        """Decide what events lead to and commit it; only what is committed becomes the case's state.

        A commit is durable before the workflow task that made it. If that task is lost, it is run again, perhaps at
        another time and without the message that it had decided upon. Then what the lost one committed stands: the case
        adopts it, and decides again about what it knows of.
        """
        settled = False
        while not settled:
            draft, transitions = decide_all(self._case, events)
            if not transitions:
                break
            request = CommitRequest(case=view(draft), transitions=transitions)
            written_before = (await _durably(CaseActivities.commit, request)).written_before
            self._case = evolve_all(self._case, written_before or transitions)
            settled = not written_before
        self._show()

    def _show(self) -> None:
        case = view(self._case)
        if updates := changes(case, self._shown):
            workflow.upsert_search_attributes(updates)
        self._shown = case

    def _answer(self, letters: list[_Letter]) -> None:
        for letter in letters:
            if letter.reply is None or not isinstance(letter.event, MessageReceived):
                continue
            message = letter.event.message
            if took_effect(self._case, message):
                letter.reply.set_result(self._receipt(message))
            else:
                letter.reply.set_exception(_refused(refusal(self._case, message) or "refused"))

    def _receipt(self, message: Message) -> MessageReceipt:
        return MessageReceipt(
            case_id=self._case.complaint.case_id,
            message_id=message.message_id,
            seq=self._case.messages[message.message_id].seq,
            status=self._case.status,
        )

    # Messages. Each exists as an update, which answers, and as a signal, which does not.

    @workflow.update
    async def acknowledge(self, message: Acknowledge) -> MessageReceipt:
        """Take note that the agency works on the case; returns when that is committed."""
        return await self._deliver(message)

    @workflow.update
    async def respond(self, message: Respond) -> MessageReceipt:
        """Take the agency's answer and close the case; returns when that is committed."""
        return await self._deliver(message)

    @workflow.update
    async def withdraw(self, message: Withdraw) -> MessageReceipt:
        """Close the case because its reporter takes it back; returns when that is committed."""
        return await self._deliver(message)

    @acknowledge.validator
    def _check_acknowledge(self, message: Acknowledge) -> None:
        self._refuse_at_the_door(message)

    @respond.validator
    def _check_respond(self, message: Respond) -> None:
        self._refuse_at_the_door(message)

    @withdraw.validator
    def _check_withdraw(self, message: Withdraw) -> None:
        self._refuse_at_the_door(message)

    def _refuse_at_the_door(self, message: Message) -> None:
        """Refuse without leaving an event behind; a message that took effect already gets its receipt again."""
        reason = refusal(self._case, message)
        if reason and not took_effect(self._case, message):
            raise _refused(reason)

    async def _deliver(self, message: Message) -> MessageReceipt:
        reply: asyncio.Future[MessageReceipt] = asyncio.Future()
        self._inbox.append(_Letter(MessageReceived(at=workflow.now(), message=message), reply))
        return await reply

    @workflow.signal(dynamic=True)
    def _signal(self, name: str, payloads: Sequence[RawValue]) -> None:
        """Take a message as a signal, whatever it holds: nobody hears of an error here, so the timeline records it."""
        self._signals += 1
        self._inbox.append(_Letter(_read(self._signals, name, payloads)))

    @workflow.query
    def state(self) -> CaseView:
        """Return how the case stands, and what happens next and when."""
        return view(self._case)


def _read(number: int, name: str, payloads: Sequence[RawValue]) -> MessageReceived | Unreadable:
    """Read the signal of this number; the number stays the same when a lost task is run again."""
    try:
        return MessageReceived(at=workflow.now(), message=_message(name, payloads))
    except ValidationError as error:
        problem = in_words(error)
    except _UnreadableError as error:
        problem = str(error)
    except (
        ArithmeticError,
        LookupError,
        RuntimeError,
        TypeError,
        ValueError,
    ):  # whatever a converter raises on what it cannot read
        problem = "its payload cannot be read as JSON"
    return Unreadable(at=workflow.now(), id=f"(signal {number})", name=storable(name), problem=storable(problem))


def _message(name: str, payloads: Sequence[RawValue]) -> Message:
    model = MESSAGES.get(name)
    if model is None:
        raise _UnreadableError(f"no such message; there are {', '.join(MESSAGES)}")
    if len(payloads) != 1:
        raise _UnreadableError(f"takes one argument, {model.__name__}, and got {len(payloads)}")
    return model.model_validate(workflow.payload_converter().from_payload(payloads[0].payload))


class _UnreadableError(Exception):
    """A signal is no message, for the reason that it names."""


async def _durably(activity: Callable[[CaseActivities, Argument], Awaitable[Result]], argument: Argument) -> Result:
    """Try an activity once, within this workflow task; if that fails, run it as a normal one that outlasts any outage.

    The try has to end well before the task does (10 s), or heartbeats would fill the history. Attempts of a normal
    activity leave no events behind, so a database that is away for hours costs a handful.
    """
    try:
        return await workflow.execute_local_activity_method(
            activity,
            argument,
            start_to_close_timeout=timedelta(seconds=5),
            retry_policy=RetryPolicy(maximum_attempts=1),
        )
    except FailureError as failure:
        if is_cancelled_exception(failure):
            raise
        return await workflow.execute_activity_method(
            activity,
            argument,
            start_to_close_timeout=timedelta(seconds=30),
            retry_policy=RetryPolicy(initial_interval=timedelta(seconds=1), maximum_interval=timedelta(minutes=1)),
        )


def _refused(reason: str) -> ApplicationError:
    return ApplicationError(reason, type="MessageRefused", non_retryable=True)


def _what_for(case: CaseView) -> str:
    return f"{case.what_next.kind} of {case.holder}" if case.what_next else ""
