"""A worker that ends itself with SIGKILL at an exact moment of a commit: `MOMENT COMMIT_NUMBER TASK_QUEUE`."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from enum import StrEnum
from itertools import count
from typing import NoReturn
from unittest.mock import patch

from asyncpg.transaction import Transaction

import worker
from runtime import logs, settings, temporal
from storage import case_records, database

Commit = Callable[..., Awaitable[object]]


class Moment(StrEnum):
    """When the worker dies."""

    BEFORE = "right before the transaction"
    INSIDE = "inside the transaction, before COMMIT"
    AFTER = "right after the commit, before Temporal hears of it"


def _die(*_: object) -> NoReturn:
    os.kill(os.getpid(), signal.SIGKILL)
    raise AssertionError("nobody survives SIGKILL")


def _dying(commit: Commit, moment: Moment, number: int) -> Commit:
    """Return the product's own commit that dies at a moment of its so-manieth call."""
    calls = count(1)

    async def dying(*arguments: object) -> object:
        if next(calls) != number:
            return await commit(*arguments)
        if moment is Moment.BEFORE:
            _die()
        if moment is Moment.INSIDE:
            with patch.object(Transaction, "__aexit__", _die):
                await commit(*arguments)
        await commit(*arguments)
        _die()

    return dying


async def _run(moment: Moment, commit_number: int, task_queue: str) -> None:
    where = settings.load()
    pool = await database.connect(where.database_url)
    client = await temporal.connect(where.temporal_address, wait_seconds=60)
    with patch.object(case_records, "commit", _dying(case_records.commit, moment, commit_number)):
        await worker.build(client, pool, task_queue=task_queue).run()


if __name__ == "__main__":
    logs.configure()
    asyncio.run(_run(Moment(sys.argv[1]), int(sys.argv[2]), sys.argv[3]))
