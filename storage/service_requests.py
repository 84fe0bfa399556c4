"""Service requests: durable at the door, their transitions written once each, and read back."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import asyncpg

from privacy.ring import KeyRing
from schemas.money import Money, MoneyKind
from schemas.service_request import (
    RequestCommit,
    RequestCommitResult,
    RequestIntake,
    RequestStart,
    RequestStatus,
    RequestTransition,
    RequestTransitionKind,
    RequestView,
)
from storage import benefits, not_started, payments, recipients, webhooks_out
from storage.database import Connection, Pool
from storage.rows import insert, upsert

_CARRIED = "request_id, service, channel, region, recipient, amount, period, accepted_at, policy_version"
"""The columns of an intake that a workflow may carry."""


class RequestIdTakenError(ValueError):
    """A request id is that of another request."""


async def accept(  # noqa: PLR0917 - what it is, what it is about, and under which rules since when
    pool: Pool,
    request_id: str,
    intake: RequestIntake,
    recipient_reference: str,
    policy_version: str,
    accepted_at: datetime,
    *,
    once_per_period: bool,
    requested_by: str | None = None,
) -> RequestStart:
    """Make a request, its recipient and its claim to a benefit durable; return what a workflow may carry of it.

    The same (channel, external id) again, or the same request under the same id, returns the one that was accepted
    first, and keeps nothing of the second.

    Raises:
        RequestIdTakenError: another request has this id.
        BenefitTakenError: another request has this benefit of the recipient in the period.
        ValueError: a benefit that is given once in a period lacks the period, or the recipient's national_id.
    """
    async with pool.acquire() as connection, connection.transaction():
        is_new = await connection.fetchval(
            f"insert into request_intakes ({_CARRIED}, external_id, requested_by)"  # noqa: S608
            " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) on conflict do nothing returning true",
            request_id,
            intake.service,
            intake.channel,
            intake.region,
            recipient_reference,
            intake.amount,
            intake.period,
            accepted_at,
            policy_version,
            intake.external_id,
            requested_by,
        )
        if is_new:
            await not_started.note(connection, not_started.Kind.REQUEST, request_id, accepted_at)
            await recipients.keep(connection, pool.ring, recipient_reference, intake.recipient)
        if is_new and once_per_period:
            await _claim(connection, pool.ring, request_id, intake)
        row = await _accepted_first(connection, request_id, intake)
        if row is None:
            raise RequestIdTakenError(f"request_id: {request_id} is that of another request")
        return RequestStart.model_validate(dict(row))  # within: what no workflow takes is not kept


async def _claim(connection: Connection, ring: KeyRing, request_id: str, intake: RequestIntake) -> None:
    if intake.period is None:
        raise ValueError("period: this is given once in each period; say which it is for, e.g. 2026-11")
    if intake.recipient.national_id is None:
        raise ValueError("recipient.national_id: this is given once to each person; add the recipient's number")
    beneficiary = ring.fingerprint("national_id", intake.recipient.national_id)
    await benefits.claim(connection, request_id, intake.service, intake.period, beneficiary)


async def _accepted_first(connection: Connection, request_id: str, intake: RequestIntake) -> asyncpg.Record | None:
    return await connection.fetchrow(
        f"select {_CARRIED} from request_intakes where channel = $2 and (external_id = $3"  # noqa: S608
        " or (request_id = $1 and external_id is null and $3::text is null and service = $4"
        " and region is not distinct from $5 and amount is not distinct from $6 and period is not distinct from $7))",
        request_id,
        intake.channel,
        intake.external_id,
        intake.service,
        intake.region,
        intake.amount,
        intake.period,
    )


async def left_behind(pool: Pool, after: RequestStart | None = None) -> list[RequestStart]:
    """Return requests that were accepted over a minute ago and have no workflow: whoever accepted them died, or could
    not reach Temporal.

    Oldest first, at most a thousand; `after` is the last of those that were returned before.
    """
    rows = await pool.fetch(
        f"select {_CARRIED} from request_intakes where request_id in (select id from not_started"  # noqa: S608
        "  where kind = 'request' and accepted_at < now() - interval '1 minute'"
        "  and ($1::timestamptz is null or (accepted_at, id) > ($1, $2)) order by accepted_at, id limit 1000)"
        " order by accepted_at, request_id",
        *(after and after.accepted_at, after and after.request_id),
    )
    return [RequestStart.model_validate(dict(row)) for row in rows]


async def commit(pool: Pool, request: RequestCommit) -> RequestCommitResult:
    """Write transitions, money and how the request stands, in one transaction, and let go of a benefit at its end.

    The first writer wins. Doing it again does nothing, so a caller that never heard of its success may simply repeat
    it; one that has meanwhile decided otherwise is told, and writes nothing.
    """
    request_id, transitions = request.request.request_id, request.transitions
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"request {request_id}")
        written_before = await _from(connection, request_id, transitions[0].seq)
        if written_before and written_before != transitions:
            return RequestCommitResult(written_before=written_before)
        if not written_before:
            await _write(connection, request)
    return RequestCommitResult(moments=request.moments, history_length=request.history_length)


async def _from(connection: Connection, request_id: str, seq: int) -> tuple[RequestTransition, ...]:
    rows = await connection.fetch(
        "select body from request_timeline where request_id = $1 and seq >= $2 order by seq", request_id, seq
    )
    return tuple(RequestTransition.model_validate(row["body"]) for row in rows)


_SEARCHED = {
    *("request_id", "service", "channel", "region", "status", "case_id", "delivery_id", "outcome", "payment_code"),
    *("amount_due", "paid", "refunded", "paid_out", "dispute", "next_at", "accepted_at", "over_at", "seq"),
}
"""Fields of a view that have a column of their own."""


async def _write(connection: Connection, request: RequestCommit) -> None:
    view = request.request
    if request.transitions[0].seq == 1:
        await not_started.forget(connection, view.request_id)
    row = view.model_dump(include=_SEARCHED) | {"recipient": request.recipient, "view": view.model_dump(mode="json")}
    await upsert(connection, "service_requests", row, key="request_id")
    for transition in request.transitions:
        await _append(connection, view.request_id, transition)
        for money in _money(view.request_id, transition):
            await payments.record(connection, money)
    if view.frees_benefit:
        await benefits.free(connection, view.request_id)
    await webhooks_out.enqueue_request(connection, request)


async def _append(connection: Connection, request_id: str, transition: RequestTransition) -> None:
    row = {
        "request_id": request_id,
        "seq": transition.seq,
        "kind": transition.kind,
        "at": transition.at,
        "actor": transition.actor,
        "message_id": transition.message_id,
        "status": transition.after.status,
        "detail": transition.detail,
        "body": transition.model_dump(mode="json"),
    }
    await insert(connection, "request_timeline", row)


_AT_THE_DOOR = (RequestTransitionKind.DELIVERED, RequestTransitionKind.UNDELIVERED)
"""What was paid there is recorded by the delivery, which knows it first."""


def _money(request_id: str, transition: RequestTransition) -> Iterator[Money]:
    """Yield what a transition says was received at a counter or given back."""
    if (paid := transition.payment) is not None and transition.kind not in _AT_THE_DOOR:
        yield Money(
            kind=MoneyKind.PAYMENT,
            receipt=paid.receipt,
            reference_id=request_id,
            amount=paid.amount,
            at=paid.at,
            request_id=request_id,
        )
    if (refund := transition.refund) is not None:
        yield Money(
            kind=MoneyKind.REFUND,
            receipt=refund.receipt,
            reference_id=request_id,
            amount=refund.amount,
            at=transition.at,
            request_id=request_id,
            of_receipt=refund.of,
        )


async def find(pool: Pool, request_id: str) -> RequestView | None:
    """Return how a request stands, or None when no such request was ever committed."""
    found = await pool.fetchval("select view from service_requests where request_id = $1", request_id)
    return None if found is None else RequestView.model_validate(found)


async def timeline(pool: Pool, request_id: str) -> list[dict[str, Any]]:
    """Return a request's timeline, oldest first, as plain values."""
    rows = await pool.fetch(
        "select seq, kind, at, actor, message_id, status, detail, recorded_at from request_timeline"
        " where request_id = $1 order by seq",
        request_id,
    )
    return [dict(row) for row in rows]


async def transitions(pool: Pool, request_id: str) -> list[RequestTransition]:
    """Return a request's transitions, whole, oldest first."""
    rows = await pool.fetch("select body from request_timeline where request_id = $1 order by seq", request_id)
    return [RequestTransition.model_validate(row["body"]) for row in rows]


async def listed(
    pool: Pool,
    *,
    service: str | None = None,
    status: RequestStatus | None = None,
    region: str | None = None,
    limit: int = 100,
    after: str | None = None,
) -> list[RequestView]:
    """Return requests, the latest first.

    Args:
        pool: the database.
        service: only of this service.
        status: only those that stand so.
        region: only of recipients in exactly this region.
        limit: so many at most.
        after: the last request of the page before; None: from the beginning.
    """
    rows = await pool.fetch(
        "select view from service_requests where ($1::text is null or service = $1)"
        " and ($2::text is null or status = $2) and ($3::text is null or region = $3)"
        " and ($5::text is null or (accepted_at, request_id) <"
        " (select accepted_at, request_id from service_requests where request_id = $5))"
        " order by accepted_at desc, request_id desc limit $4",
        service,
        status,
        region,
        limit,
        after,
    )
    return [RequestView.model_validate(row["view"]) for row in rows]
