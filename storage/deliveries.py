"""Writing a delivery's transitions, once each, and finding deliveries by what carriers call them."""

import re
from collections.abc import Iterable
from typing import Any

from schemas.carrier import CarrierEvent, OrderRef
from schemas.delivery import DeliveryCommit, DeliveryCommitResult, DeliveryTransition, DeliveryView
from schemas.money import Money, MoneyKind
from schemas.post import Carriage
from storage import payments, webhooks_out
from storage.database import Connection, Pool
from storage.rows import insert, upsert

_SEARCHED = {
    *("delivery_id", "service", "ordered_by", "status", "point", "waybill"),
    *("on_time", "ordered_at", "over_at", "seq"),
}
"""Fields of a view that have a column of their own."""


async def commit(pool: Pool, request: DeliveryCommit) -> DeliveryCommitResult:
    """Write transitions, orders, money and how the delivery stands, in one transaction.

    The first writer wins. Doing it again does nothing, so a caller that never heard of its success may simply repeat
    it; one that has meanwhile decided otherwise is told, and writes nothing.
    """
    delivery_id, transitions = request.delivery.delivery_id, request.transitions
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"delivery {delivery_id}")
        written_before = await _from(connection, delivery_id, transitions[0].seq)
        if written_before and written_before != transitions:
            return DeliveryCommitResult(written_before=written_before)
        if not written_before:
            await _write(connection, request)
    return DeliveryCommitResult(moments=request.moments, history_length=request.history_length)


async def _from(connection: Connection, delivery_id: str, seq: int) -> tuple[DeliveryTransition, ...]:
    rows = await connection.fetch(
        "select body from delivery_timeline where delivery_id = $1 and seq >= $2 order by seq", delivery_id, seq
    )
    return tuple(DeliveryTransition.model_validate(row["body"]) for row in rows)


async def _write(connection: Connection, request: DeliveryCommit) -> None:
    delivery = request.delivery
    row = delivery.model_dump(include=_SEARCHED) | {
        "region": request.region,
        "recipient": request.recipient,
        "due_at": delivery.due.at if delivery.due else None,
        "view": delivery.model_dump(mode="json"),
    }
    await upsert(connection, "post_deliveries", row, key="delivery_id")
    for transition in request.transitions:
        await _append(connection, delivery.delivery_id, transition)
    await _keep_orders(connection, delivery.delivery_id, request.transitions[-1].after.orders)
    events = [transition.event for transition in request.transitions if transition.event]
    await record_money(connection, delivery.delivery_id, events)
    await webhooks_out.enqueue_delivery(connection, request)


async def _append(connection: Connection, delivery_id: str, transition: DeliveryTransition) -> None:
    row = {
        "delivery_id": delivery_id,
        "seq": transition.seq,
        "kind": transition.kind,
        "at": transition.at,
        "message_id": transition.message_id,
        "event_id": transition.event.event_id if transition.event else None,
        "status": transition.after.status,
        "detail": transition.detail,
        "body": transition.model_dump(mode="json"),
    }
    await insert(connection, "delivery_timeline", row)


async def _keep_orders(connection: Connection, delivery_id: str, orders: tuple[OrderRef, ...]) -> None:
    await connection.executemany(
        "insert into carrier_orders (order_id, waybill, delivery_id, number) values ($1, $2, $3, $4)"
        " on conflict do nothing",
        [(order.order_id, order.waybill, delivery_id, number) for number, order in enumerate(orders, start=1)],
    )


async def record_money(connection: Connection, delivery_id: str, events: Iterable[CarrierEvent]) -> None:
    """Count money that a carrier says was collected or paid out at the door, once, of a delivery that has its rules.

    A policy lets nothing but cash be paid out, and nobody pay for cash: that tells the one from the other.
    """
    delivery = await connection.fetchrow(
        "select ordered_by, body->'plan'->'terms'->>'carriage' as carriage from delivery_timeline"
        " join post_deliveries using (delivery_id)"
        " where delivery_id = $1 and body->'plan'->'terms' is not null order by delivery_timeline.seq desc limit 1",
        delivery_id,
    )
    for event in events:
        if delivery is None or event.receipt is None or event.amount is None:
            continue
        money = Money(
            kind=MoneyKind.PAYOUT if delivery["carriage"] == Carriage.CASH else MoneyKind.COD,
            receipt=event.receipt,
            reference_id=f"{delivery_id}.{event.order}",
            amount=event.amount,
            at=event.at,
            request_id=delivery["ordered_by"],
            delivery_id=delivery_id,
        )
        await payments.record(connection, money)


async def find(pool: Pool, delivery_id: str) -> DeliveryView | None:
    """Return how a delivery stands, or None when no such delivery was ever committed."""
    found = await pool.fetchval("select view from post_deliveries where delivery_id = $1", delivery_id)
    return None if found is None else DeliveryView.model_validate(found)


async def of(pool: Pool, ordered_by: str) -> list[DeliveryView]:
    """Return the deliveries of a service request or a case, oldest first."""
    rows = await pool.fetch(
        "select view from post_deliveries where ordered_by = $1 order by ordered_at, delivery_id", ordered_by
    )
    return [DeliveryView.model_validate(row["view"]) for row in rows]


async def timeline(pool: Pool, delivery_id: str) -> list[dict[str, Any]]:
    """Return a delivery's timeline, oldest first, as plain values."""
    rows = await pool.fetch(
        "select seq, kind, at, message_id, event_id, status, detail, recorded_at from delivery_timeline"
        " where delivery_id = $1 order by seq",
        delivery_id,
    )
    return [dict(row) for row in rows]


async def transitions(pool: Pool, delivery_id: str) -> list[DeliveryTransition]:
    """Return a delivery's transitions, whole, oldest first."""
    rows = await pool.fetch("select body from delivery_timeline where delivery_id = $1 order by seq", delivery_id)
    return [DeliveryTransition.model_validate(row["body"]) for row in rows]


async def by_order(pool: Pool, order_id: str) -> tuple[str, int] | None:
    """Return the delivery that an order of the carrier belongs to, and the order's number in it."""
    row = await pool.fetchrow("select delivery_id, number from carrier_orders where order_id = $1", order_id)
    return None if row is None else (row["delivery_id"], row["number"])


async def by_waybill(pool: Pool, waybill: str) -> tuple[str, int] | None:
    """Return the same by waybill: of the latest order that had it, for carriers use waybills again."""
    row = await pool.fetchrow(
        "select delivery_id, number from carrier_orders where waybill = $1 order by taken_at desc limit 1", waybill
    )
    return None if row is None else (row["delivery_id"], row["number"])


def by_reference(reference: str) -> tuple[str, int] | None:
    """Return the delivery and the number in an order's own reference, `<delivery id>.<number>`; None: it is not ours.

    Only its form is looked at: whether there is such a delivery is another question.
    """
    match = re.fullmatch(r"([A-Za-z0-9][A-Za-z0-9._-]{2,63})\.([1-9][0-9]{0,3})", reference)
    return None if match is None else (match.group(1), int(match.group(2)))
