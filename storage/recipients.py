"""Who gets something, and where: personal data, under the reference that workflows carry."""

from schemas.service_request import Recipient
from storage.database import Connection, Pool


async def store(database: Pool | Connection, reference: str, recipient: Recipient) -> None:
    """Keep a recipient under a reference; the first one under it stays."""
    await database.execute(
        "insert into recipients (reference, details) values ($1, $2) on conflict do nothing",
        reference,
        recipient.model_dump(mode="json"),
    )


async def find(pool: Pool, reference: str) -> Recipient | None:
    """Return whoever stands under a reference, or None when nobody does."""
    details = await pool.fetchval("select details from recipients where reference = $1", reference)
    return None if details is None else Recipient.model_validate(details)


async def forget_of_refused(pool: Pool, reference: str, case_id: str) -> None:
    """Remove a recipient for whom a case never had anything carried."""
    await pool.execute(
        "delete from recipients where reference = $1 and not exists"
        " (select from timeline where case_id = $2 and detail->>'recipient' = $1)",
        reference,
        case_id,
    )
