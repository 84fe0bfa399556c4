"""Telling deliveries what the carrier told us: at once when it does, or later when somebody died in between."""

import asyncio
from collections.abc import Sequence
from typing import Any

import structlog
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from runtime.temporal import TemporalAwayError
from schemas.carrier import CarrierEvent
from schemas.delivery import Told
from storage import tracking
from storage.database import Pool

_log = structlog.get_logger("carrier")

_PATIENCE_SECONDS = 5.0
"""With Temporal; whoever waits for us does not do so for ever."""


async def tell(client: Client, pool: Pool, delivery_id: str, events: Sequence[CarrierEvent]) -> None:
    """Tell a delivery what happened to its shipment, 100 events at most, and note that it was told.

    Whoever dies in between leaves it to the next one: the delivery takes every event once. One that is over hears
    nothing any more.

    Raises:
        TimeoutError, RPCError, TemporalAwayError: as `signal` does; the next one has to tell it again.
    """
    if not await signal(client, delivery_id, "told", Told(events=tuple(events))):
        _log.info("the carrier told of a delivery that is over", delivery_id=delivery_id, events=len(events))
    await tracking.told(pool, delivery_id, [event.event_id for event in events])


async def tell_untold(client: Client, pool: Pool) -> int:
    """Tell deliveries what was kept over a minute ago and told to none; return how many events that were.

    Several may do so at once. A delivery that cannot be told keeps no other from hearing.

    Raises:
        TimeoutError, RPCError, TemporalAwayError: as `signal` does; what Temporal did accept is told.
    """
    number, failure = 0, None
    for delivery_id, events in await tracking.untold(pool):
        try:
            await tell(client, pool, delivery_id, events)
            number += len(events)
        except RPCError as error:
            failure = error
    if failure is not None:
        raise failure
    return number


async def signal(client: Client, workflow_id: str, name: str, message: Any) -> bool:
    """Send a signal; return whether somebody was there to take it.

    Raises:
        TimeoutError: Temporal is away. Whoever it is for may hear it all the same.
        RPCError: Temporal refuses it, e.g. because it has no such namespace.
        TemporalAwayError: Temporal was never there.
    """
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS):
            await client.get_workflow_handle(workflow_id).signal(name, message)
    except RPCError as error:
        if error.status is not RPCStatusCode.NOT_FOUND or "amespace" in error.message:
            raise
        return False
    except RuntimeError as error:  # of a client that connects when it is needed first
        raise TemporalAwayError("Temporal does not answer") from error
    return True
