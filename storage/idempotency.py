"""Keys of calls: a call that is repeated with its key is the same call."""

import json
from collections.abc import Mapping
from typing import Any

from storage.database import Pool

_PRUNED_AT_ONCE = 5_000
"""Few enough for one statement, also after a time in which nobody did."""


class KeyReusedError(ValueError):
    """The key was that of another call."""


async def claim(pool: Pool, caller: str, key: str, asked: Mapping[str, Any], resource: str) -> str:
    """Return the id that what is asked for has: the given one, or that of the first call with this key.

    Args:
        pool: the database.
        caller: whose key it is: others may have the same.
        key: as the caller chose it.
        asked: what tells this call from others: route and body, as JSON values. Only a keyed hash of it is kept.
        resource: the id for what is new.

    Raises:
        KeyReusedError: the key came with something else before.
    """
    fingerprint = pool.ring.fingerprint("call", json.dumps(asked, sort_keys=True))
    row = await pool.fetchrow(
        "insert into idempotency_keys (caller, key, fingerprint, resource) values ($1, $2, $3, $4)"
        " on conflict (caller, key) do update set key = excluded.key returning fingerprint, resource",
        *(caller, key, fingerprint, resource),
    )
    assert row is not None
    if row["fingerprint"] != fingerprint:
        raise KeyReusedError("was that of another call: give this one its own")
    return str(row["resource"])


async def let_go(pool: Pool, caller: str, key: str) -> None:
    """Let a key be used again: what came with it was refused, and nothing of it was kept."""
    await pool.execute("delete from idempotency_keys where caller = $1 and key = $2", caller, key)


async def prune(pool: Pool, days: int = 90) -> int:
    """Forget keys that are older than so many days, some at a time; return how many. Several may do so at once."""
    number, pruned = 0, _PRUNED_AT_ONCE
    while pruned == _PRUNED_AT_ONCE:
        status = await pool.execute(
            "delete from idempotency_keys where (caller, key) in (select caller, key from idempotency_keys"
            " where made_at < now() - make_interval(days => $1) order by made_at limit $2 for update skip locked)",
            *(days, _PRUNED_AT_ONCE),
        )
        pruned = int(status.split()[-1])
        number += pruned
    return number
