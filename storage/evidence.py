"""Photos and documents that were uploaded: what is known of each in the database, its bytes sealed elsewhere."""

import base64
import hashlib
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from privacy.ring import KeyRing
from privacy.sealing import new_key
from schemas.base import Model, UtcDatetime
from schemas.complaint import Place
from schemas.person import Person
from storage import persons
from storage.database import Connection, Pool
from storage.objects import Objects

PARTS = ("original", "clean")
"""What is kept of a photo: as it was uploaded, and a copy that holds nothing but the picture."""


@dataclass(frozen=True)
class Upload:
    """What somebody hands in."""

    evidence_id: str
    uploaded_by: str
    """The account."""
    in_person: bool
    """It is a reporter's, and falls under their key until a case has it; otherwise under one of its own."""
    channel: str | None
    """Of a system."""
    content_type: str
    original: bytes = field(repr=False)
    clean: bytes | None = field(default=None, repr=False)
    """None of what has no copy: everybody is shown the original."""
    width: int | None = None
    height: int | None = None
    place: Place | None = field(default=None, repr=False)
    taken_at: datetime | None = field(default=None, repr=False)


class Opened(Model):
    """What is known of a photo or document and stands sealed."""

    data_key: str
    """In base64: what its bytes are sealed with."""
    place: Place | None = None
    taken_at: UtcDatetime | None = None


@dataclass(frozen=True)
class Kept:
    """A photo or document, without its bytes."""

    evidence_id: str
    person: str
    """Under whose key it falls."""
    case_id: str | None
    uploaded_by: str
    channel: str | None
    content_type: str
    bytes: int
    width: int | None
    height: int | None
    stored_at: datetime
    linked_at: datetime | None
    """When it fell under the case's person; none: the case may not even be accepted."""
    opened: Opened | None = field(repr=False)
    """None, once whose it was has been erased."""


def sealed_as(evidence_id: str) -> str:
    """Return what the sealed fields of an upload are bound to."""
    return f"evidence:{evidence_id}"


def person_of_its_own(evidence_id: str) -> str:
    """Return under whom an upload falls that nobody made in person, until a case has it."""
    return f"evidence:{evidence_id}"


async def keep(pool: Pool, objects: Objects, upload: Upload) -> Kept:
    """Make an upload durable. The same one again, under its id, is the same; one that was cut off is ended.

    Raises:
        storage.objects.StoreAwayError: the bytes could not be stored. Try again under the same id.
        storage.persons.ErasedError: whose it was has been erased.
    """
    async with pool.acquire() as connection, connection.transaction():
        await _insert(connection, pool.ring, upload)
    kept, state = await _read(pool, upload.evidence_id)
    if kept is None or kept.opened is None or state == "going":
        raise persons.ErasedError("this upload was erased, or swept away")
    if state == "storing":
        await _store(pool, objects, upload, base64.b64decode(kept.opened.data_key))
    return kept


async def _insert(connection: Connection, ring: KeyRing, upload: Upload) -> None:
    if await connection.fetchval("select true from evidence where evidence_id = $1", upload.evidence_id):
        return
    if upload.in_person:
        person = await persons.identified(connection, ring, Person(account=upload.uploaded_by))
    else:
        person = await persons.named(connection, ring, person_of_its_own(upload.evidence_id))
    personal = {
        "data_key": base64.b64encode(new_key()).decode(),
        "place": upload.place and upload.place.model_dump(mode="json"),
        "taken_at": upload.taken_at and upload.taken_at.isoformat(),
    }
    await connection.execute(
        "insert into evidence (evidence_id, person, uploaded_by, channel, content_type, bytes, width, height,"
        " fingerprint, sealed, state) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'storing')"
        " on conflict do nothing",
        upload.evidence_id,
        person,
        upload.uploaded_by,
        upload.channel,
        upload.content_type,
        len(upload.original),
        upload.width,
        upload.height,
        ring.fingerprint("evidence", hashlib.sha256(upload.original).hexdigest()),
        await persons.sealed_for(connection, ring, person, sealed_as(upload.evidence_id), personal),
    )


async def _store(pool: Pool, objects: Objects, upload: Upload, key: bytes) -> None:
    await objects.put(_name(upload.evidence_id, "original"), upload.original, key)
    if upload.clean is not None:
        await objects.put(_name(upload.evidence_id, "clean"), upload.clean, key)
    state = await pool.fetchval(
        "update evidence set state = case state when 'storing' then 'stored' else state end"
        " where evidence_id = $1 returning state",
        upload.evidence_id,
    )
    if state != "stored":  # erased meanwhile, or swept away
        await remove_objects(objects, upload.evidence_id)
        raise persons.ErasedError("this upload was erased, or swept away")


def _name(evidence_id: str, part: str) -> str:
    return f"{evidence_id}/{part}"


async def found(pool: Pool, evidence_id: str) -> Kept | None:
    """Return an upload that was made to its end, or None when there is none with this id.

    Whoever shows any of it to somebody records that it was read.
    """
    kept, state = await _read(pool, evidence_id)
    return kept if state in ("stored", "erased") else None


async def _read(pool: Pool, evidence_id: str) -> tuple[Kept | None, str]:
    # In one snapshot: linking exchanges both whose it is and what it is sealed with.
    async with (
        pool.acquire() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        row = await connection.fetchrow(
            "select evidence_id, person, case_id, uploaded_by, channel, content_type, bytes, width, height, stored_at,"
            " linked_at, sealed, state from evidence where evidence_id = $1",
            evidence_id,
        )
        if row is None:
            return None, ""
        plain: dict[str, Any] = dict(row)
        sealed, state = plain.pop("sealed"), plain.pop("state")
        opened = await _opened(connection, pool.ring, row["person"], evidence_id, sealed)
    return Kept(**plain, opened=opened), state


async def _opened(
    connection: Connection, ring: KeyRing, person: str, evidence_id: str, sealed: dict[str, str]
) -> Opened | None:
    if not sealed:
        return None
    try:
        return Opened.model_validate(await persons.opened_for(connection, ring, person, sealed_as(evidence_id), sealed))
    except persons.ErasedError:
        return None


async def content(objects: Objects, kept: Kept, part: str) -> bytes:
    """Return the bytes of one of the `PARTS`. Whoever shows them to somebody records that they were read.

    Raises:
        storage.persons.ErasedError: whose they were has been erased.
        storage.objects.ObjectMissingError: there is no such part.
        storage.objects.StoreAwayError: the store does not answer now.
    """
    if kept.opened is None:
        raise persons.ErasedError("what this was has been erased")
    return await objects.get(_name(kept.evidence_id, part), base64.b64decode(kept.opened.data_key))


async def remove_objects(objects: Objects, evidence_id: str) -> None:
    """Remove the bytes of an upload, if there are any. Raises `storage.objects.StoreAwayError`."""
    for part in PARTS:
        await objects.delete(_name(evidence_id, part))


async def erase_of(pool: Pool, objects: Objects, person: str) -> int:
    """Remove all photos and documents under a person's key; return how many there were. Again is harmless.

    What stays says that there was one. Raises `storage.objects.StoreAwayError`: then do it again.
    """
    rows = await pool.fetch("select evidence_id from evidence where person = $1 and state <> 'erased'", person)
    for row in rows:
        await remove_objects(objects, row["evidence_id"])
        await pool.execute(
            "update evidence set state = 'erased', sealed = '{}', fingerprint = null, width = null, height = null"
            " where evidence_id = $1",
            row["evidence_id"],
        )
    return len(rows)
