"""Published policies: immutable versions, and which one is in force."""

from datetime import date

from schemas.policy import Policy
from storage.database import Pool


async def publish(pool: Pool, policy: Policy) -> None:
    """Store a version of a policy; the same content again changes nothing."""
    await pool.execute(
        "insert into policy_versions (version, name, title, effective_from, body) values ($1, $2, $3, $4, $5)"
        " on conflict do nothing",
        policy.version,
        policy.name,
        policy.title,
        policy.effective_from,
        policy.model_dump(mode="json"),
    )


async def version(pool: Pool, version: str) -> Policy | None:
    """Return a published version, or None when it was never published."""
    body = await pool.fetchval("select body from policy_versions where version = $1", version)
    return None if body is None else Policy.model_validate(body)


async def in_force(pool: Pool, day: date, name: str | None = None) -> Policy | None:
    """Return the policy for complaints of a day: the latest in effect, and of those the latest published.

    With a name, only versions of that policy count. None when nothing is in effect yet.
    """
    body = await pool.fetchval(
        "select body from policy_versions where effective_from <= $1 and ($2::text is null or name = $2)"
        " order by effective_from desc, published_at desc limit 1",
        day,
        name,
    )
    return None if body is None else Policy.model_validate(body)
