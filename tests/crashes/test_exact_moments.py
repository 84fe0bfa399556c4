"""Workers that die at exact moments of a commit. All die at the same time, as each waits for Temporal to notice."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from enum import Enum, auto
from itertools import product

import pytest

import worker
from schemas.status import Status
from storage import case_records
from tests import making
from tests.crashes import once
from tests.crashes.awaiting import LIMIT, until
from tests.crashes.dying import work_until_dead
from tests.crashes.dying_worker import Moment
from tests.crashes.site import Handle, Site


class Life(Enum):
    """What happens to a case until its worker dies."""

    LEFT_ALONE = auto()
    LATE_FROM_THE_START = auto()
    """Its first level was due before a worker saw it: opening and breach are two commits of one workflow task."""
    ANSWERED = auto()
    SENT_NONSENSE = auto()
    SENT_NONSENSE_BEFORE_THE_START = auto()
    """Opening and refusal are two commits of one workflow task."""


COMMITS = (1, 2, 3)
NONSENSE = (Life.SENT_NONSENSE, Life.SENT_NONSENSE_BEFORE_THE_START)
CRASHES = [
    *product(Moment, COMMITS, [Life.LEFT_ALONE]),
    *product(Moment, [2], [Life.ANSWERED]),
    *product([Moment.AFTER], [2], [Life.LATE_FROM_THE_START, *NONSENSE]),
]
CLIMBED = [*once.opened(), *once.left_alone(levels=2), "responded", "closed"]

Lives = dict[tuple[Moment, int, Life], asyncio.Task[list[str]]]


@pytest.fixture(scope="module")
async def lives(site: Site) -> AsyncIterator[Lives]:
    lives = {crash: asyncio.create_task(_live(site, *crash)) for crash in CRASHES}
    yield lives
    for life in lives.values():
        life.cancel()
    await asyncio.gather(*lives.values(), return_exceptions=True)


@pytest.mark.parametrize("moment", Moment)
@pytest.mark.parametrize("commit", COMMITS)
async def test_a_case_whose_worker_dies_at_a_commit_climbs_on_and_has_each_entry_once(
    lives: Lives, moment: Moment, commit: int
) -> None:
    assert await lives[moment, commit, Life.LEFT_ALONE] == CLIMBED


@pytest.mark.parametrize("moment", Moment)
async def test_an_answer_whose_worker_dies_at_its_commit_gets_one_receipt_and_closes_the_case_once(
    lives: Lives, moment: Moment
) -> None:
    assert await lives[moment, 2, Life.ANSWERED] == [*once.opened(), "responded", "closed"]


async def test_a_case_whose_worker_dies_with_two_commits_that_nobody_heard_of_is_opened_once(lives: Lives) -> None:
    assert await lives[Moment.AFTER, 2, Life.LATE_FROM_THE_START] == CLIMBED


@pytest.mark.parametrize("life", NONSENSE)
async def test_a_refusal_whose_worker_dies_after_its_commit_is_recorded_once(lives: Lives, life: Life) -> None:
    assert await lives[Moment.AFTER, 2, life] == [*once.opened(), "message refused", "responded", "closed"]


async def _live(site: Site, moment: Moment, commit: int, life: Life) -> list[str]:
    """Let a worker die over a case, give the case to a healthy one, and see it to its end."""
    queue = f"{moment.name}-{commit}-{life.name}"
    case = await _open(site, life, queue)
    talk = asyncio.create_task(_talk(site, case, life))
    try:
        await work_until_dead(site, moment, commit, queue)
        async with worker.build(site.client, site.pool, task_queue=queue), asyncio.timeout(LIMIT):
            await talk
            return once.kinds(await once.check(site, case, refusals=int(life in NONSENSE)))
    except TimeoutError:
        raise AssertionError(f"{life}, dead {moment} {commit}, hangs: {await site.why_it_hangs(case)}") from None
    finally:
        talk.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await talk


async def _open(site: Site, life: Life, queue: str) -> Handle:
    since = timedelta(minutes=1) if life is Life.LATE_FROM_THE_START else timedelta()
    each_level = "10 days" if life in {Life.ANSWERED, *NONSENSE} else "2 seconds"
    accepted_at = datetime.now(UTC) - since
    case = await site.open(making.policy(each_level, levels=2), task_queue=queue, accepted_at=accepted_at)
    if life is Life.SENT_NONSENSE_BEFORE_THE_START:
        await case.signal("nonsense")
    return case


async def _talk(site: Site, case: Handle, life: Life) -> None:
    """Send what there is to send, and at last an answer; its receipt stays the same for ever."""
    match life:
        case Life.ANSWERED:
            await site.routed(case)
        case Life.SENT_NONSENSE:
            await site.routed(case)
            await case.signal("nonsense")
            await until(lambda: _has(site, case, seq=3))
        case Life.SENT_NONSENSE_BEFORE_THE_START:
            await until(lambda: _has(site, case, seq=3))
        case _:
            await site.at_the_top(case)
    receipt = await site.starter.send(case.id, making.respond())
    assert receipt.status == (await case.result()).status == Status.CLOSED
    assert await site.starter.send(case.id, making.respond()) == receipt


async def _has(site: Site, case: Handle, *, seq: int) -> bool:
    stored = await case_records.case(site.pool, case.id)
    return stored is not None and stored.seq >= seq
