"""Preparing a database and a Temporal namespace: migrations, search attributes, policies. Twice is once."""

from collections.abc import Sequence

from pydantic import Field
from temporalio.client import Client

from privacy.ring import KeyRing
from runtime.namespace import register_search_attributes
from schemas.base import Model
from schemas.policy import Policy
from storage import database, policies
from storage.sealing_up import seal_what_is_clear
from workflows.search_attributes import KEYS


class Prepared(Model):
    """What was missing and is there now."""

    migrations: tuple[str, ...]
    search_attributes: tuple[str, ...]
    policies: dict[str, str]
    sealed: int = Field(description="rows of older releases that stood in clear")


async def prepare(
    database_url: str, client: Client, to_publish: Sequence[Policy], *, ring: KeyRing | None = None
) -> Prepared:
    """Bring tables and search attributes up to date, seal what stands in clear, and publish policies."""
    migrations = await database.migrate(database_url)
    added = await register_search_attributes(client, KEYS)
    pool = await database.connect(database_url, max_size=1, ring=ring)
    try:
        sealed = await seal_what_is_clear(pool)
        for policy in to_publish:
            await policies.publish(pool, policy)
    finally:
        await pool.close()
    return Prepared(
        migrations=tuple(migrations),
        search_attributes=tuple(added),
        policies={policy.name: policy.version for policy in to_publish},
        sealed=sealed,
    )
