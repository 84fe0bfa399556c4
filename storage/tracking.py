"""What carriers told: all of it for those who follow a delivery, and what its workflow has not been told yet."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from itertools import groupby
from typing import Any

from pydantic import Field

from privacy.fields import seal_fields
from privacy.ring import KeyRing
from schemas.base import Model, UtcDatetime
from schemas.carrier import DECISIVE, EMSEVT, CarrierEvent, FailureReason, Scan
from storage import deliveries, persons, recipients
from storage.database import Connection, Pool

_LATE = timedelta(hours=1)
"""A scan that comes in this long after it happened was captured without a network."""
_AT_ONCE = 100
"""Events that one message to a workflow takes."""


class Via(StrEnum):
    """How something came to be known."""

    WEBHOOK = "webhook"
    ASKED = "asked"


class ScanSeen(Model):
    """One scan, as people see it who follow a delivery."""

    scan: Scan
    emsevt: str | None = Field(description="the event of UPU EMSEVT that it is, if it is one")
    order: int = Field(description="which of the delivery's orders it is about")
    point: str | None
    at: UtcDatetime = Field(description="when it happened, as the carrier says")
    reason: FailureReason | None
    received_at: UtcDatetime
    late: bool = Field(description="whether it became known over an hour after it happened")


async def record(
    pool: Pool,
    delivery_id: str,
    order_id: str,
    told: Iterable[tuple[CarrierEvent, Mapping[str, Any]]],
    via: Via,
) -> tuple[CarrierEvent, ...]:
    """Keep what a carrier told about an order; the first report under an event's id stays.

    Money counts whether or not the delivery still listens: what was paid out without a network is told of late.

    Args:
        pool: the database.
        delivery_id: the delivery that the order belongs to.
        order_id: as the carrier calls it.
        told: each event, and what the carrier sent, which may hold personal data.
        via: how it came in.

    Returns:
        The events among these that the workflow has not been told of, oldest first, as they were first reported.
    """
    events = sorted(told, key=lambda one: one[0].event_id)  # everybody locks rows in the same order
    async with pool.acquire() as connection, connection.transaction():
        person = await person_of(connection, pool.ring, delivery_id)
        key = await _key_of(connection, pool.ring, person)
        await connection.executemany(
            "insert into carrier_events"
            " (order_id, event_id, delivery_id, number, scan, at, point, reason, event, person, sealed, via)"
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing",
            [
                (
                    *(order_id, event.event_id, delivery_id, *_columns(event), person),
                    seal_fields(key, {"raw": raw}, sealed_as(order_id, event.event_id)) if key else {},
                    via,
                )
                for event, raw in events
            ],
        )
        await deliveries.record_money(connection, delivery_id, (event for event, _ in events))
        rows = await connection.fetch(
            "select event from carrier_events where order_id = $1 and delivery_id = $2 and event_id = any($3)"
            " and told_at is null order by at, event_id",
            order_id,
            delivery_id,
            [event.event_id for event, _ in events],
        )
    return tuple(CarrierEvent.model_validate(row["event"]) for row in rows)


def sealed_as(order_id: str, event_id: str) -> str:
    """Return what the sealed report of a carrier is bound to."""
    return f"event:{order_id}:{event_id}"


async def person_of(connection: Connection, ring: KeyRing, delivery_id: str) -> str:
    """Return under whose key what a carrier told about a delivery is sealed: its recipient's."""
    reference = await connection.fetchval("select recipient from post_deliveries where delivery_id = $1", delivery_id)
    known = await recipients.person_of(connection, reference) if reference else None
    return known or await persons.named(connection, ring, f"delivery:{delivery_id}")


async def _key_of(connection: Connection, ring: KeyRing, person: str) -> bytes | None:
    """Return the recipient's key; None when the recipient was erased: what was sent is not kept, then."""
    try:
        return await persons.key_of(connection, ring, person)
    except persons.ErasedError:
        return None


def _columns(event: CarrierEvent) -> tuple[object, ...]:
    return (event.order, event.scan, event.at, event.point, event.reason, event.model_dump(mode="json"))


async def told(pool: Pool, delivery_id: str, event_ids: Sequence[str]) -> None:
    """Note that a delivery's workflow was told of events, or that there is none that could be."""
    await pool.execute(
        "update carrier_events set told_at = now() where delivery_id = $1 and event_id = any($2) and told_at is null",
        delivery_id,
        list(event_ids),
    )


async def untold(pool: Pool) -> list[tuple[str, tuple[CarrierEvent, ...]]]:
    """Return deliveries with decisive events that came in over a minute ago and were told to no workflow.

    Whoever took them died, or could not reach Temporal. Each delivery has as many as one message takes, oldest first;
    `told` makes room for more.
    """
    rows = await pool.fetch(
        "select delivery_id, event from (select * from carrier_events where told_at is null and scan = any($1)"
        " and received_at < now() - interval '1 minute' order by received_at limit 1000) oldest"
        " order by delivery_id, at, event_id",
        sorted(DECISIVE),
    )
    return [
        (delivery_id, tuple(CarrierEvent.model_validate(row["event"]) for row in list(of_one)[:_AT_ONCE]))
        for delivery_id, of_one in groupby(rows, key=lambda row: row["delivery_id"])
    ]


async def of_delivery(pool: Pool, delivery_id: str) -> list[ScanSeen]:
    """Return all scans of a delivery in the order in which they happened."""
    rows = await pool.fetch(
        "select scan, number, point, at, reason, received_at from carrier_events where delivery_id = $1"
        " order by at, received_at, event_id",
        delivery_id,
    )
    return [
        ScanSeen(
            scan=row["scan"],
            emsevt=EMSEVT.get(row["scan"]),
            order=row["number"],
            point=row["point"],
            at=row["at"],
            reason=row["reason"],
            received_at=row["received_at"],
            late=row["received_at"] - row["at"] > _LATE,
        )
        for row in rows
    ]
