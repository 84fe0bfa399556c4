"""What was accepted and never started is started, whatever stands in front of it."""

import asyncio

import pytest
import structlog
from structlog.testing import capture_logs
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

import worker
from gateway.service_requests import ServiceRequests
from gateway.starter import Starter
from gateway.starting import Starting
from gateway.sweeping import sweep
from privacy.ring import RingError
from privacy.sealing import SealBrokenError
from schemas.complaint import Complaint
from storage.database import Pool
from tests import making

PAGES = {None: [1, 2, 3], 3: [4, 5], 5: []}


async def pages(last: int | None) -> list[int]:
    return PAGES[last]


async def test_one_that_temporal_refuses_keeps_no_other_from_being_started() -> None:
    started = []

    async def start(number: int) -> None:
        if number == 2:
            raise RPCError("bad", RPCStatusCode.INVALID_ARGUMENT, b"")
        started.append(number)

    with pytest.raises(RPCError, match="bad"):
        await sweep(pages, start)
    assert started == [1, 3, 4, 5]


async def test_a_sweep_ends_at_once_while_temporal_is_away() -> None:
    tried = []

    async def start(number: int) -> None:
        tried.append(number)
        raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")

    with pytest.raises(RPCError, match="away"):
        await sweep(pages, start)
    assert tried == PAGES[None]


class _Hanging(Starter):
    """Temporal takes the call, and never answers."""

    async def start(self, complaint: Complaint) -> None:  # type: ignore[override]
        await asyncio.Event().wait()


async def test_whoever_stops_waits_for_no_temporal_that_hangs(client: Client, pool: Pool) -> None:
    starting = Starting(_Hanging(client, pool), ServiceRequests(client, pool))
    for number in range(20):
        starting.soon(making.complaint(case_id=f"hangs-{number}"))
    with capture_logs() as logs:
        async with asyncio.timeout(10):
            await starting.settle(0.1)
            await starting.settle()
    assert [line["event"] for line in logs] == ["not all that was accepted is started yet; a sweep will"]


@pytest.mark.parametrize("problem", [RingError, SealBrokenError])
async def test_something_that_cannot_be_opened_does_not_end_the_worker(problem: type[Exception]) -> None:
    tries: asyncio.Queue[None] = asyncio.Queue()

    async def step() -> int:
        tries.put_nowait(None)
        raise problem("cannot be opened")

    loop = asyncio.create_task(worker._for_ever(step, 0, structlog.get_logger()))
    async with asyncio.timeout(10):
        for _ in range(2):
            await tries.get()
    assert not loop.done()
    loop.cancel()
