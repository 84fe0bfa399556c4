"""Published policies: immutable versions, and which are in force."""

from datetime import datetime

import asyncpg

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
    row = await pool.fetchrow("select version, body from policy_versions where version = $1", version)
    return None if row is None else _published(row)


async def in_force(pool: Pool, moment: datetime) -> dict[str, Policy]:
    """Return the policies for complaints of a moment, by name: of each, the latest in effect, and of those the latest.

    A policy takes effect when its first day begins in its own time zone, and ends when its last day is over there.
    """
    rows = await pool.fetch(
        "select distinct on (name) name, version, body from policy_publications join policy_versions using (version),"
        " lateral (select ($1::timestamptz at time zone (body->'calendar'->>'zone'))::date as today) of_its_zone"
        " where effective_from <= today and coalesce((body->>'effective_to')::date >= today, true)"
        " order by name, effective_from desc, publication desc",
        moment,
    )
    return {row["name"]: _published(row) for row in rows}


def _published(row: asyncpg.Record) -> Policy:
    """Return a policy under the version that it was published as.

    Release 0.1.0 reckoned versions otherwise: what cases are pinned to is what stands in the database.
    """
    policy = Policy.model_validate(row["body"])
    vars(policy)["version"] = row["version"]  # where the cached property keeps what it has reckoned
    return policy
