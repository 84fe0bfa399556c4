"""Preparing a database and a Temporal namespace: migrations, search attributes, policies. Twice is once."""

from pathlib import Path

from temporalio.client import Client

from runtime.namespace import register_search_attributes
from schemas.base import Model
from storage import database, policies
from storage.policy_pack import load_pack
from workflows.search_attributes import KEYS


class Prepared(Model):
    """What was missing and is there now."""

    migrations: tuple[str, ...]
    search_attributes: tuple[str, ...]
    policies: dict[str, str]


async def prepare(database_url: str, client: Client, packs: list[Path]) -> Prepared:
    """Bring tables and search attributes up to date and publish policy packs.

    Packs are read first, so that a mistake in one changes nothing.
    """
    loaded = [load_pack(pack) for pack in packs]
    migrations = await database.migrate(database_url)
    added = await register_search_attributes(client, KEYS)
    pool = await database.connect(database_url, max_size=1)
    try:
        for policy in loaded:
            await policies.publish(pool, policy)
    finally:
        await pool.close()
    return Prepared(
        migrations=tuple(migrations),
        search_attributes=tuple(added),
        policies={policy.name: policy.version for policy in loaded},
    )
