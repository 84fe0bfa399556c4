"""A request is durable before it starts, its transitions are written once each, and rows of a file settle once."""

import asyncio
import json
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from schemas.service_request import RequestCommit, RequestCommitResult, RequestStart, RequestStatus
from storage import batches, recipients, service_requests
from storage.batches import RowStatus
from storage.database import Pool
from storage.service_requests import RequestIdTakenError
from tests.storage import post_making as post
from tests.storage.post_making import NOON, intake


async def accept(
    pool: Pool, request_id: str, external_id: str | None = None, *, at: datetime = NOON, **fields: object
) -> RequestStart:
    version = await post.published(pool)
    given = intake(external_id, **fields)
    return await service_requests.accept(
        pool, request_id, given, f"rcp-{request_id}", version, at, once_per_period=False
    )


async def test_a_request_is_accepted_with_its_recipient_and_leaves_the_person_behind(pool: Pool) -> None:
    started = await accept(pool, "sr-1", amount=25_000)
    assert (started.request_id, started.amount, started.period) == ("sr-1", 25_000, "2026-11")
    assert await recipients.find(pool, started.recipient) == intake().recipient
    assert "Siti" not in json.dumps(started.model_dump(mode="json"))


async def test_the_same_external_id_many_times_at_once_is_one_request(pool: Pool) -> None:
    started = await asyncio.gather(*(accept(pool, f"sr-2-{n}", "A-2") for n in range(8)))
    assert len({one.request_id for one in started}) == 1
    stored = [await recipients.find(pool, f"rcp-sr-2-{n}") for n in range(8)]
    assert len([one for one in stored if one]) == 1  # of a repeat nothing is kept


async def test_the_same_request_under_the_same_id_returns_the_first(pool: Pool) -> None:
    first = await accept(pool, "sr-3")
    assert await accept(pool, "sr-3", at=NOON + timedelta(hours=1)) == first


@pytest.mark.parametrize(
    "change", [{"service": "cards"}, {"amount": 5}, {"channel": "counter"}, {"external_id": "A-4"}]
)
async def test_an_id_of_another_request_is_refused(pool: Pool, change: dict[str, object]) -> None:
    await accept(pool, "sr-4")
    with pytest.raises(RequestIdTakenError, match="request_id: sr-4 is that of another request"):
        await accept(pool, "sr-4", **change)  # type: ignore[arg-type]


async def test_requests_that_were_accepted_and_never_started_are_found(pool: Pool) -> None:
    long_ago = datetime.now(UTC) - timedelta(minutes=2)
    left, started = await accept(pool, "sr-5-left", at=long_ago), await accept(pool, "sr-5-started", at=long_ago)
    just_now = await accept(pool, "sr-5-now", at=datetime.now(UTC))
    await service_requests.commit(pool, post.requests(started)[0])
    found = await service_requests.left_behind(pool)
    assert left in found
    assert started not in found
    assert just_now not in found


async def test_those_that_were_never_started_are_found_page_by_page(pool: Pool) -> None:
    long_ago = datetime.now(UTC) - timedelta(minutes=2)
    first, second = [await accept(pool, f"sr-5-page-{n}", at=long_ago) for n in (1, 2)]
    assert first not in (after := await service_requests.left_behind(pool, first))
    assert second in after


async def test_an_accepted_request_cannot_be_changed(pool: Pool) -> None:
    await accept(pool, "sr-6")
    with pytest.raises(asyncpg.RestrictViolationError, match="request_intakes is append-only"):
        await pool.execute("update request_intakes set service = 'other' where request_id = 'sr-6'")


async def test_a_commit_done_many_times_at_once_is_done_once_and_read_back_as_written(pool: Pool) -> None:
    made = post.requests(post.start("sr-7"), [post.PLANNED, post.prepared("sr-7"), post.ASKED, post.paid("R-sr-7")])
    for request in made:
        results = await asyncio.gather(*(service_requests.commit(pool, request) for _ in range(8)))
        assert results == [RequestCommitResult()] * 8
        assert await service_requests.find(pool, "sr-7") == request.request
    timeline = await service_requests.timeline(pool, "sr-7")
    assert [line["kind"] for line in timeline] == ["received", "prepared", "payment asked", "paid"]
    assert [line["status"] for line in timeline] == ["preparing", *["awaiting payment"] * 2, "delivering"]
    written = [transition for request in made for transition in request.transitions]
    assert await service_requests.transitions(pool, "sr-7") == written
    assert await service_requests.find(pool, "sr-nowhere") is None


async def test_an_older_commit_that_comes_late_does_not_turn_the_request_back(pool: Pool) -> None:
    made = post.requests(post.start("sr-8"), [post.PLANNED, post.prepared("sr-8")])
    for request in made:
        await service_requests.commit(pool, request)
    result = await service_requests.commit(pool, made[0])
    assert result.written_before == tuple(t for request in made for t in request.transitions)
    assert await service_requests.find(pool, "sr-8") == made[-1].request


async def test_of_many_writers_that_disagree_the_first_wins_and_the_others_are_told_what_stands(pool: Pool) -> None:
    [planned] = post.requests(post.start("sr-9"))
    different = [_later(planned, seconds) for seconds in range(8)]
    results = await asyncio.gather(*(service_requests.commit(pool, request) for request in different))
    [winner] = [one for one, result in zip(different, results, strict=True) if not result.written_before]
    assert all(result.written_before in ((), winner.transitions) for result in results)
    assert await service_requests.transitions(pool, "sr-9") == list(winner.transitions)


def _later(request: RequestCommit, seconds: int) -> RequestCommit:
    later = tuple(t.model_copy(update={"at": t.at + timedelta(seconds=seconds)}) for t in request.transitions)
    return request.model_copy(update={"transitions": later})


async def test_requests_are_listed_latest_first_page_by_page(pool: Pool) -> None:
    moments = (NOON, NOON, NOON + timedelta(hours=1))
    for n, moment in enumerate(moments):
        started = post.start(f"sr-10-{n}", service="listed", region="south" if n else "north", accepted_at=moment)
        await service_requests.commit(pool, post.requests(started)[0])
    pages, after = [], None
    while page := await service_requests.listed(pool, service="listed", limit=2, after=after):
        pages.append([view.request_id for view in page])
        after = page[-1].request_id
    assert pages == [["sr-10-2", "sr-10-1"], ["sr-10-0"]]
    north = await service_requests.listed(pool, service="listed", region="north", status=RequestStatus.PREPARING)
    assert [view.request_id for view in north] == ["sr-10-0"]
    assert await service_requests.listed(pool, service="listed", status=RequestStatus.COMPLETED) == []


@pytest.mark.parametrize(
    "statement",
    [
        "update request_timeline set at = now() where request_id = 'sr-11'",
        "delete from request_timeline where request_id = 'sr-11'",
        "truncate request_timeline",
    ],
)
async def test_the_timeline_only_grows(pool: Pool, statement: str) -> None:
    await service_requests.commit(pool, post.requests(post.start("sr-11"))[0])
    with pytest.raises(asyncpg.RestrictViolationError, match="is append-only"):
        await pool.execute(statement)


async def test_a_batch_made_many_times_at_once_is_one_batch(pool: Pool) -> None:
    made = await asyncio.gather(*(batches.create(pool, "batch-1", "papers", 3) for _ in range(8)))
    assert len({batch.created_at for batch in made}) == 1
    assert await batches.waiting(pool, "batch-1", 10) == [1, 2, 3]
    assert await batches.waiting(pool, "batch-1", 2) == [1, 2]
    for service, rows in (("cards", 3), ("papers", 4)):
        with pytest.raises(batches.BatchIdTakenError, match="batch_id: batch-1 is that of another batch"):
            await batches.create(pool, "batch-1", service, rows)


async def test_a_batch_is_done_when_all_its_rows_are_settled_however_many_settle_at_once(pool: Pool) -> None:
    await batches.create(pool, "batch-2", "papers", 20)
    turns = [(row, f"bt-{row}" if row % 2 else None) for row in range(1, 21)]
    problem = "amount: is missing; add it"
    await asyncio.gather(
        *(
            batches.settle(pool, "batch-2", row, request_id, None if request_id else problem)
            for row, request_id in (*turns, *turns)
        )
    )
    batch, results = await batches.find(pool, "batch-2"), await batches.results(pool, "batch-2")
    assert batch is not None
    assert batch.done_at is not None
    assert [(one.row, one.request_id) for one in results] == turns
    assert {one.problem for one in results if one.status is RowStatus.REFUSED} == {problem}


async def test_of_the_last_two_rows_that_settle_at_once_one_is_the_last(pool: Pool) -> None:
    names = [f"batch-4-{n}" for n in range(20)]
    await asyncio.gather(*(batches.create(pool, name, "papers", 2) for name in names))
    await asyncio.gather(*(batches.settle(pool, name, row, "bt-4", None) for name in names for row in (1, 2)))
    found = [await batches.find(pool, name) for name in names]
    assert all(batch is not None and batch.done_at is not None for batch in found)


async def test_what_was_noted_first_about_a_row_stays(pool: Pool) -> None:
    await batches.create(pool, "batch-3", "papers", 2)
    await batches.settle(pool, "batch-3", 1, "bt-3-1", None)
    await batches.settle(pool, "batch-3", 1, None, "late")
    [first, second] = await batches.results(pool, "batch-3")
    assert (first.status, first.request_id, first.problem) == (RowStatus.ACCEPTED, "bt-3-1", None)
    assert second.status is RowStatus.WAITING
    batch = await batches.find(pool, "batch-3")
    assert batch is not None
    assert batch.done_at is None
