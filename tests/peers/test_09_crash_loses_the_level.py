"""A crash between the change of a case and the record of it loses the level.

Seen in eGov CCRS / DIGIT PGR: its scheduler changes a complaint in one step and records the escalation in another, so
that a process that dies in between leaves a complaint that nobody has escalated and that is never looked at again.
Here a worker dies by `kill -9` at every step of the commit of a breach.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from itertools import pairwise

import pytest

import worker
from domain.ledger import broken_at, head_of
from schemas.case import CaseView, TransitionKind
from storage import case_records, inbox
from tests import making
from tests.crashes import once
from tests.crashes.awaiting import LIMIT
from tests.crashes.site import Handle, Site, running_site
from tests.crashes.stricken_worker import Step
from tests.crashes.striking import work_until_killed

LEVELS = 3
HOLDERS = [f"{role}@ROADS" for role in making.LEVELS[:LEVELS]]
UNTOUCHED = set(Step) - {Step.AFTER}

Lives = dict[Step, asyncio.Task[tuple[CaseView, CaseView]]]


@pytest.fixture(scope="module")
async def lives() -> AsyncIterator[Lives]:
    """One case for each step, all at the same time: each waits ten seconds for Temporal to notice the death."""
    async with running_site(temporal_in_memory=True) as site:
        lives = {step: asyncio.create_task(_live(site, step)) for step in Step}
        yield lives
        for life in lives.values():
            life.cancel()
        await asyncio.gather(*lives.values(), return_exceptions=True)


@pytest.mark.parametrize("step", Step)
async def test_a_crash_leaves_the_whole_climb_or_nothing_of_it(lives: Lives, step: Step) -> None:
    after_the_crash, _ = await lives[step]
    climbed = step not in UNTOUCHED
    assert (after_the_crash.level, after_the_crash.ledger_length) == ((1, 1) if climbed else (0, 0))
    assert after_the_crash.owners == (HOLDERS[climbed],)


@pytest.mark.parametrize("step", Step)
async def test_no_level_is_lost_by_a_crash_and_every_superior_gets_the_case_in_turn(lives: Lives, step: Step) -> None:
    _, at_the_top = await lives[step]
    assert (at_the_top.level, at_the_top.ledger_length) == (LEVELS - 1, LEVELS)
    assert at_the_top.owners == (HOLDERS[-1],)
    assert set(HOLDERS) <= {*at_the_top.owners, *at_the_top.watchers}


async def _live(site: Site, step: Step) -> tuple[CaseView, CaseView]:
    """Let a worker die at a step, and a healthy one see the case to the top; return how the case stood after each."""
    case = await site.open(making.policy("2 seconds", levels=LEVELS), task_queue=step.name)
    await work_until_killed(site, step, step.name)
    after_the_crash = await _agreeing_records(site, case)
    async with worker.build(site.client, site.pool, task_queue=step.name), asyncio.timeout(LIMIT):
        await site.at_the_top(case)
        timeline = await once.check(site, case)
    assert once.kinds(timeline) == [*once.opened(), *once.left_alone(levels=LEVELS)]
    return after_the_crash, await _agreeing_records(site, case)


async def _agreeing_records(site: Site, case: Handle) -> CaseView:
    """Hold what four tables tell of a case against each other: its row, timeline, ledger, and the offices' inboxes."""
    stored = await site.stored(case.id)
    timeline = await case_records.timeline(site.pool, case.id)
    ledger = await case_records.ledger(site.pool, case.id)
    assert [line["seq"] for line in timeline] == list(range(1, stored.seq + 1))
    assert (timeline[-1]["level"], timeline[-1]["status"]) == (stored.level, stored.status)
    assert broken_at(ledger) is None
    assert (stored.ledger_length, stored.ledger_head) == (len(ledger), head_of(ledger))
    kinds = once.kinds(timeline)
    assert kinds.count(TransitionKind.BREACHED) == len(ledger)
    assert all(then == TransitionKind.ESCALATED for kind, then in pairwise(kinds) if kind == TransitionKind.BREACHED)
    assert kinds.count(TransitionKind.ESCALATED) == stored.level
    for level, office in enumerate(HOLDERS):
        lines = await inbox.seen_by(site.pool, office, datetime.now(UTC))
        mine = [line.yours for line in lines if line.case_id == case.id]
        assert mine == ([] if level > stored.level else [level == stored.level]), f"{office}: {mine}"
    return stored
