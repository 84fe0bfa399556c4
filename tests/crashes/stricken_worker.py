"""A worker that a signal strikes at an exact step of the commit of its first breach: `STEP SIGNAL TASK_QUEUE`.

SIGKILL ends it. SIGSTOP freezes it; once SIGCONT wakes it, it ends that commit, whatever the time is and whoever calls
it back, and writes to standard output what the commit was told: the worst that an overlapping run can do.
"""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from typing import Any
from unittest.mock import patch

from asyncpg.pool import PoolConnectionProxy
from asyncpg.transaction import Transaction

import worker
from runtime import logs, settings, temporal
from schemas.case import CommitRequest, CommitResult, TransitionKind
from storage import case_records, database

Commit = Callable[..., Awaitable[CommitResult]]
Strike = Callable[[], None]


class Step(StrEnum):
    """How far the commit of a breach has come."""

    BEFORE = "before the transaction"
    ROW = "when the case's row is changed"
    LINE = "when the breach stands in the timeline"
    ENTRY = "when the proposal stands in the ledger"
    COMMIT = "right before COMMIT"
    AFTER = "after the commit, before Temporal hears of it"


_STATEMENTS = {
    Step.ROW: "insert into cases",
    Step.LINE: "insert into timeline",
    Step.ENTRY: "insert into sanction_ledger",
}


def _struck(commit: Commit, step: Step, strike: Strike) -> Commit:
    """Return the product's own commit, struck the first time that it commits a breach."""
    waiting = True

    async def to_its_end(*arguments: Any) -> CommitResult:
        if step is Step.BEFORE:
            strike()
        with _struck_inside(step, strike):
            result = await commit(*arguments)
        if step is Step.AFTER:
            strike()
        print("told:", len(result.written_before), "written before", flush=True)  # noqa: T201 - for whoever woke it
        return result

    async def struck(pool: database.Pool, request: CommitRequest, *rest: Any) -> CommitResult:
        nonlocal waiting
        if not waiting or all(line.kind is not TransitionKind.BREACHED for line in request.transitions):
            return await commit(pool, request, *rest)
        waiting = False
        return await asyncio.shield(to_its_end(pool, request, *rest))

    return struck


@contextmanager
def _struck_inside(step: Step, strike: Strike) -> Iterator[None]:
    with ExitStack() as patches:
        if step in _STATEMENTS:
            execute = _struck_after(PoolConnectionProxy.execute, _STATEMENTS[step], strike)
            patches.enter_context(patch.object(PoolConnectionProxy, "execute", execute))
        if step is Step.COMMIT:
            leave = _struck_before(Transaction.__aexit__, strike)
            patches.enter_context(patch.object(Transaction, "__aexit__", leave))
        yield


def _struck_after(execute: Callable[..., Awaitable[Any]], statement: str, strike: Strike) -> Callable[..., Any]:
    async def struck(connection: object, query: str, *arguments: Any, **options: Any) -> Any:
        done = await execute(connection, query, *arguments, **options)
        if statement in query:
            strike()
        return done

    return struck


def _struck_before(leave: Callable[..., Awaitable[Any]], strike: Strike) -> Callable[..., Any]:
    async def struck(transaction: object, *error: Any) -> Any:
        strike()
        return await leave(transaction, *error)

    return struck


async def _run(step: Step, number: signal.Signals, task_queue: str) -> None:
    where = settings.load()
    pool = await database.connect(where.database_url)
    client = await temporal.connect(where.temporal_address, wait_seconds=60)
    commit = _struck(case_records.commit, step, lambda: os.kill(os.getpid(), number))
    with patch.object(case_records, "commit", commit):
        await worker.build(client, pool, task_queue=task_queue).run()


if __name__ == "__main__":
    logs.configure()
    asyncio.run(_run(Step[sys.argv[1]], signal.Signals[sys.argv[2]], sys.argv[3]))
