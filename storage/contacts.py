"""Where offices and reporters are reached. Addresses are personal data: sealed, and told to destinations alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from privacy.ring import KeyRing
from schemas.notices import EMAIL, Contact
from storage import intake, persons
from storage.database import Connection, Pool

STILL_NEWS = timedelta(days=7)
"""A notice that nobody could be told is told to a contact that comes later, unless it is older than this."""


async def replace(pool: Pool, recipient: str, addresses: Sequence[str], now: datetime, *, channel: str = EMAIL) -> None:
    """Reach a recipient at these addresses from now on, and at no others; none: it has no contact any more.

    What is still on its way to an address that goes is told to those that stay or come. What was sent is not sent
    again.

    Raises:
        pydantic.ValidationError: an address or the recipient is not one; the error does not repeat it.
    """
    given = [Contact(recipient=recipient, channel=channel, address=address) for address in addresses]
    prints = [pool.ring.fingerprint(channel, contact.address) for contact in given]
    async with pool.acquire() as connection, connection.transaction():
        await _remove(connection, recipient, channel, prints)
        for contact in given:
            await _add(connection, pool.ring, contact)
        await _wake(connection, recipient, now)


async def add_first(pool: Pool, recipient: str, address: str, now: datetime, *, channel: str = EMAIL) -> bool:
    """Reach a recipient at this address, unless there is one on the channel already; return whether it was added.

    Raises as `replace` does.
    """
    given = Contact(recipient=recipient, channel=channel, address=address)
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(
            "select pg_advisory_xact_lock(hashtextextended($1, 0))", f"contact:{recipient}:{channel}"
        )
        if await connection.fetchval(
            "select exists (select from contacts where recipient = $1 and channel = $2)", recipient, channel
        ):
            return False
        await _add(connection, pool.ring, given)
        await _wake(connection, recipient, now)
    return True


async def _add(connection: Connection, ring: KeyRing, contact: Contact) -> None:
    person = await person_of(connection, ring, contact.recipient)
    of = sealed_as(contact.recipient, contact.channel)
    sealed = await persons.sealed_for(connection, ring, person, of, {"address": contact.address})
    await connection.execute(
        "insert into contacts (recipient, channel, person, sealed, fingerprint) values ($1, $2, $3, $4, $5)"
        " on conflict do nothing",
        *(contact.recipient, contact.channel, person, sealed, ring.fingerprint(contact.channel, contact.address)),
    )


async def _wake(connection: Connection, recipient: str, now: datetime) -> None:
    """Let notices that nobody could be told look for contacts again."""
    await connection.execute(
        "update notices set state = 'waiting'"  # also those that somebody finds nobody for at this very moment
        " where recipient = $1 and state <> 'addressed' and at > $2",
        recipient,
        now - STILL_NEWS,
    )


def sealed_as(recipient: str, channel: str) -> str:
    """Return what the sealed address of a contact is bound to."""
    return f"contact:{recipient}:{channel}"


async def person_of(connection: Connection, ring: KeyRing, recipient: str) -> str:
    """Return whose address it is: the reporter's of a case, or whoever holds an office."""
    if (case_id := recipient.removeprefix("reporter:")) != recipient:
        return await intake.person_of(connection, ring, case_id)
    return await persons.named(connection, ring, f"office:{recipient}")


async def _remove(connection: Connection, recipient: str, channel: str, but: list[bytes]) -> None:
    """Remove the other addresses; notices that then are on their way nowhere, and arrived nowhere, wait again."""
    left = await connection.fetch(
        "with gone as (select contact from contacts where recipient = $1 and channel = $2"
        " and coalesce(fingerprint <> all($3), true))"
        " delete from deliveries using gone where deliveries.contact = gone.contact and state <> 'sent'"
        " returning notice",
        recipient,
        channel,
        but,
    )
    await connection.execute(
        "delete from contacts where recipient = $1 and channel = $2 and coalesce(fingerprint <> all($3), true)",
        *(recipient, channel, but),
    )
    await connection.execute(
        "update notices set state = 'waiting' where notice = any($1)"
        " and not exists (select from deliveries where deliveries.notice = notices.notice)",
        [row["notice"] for row in left],
    )


async def listing(pool: Pool, recipient: str | None = None) -> list[Contact]:
    """Return contacts by recipient: of one, or of all. Mask the addresses before anybody sees them."""
    rows = await pool.fetch(
        "select recipient, channel, address, person, sealed from contacts"
        " where $1::text is null or recipient = $1 order by recipient, channel, contact",
        recipient,
    )
    found = [(row, await opened(pool, pool.ring, row)) for row in rows]
    return [
        Contact(recipient=row["recipient"], channel=row["channel"], address=address)
        for row, address in found
        if address is not None
    ]


async def opened(connection: Connection | Pool, ring: KeyRing, row: Any) -> str | None:
    """Return the address of a contact's row, or None when it was erased."""
    if row["sealed"] is None:
        clear: str | None = row["address"]
        return clear
    of = sealed_as(row["recipient"], row["channel"])
    try:
        fields = await persons.opened_for(connection, ring, row["person"], of, row["sealed"])
    except persons.ErasedError:
        return None
    return str(fields["address"])
