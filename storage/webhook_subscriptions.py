"""Who is told over HTTP what happens."""

from datetime import datetime

import asyncpg

from schemas.webhooks import Subscribing, Subscription
from storage import webhook_secrets
from storage.database import Connection, Pool

MOST = 20
"""Subscriptions of one channel: each is looked at with whatever is committed."""

_SHOWN = "subscription as id, owner, url, channel, kinds, made_at, paused_at, failing_since"


class TooManyError(ValueError):
    """A channel has as many subscriptions as it may."""


async def subscribe(
    pool: Pool, subscription: str, wanted: Subscribing, *, owner: str, now: datetime
) -> tuple[Subscription, str]:
    """Tell an address from now on what happens; return the subscription, and what signs: nobody sees that again.

    Args:
        pool: the database.
        subscription: its id, which is new.
        wanted: where to, and what; that webhooks may go there was checked.
        owner: the account that subscribes.
        now: the present moment.

    Raises:
        TooManyError: the channel has as many as it may.
    """
    async with pool.acquire() as connection, connection.transaction():
        row = await connection.fetchrow(
            "insert into webhook_subscriptions (subscription, owner, url, channel, kinds, made_at)"  # noqa: S608
            " select $1, $2, $3, $4, $5, $6"
            " where (select count(*) from webhook_subscriptions where channel is not distinct from $4) < $7"
            f" returning {_SHOWN}",
            *(subscription, owner, wanted.url, wanted.channel, wanted.kinds, now, MOST),
        )
        if row is None:
            raise TooManyError(f"there are {MOST} webhooks of this channel: remove one that is not needed any more")
        return _shown(row), await webhook_secrets.new(connection, pool.ring, subscription, now)


async def find(pool: Pool, subscription: str) -> Subscription | None:
    """Return a subscription, or None when there is none with this id."""
    row = await pool.fetchrow(f"select {_SHOWN} from webhook_subscriptions where subscription = $1", subscription)  # noqa: S608
    return None if row is None else _shown(row)


async def listing(pool: Pool, channel: str | None = None) -> list[Subscription]:
    """Return the subscriptions of one channel, or of all and everybody, the oldest first."""
    rows = await pool.fetch(
        f"select {_SHOWN} from webhook_subscriptions where $1::text is null or channel = $1"  # noqa: S608
        " order by made_at, subscription",
        channel,
    )
    return [_shown(row) for row in rows]


def _shown(row: asyncpg.Record) -> Subscription:
    return Subscription.model_validate(dict(row))


async def remove(pool: Pool, subscription: str) -> bool:
    """Tell an address nothing any more, and forget what was on its way; return whether there was such a subscription.

    What is being sent at this moment arrives.
    """
    async with pool.acquire() as connection, connection.transaction():
        found = await connection.fetchval(
            "delete from webhook_subscriptions where subscription = $1 returning true", subscription
        )
        await connection.execute(
            "delete from webhook_deliveries where delivery in"
            " (select delivery from webhook_deliveries where subscription = $1 for update skip locked)",
            subscription,
        )
    return bool(found)


async def pause(connection: Pool | Connection, subscription: str, now: datetime) -> None:
    """Send nothing more for now. What happens meanwhile waits."""
    await connection.execute(
        "update webhook_subscriptions set paused_at = coalesce(paused_at, $2) where subscription = $1",
        *(subscription, now),
    )


async def resume(pool: Pool, subscription: str, now: datetime) -> None:
    """Send again, and at once what was tried in vain."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "update webhook_subscriptions set paused_at = null, held_until = null where subscription = $1",
            subscription,
        )
        await connection.execute(
            "update webhook_deliveries set next_attempt_at = $2 where delivery in (select delivery"
            " from webhook_deliveries where subscription = $1 and state = 'failed' for update skip locked)",
            *(subscription, now),
        )


async def rotate(pool: Pool, subscription: str, now: datetime) -> str | None:
    """Exchange what signs, and return the new secret; those before sign, too, for a day.

    Returns:
        None when there is no such subscription.
    """
    async with pool.acquire() as connection, connection.transaction():
        found = await connection.fetchval(
            "select true from webhook_subscriptions where subscription = $1 for no key update", subscription
        )
        return await webhook_secrets.new(connection, pool.ring, subscription, now) if found else None
