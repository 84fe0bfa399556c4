"""Who gets something, and where: personal data, sealed, under the reference that workflows carry."""

from privacy.ring import KeyRing
from schemas.person import Person
from schemas.service_request import Recipient
from storage import persons
from storage.database import Connection, Pool


async def store(pool: Pool, reference: str, recipient: Recipient) -> None:
    """Keep a recipient under a reference; the first one under it stays."""
    async with pool.acquire() as connection, connection.transaction():
        await keep(connection, pool.ring, reference, recipient)


async def keep(connection: Connection, ring: KeyRing, reference: str, recipient: Recipient) -> None:
    """Keep a recipient under a reference within the caller's transaction; the first one under it stays."""
    if await connection.fetchval("select exists (select from recipients where reference = $1)", reference):
        return
    known = Person(name=recipient.name, national_id=recipient.national_id, phone=recipient.phone)
    person = await persons.identified(connection, ring, known)
    fields = recipient.model_dump(mode="json", exclude_none=True)
    await connection.execute(
        "insert into recipients (reference, person, sealed) values ($1, $2, $3) on conflict do nothing",
        reference,
        person,
        await persons.sealed_for(connection, ring, person, f"recipient:{reference}", fields),
    )


async def find(pool: Pool, reference: str) -> Recipient | None:
    """Return whoever stands under a reference, or None when nobody does, or nobody any more."""
    row = await pool.fetchrow("select person, sealed, details from recipients where reference = $1", reference)
    if row is None:
        return None
    if row["details"] is not None:  # of a release before sealing, and not sealed yet
        return Recipient.model_validate(row["details"])
    try:
        fields = await persons.opened_for(pool, pool.ring, row["person"], f"recipient:{reference}", row["sealed"])
    except persons.ErasedError:
        return None
    return Recipient.model_validate(fields)


async def person_of(connection: Connection | Pool, reference: str) -> str | None:
    """Return under whose key a recipient is sealed."""
    person: str | None = await connection.fetchval("select person from recipients where reference = $1", reference)
    return person


async def forget_of_refused(pool: Pool, reference: str, case_id: str) -> None:
    """Remove a recipient for whom a case never had anything carried."""
    await pool.execute(
        "delete from recipients where reference = $1 and not exists"
        " (select from timeline where case_id = $2 and detail->>'recipient' = $1)",
        reference,
        case_id,
    )
