"""Which webhooks came in before."""

from enum import StrEnum

from storage.database import Connection, Pool


class Taken(StrEnum):
    """Whether a webhook was known."""

    NEW = "new"
    AGAIN = "again"
    OTHER_BODY = "other body"
    """The same id with another content: somebody is mistaken or cheats."""


async def take(database: Pool | Connection, webhook_id: str, body_hash: str) -> Taken:
    """Note that a webhook came in, and say whether it had before.

    That it came again says nothing about what became of it the first time: whoever took it then may have died.
    """
    is_new = await database.fetchval(
        "insert into webhooks_taken (webhook_id, body_hash) values ($1, $2) on conflict do nothing returning true",
        webhook_id,
        body_hash,
    )
    if is_new:
        return Taken.NEW
    known = await database.fetchval("select body_hash from webhooks_taken where webhook_id = $1", webhook_id)
    return Taken.AGAIN if known == body_hash else Taken.OTHER_BODY
