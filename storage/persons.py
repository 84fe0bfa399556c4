"""Persons and their keys: everything that is personal stands sealed under the key of whom it is about."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import uuid4

import asyncpg

from privacy.fields import seal_fields, unseal_fields
from privacy.ring import KeyRing
from privacy.sealing import new_key
from schemas.person import Person
from storage.database import Connection, Pool

_ONE_OF = "select key_id, wrapped, erased_at from persons where person = $1"


class ErasedError(LookupError):
    """Whose data it was has been erased: nobody can read it any more."""


async def new(connection: Connection | Pool, ring: KeyRing) -> str:
    """Make a person of whom nothing is known yet, and return the reference."""
    person = str(uuid4())
    await _make(connection, ring, person)
    return person


async def named(connection: Connection | Pool, ring: KeyRing, person: str) -> str:
    """Make a person under a name of our own, unless there is one; return it."""
    await _make(connection, ring, person)
    return person


async def _make(connection: Connection | Pool, ring: KeyRing, person: str) -> None:
    key_id, wrapped = ring.wrap(new_key(), person)
    await connection.execute(
        "insert into persons (person, key_id, wrapped) values ($1, $2, $3) on conflict do nothing",
        person,
        key_id,
        wrapped,
    )


async def identified(connection: Connection, ring: KeyRing, known: Person) -> str:
    """Return the person of whom this is known, by number or address, or a new one.

    A national identity number decides; without one, the account does, and whoever has an account is nobody else, for
    anybody may write down another's telephone. Without either, the same phone number or e-mail address is the same
    person, if it leads to one alone: families share telephones. Who cannot be told apart is new, and found as well.

    The person is not erased before the caller's transaction is over.
    """
    prints = _fingerprints(ring, known)
    for fingerprint in sorted(prints):  # one at a time, in the same order for everybody
        await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", fingerprint.hex())
    person = await _found(connection, prints) or await new(connection, ring)
    await connection.executemany(
        "insert into person_lookups (fingerprint, kind, person) values ($1, $2, $3) on conflict do nothing",
        [(fingerprint, kind, person) for fingerprint, kind in prints.items()],
    )
    return person


def _fingerprints(ring: KeyRing, known: Person) -> dict[bytes, str]:
    if known.national_id:
        return {ring.fingerprint("national_id", known.national_id): "national_id"}
    values = {"account": known.account, "phone": known.phone, "email": known.email and known.email.casefold()}
    return {ring.fingerprint(kind, value): kind for kind, value in values.items() if value}


async def _found(connection: Connection, prints: Mapping[bytes, str]) -> str | None:
    accounts = [fingerprint for fingerprint, kind in prints.items() if kind == "account"]
    rows = await connection.fetch(
        "select person from persons where erased_at is null"
        " and person in (select person from person_lookups where fingerprint = any($1))"
        " and ($2 or not exists (select from person_lookups other where other.person = persons.person"
        " and other.kind = 'account')) limit 2 for share",
        *(accounts or list(prints), "national_id" in prints.values() or bool(accounts)),
    )
    return rows[0]["person"] if len(rows) == 1 else None


async def look_up(pool: Pool, kind: str, value: str) -> Sequence[str]:
    """Return the persons known by a national identity number, account, phone number or e-mail address."""
    value = value.casefold() if kind == "email" else value
    rows = await pool.fetch(
        "select person from person_lookups where fingerprint = $1", pool.ring.fingerprint(kind, value)
    )
    return [row["person"] for row in rows]


async def key_of(connection: Connection | Pool, ring: KeyRing, person: str) -> bytes:
    """Return a person's key. Do not keep it: erasing the person must end what it opens.

    Raises:
        ErasedError: it was destroyed, or there never was such a person.
    """
    row = await connection.fetchrow(_ONE_OF, person)
    return _opened(ring, person, row)


def _opened(ring: KeyRing, person: str, row: asyncpg.Record | None) -> bytes:
    if row is None or row["wrapped"] is None:
        raise ErasedError("what is known of this person was erased")
    return ring.unwrap(row["key_id"], row["wrapped"], person)


async def sealed_for(
    connection: Connection | Pool, ring: KeyRing, person: str, of: str, fields: Mapping[str, Any]
) -> dict[str, str]:
    """Return the fields of a record sealed under a person's key. Raises `ErasedError` when that is gone.

    It goes only once the caller's transaction is over: what is kept within it can be erased with the rest.
    """
    row = await connection.fetchrow(f"{_ONE_OF} for share", person)
    return seal_fields(_opened(ring, person, row), fields, of)


async def opened_for(
    connection: Connection | Pool, ring: KeyRing, person: str, of: str, sealed: Mapping[str, str]
) -> dict[str, Any]:
    """Return the fields of a record as they were before they were sealed. Raises `ErasedError`."""
    return unseal_fields(await key_of(connection, ring, person), sealed, of)
