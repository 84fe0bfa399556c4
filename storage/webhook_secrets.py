"""What signs webhooks: sealed in the database, and shown once, when it is made."""

import base64
import os
from datetime import datetime, timedelta

import asyncpg

from privacy.ring import KeyRing
from privacy.sealing import SealBrokenError, seal, unseal
from storage.database import Connection, Pool

SIGNS_ON_FOR = timedelta(days=1)
"""How long a secret that was exchanged signs beside the new one."""

_BYTES = 32
_MOST = 5
"""Secrets that sign at the same time, however often they are exchanged."""


class SecretUnreadableError(RuntimeError):
    """A secret cannot be unsealed with the keys that we have. The text says which key it takes."""


async def new(connection: Connection, ring: KeyRing, subscription: str, now: datetime) -> str:
    """Return a new secret of a subscription, as `whsec_...`; those before sign on for a day."""
    secret = os.urandom(_BYTES)
    await connection.execute(
        "update webhook_secrets set until = $2 where subscription = $1 and until is null",
        *(subscription, now + SIGNS_ON_FOR),
    )
    key_id, sealed = _sealed(ring, subscription, secret)
    await connection.execute(
        "insert into webhook_secrets (subscription, sealed, key_id) values ($1, $2, $3)",
        *(subscription, sealed, key_id),
    )
    await connection.execute(
        "delete from webhook_secrets where subscription = $1 and (until <= $2 or number not in"
        " (select number from webhook_secrets where subscription = $1 order by number desc limit $3))",
        *(subscription, now, _MOST),
    )
    return _written(secret)


async def signing(connection: Connection, ring: KeyRing, subscription: str, now: datetime) -> list[str]:
    """Return what signs now, the newest first.

    Raises:
        SecretUnreadableError: the ring lacks a key.
    """
    rows = await connection.fetch(
        "select subscription, sealed, key_id from webhook_secrets"
        " where subscription = $1 and (until is null or until > $2) order by number desc",
        *(subscription, now),
    )
    return [_written(_unsealed(ring, row)) for row in rows]


async def reseal(pool: Pool) -> int:
    """Seal all secrets under the newest key of the ring, so that older keys are not needed any more; return how many.

    Raises:
        SecretUnreadableError: the ring lacks a key already; nothing was changed.
    """
    ring = pool.ring
    async with pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch("select * from webhook_secrets where key_id <> $1 for update", ring.newest)
        for row in rows:
            key_id, sealed = _sealed(ring, row["subscription"], _unsealed(ring, row))
            await connection.execute(
                "update webhook_secrets set sealed = $2, key_id = $3 where number = $1", row["number"], sealed, key_id
            )
    return len(rows)


def _sealed(ring: KeyRing, subscription: str, secret: bytes) -> tuple[str, bytes]:
    return ring.newest, seal(ring.derived("webhooks")[ring.newest], secret, _of(subscription))


def _unsealed(ring: KeyRing, row: asyncpg.Record) -> bytes:
    keys, key_id = ring.derived("webhooks"), row["key_id"]
    if key_id not in keys:
        raise SecretUnreadableError(f"KAWAL_KEYS: lacks the key {key_id}, under which secrets are sealed: add it")
    try:
        return unseal(keys[key_id], row["sealed"], _of(row["subscription"]))
    except SealBrokenError as broken:
        raise SecretUnreadableError(f"KAWAL_KEYS: the key {key_id} is not the one that sealed secrets") from broken


def _of(subscription: str) -> str:
    return f"webhook {subscription}"


def _written(secret: bytes) -> str:
    return f"whsec_{base64.b64encode(secret).decode()}"
