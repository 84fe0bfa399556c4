"""Transitions are written once each, together with their ledger entries, or not at all."""

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from domain.ledger import broken_at
from domain.lifecycle import MessageReceived, Opened, TimeReached, decide, evolve
from domain.view import view
from schemas.case import CasePlan, CaseState, CommitRequest, CommitResult, Transition
from storage import case_records
from storage.database import Pool, migrate
from tests import making
from tests.making import NOON


def requests(case_id: str) -> list[CommitRequest]:
    """Return the commits of a case that climbs one level and is answered."""
    plan: CasePlan = making.plan()
    state = CaseState(complaint=making.complaint(case_id), plan=plan)
    made = []
    day = timedelta(days=1)
    for event in (Opened(NOON), TimeReached(NOON + 10 * day), MessageReceived(NOON + 11 * day, making.respond())):
        transitions: list[Transition] = []
        for transition in decide(state, event):
            state = evolve(state, transition)
            transitions.append(transition)
        made.append(CommitRequest(case=view(state), transitions=tuple(transitions)))
    return made


async def test_a_commit_done_many_times_at_once_is_done_once(pool: Pool) -> None:
    for request in requests("stored-1"):
        await asyncio.gather(*(case_records.commit(pool, request) for _ in range(8)))
    timeline = await case_records.timeline(pool, "stored-1")
    assert [line["seq"] for line in timeline] == list(range(1, len(timeline) + 1))
    assert len(await case_records.ledger(pool, "stored-1")) == 1


async def test_an_older_commit_that_comes_late_does_not_turn_the_case_back(pool: Pool) -> None:
    made = requests("stored-2")
    for request in (*made, made[0]):
        await case_records.commit(pool, request)
    assert await case_records.case(pool, "stored-2") == made[-1].case


async def test_a_case_is_read_back_as_it_was_written(pool: Pool) -> None:
    for request in requests("stored-3"):
        await case_records.commit(pool, request)
        assert await case_records.case(pool, "stored-3") == request.case


async def test_the_ledger_is_read_back_with_its_seals_intact(pool: Pool) -> None:
    made = requests("stored-4")
    for request in made:
        await case_records.commit(pool, request)
    stored = await case_records.ledger(pool, "stored-4")
    assert broken_at(stored) is None
    assert stored == [entry for request in made for transition in request.transitions for entry in transition.ledger]


async def test_the_first_writer_wins_and_the_second_is_told_what_stands(pool: Pool) -> None:
    opened, climbed, answered = requests("stored-5")
    await case_records.commit(pool, opened)
    assert await case_records.commit(pool, climbed) == CommitResult()
    other = [transition.model_copy(update={"at": NOON}) for transition in climbed.transitions]
    told = await case_records.commit(pool, CommitRequest(case=answered.case, transitions=tuple(other)))
    assert told.written_before == climbed.transitions
    assert await case_records.case(pool, "stored-5") == climbed.case
    assert len(await case_records.ledger(pool, "stored-5")) == 1


async def test_many_writers_that_disagree_agree_on_the_first(pool: Pool) -> None:
    opened, climbed, _ = requests("stored-7")
    await case_records.commit(pool, opened)
    different = [
        CommitRequest(
            case=climbed.case,
            transitions=tuple(t.model_copy(update={"at": t.at + timedelta(seconds=n)}) for t in climbed.transitions),
        )
        for n in range(8)
    ]
    told = await asyncio.gather(*(case_records.commit(pool, request) for request in different))
    [winner] = [request for request, what in zip(different, told, strict=True) if not what.written_before]
    assert all(what.written_before in ((), winner.transitions) for what in told)


@pytest.mark.parametrize(
    "statement",
    [
        "update timeline set at = now() where case_id = 'stored-6'",
        "delete from timeline where case_id = 'stored-6'",
        "update sanction_ledger set points = 0 where case_id = 'stored-6'",
        "delete from sanction_ledger where case_id = 'stored-6'",
        "truncate sanction_ledger",
        "truncate timeline cascade",
    ],
)
async def test_timeline_and_ledger_only_grow(pool: Pool, statement: str) -> None:
    for request in requests("stored-6"):
        await case_records.commit(pool, request)
    with pytest.raises(asyncpg.RestrictViolationError, match="is append-only"):
        await pool.execute(statement)


async def test_migrating_twice_and_at_once_changes_nothing(database_url: str) -> None:
    assert await asyncio.gather(*(migrate(database_url) for _ in range(3))) == [[], [], []]
