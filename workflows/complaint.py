"""One complaint, from its acceptance to its end: a thin shell of timers and messages around `domain.lifecycle`."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass, replace

from temporalio import workflow
from temporalio.common import RawValue, WorkflowIDReusePolicy
from temporalio.exceptions import ApplicationError, WorkflowAlreadyStartedError
from temporalio.workflow import ParentClosePolicy

with workflow.unsafe.imports_passed_through():
    from pydantic import ValidationError

    from activities.declarations import CaseActivities
    from domain.lifecycle import (
        Event,
        MessageReceived,
        Opened,
        TimeReached,
        Unreadable,
        at_moment,
        decide_all,
        evolve_all,
        moments,
        next_moment,
    )
    from domain.offices import concerned
    from domain.passing_on import needed_plans
    from domain.refusal import refusal, took_effect
    from domain.remedies import delivery_of
    from domain.view import result, view
    from schemas.case import CaseResult, CaseStart, CaseState, CaseView, CommitRequest, CommitResult
    from schemas.messages import MESSAGES, Message, MessageReceipt
    from schemas.problems import storable
    from workflows.alarm import Alarm
    from workflows.delivery import DeliveryWorkflow
    from workflows.durable import UnreadableError, durably, read_message, refused, undisturbed
    from workflows.search_attributes import changes

LONGEST_HISTORY = 150
"""Events. A wake-up reads the whole history again when the case is not in a worker's memory: long ones are slow.

A message costs 6 to 10, so that no history reaches 200.
"""


@dataclass
class _Letter:
    """Something that arrived, and whoever waits to hear that it took effect."""

    event: MessageReceived | Unreadable
    reply: asyncio.Future[MessageReceipt] | None = None


@workflow.defn(name="Complaint", failure_exception_types=[ValidationError])
class ComplaintWorkflow:
    """The only writer of a case's state. Every transition is committed before anybody is told of it."""

    @workflow.init
    def __init__(self, start: CaseStart) -> None:
        self._case = start.carried or CaseState(complaint=start.complaint)
        self._inbox: list[_Letter] = []
        self._alarm = Alarm()
        self._shown: CaseView | None = view(start.carried) if start.carried else None
        self._signals = start.signals
        self._problems: dict[str, str] = {}
        self._carried = len(self._case.remedies)
        self._length = 0

    @workflow.run
    async def run(self, start: CaseStart) -> CaseResult:
        """Live the case. Bad input fails it with a clear error; a mistake of ours waits for its mend instead.

        A case ends as its messages and windows say, never by a cancellation from outside, which nothing would record.
        """
        complaint = self._case.complaint
        if complaint.case_id != workflow.info().workflow_id:
            raise ApplicationError(
                f"case_id: {complaint.case_id} is not the id of its workflow, {workflow.info().workflow_id}",
                type="WrongCaseId",
                non_retryable=True,
            )
        if not await undisturbed(self._live()):
            workflow.continue_as_new(self._carried_on())
        return result(self._case)

    async def _live(self) -> bool:
        """Open the case; then, whatever comes first, a message or the moment it waits for, settle it.

        Returns whether the case is over; if it is not, its history has grown long, and it goes on in a new one.
        """
        if self._case.plan is None:
            plan = await durably(CaseActivities.plan_case, self._case.complaint)
            self._case = self._case.model_copy(update={"plan": plan})
        if self._case.seq == 0:
            await self._settle([Opened(at=self._case.complaint.accepted_at)])
        while self._inbox or not self._case.over:
            if self._history_is_long() and await self._all_have_heard():
                return False
            letters, events = await self._whatever_comes_first()
            for together in self._together(events):
                await self._settle([await self._with_plans(event) for event in together])
            self._answer(letters)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return True

    def _history_is_long(self) -> bool:
        """Return whether the case should go on in a new history; those of the first edition never did."""
        if self._case.plan is None or self._case.plan.edition < 2:
            return False
        return self._length >= LONGEST_HISTORY or workflow.info().is_continue_as_new_suggested()

    async def _all_have_heard(self) -> bool:
        """Return whether everybody who sent a message has an answer; not so if another message comes meanwhile."""
        await workflow.wait_condition(lambda: bool(self._inbox) or workflow.all_handlers_finished())
        return not self._inbox

    def _carried_on(self) -> CaseStart:
        return CaseStart(**dict(self._case.complaint), carried=self._case, signals=self._signals)

    async def _whatever_comes_first(self) -> tuple[list[_Letter], list[Event]]:
        self._alarm.set(next_moment(self._case), what_for=_what_for(view(self._case)))
        await workflow.wait_condition(lambda: bool(self._inbox) or self._alarm.rang_at is not None)
        letters, self._inbox = self._inbox, []
        events: list[Event] = [letter.event for letter in letters]
        if now := self._alarm.rang_at:
            events.append(TimeReached(at=now))
        return letters, events

    def _together(self, events: list[Event]) -> list[list[Event]]:
        """Return the events in their order, grouped by what is settled at once.

        As a rule, all are. But a message that needs a plan needs it as the case stands when it is decided, and changes
        what others need: then each is settled by itself.
        """
        plans_needed = any(isinstance(e, MessageReceived) and needed_plans(self._case, e.message) for e in events)
        return [[event] for event in events] if plans_needed else [events]

    async def _with_plans(self, event: Event) -> Event:
        """Return an event with the plans that its message needs, or with the reason why there can be none."""
        if not isinstance(event, MessageReceived) or self._case.over or took_effect(self._case, event.message):
            return event
        for request in needed_plans(self._case, event.message):
            reply = await durably(CaseActivities.replan, request)
            if reply.plan is None:
                self._problems[event.message.message_id] = reply.problem or "there can be no plan"
                return replace(event, problem=reply.problem)
            event = replace(event, plans=(*event.plans, reply.plan))
        return event

    async def _settle(self, events: list[Event]) -> None:
        """Decide what events lead to and commit it; only what is committed becomes the case's state.

        A commit is durable before the workflow task that made it. If that task is lost, it is run again, perhaps at
        another time and without the message that it had decided upon. Then what the lost one committed stands: the case
        adopts it, and decides again about what it knows of. It does so, too, when the records know of an absence that
        it did not, or speak against a message.

        The commit gives back the moments that it was made with, and how long the history was: its answer is part of the
        history, the clock and the length that a replay reads are not quite.
        """
        while True:
            draft, transitions = decide_all(self._case, events)
            if not transitions:
                break
            request = CommitRequest(
                case=view(draft),
                transitions=transitions,
                offices=concerned(draft),
                absences=self._case.absences,
                moments=moments(events),
                history_length=workflow.info().get_current_history_length(),
            )
            outcome = await durably(CaseActivities.commit, request)
            if outcome.written:
                self._length = outcome.history_length
                self._case = draft if outcome.moments in ({}, request.moments) else self._as_written(events, outcome)
                break
            self._case = evolve_all(self._case, outcome.written_before)
            if outcome.absences is not None:
                self._case = self._case.model_copy(update={"absences": outcome.absences})
            self._problems |= outcome.refused
            events = [_spoken_against(event, outcome.refused) for event in events]
        self._show()
        await self._have_remedies_carried()

    async def _have_remedies_carried(self) -> None:
        """Start the deliveries that the case has ordered. Their ends come as messages, whatever became of the case."""
        for remedy in self._case.remedies[self._carried :]:
            self._carried += 1
            with contextlib.suppress(WorkflowAlreadyStartedError):
                await workflow.start_child_workflow(
                    DeliveryWorkflow.run,
                    delivery_of(self._case.complaint, remedy),
                    id=remedy.delivery_id,
                    id_reuse_policy=WorkflowIDReusePolicy.REJECT_DUPLICATE,
                    parent_close_policy=ParentClosePolicy.ABANDON,
                    static_summary=f"{remedy.service} to {remedy.region or 'no place given'}",
                )

    def _as_written(self, events: list[Event], outcome: CommitResult) -> CaseState:
        """Return the case as it was written, when the workflow's clock reads otherwise now than it did then.

        A worker that answers a query before a commit has ended leaves a task more in the history than its replay needs,
        and a replay that joins the two reads the later clock.
        """
        written, _ = decide_all(self._case, [at_moment(event, outcome.moments) for event in events])
        return written

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
                reason = self._problems.get(message.message_id) or refusal(self._case, message)
                letter.reply.set_exception(refused(reason or "refused"))
        self._problems.clear()

    def _receipt(self, message: Message) -> MessageReceipt:
        return MessageReceipt(
            case_id=self._case.complaint.case_id,
            message_id=message.message_id,
            seq=self._case.messages[message.message_id].seq,
            status=self._case.status,
        )

    # Messages. Each exists as an update, which answers, and as a signal, which does not, under the name of its kind.

    @workflow.update(dynamic=True)
    async def _update(self, name: str, payloads: Sequence[RawValue]) -> MessageReceipt:
        """Take a message; returns when it has taken effect and is committed."""
        return await self._deliver(read_message(MESSAGES, name, payloads))

    @_update.validator
    def _check(self, name: str, payloads: Sequence[RawValue]) -> None:
        """Refuse without leaving an event behind; a message that took effect already gets its receipt again."""
        try:
            message = read_message(MESSAGES, name, payloads)
        except UnreadableError as error:
            raise refused(str(error)) from error
        reason = refusal(self._case, message)
        if reason and not took_effect(self._case, message):
            raise refused(reason)

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
        return MessageReceived(at=workflow.now(), message=read_message(MESSAGES, name, payloads))
    except UnreadableError as error:
        problem = storable(str(error))
    return Unreadable(at=workflow.now(), id=f"(signal {number})", name=storable(name), problem=problem)


def _spoken_against(event: Event, refused: dict[str, str]) -> Event:
    """Return an event with what the records have against its message, if anything."""
    if isinstance(event, MessageReceived) and (problem := refused.get(event.message.message_id)):
        return replace(event, problem=problem)
    return event


def _what_for(case: CaseView) -> str:
    return f"{case.what_next.kind} of {case.holder}" if case.what_next else ""
