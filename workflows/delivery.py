"""One shipment, from its order to the right hands or another end: a thin shell around `domain.delivery`."""

from collections.abc import Sequence
from datetime import datetime

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from pydantic import ValidationError

    from activities.post_declarations import CarrierActivities, DeliveryActivities
    from domain.delivery import decide_all, evolve_all, next_moment, todo
    from domain.delivery_events import (
        Asked,
        CancellationAsked,
        CancellationTried,
        ClaimFiled,
        Event,
        Ordered,
        Planned,
        TimeReached,
        ToldOf,
        Unreadable,
        at_moment,
        moments,
    )
    from domain.delivery_view import result, view
    from domain.remedies import word_of
    from schemas.delivery import (
        DELIVERY_MESSAGES,
        AskRequest,
        ClaimRequest,
        DeliveryCommit,
        DeliveryCommitResult,
        DeliveryResult,
        DeliveryStart,
        DeliveryState,
        DeliveryStep,
        DeliveryTransition,
        DeliveryView,
        OrderRequest,
        Told,
    )
    from schemas.problems import storable
    from workflows.alarm import Alarm
    from workflows.durable import UnreadableError, durably, read_message, undisturbed
    from workflows.post_queue import ask_post
    from workflows.settling import Core, settle

LONGEST_HISTORY = 150
"""Events; then it goes on in a new history, which is as quick to read as a short one."""

_CORE: Core[DeliveryState, Event, DeliveryTransition] = Core(decide_all, evolve_all, moments, at_moment)


@workflow.defn(name="Delivery", failure_exception_types=[ValidationError])
class DeliveryWorkflow:
    """The only writer of a delivery's state."""

    @workflow.init
    def __init__(self, start: DeliveryStart) -> None:
        self._start = start.model_copy(update={"carried": None, "signals": 0})
        self._delivery = start.carried or DeliveryState(start=self._start)
        self._inbox: list[Event] = []
        self._alarm = Alarm()
        self._signals = start.signals
        self._length = 0

    @workflow.run
    async def run(self, start: DeliveryStart) -> DeliveryResult:
        """Carry it to an end. Bad input fails it with a clear error; a mistake of ours waits for its mend instead."""
        if start.delivery_id != workflow.info().workflow_id:
            raise ApplicationError(
                f"delivery_id: {start.delivery_id} is not the id of its workflow, {workflow.info().workflow_id}",
                type="WrongDeliveryId",
                non_retryable=True,
            )
        if not await undisturbed(self._live()):
            carried = {"carried": self._delivery, "signals": self._signals}
            workflow.continue_as_new(self._start.model_copy(update=carried))
        if self._start.tells:
            await self._tell_whoever_ordered_it()
        return result(self._delivery)

    async def _tell_whoever_ordered_it(self) -> None:
        word = word_of(result(self._delivery))
        try:
            await workflow.get_external_workflow_handle(self._start.ordered_by).signal(word.kind, word)
        except FailureError:  # it is over, and nobody there waits for this any more
            workflow.logger.info("nobody to tell", extra={"ordered_by": self._start.ordered_by})

    async def _live(self) -> bool:
        """Do what has to be done; then, whatever comes first, news or the moment it waits for, settle it.

        Returns whether it is over; if it is not, its history has grown long, and it goes on in a new one.
        """
        if self._delivery.plan is None:
            reply = await durably(DeliveryActivities.plan_delivery, self._start)
            letters, self._inbox = self._inbox, []
            await self._settle([Planned(workflow.now(), reply), *letters])
        while not self._delivery.over:
            if (step := todo(self._delivery, self._alarm.rang_for)) is not None:
                done = await self._do(step)
                letters, self._inbox = self._inbox, []
                await self._settle([done, *letters])
            elif self._history_is_long() and not self._inbox:
                return False
            else:
                await self._settle(await self._whatever_comes_first())
        return True

    def _history_is_long(self) -> bool:
        """Return whether to go on in a new history; messages that change nothing lengthen it, and are not committed."""
        return self._length >= LONGEST_HISTORY or workflow.info().is_continue_as_new_suggested()

    async def _do(self, step: DeliveryStep) -> Event:
        delivery, plan = self._delivery, self._delivery.plan
        assert plan is not None
        if step is DeliveryStep.ORDER:
            order = OrderRequest(delivery=self._start, plan=plan, number=delivery.now.order)
            return Ordered(outcome=await ask_post(CarrierActivities.place_order, order), at=workflow.now())
        number, order_id = len(delivery.now.orders), delivery.now.orders[-1].order_id
        about = AskRequest(delivery_id=self._start.delivery_id, number=number, order_id=order_id)
        match step:
            case DeliveryStep.ASK:
                return Asked(outcome=await ask_post(CarrierActivities.ask_carrier, about), at=workflow.now())
            case DeliveryStep.CLAIM:
                claim = ClaimRequest(**dict(about), reason=delivery.now.status)
                return ClaimFiled(outcome=await ask_post(CarrierActivities.file_claim, claim), at=workflow.now())
            case DeliveryStep.CANCEL:
                tried = await ask_post(CarrierActivities.cancel_order, about)
                return CancellationTried(cancelled=tried.cancelled, at=workflow.now())

    async def _whatever_comes_first(self) -> list[Event]:
        self._alarm.set(next_moment(self._delivery), what_for=_what_for(view(self._delivery)))
        await workflow.wait_condition(lambda: bool(self._inbox) or self._alarm.rang_at is not None)
        events, self._inbox = self._inbox, []
        if now := self._alarm.rang_at:
            events.append(TimeReached(at=now))
        return events

    async def _settle(self, events: list[Event]) -> None:
        settled = await settle(_CORE, self._delivery, events, self._commit)
        self._delivery, self._length = settled.state, max(self._length, settled.history_length)

    async def _commit(
        self, draft: DeliveryState, transitions: tuple[DeliveryTransition, ...], moments: dict[str, datetime]
    ) -> DeliveryCommitResult:
        request = DeliveryCommit(
            delivery=view(draft),
            recipient=self._start.recipient,
            region=self._start.region,
            transitions=transitions,
            moments=moments,
            history_length=workflow.info().get_current_history_length(),
        )
        return await durably(DeliveryActivities.commit_delivery, request)

    @workflow.signal(dynamic=True)
    def _signal(self, name: str, payloads: Sequence[RawValue]) -> None:
        """Take what the carrier told, or a cancellation; whatever it holds, it never harms."""
        self._signals += 1
        now = workflow.now()
        try:
            message = read_message(DELIVERY_MESSAGES, name, payloads)
        except UnreadableError as error:
            arrival, problem = f"(signal {self._signals})", storable(str(error))
            self._inbox.append(Unreadable(at=now, id=arrival, name=storable(name), problem=problem))
            return
        if isinstance(message, Told):
            self._inbox += [ToldOf(at=now, event=event) for event in message.events]
        else:
            self._inbox.append(CancellationAsked(at=now, message_id=message.message_id))

    @workflow.query
    def state(self) -> DeliveryView:
        """Return how it stands, and what happens next and when."""
        return view(self._delivery)


def _what_for(delivery: DeliveryView) -> str:
    return f"{delivery.next_kind}" if delivery.next_kind else ""
