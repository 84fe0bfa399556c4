"""Run the workers that carry cases: `python worker.py`, or `kawal worker`."""

import asyncio
import os
import signal
import sys
from datetime import timedelta

import asyncpg
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
            sweeping = asyncio.create_task(_sweep(Starter(client, pool), log))
            delivering = asyncio.create_task(_deliver(Scorecards(client, pool), log))
            await stop.wait()
            log.info("worker stops")
            sweeping.cancel()
            delivering.cancel()
            patience.reschedule(asyncio.get_running_loop().time() + _PATIENCE_SECONDS)
    except TimeoutError:
        log.warning("what was under way did not end in time: it is taken up again elsewhere")
    finally:
        pool.terminate()


async def _sweep(starter: Starter, log: structlog.stdlib.BoundLogger) -> None:
    """Every minute, start the cases that whoever accepted them could not start. Several workers may do so at once."""
    while True:
        try:
            if found := await starter.sweep():
                log.warning("started cases that were left behind", number=found)
        except (OSError, RPCError, asyncpg.PostgresError, asyncpg.InterfaceError) as away:
            log.warning("cannot look for cases that were left behind", problem=type(away).__name__)
        await asyncio.sleep(_SWEEP_SECONDS)


async def _deliver(scorecards: Scorecards, log: structlog.stdlib.BoundLogger) -> None:
    """Every two seconds, bring what cases told to the registers of agencies. Several workers may do so at once."""
    away = False
    while True:
        try:
            await scorecards.deliver()
            away = False
        except (OSError, RPCError, asyncpg.PostgresError, asyncpg.InterfaceError) as problem:
            if not away:
                log.warning("cannot deliver to registers, and keeps trying", problem=type(problem).__name__)
            away = True
        await asyncio.sleep(_DELIVERY_SECONDS)


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
