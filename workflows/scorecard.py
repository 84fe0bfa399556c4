"""One agency's register, for ever: a thin shell of a timer and messages around `domain.scorecard`."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from temporalio import workflow
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

with workflow.unsafe.imports_passed_through():
    from pydantic import BaseModel, ValidationError

    from activities.scorecard_declarations import ScorecardActivities
    from domain.objections import refusal, took_effect
    from domain.register_state import carried, effects, evolve_all, governed, is_crowded, next_moment, view
    from domain.scorecard import Event, ItemReceived, MessageReceived, TimeReached, at_moments, decide_all, moments
    from schemas.problems import storable
    from schemas.scorecard import (
        REGISTER_MESSAGES,
        Decide,
        Delivery,
        Object,
        RegisterCommit,
        RegisterMessage,
        RegisterReceipt,
        RulesRequest,
        Scorecard,
        ScorecardStart,
        ScorecardView,
    )
    from workflows.alarm import Alarm
    from workflows.durable import UnreadableError, durably, read_message, refused, undisturbed

MOST_EVENTS = 500
"""Of one history; then the register goes on in a new one, long before Temporal would ask for it."""

MOST_AT_ONCE = 40
"""Events that are decided and committed together, so that neither ever takes long."""

_SIGNALS: dict[str, type[BaseModel]] = {"deliver": Delivery, **REGISTER_MESSAGES}


@dataclass
class _Letter:
    """Something that arrived, and whoever waits to hear that it took effect."""

    event: ItemReceived | MessageReceived
    reply: asyncio.Future[RegisterReceipt] | None = None


def workflow_id(agency: str) -> str:
    """Return the id of an agency's register."""
    return f"scorecard-{agency}"


@workflow.defn(name="Scorecard", failure_exception_types=[ValidationError])
class ScorecardWorkflow:
    """The only writer of an agency's register. Every entry is committed before anybody is told of it."""

    @workflow.init
    def __init__(self, start: ScorecardStart) -> None:
        self._card = start.carried or Scorecard(agency=start.agency)
        self._inbox: list[_Letter] = []
        self._alarm = Alarm()
        self._length = 0

    @workflow.run
    async def run(self, start: ScorecardStart) -> None:
        """Keep the register. Bad input fails it with a clear error; a mistake of ours waits for its mend instead.

        It never ends: a cancellation from outside changes nothing, and what has grown long goes on in a new history.
        """
        if workflow_id(start.agency) != workflow.info().workflow_id or self._card.agency != start.agency:
            raise ApplicationError(
                f"agency: {start.agency} does not have its register in workflow {workflow.info().workflow_id}",
                type="WrongAgency",
                non_retryable=True,
            )
        workflow.continue_as_new(await undisturbed(self._live()))

    async def _live(self) -> ScorecardStart:
        """Settle whatever comes first, items, messages or the end of a month, until the history is long."""
        while self._inbox or not self._is_long() or not workflow.all_handlers_finished():
            letters, events = await self._whatever_comes_first()
            if events:
                await self._govern(letters)
                await self._settle(events)
                self._answer(letters)
            if is_crowded(self._card):
                self._card = carried(self._card, workflow.now())
        return ScorecardStart(agency=self._card.agency, carried=carried(self._card, workflow.now()))

    def _is_long(self) -> bool:
        return self._length > MOST_EVENTS or workflow.info().is_continue_as_new_suggested()

    async def _whatever_comes_first(self) -> tuple[list[_Letter], list[Event]]:
        self._alarm.set(next_moment(self._card), what_for="a month's figures are closed")
        await workflow.wait_condition(
            lambda: (
                bool(self._inbox)
                or self._alarm.rang_at is not None
                or (self._is_long() and workflow.all_handlers_finished())
            )
        )
        letters, self._inbox = self._inbox[:MOST_AT_ONCE], self._inbox[MOST_AT_ONCE:]
        events: list[Event] = [letter.event for letter in letters]
        if (now := self._alarm.rang_at) and not self._inbox:  # what has arrived still counts for the month
            events.append(TimeReached(at=now))
        return letters, events

    async def _govern(self, letters: list[_Letter]) -> None:
        """Take the rules of the case that was opened last: it was opened under the policy in force."""
        since = self._card.rules_since
        items = [letter.event.item for letter in letters if isinstance(letter.event, ItemReceived)]
        latest = max(items, key=lambda item: (item.opened_at, item.policy_version), default=None)
        if latest is None or (since is not None and latest.opened_at <= since):
            return
        rules = self._card.rules
        if rules is None or rules.policy_version != latest.policy_version:
            request = RulesRequest(policy_version=latest.policy_version, around=latest.opened_at)
            rules = await durably(ScorecardActivities.register_rules, request)
        self._card = governed(self._card, rules, latest.opened_at)

    async def _settle(self, events: list[Event]) -> None:
        """Decide what events lead to and commit it; only what is committed becomes the register's state.

        A commit is durable before the workflow task that made it. If that task is lost, what it committed stands: the
        register adopts it, and decides again. What the database knows already, because the register has forgotten it
        or was begun anew, is passed over.
        """
        while True:
            _, entries = decide_all(self._card, events)
            if not entries:
                return
            scores, months = effects(self._card, entries)
            request = RegisterCommit(
                agency=self._card.agency,
                entries=entries,
                scores=scores,
                months=months,
                moments=moments(events),
                history_length=workflow.info().get_current_history_length(),
            )
            result = await durably(ScorecardActivities.commit_register, request)
            if result.known:
                events = [event for event in events if event.identity not in result.known]
            elif result.written_before:
                self._card = evolve_all(self._card, result.written_before)
            else:
                self._length = result.history_length
                if result.moments not in ({}, request.moments):  # a replay may read a later clock than the commit did
                    _, entries = decide_all(self._card, at_moments(events, result.moments))
                self._card = evolve_all(self._card, entries)
                return

    def _answer(self, letters: list[_Letter]) -> None:
        for letter in letters:
            if not isinstance(letter.event, MessageReceived):
                continue
            message = letter.event.message
            if took_effect(self._card, message):
                if letter.reply is not None:
                    letter.reply.set_result(self._receipt(message))
                continue
            reason = refusal(self._card, message, letter.event.counts_from) or "message_id: was that of another message"
            if letter.reply is not None:
                letter.reply.set_exception(refused(reason))
            else:
                self._ignore(message.kind, reason)

    def _receipt(self, message: RegisterMessage) -> RegisterReceipt:
        entry = self._card.messages[message.message_id].entry
        return RegisterReceipt(agency=self._card.agency, message_id=message.message_id, entry=entry)

    # Messages. Each exists as an update, which answers, and as a signal, which does not.

    @workflow.update(name="object")
    async def objection(self, message: Object) -> RegisterReceipt:
        """Take an objection to a proposal; returns when that is committed."""
        return await self._deliver(message)

    @workflow.update(name="decide")
    async def decision(self, message: Decide) -> RegisterReceipt:
        """Take a superior's decision about a proposal; returns when that is committed."""
        return await self._deliver(message)

    @objection.validator
    def _check_objection(self, message: Object) -> None:
        self._refuse_at_the_door(message)

    @decision.validator
    def _check_decision(self, message: Decide) -> None:
        self._refuse_at_the_door(message)

    def _refuse_at_the_door(self, message: RegisterMessage) -> None:
        """Refuse without leaving an event behind; a message that took effect already gets its receipt again."""
        event = MessageReceived(at=workflow.now(), message=message)
        reason = refusal(self._card, message, event.counts_from)
        if reason and not took_effect(self._card, message):
            raise refused(reason)

    async def _deliver(self, message: RegisterMessage) -> RegisterReceipt:
        reply: asyncio.Future[RegisterReceipt] = asyncio.Future()
        self._inbox.append(_Letter(MessageReceived(at=workflow.now(), message=message), reply))
        return await reply

    @workflow.signal(dynamic=True)
    def _signal(self, name: str, payloads: Sequence[RawValue]) -> None:
        """Take what cases tell of, and messages as signals; what is neither is counted and logged, unread."""
        try:
            said = read_message(_SIGNALS, name, payloads)
        except UnreadableError as problem:
            self._ignore(name, str(problem))
            return
        if isinstance(said, Delivery):
            self._inbox += [_Letter(ItemReceived(at=workflow.now(), item=item)) for item in said.items]
        elif isinstance(said, Object | Decide):
            self._inbox.append(_Letter(MessageReceived(at=workflow.now(), message=said)))

    def _ignore(self, name: str, problem: str) -> None:
        self._card = self._card.model_copy(update={"ignored": self._card.ignored + 1})
        workflow.logger.warning("a signal %s was ignored: %s", storable(name), storable(problem))

    @workflow.query
    def state(self) -> ScorecardView:
        """Return how the register stands."""
        return view(self._card)
