"""Run the workers that carry cases: `python worker.py`, or `kawal worker`."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta

import structlog
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from activities.cases import PostgresCaseActivities
from activities.scorecards import PostgresScorecardActivities
from gateway import mail
from gateway.notices import dispatching
from gateway.scorecards import Scorecards
from gateway.starter import Starter
from runtime import logs, settings, temporal
from storage import database
from workflows.complaint import ComplaintWorkflow
from workflows.scorecard import ScorecardWorkflow

_SWEEP_SECONDS = 60.0
_DELIVERY_SECONDS = 2.0
_PATIENCE_SECONDS = 20.0
"""How long a stopped worker may take to end; longer than the ten seconds that it leaves to what is under way."""


def build(client: Client, pool: database.Pool, *, task_queue: str = settings.TASK_QUEUE) -> Worker:
    """Return a worker for complaints; what it has begun, it may end within ten seconds when it is stopped."""
    cases, scorecards = PostgresCaseActivities(pool), PostgresScorecardActivities(pool)
    return Worker(
        client,
        task_queue=task_queue,
        workflows=[ComplaintWorkflow, ScorecardWorkflow],
        activities=[cases.plan_case, cases.replan, cases.commit, scorecards.register_rules, scorecards.commit_register],
        workflow_runner=temporal.workflow_runner(),
        graceful_shutdown_timeout=timedelta(seconds=10),
    )


async def run() -> None:
    """Run a worker until SIGTERM or SIGINT; then let what is under way end."""
    where = settings.load()
    destinations = mail.from_environment()
    log = structlog.get_logger("worker")
    pool = await database.connect(where.database_url)
    client = await _temporal(where.temporal_address, log)
    stop = asyncio.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    try:
        async with (
            asyncio.timeout(None) as patience,
            dispatching(where.database_url, destinations),
            build(client, pool),
        ):
            log.info("worker started", task_queue=settings.TASK_QUEUE, namespace=client.namespace, pid=os.getpid())
            if not destinations:
                log.warning("e-mail waits: no mail server is set", mend="set KAWAL_SMTP_URL and KAWAL_MAIL_FROM")
            loops = [
                asyncio.create_task(_for_ever(Starter(client, pool).sweep, _SWEEP_SECONDS, log)),
                asyncio.create_task(_for_ever(Scorecards(client, pool).deliver, _DELIVERY_SECONDS, log)),
            ]
            for loop in loops:
                loop.add_done_callback(lambda _: stop.set())  # one that ends by itself is a bug: end as a whole
            await stop.wait()
            log.info("worker stops")
            _report_broken(loops, log)
            for loop in loops:
                loop.cancel()
            patience.reschedule(asyncio.get_running_loop().time() + _PATIENCE_SECONDS)
    except TimeoutError:
        log.warning("what was under way did not end in time: it is taken up again elsewhere")
    finally:
        pool.terminate()


async def _for_ever(step: Callable[[], Awaitable[int]], pause: float, log: structlog.stdlib.BoundLogger) -> None:
    """Do a step again and again, with a pause of so many seconds between; several workers may do so at once.

    What is away is waited for: starting cases that were left behind, bringing what cases told to registers.
    """
    away = False
    while True:
        try:
            if done := await step():
                log.debug("done", step=step.__name__, number=done)
            away = False
        except (*database.AWAY, RPCError) as problem:
            if not away:
                log.warning("something is away; keeps trying", step=step.__name__, problem=type(problem).__name__)
            away = True
        await asyncio.sleep(pause)


def _report_broken(loops: Iterable[asyncio.Task[None]], log: structlog.stdlib.BoundLogger) -> None:
    for loop in loops:
        if loop.done() and not loop.cancelled() and (error := loop.exception()) is not None:
            log.error("a loop of the worker broke, and the worker ends with it", exc_info=error)


async def _temporal(address: str | None, log: structlog.stdlib.BoundLogger) -> Client:
    try:
        return await temporal.connect(address)
    except temporal.TemporalAwayError as away:
        log.warning("waiting for Temporal, up to a minute", problem=str(away))
        return await temporal.connect(address, wait_seconds=60)


def main() -> None:
    """Run a worker as a process of its own."""
    logs.configure()
    logs.forward_native_logs()
    try:
        asyncio.run(run())
    except (settings.SettingsError, temporal.TemporalAwayError) as error:
        sys.exit(f"worker: {error}")
    sys.stderr.flush()
    os._exit(0)  # the SDK's native threads can abort an orderly interpreter exit after all work is done


if __name__ == "__main__":
    main()
