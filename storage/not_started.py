"""What was accepted and has no workflow yet: written with what is accepted, and gone with its first commit."""

from datetime import datetime
from enum import StrEnum

from storage.database import Connection


class Kind(StrEnum):
    """What was accepted."""

    CASE = "case"
    REQUEST = "request"


async def note(connection: Connection, kind: Kind, accepted: str, accepted_at: datetime) -> None:
    """Note within the transaction that accepts something that it has to be started."""
    await connection.execute(
        "insert into not_started (id, kind, accepted_at) values ($1, $2, $3) on conflict do nothing",
        *(accepted, kind, accepted_at),
    )


async def forget(connection: Connection, accepted: str) -> None:
    """Let go of what has its workflow, within the transaction of its first commit."""
    await connection.execute("delete from not_started where id = $1", accepted)
