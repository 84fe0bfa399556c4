"""Run the workers that carry cases: `python worker.py`, or `kawal worker`."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial

import structlog
from temporalio.client import Client
from temporalio.service import RPCError
from temporalio.worker import Worker

from activities.carrier import ContractedCarrierActivities
from activities.cases import PostgresCaseActivities
from activities.deliveries import PostgresDeliveryActivities
from activities.scorecards import PostgresScorecardActivities
from activities.service_requests import PostgresRequestActivities
from carriers.circuit import Circuit
from carriers.http_carrier import HttpCarrier
from carriers.protocol import Carrier
from gateway import mail
from gateway.channels.http_messenger import reaching
from gateway.channels.webhooks import webhooks_going_out
from gateway.notices import dispatching
from gateway.scorecards import Scorecards
from gateway.service_requests import ServiceRequests
from gateway.starter import Starter
from gateway.telling import tell_untold
from privacy.ring import RingError
from privacy.sealing import SealBrokenError
from runtime import evidence as evidence_settings
from runtime import logs, settings, temporal, tracing
from runtime.messenger_settings import messengers
from storage import database, evidence_links, idempotency, objects
from workflows.complaint import ComplaintWorkflow
from workflows.delivery import DeliveryWorkflow
from workflows.post_queue import post_queue
from workflows.scorecard import ScorecardWorkflow
from workflows.service_request import ServiceRequestWorkflow

_SWEEP_SECONDS = 60.0
_PRUNE_SECONDS = 3600.0
_DELIVERY_SECONDS = 2.0
_PATIENCE_SECONDS = 20.0
"""How long a stopped worker may take to end; longer than the ten seconds that it leaves to what is under way."""


def build(client: Client, pool: database.Pool, *, task_queue: str = settings.TASK_QUEUE) -> Worker:
    """Return a worker for all workflows; what it has begun, it may end within ten seconds when it is stopped."""
    cases, scorecards = PostgresCaseActivities(pool), PostgresScorecardActivities(pool)
    shipments, requests = PostgresDeliveryActivities(pool), PostgresRequestActivities(pool)
    return Worker(
        client,
        task_queue=task_queue,
        workflows=[ComplaintWorkflow, ScorecardWorkflow, DeliveryWorkflow, ServiceRequestWorkflow],
        activities=[
            *(cases.plan_case, cases.replan, cases.commit),
            *(scorecards.register_rules, scorecards.commit_register),
            *(shipments.plan_delivery, shipments.commit_delivery),
            *(requests.plan_request, requests.commit_request),
        ],
        workflow_runner=temporal.workflow_runner(),
        graceful_shutdown_timeout=timedelta(seconds=10),
    )


def build_post(
    client: Client, pool: database.Pool, carrier: Carrier, *, rate: float = 20.0, task_queue: str = settings.TASK_QUEUE
) -> Worker:
    """Return a worker that asks the carrier, so many times a second at most, over all workers together."""
    asked = ContractedCarrierActivities(pool, carrier, Circuit())
    return Worker(
        client,
        task_queue=post_queue(task_queue),
        activities=[
            *(asked.place_order, asked.ask_carrier, asked.file_claim, asked.cancel_order),
            *(asked.ask_payment, asked.void_payment, asked.refund_payment),
        ],
        max_task_queue_activities_per_second=rate,
        graceful_shutdown_timeout=timedelta(seconds=10),
    )


async def run() -> None:
    """Run a worker until SIGTERM or SIGINT; then let what is under way end."""
    where = settings.load()
    destinations, providers = mail.from_environment(), messengers()
    post = settings.carrier()
    log = structlog.get_logger("worker")
    pool = await database.connect(where.database_url)
    client = await _temporal(where.temporal_address, log)
    stop = asyncio.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(signal_number, stop.set)
    try:
        async with (
            asyncio.timeout(None) as patience,
            reaching(providers) as phones,
            dispatching(where.database_url, [*destinations, *phones]),
            webhooks_going_out(where.database_url),
            build(client, pool),
            _asking(post, client, pool),
        ):
            log.info("worker started", task_queue=settings.TASK_QUEUE, namespace=client.namespace, pid=os.getpid())
            if not destinations:
                log.warning("e-mail waits: no mail server is set", mend="set KAWAL_SMTP_URL and KAWAL_MAIL_FROM")
            if post is None:
                log.warning("deliveries wait: no carrier is set", mend="set KAWAL_CARRIER_URL and its key and secrets")
            loops = [
                asyncio.create_task(_for_ever(Starter(client, pool).sweep, _SWEEP_SECONDS, log)),
                asyncio.create_task(_for_ever(ServiceRequests(client, pool).sweep, _SWEEP_SECONDS, log)),
                asyncio.create_task(_for_ever(partial(tell_untold, client, pool), _SWEEP_SECONDS, log)),
                asyncio.create_task(_for_ever(Scorecards(client, pool).deliver, _DELIVERY_SECONDS, log)),
            ]
            if photos := _photos(log):
                unused = partial(evidence_links.sweep_unused, pool, photos)
                loops.append(asyncio.create_task(_for_ever(unused, _SWEEP_SECONDS, log)))
            loops.append(asyncio.create_task(_for_ever(partial(idempotency.prune, pool), _PRUNE_SECONDS, log)))
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


def _photos(log: structlog.stdlib.BoundLogger) -> objects.Objects | None:
    """Return where photos and documents are kept, if anything says so."""
    try:
        return objects.opened(evidence_settings.evidence())
    except settings.SettingsError as missing:
        log.warning("photos that nobody uses are not swept away", problem=str(missing))
        return None


@asynccontextmanager
async def _asking(post: settings.CarrierSettings | None, client: Client, pool: database.Pool) -> AsyncIterator[None]:
    """Ask the carrier what deliveries want to know, if there is one."""
    if post is None:
        yield
        return
    async with (
        HttpCarrier(post.url, post.key) as carrier,
        build_post(client, pool, carrier, rate=post.calls_per_second),
    ):
        yield


async def _for_ever(step: Callable[[], Awaitable[int]], pause: float, log: structlog.stdlib.BoundLogger) -> None:
    """Do a step again and again, with a pause of so many seconds between; several workers may do so at once.

    What is away is waited for, and so is a key that KAWAL_KEYS lacks: it concerns some photos, and cases go on.
    """
    name = getattr(step, "func", step).__qualname__
    away = False
    while True:
        try:
            if done := await step():
                log.debug("done", step=name, number=done)
            away = False
        except (*database.AWAY, RPCError, RingError, SealBrokenError) as problem:
            if not away:
                log.warning("something is away; keeps trying", step=name, problem=type(problem).__name__)
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
    tracing.configure("worker")
    try:
        asyncio.run(run())
    except (settings.SettingsError, temporal.TemporalAwayError) as error:
        sys.exit(f"worker: {error}")
    tracing.flush()
    sys.stderr.flush()
    os._exit(0)  # the SDK's native threads can abort an orderly interpreter exit after all work is done


if __name__ == "__main__":
    main()
