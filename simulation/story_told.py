"""One story of a demonstration, from the first word to what it has left behind in the database and the histories."""

import asyncio
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import httpx
from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.exceptions import TemporalError

from gateway.refusals import NotFoundError, RefusedError
from schemas.carrier import Scan
from schemas.delivery import DeliveryTransition, DeliveryTransitionKind
from schemas.delivery_status import DeliveryStatus
from schemas.ledger import EntryKind
from schemas.money import MoneyKind
from schemas.service_request import RequestResult
from simulation import story_words
from simulation.demo_report import Line, ToldStory
from simulation.post_house import PostHouse
from simulation.service_stories import Ending, Story
from simulation.story_people import People, is_case
from simulation.story_turns import Sign
from simulation.story_words import Happening
from storage import case_records, database, deliveries, payments, service_requests

_LONGEST_DAYS, _LONGEST_SECONDS = 120, 60.0
"""After so many days of the story, and some seconds for a slow machine, it counts as stuck."""


class Watcher(Protocol):
    """Somebody who watches the stories."""

    def stands(self, story: Story, words: str) -> None:
        """Hear how a story stands."""

    def ended(self, story: Story, told: ToldStory) -> None:
        """Hear how a story came out."""


async def tell(house: PostHouse, story: Story, watcher: Watcher) -> ToldStory:
    """Live a story to its end, and return how it came out. Whatever goes wrong is a problem of this story alone."""
    began = time.monotonic()
    try:
        told = await _tell(house, story, watcher)
    except (RefusedError, NotFoundError, TemporalError, httpx.HTTPError, *database.AWAY) as error:
        if (task := asyncio.current_task()) and task.cancelling():
            raise asyncio.CancelledError from None  # Ctrl-C, which Temporal's client disguises
        told = _untold(story, f"{type(error).__name__}: {error}")
    told = told.model_copy(update={"seconds": round(time.monotonic() - began, 1)})
    watcher.ended(story, told)
    return told


async def _tell(house: PostHouse, story: Story, watcher: Watcher) -> ToldStory:
    people = People(house, story, lambda words: watcher.stands(story, words))
    result: RequestResult | None = None
    try:
        async with asyncio.timeout(_LONGEST_DAYS * house.day + _LONGEST_SECONDS):
            result = await people.live()
    except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError):
        if (task := asyncio.current_task()) and task.cancelling():
            raise
    return await _Traces(house, story, people).read(result)


def _untold(story: Story, problem: str | None) -> ToldStory:
    return ToldStory(
        service=story.service,
        way=story.way,
        story=story.title,
        request_id=story.request_id,
        expected=story.expected,
        problem=problem,
    )


@dataclass
class _Traces:
    """What a story has left behind."""

    house: PostHouse
    story: Story
    people: People

    async def read(self, result: RequestResult | None) -> ToldStory:
        """Return how the story came out."""
        carried = [await deliveries.transitions(self.house.pool, child) for child in self._deliveries]
        cases = [await case_records.case(self.house.pool, child) for child in self._cases]
        entries = [entry for child in self._cases for entry in await case_records.ledger(self.house.pool, child)]
        happened = await self._happened(carried)
        seen = self._signs([transition for one in carried for transition in one])
        if any(case is not None and not case.on_time for case in cases):
            seen.add(Sign.AGENCY_LATE)
        came_out = await self._ending(result)
        traces = {
            "came_out": came_out,
            "signs": tuple(sign for sign in Sign if sign in seen),
            "missing": tuple(sign for sign in Sign if sign in self.story.signs - seen),
            "sanctions": sum(entry.kind is EntryKind.PROPOSED for entry in entries),
            "path": tuple(one.step for one in happened if one.step is not None),
            "events": await self._events(),
            "timeline": tuple(self._lines(happened)),
        }
        return _untold(self.story, _problem(result, came_out)).model_copy(update=traces)

    @property
    def _cases(self) -> list[str]:
        return [child for child in self.people.children if is_case(child)]

    @property
    def _deliveries(self) -> list[str]:
        return [child for child in self.people.children if not is_case(child)]

    async def _ending(self, result: RequestResult | None) -> Ending | None:
        """Return how it ended: the request says so itself, the deliveries and the books are asked."""
        if result is None:
            return None
        views = [await deliveries.find(self.house.pool, child) for child in self._deliveries]
        money = await payments.total(self.house.pool, self.story.request_id)
        return Ending(
            status=result.status,
            deliveries=tuple(view.status for view in views if view is not None),
            paid=money.get(MoneyKind.PAYMENT, 0) + money.get(MoneyKind.COD, 0),
            refunded=money.get(MoneyKind.REFUND, 0),
            paid_out=money.get(MoneyKind.PAYOUT, 0),
        )

    async def _happened(self, carried: Iterable[list[DeliveryTransition]]) -> list[Happening]:
        pool, request_id = self.house.pool, self.story.request_id
        found: list[Happening | None] = [
            story_words.of_request(transition) for transition in await service_requests.transitions(pool, request_id)
        ]
        for transitions in carried:
            before = DeliveryStatus.PLANNED
            for transition in transitions:
                found.append(story_words.of_delivery(transition, before))
                before = transition.after.status
        for child in self._cases:
            lines = await case_records.timeline(pool, child)
            found += [story_words.of_case(line["kind"], line["at"]) for line in lines]
            found += [story_words.of_sanction(entry) for entry in await case_records.ledger(pool, child)]
        return sorted((one for one in found if one is not None), key=lambda one: one.at)

    def _lines(self, happened: list[Happening]) -> Iterable[Line]:
        for one in happened:
            passed = (one.at - happened[0].at) / timedelta(seconds=self.house.day)
            yield Line(day=round(passed, 1), what=one.what)

    def _signs(self, carried: list[DeliveryTransition]) -> set[Sign]:
        kinds = {transition.kind for transition in carried}
        scans = {transition.event.scan for transition in carried if transition.event is not None}
        seen = {
            Sign.CLAIMED: DeliveryTransitionKind.CLAIMED in kinds,
            Sign.SENT_AGAIN: DeliveryTransitionKind.REISSUED in kinds,
            Sign.PREPARED_AGAIN: len(self._cases) > 1,
            Sign.PROVEN_LATER: Scan.PROVEN in scans,
            Sign.SECOND_REFUSED: self.people.refused_second,
        }
        return {sign for sign, is_seen in seen.items() if is_seen}

    async def _events(self) -> int:
        lengths = [
            (await self.house.client.get_workflow_handle(workflow_id).describe()).history_length
            for workflow_id in (self.story.request_id, *self.people.children)
        ]
        return sum(lengths)


def _problem(result: RequestResult | None, came_out: Ending | None) -> str | None:
    """Return what speaks against an end: there is none, or the workflow and the books differ about the money."""
    if result is None or came_out is None:
        return "it came to no end"
    says = (result.paid, result.refunded, result.paid_out is not None)
    booked = (came_out.paid, came_out.refunded, came_out.paid_out > 0)
    return None if says == booked else "its workflow and the books do not say the same of its money"
