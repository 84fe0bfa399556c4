"""Published policies: immutable versions, and which are in force."""

from datetime import datetime

from schemas.policy import Policy
from storage.database import Pool


async def publish(pool: Pool, policy: Policy) -> None:
    """Publish a version of a policy. One that was published before takes effect again; the latest again is nothing."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "insert into policy_versions (version, name, title, effective_from, body) values ($1, $2, $3, $4, $5)"
            " on conflict do nothing",
            policy.version,
            policy.name,
            policy.title,
            policy.effective_from,
            policy.model_dump(mode="json"),
        )
        latest = await connection.fetchval(
            "select version from policy_publications join policy_versions using (version) where name = $1"
            " order by publication desc limit 1",
            policy.name,
        )
        if latest != policy.version:
            await connection.execute("insert into policy_publications (version) values ($1)", policy.version)


async def version(pool: Pool, version: str) -> Policy | None:
    """Return a published version, or None when it was never published."""
    body = await pool.fetchval("select body from policy_versions where version = $1", version)
    return None if body is None else Policy.model_validate(body)


async def in_force(pool: Pool, moment: datetime) -> dict[str, Policy]:
    """Return the policies for complaints of a moment, by name: of each, the latest in effect, and of those the latest.

    A policy takes effect when its day begins in its own time zone.
    """
    rows = await pool.fetch(
        "select distinct on (name) name, body from policy_publications join policy_versions using (version)"
        " where effective_from <= ($1::timestamptz at time zone (body->'calendar'->>'zone'))::date"
        " order by name, effective_from desc, publication desc",
        moment,
    )
    return {row["name"]: Policy.model_validate(row["body"]) for row in rows}
