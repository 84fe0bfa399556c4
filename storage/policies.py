"""Published policies: immutable versions, and which are in force."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

import asyncpg

from schemas.policy import Policy
from storage.database import Pool

_MOST = 32
"""So many versions are kept in memory at most: one with boundaries is a megabyte, which every complaint asks for."""

_read: WeakKeyDictionary[Pool, dict[str, Policy]] = WeakKeyDictionary()
"""Versions that were read over a pool; a version never changes. The last one read is at the end."""


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
    return (await _versions(pool, [version])).get(version)


async def in_force(pool: Pool, moment: datetime) -> dict[str, Policy]:
    """Return the policies for complaints of a moment, by name: of each, the latest in effect, and of those the latest.

    A policy takes effect when its first day begins in its own time zone, and ends when its last day is over there.
    """
    rows = await pool.fetch(
        "select name, array_agg(version order by effective_from desc, publication desc) as versions"
        " from policy_publications join policy_versions using (version) where effective_from <= $1"
        " group by name order by name",
        (moment + timedelta(days=1)).date(),
    )
    candidates = {row["name"]: [*dict.fromkeys(row["versions"])] for row in rows}
    found: dict[str, Policy | None] = dict.fromkeys(candidates)
    while candidates:
        known = await _versions(pool, [versions.pop(0) for versions in candidates.values()])
        found |= {policy.name: policy for policy in known.values() if _in_effect(policy, moment)}
        candidates = {name: versions for name, versions in candidates.items() if versions and found[name] is None}
    return {name: policy for name, policy in found.items() if policy is not None}


def _in_effect(policy: Policy, moment: datetime) -> bool:
    today = moment.astimezone(ZoneInfo(policy.calendar.zone)).date()
    return policy.effective_from <= today and (policy.effective_to is None or today <= policy.effective_to)


async def _versions(pool: Pool, versions: Sequence[str]) -> dict[str, Policy]:
    """Return those of several versions that were published, from memory or from the database."""
    memory = _read.setdefault(pool, {})
    found = {version: memory[version] for version in versions if version in memory}
    if missing := [version for version in versions if version not in found]:
        rows = await pool.fetch("select version, body from policy_versions where version = any($1)", missing)
        found |= {row["version"]: _published(row) for row in rows}
        memory |= found
        for oldest in list(memory)[:-_MOST]:
            del memory[oldest]
    return found


def _published(row: asyncpg.Record) -> Policy:
    """Return a policy under the version that it was published as.

    Release 0.1.0 reckoned versions otherwise: what cases are pinned to is what stands in the database.
    """
    policy = Policy.model_validate(row["body"])
    vars(policy)["version"] = row["version"]  # where the cached property keeps what it has reckoned
    return policy
