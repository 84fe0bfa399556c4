"""Sealing what releases before sealing kept in clear. Doing it again finds nothing; killed, it goes on where it was."""

import json
from collections.abc import Awaitable, Callable

import asyncpg

from privacy.ring import KeyRing
from schemas.service_request import Recipient
from storage import contacts, intake, persons, recipients, tracking
from storage.database import Connection, Pool

_AT_ONCE = 200

_Seal = Callable[[Connection, KeyRing, asyncpg.Record], Awaitable[None]]


async def seal_what_is_clear(pool: Pool) -> int:
    """Seal every text, place, name, number and address that stands in clear; return how many rows that were."""
    done = 0
    for select, seal in _TABLES.items():
        while number := await _seal_some(pool, select, seal):
            done += number
    return done


async def _seal_some(pool: Pool, select: str, seal: _Seal) -> int:
    async with pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(f"{select} limit {_AT_ONCE} for update skip locked")
        for row in rows:
            await seal(connection, pool.ring, row)
    return len(rows)


async def _complaint(connection: Connection, ring: KeyRing, row: asyncpg.Record) -> None:
    person = await persons.new(connection, ring)
    place = None if row["latitude"] is None else {"latitude": row["latitude"], "longitude": row["longitude"]}
    fields = {"text": row["body"], "place": place}
    sealed = await persons.sealed_for(connection, ring, person, intake.sealed_as(row["case_id"]), fields)
    await connection.execute(
        "update complaints set body = null, latitude = null, longitude = null, person = $2, sealed = $3"
        " where case_id = $1",
        *(row["case_id"], person, sealed),
    )


async def _text(connection: Connection, ring: KeyRing, row: asyncpg.Record) -> None:
    case_id, message_id = row["case_id"], row["message_id"]
    person = await intake.person_of(connection, ring, case_id)
    of = intake.text_sealed_as(case_id, message_id)
    await connection.execute(
        "update message_texts set body = null, person = $3, sealed = $4 where case_id = $1 and message_id = $2",
        *(case_id, message_id, person),
        await persons.sealed_for(connection, ring, person, of, {"text": row["body"]}),
    )


async def _recipient(connection: Connection, ring: KeyRing, row: asyncpg.Record) -> None:
    recipient = Recipient.model_validate(row["details"])
    await connection.execute("delete from recipients where reference = $1", row["reference"])
    await recipients.keep(connection, ring, row["reference"], recipient)


async def _benefit(connection: Connection, ring: KeyRing, row: asyncpg.Record) -> None:
    await connection.execute(
        "update benefits set national_id = null, beneficiary = $2 where request_id = $1",
        *(row["request_id"], ring.fingerprint("national_id", row["national_id"])),
    )


async def _contact(connection: Connection, ring: KeyRing, row: asyncpg.Record) -> None:
    recipient, channel = row["recipient"], row["channel"]
    person = await contacts.person_of(connection, ring, recipient)
    of = contacts.sealed_as(recipient, channel)
    await connection.execute(
        "update contacts set address = null, person = $2, sealed = $3, fingerprint = $4 where contact = $1",
        *(row["contact"], person),
        await persons.sealed_for(connection, ring, person, of, {"address": row["address"]}),
        ring.fingerprint(channel, row["address"]),
    )


async def _carrier_event(connection: Connection, ring: KeyRing, row: asyncpg.Record) -> None:
    person = await tracking.person_of(connection, ring, row["delivery_id"])
    of = tracking.sealed_as(row["order_id"], row["event_id"])
    await connection.execute(
        "update carrier_events set raw = null, person = $3, sealed = $4 where order_id = $1 and event_id = $2",
        *(row["order_id"], row["event_id"], person),
        await persons.sealed_for(connection, ring, person, of, {"raw": json.loads(row["raw"])}),
    )


_TABLES: dict[str, _Seal] = {
    "select case_id, body, latitude, longitude from complaints where body is not null": _complaint,
    "select reference, details from recipients where details is not null": _recipient,
    "select case_id, message_id, body from message_texts where body is not null": _text,
    "select request_id, national_id from benefits where national_id is not null": _benefit,
    "select contact, recipient, channel, address from contacts where address is not null": _contact,
    "select order_id, event_id, delivery_id, raw from carrier_events where raw is not null": _carrier_event,
}
"""What may stand in clear, whose keys come first: a text is sealed under the key of its complaint."""
