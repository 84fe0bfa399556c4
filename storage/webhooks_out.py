"""What other systems are to be told: written together with what it tells of, and followed until they have taken it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from domain import outgoing
from schemas.base import Model, UtcDatetime
from schemas.case import CommitRequest
from schemas.delivery import DeliveryCommit
from schemas.service_request import RequestCommit
from schemas.webhooks import PING, Event, Outgoing, OutgoingState
from storage.database import Connection, Pool

KEPT_FOR = timedelta(days=90)
"""What was sent or given up, and what waits for a subscription that is paused or was removed."""
_PRUNED_AT_ONCE = 5_000

_ENQUEUE = """
insert into webhook_deliveries (subscription, event_id, type, subject, at, data)
select s.subscription, e.event->>'id', e.event->>'type', e.event->>'subject', (e.event->>'at')::timestamptz,
  e.event->'data'
from webhook_subscriptions s
cross join ({came_in}) as came (channel, told_to_all)
cross join jsonb_array_elements($1::jsonb) with ordinality as e (event, n)
where (s.channel = came.channel or s.channel is null and came.told_to_all)
  and (s.kinds is null or e.event->>'type' = any (s.kinds))
order by e.n
on conflict do nothing
"""
_BY_CHANNEL = _ENQUEUE.format(came_in="values ($2::text, $3::boolean)")
_BY_WHO_ORDERED = _ENQUEUE.format(
    came_in="select channel, true from request_intakes where request_id = $2 union all select channel,"
    " view->>'identity' is distinct from 'confidential' and view->>'bypassed' is null and view->>'respondent' is null"
    " from cases where case_id = $2"
)


async def enqueue_case(connection: Connection, request: CommitRequest) -> None:
    """Write down who is to be told of a commit, in its own transaction: both become true, or neither."""
    case = request.case
    events = _plain(outgoing.of_case(request))
    await connection.execute(_BY_CHANNEL, events, case.channel, outgoing.told_to_all(case))


async def enqueue_request(connection: Connection, request: RequestCommit) -> None:
    """Do the same for a service request."""
    await connection.execute(_BY_CHANNEL, _plain(outgoing.of_request(request)), request.request.channel, True)  # noqa: FBT003


async def enqueue_delivery(connection: Connection, request: DeliveryCommit) -> None:
    """Do the same for a delivery: it goes to whom the request or case that ordered it goes to."""
    await connection.execute(_BY_WHO_ORDERED, _plain(outgoing.of_delivery(request)), request.delivery.ordered_by)


def _plain(events: Sequence[Event]) -> list[dict[str, Any]]:
    return [event.model_dump(mode="json") for event in events]


async def ping(pool: Pool, subscription: str, number: str, now: datetime) -> Outgoing:
    """Send a subscriber an event that tells of nothing, to see whether it arrives; once for each `number`."""
    row = await pool.fetchrow(
        "insert into webhook_deliveries (subscription, event_id, type, subject, at, data)"  # noqa: S608
        " values ($1, $2, $3, $1, $4, '{}') on conflict (subscription, event_id)"
        f" do update set subscription = excluded.subscription returning {_SHOWN}",
        *(subscription, f"ping/{number}", PING, now),
    )
    assert row is not None
    return Outgoing.model_validate(dict(row))


class Due(Model):
    """An event that is to be sent now."""

    delivery: int
    subscription: str
    url: str
    event_id: str
    type: str
    subject: str
    at: UtcDatetime
    data: dict[str, Any]
    attempts: int


async def subscriptions_due(pool: Pool, now: datetime) -> list[str]:
    """Return the subscriptions for which something may be due, whose event has waited for longest first."""
    rows = await pool.fetch(
        "select s.subscription from webhook_subscriptions s cross join lateral"
        " (select d.next_attempt_at from webhook_deliveries d where d.subscription = s.subscription"
        " and d.state in ('pending', 'failed') and d.next_attempt_at <= $1 order by d.next_attempt_at limit 1) oldest"
        " where s.paused_at is null and (s.held_until is null or s.held_until <= $1) order by oldest.next_attempt_at",
        now,
    )
    return [row["subscription"] for row in rows]


async def next_due(connection: Connection, subscription: str, now: datetime) -> Due | None:
    """Return the event that has waited for longest, and keep it for this transaction alone.

    An event waits until those before it of the same subject were taken, or given up.
    """
    row = await connection.fetchrow(
        "select d.*, s.url from webhook_deliveries d join webhook_subscriptions s using (subscription)"
        " where d.subscription = $1 and d.state in ('pending', 'failed') and d.next_attempt_at <= $2"
        " and s.paused_at is null and (s.held_until is null or s.held_until <= $2)"
        " and not exists (select from webhook_deliveries e where e.subscription = d.subscription"
        " and e.subject = d.subject and e.state in ('pending', 'failed') and e.delivery < d.delivery)"
        " order by d.next_attempt_at, d.delivery limit 1 for update of d skip locked",
        subscription,
        now,
    )
    return None if row is None else Due.model_validate({name: row[name] for name in Due.model_fields})


async def record_sent(connection: Connection, due: Due, status_code: int, at: datetime) -> bool:
    """Write down that a receiver has taken an event; return whether it did not take the one before."""
    await connection.execute(
        "update webhook_deliveries set state = 'sent', attempts = attempts + 1, last_error = null, status_code = $2,"
        " sent_at = $3 where delivery = $1",
        *(due.delivery, status_code, at),
    )
    again: bool | None = await connection.fetchval(
        "update webhook_subscriptions set failing_since = null where subscription = $1 and failing_since is not null"
        " returning true",
        due.subscription,
    )
    return bool(again)


async def record_failed(
    connection: Connection,
    due: Due,
    problem: str,
    *,
    status_code: int | None,
    state: OutgoingState,
    tries: int,
    at: datetime,
    next_at: datetime,
) -> bool:
    """Write down that a receiver has not taken an event; return whether it took the one before.

    Args:
        connection: within the transaction that holds the event.
        due: the event.
        problem: what kind of problem it was; never an address, or words of the receiver.
        status_code: what the receiver answered; None: nothing.
        state: failed or dead.
        tries: how many were in vain so far.
        at: when it was tried.
        next_at: when it is tried again.
    """
    await connection.execute(
        "update webhook_deliveries set state = $2, attempts = $3, last_error = $4, status_code = $5,"
        " next_attempt_at = $6 where delivery = $1",
        *(due.delivery, state, tries, problem, status_code, next_at),
    )
    new: bool | None = await connection.fetchval(
        "update webhook_subscriptions set failing_since = $2 where subscription = $1 and failing_since is null"
        " returning true",
        *(due.subscription, at),
    )
    return bool(new)


async def hold(connection: Connection, subscription: str, until: datetime) -> None:
    """Send a subscriber nothing before this moment."""
    await connection.execute(
        "update webhook_subscriptions set held_until = greatest(held_until, $2) where subscription = $1",
        *(subscription, until),
    )


_SHOWN = (
    "delivery as id, subscription, event_id, type, subject, at, state, attempts, last_error, status_code, sent_at,"
    " case when state in ('pending', 'failed') then next_attempt_at end as next_attempt_at"
)


async def lines(
    pool: Pool,
    *,
    subscription: str | None = None,
    state: OutgoingState | None = None,
    before: int | None = None,
    limit: int = 100,
) -> list[Outgoing]:
    """Return how far events are on their way, the latest first.

    Args:
        pool: the database.
        subscription: only of this one.
        state: only those that stand so.
        before: only those that were written before this one; None: from the latest on.
        limit: so many at most.
    """
    rows = await pool.fetch(
        f"select {_SHOWN} from webhook_deliveries where ($1::text is null or subscription = $1)"  # noqa: S608
        " and ($2::text is null or state = $2) and ($3::bigint is null or delivery < $3)"
        " order by delivery desc limit $4",
        *(subscription, state, before, limit),
    )
    return [Outgoing.model_validate(dict(row)) for row in rows]


async def line(pool: Pool, delivery: int) -> Outgoing | None:
    """Return how far one event is, or None when there is no such one."""
    row = await pool.fetchrow(f"select {_SHOWN} from webhook_deliveries where delivery = $1", delivery)  # noqa: S608
    return None if row is None else Outgoing.model_validate(dict(row))


async def resend(pool: Pool, delivery: int, now: datetime) -> Outgoing | None:
    """Try an event again at once, with all its tries before it.

    Returns:
        How far it is now. None when there is nothing to send again: it was taken, is being sent at this moment, or
        there is no such event.
    """
    row = await pool.fetchrow(
        "update webhook_deliveries set state = 'pending', attempts = 0, next_attempt_at = $2"  # noqa: S608
        " where delivery = (select delivery from webhook_deliveries where delivery = $1 and state <> 'sent'"
        f" for update skip locked) returning {_SHOWN}",
        *(delivery, now),
    )
    return None if row is None else Outgoing.model_validate(dict(row))


async def prune(pool: Pool, now: datetime) -> int:
    """Forget some of what is old, and was sent, given up or waits for nobody; return how much."""
    status = await pool.execute(
        "delete from webhook_deliveries where delivery in (select d.delivery from webhook_deliveries d"
        " where d.recorded_at < $1 and (d.state in ('sent', 'dead') or not exists (select from webhook_subscriptions s"
        " where s.subscription = d.subscription and s.paused_at is null))"
        " order by d.recorded_at limit $2 for update skip locked)",
        *(now - KEPT_FOR, _PRUNED_AT_ONCE),
    )
    return int(status.split()[-1])
