"""What cases tell is queued once, with their commit or not at all; a register's entries are written once each."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import pytest

from domain.register_chain import broken_at
from domain.register_state import effects
from domain.scorecard import ItemReceived, decide_all
from schemas.case import CommitRequest, Transition, TransitionKind
from schemas.scorecard import (
    AnsweredItem,
    FeedItem,
    LedgerItem,
    RegisterCommit,
    RegisterCommitResult,
    RegisterEntry,
    Scorecard,
)
from schemas.status import Status
from storage import scorecard_feed, scorecards
from storage.database import Pool
from tests import registers
from tests.making import NOON
from tests.registers import answered, late, late_again

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
async def nothing_left_to_deliver(pool: Pool) -> AsyncIterator[None]:
    yield
    await pool.execute("delete from scorecard_feed where agency like 'Q-%'")


async def enqueue(pool: Pool, request: CommitRequest) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await scorecard_feed.enqueue(connection, request)


async def queued(pool: Pool, agency: str) -> list[FeedItem]:
    async with pool.acquire() as connection, connection.transaction():
        return list((await scorecard_feed.next_for(connection, agency)).values())


def of_case(agency: str, case_id: str) -> CommitRequest:
    """Return a commit of two proposals and an answer."""
    entries = [registers.entry(case_id, n, at=NOON, agency=agency, subject=f"operator@{agency}") for n in (1, 2)]
    policy = registers.policy(agency)
    return registers.committed(policy, agency, *entries, case_id=case_id, answered_at=NOON + DAY, on_time=False)


async def test_ledger_entries_and_answers_are_queued_once_in_the_order_of_the_case(pool: Pool) -> None:
    request = of_case("Q-ONCE", "queued-1")
    await asyncio.gather(*(enqueue(pool, request) for _ in range(5)))
    first, second, answer = await queued(pool, "Q-ONCE")
    assert isinstance(first, LedgerItem)
    assert isinstance(second, LedgerItem)
    assert isinstance(answer, AnsweredItem)
    assert [first.entry, second.entry] == [entry for t in request.transitions for entry in t.ledger]
    assert (first.late, first.policy_version) == ("operator@Q-ONCE", request.case.policy_version)
    assert (answer.seq, answer.at, answer.on_time) == (5, NOON + DAY, False)


async def test_what_is_not_committed_is_not_queued(pool: Pool) -> None:
    class LostError(Exception):
        pass

    async def lose() -> None:
        async with pool.acquire() as connection, connection.transaction():
            await scorecard_feed.enqueue(connection, of_case("Q-LOST", "queued-2"))
            raise LostError

    with pytest.raises(LostError):
        await lose()
    assert await queued(pool, "Q-LOST") == []


async def test_entries_of_older_cases_name_no_agency_and_are_passed_over(pool: Pool) -> None:
    old = registers.entry("queued-3", at=NOON, agency=None)
    await enqueue(pool, registers.committed(registers.policy("Q-OLD"), "Q-OLD", old, case_id="queued-3"))
    assert await queued(pool, "Q-OLD") == []


async def test_the_answer_to_a_part_is_that_of_the_agency_of_the_part(pool: Pool) -> None:
    request = of_case("Q-WHOLE", "queued-4")
    about = {"agency": "Q-PART"}
    part = Transition(
        seq=9, kind=TransitionKind.PART_ANSWERED, at=NOON, status=Status.COORDINATING, level=0, clock=None, detail=about
    )
    await enqueue(pool, request.model_copy(update={"transitions": (part,)}))
    assert [item.identity for item in await queued(pool, "Q-PART")] == ["queued-4/answer-9"]
    assert await queued(pool, "Q-WHOLE") == []


async def test_lateness_that_no_level_is_blamed_for_is_queued_as_such(pool: Pool) -> None:
    request = of_case("Q-LAW", "queued-5")
    statutory = request.transitions[0].model_copy(update={"kind": TransitionKind.STATUTORY_BREACHED})
    await enqueue(pool, request.model_copy(update={"transitions": (statutory,)}))
    [item] = await queued(pool, "Q-LAW")
    assert isinstance(item, LedgerItem)
    assert item.late is None


async def test_while_somebody_delivers_to_an_agency_others_leave_it_alone(pool: Pool) -> None:
    await enqueue(pool, of_case("Q-BUSY", "queued-6"))
    async with pool.acquire() as connection, connection.transaction():
        items = await scorecard_feed.next_for(connection, "Q-BUSY")
        assert await queued(pool, "Q-BUSY") == []
        await scorecard_feed.mark_delivered(connection, list(items)[:2])
    assert [item.identity for item in await queued(pool, "Q-BUSY")] == ["queued-6/answer-5"]


def commits(agency: str) -> list[RegisterCommit]:
    """Return what a register commits one after the other: a proposal, a repeat, an answer."""
    card = registers.register(late_again(), agency=agency)
    made = []
    for item in (late("cs-1"), late("cs-2", at=NOON + DAY), answered("cs-3")):
        after, entries = decide_all(card, [ItemReceived(NOON, item)])
        made.append(commit_of(card, agency, entries))
        card = after
    return made


def commit_of(card: Scorecard, agency: str, entries: tuple[RegisterEntry, ...]) -> RegisterCommit:
    scores, months = effects(card, entries)
    return RegisterCommit(agency=agency, entries=entries, scores=scores, months=months)


async def test_a_commit_done_many_times_at_once_is_done_once(pool: Pool) -> None:
    for request in commits("S-ONCE"):
        told = await asyncio.gather(*(scorecards.commit(pool, request) for _ in range(8)))
        assert all(result == RegisterCommitResult() for result in told)
    entries = await scorecards.register(pool, agency="S-ONCE")
    assert [entry.kind for entry in entries] == ["received", "received", "proposed", "answered"]
    assert broken_at(entries) is None
    [(_, score)] = await scorecards.points(pool, agency="S-ONCE")
    assert (score.points, score.standing) == (56, 3)
    [month] = await scorecards.months(pool, "S-ONCE")
    assert (month.answered, month.on_time) == (1, 1)


async def test_the_first_writer_wins_and_others_are_told_what_stands(pool: Pool) -> None:
    first, second, third = commits("S-FIRST")
    await scorecards.commit(pool, first)
    await scorecards.commit(pool, second)
    other = third.model_copy(
        update={"entries": tuple(entry.model_copy(update={"number": 2}) for entry in third.entries), "months": ()}
    )
    assert (await scorecards.commit(pool, other)).written_before == second.entries
    assert await scorecards.months(pool, "S-FIRST") == []


async def test_what_stands_under_another_number_is_known_and_not_written_twice(pool: Pool) -> None:
    [first, *_] = commits("S-KNOWN")
    await scorecards.commit(pool, first)
    again = tuple(entry.model_copy(update={"number": 2}) for entry in first.entries)
    result = await scorecards.commit(pool, first.model_copy(update={"entries": again}))
    assert result == RegisterCommitResult(known=("cs-1/entry-1",))
    assert len(await scorecards.register(pool, agency="S-KNOWN")) == 1


async def test_a_register_can_be_asked_about_a_subject_and_a_case(pool: Pool) -> None:
    for request in commits("S-ASKED"):
        await scorecards.commit(pool, request)
    about = await scorecards.register(pool, agency="S-ASKED", subject=registers.OPERATOR)
    assert [entry.number for entry in about] == [1, 2, 3]
    of_case = await scorecards.register(pool, agency="S-ASKED", case_id="cs-2")
    assert [entry.number for entry in of_case] == [2]


@pytest.mark.parametrize(
    "statement",
    [
        "update scorecard_register set points = 0 where agency = 'S-GROWS'",
        "delete from scorecard_register where agency = 'S-GROWS'",
        "truncate scorecard_register",
    ],
)
async def test_a_register_only_grows(pool: Pool, statement: str) -> None:
    for request in commits("S-GROWS"):
        await scorecards.commit(pool, request)
    with pytest.raises(asyncpg.RestrictViolationError, match="is append-only"):
        await pool.execute(statement)
