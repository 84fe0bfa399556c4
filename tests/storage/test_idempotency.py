"""Keys of calls are kept for as long as somebody may repeat a call, and no longer."""

import pytest

from storage import idempotency
from storage.database import Pool


async def test_old_keys_are_forgotten_some_at_a_time_and_others_stay(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "_PRUNED_AT_ONCE", 2)
    for number in range(6):
        await idempotency.claim(pool, "pruner", f"key-{number}", {}, f"case-{number}")
    await pool.execute(
        "update idempotency_keys set made_at = now() - interval '91 days' where caller = 'pruner' and key <> 'key-5'"
    )
    assert await idempotency.prune(pool) == 5
    assert await idempotency.claim(pool, "pruner", "key-5", {}, "another") == "case-5"
    assert await idempotency.claim(pool, "pruner", "key-0", {}, "another") == "another"
