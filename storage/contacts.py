"""Where offices and reporters are reached. Addresses are personal data: they are told to destinations alone."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from schemas.notices import EMAIL, Contact
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
    async with pool.acquire() as connection, connection.transaction():
        await _remove(connection, recipient, channel, [contact.address for contact in given])
        await connection.executemany(
            "insert into contacts (recipient, channel, address) values ($1, $2, $3) on conflict do nothing",
            [(contact.recipient, contact.channel, contact.address) for contact in given],
        )
        await connection.execute(
            "update notices set state = 'waiting'"  # also those that somebody finds nobody for at this very moment
            " where recipient = $1 and state <> 'addressed' and at > $2",
            recipient,
            now - STILL_NEWS,
        )


async def _remove(connection: Connection, recipient: str, channel: str, but: list[str]) -> None:
    """Remove the other addresses; notices that then are on their way nowhere, and arrived nowhere, wait again."""
    left = await connection.fetch(
        "with gone as (select contact from contacts where recipient = $1 and channel = $2 and address <> all($3))"
        " delete from deliveries using gone where deliveries.contact = gone.contact and state <> 'sent'"
        " returning notice",
        recipient,
        channel,
        but,
    )
    await connection.execute(
        "delete from contacts where recipient = $1 and channel = $2 and address <> all($3)", recipient, channel, but
    )
    await connection.execute(
        "update notices set state = 'waiting' where notice = any($1)"
        " and not exists (select from deliveries where deliveries.notice = notices.notice)",
        [row["notice"] for row in left],
    )


async def listing(pool: Pool, recipient: str | None = None) -> list[Contact]:
    """Return contacts by recipient: of one, or of all. Mask the addresses before anybody sees them."""
    rows = await pool.fetch(
        "select recipient, channel, address from contacts where $1::text is null or recipient = $1"
        " order by recipient, channel, contact",
        recipient,
    )
    return [Contact.model_validate(dict(row)) for row in rows]
