"""All that is kept of a person: found, given out, and made unreadable for good."""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from schemas.base import Model, UtcDatetime
from storage import intake, persons, recipients, tracking
from storage.contacts import opened as opened_contact
from storage.database import Connection, Pool


class Records(Model):
    """What is kept of a person, in clear: for the person alone."""

    person: str
    complaints: tuple[dict[str, Any], ...]
    texts: tuple[dict[str, Any], ...] = Field(description="of messages about the person's cases")
    recipients: tuple[dict[str, Any], ...] = Field(description="as whom things were carried to the person")
    contacts: tuple[dict[str, Any], ...]
    carrier_events: tuple[dict[str, Any], ...] = Field(description="as the carrier sent them")
    evidence: tuple[str, ...] = Field(description="photos and documents, which are given out apart")
    reads: tuple[dict[str, Any], ...] = Field(description="who read any of it, and when")


class Erased(Model):
    """What an erasure came to."""

    person: str
    erased_at: UtcDatetime
    complaints: int
    texts: int
    recipients: int
    contacts: int
    carrier_events: int


class Unfinished(Model):
    """What is still under way for a person: without the person's data it cannot come to a good end."""

    cases: tuple[str, ...]
    requests: tuple[str, ...]
    deliveries: tuple[str, ...]

    @property
    def anything(self) -> bool:
        """Whether there is something."""
        return bool(self.cases or self.requests or self.deliveries)


async def of_case(pool: Pool, case_id: str) -> str | None:
    """Return the person whom a case or a service request is about; None when there is no such case or request."""
    person: str | None = await pool.fetchval(
        "select person from complaints where case_id = $1 union all"
        " select r.person from request_intakes i join recipients r on r.reference = i.recipient"
        " where i.request_id = $1 limit 1",
        case_id,
    )
    return person


async def everything(pool: Pool, person: str) -> Records:
    """Return all that is kept of a person. Raises `storage.persons.ErasedError` when it was erased."""
    await persons.key_of(pool, pool.ring, person)
    cases = await _column(pool, "select case_id from complaints where person = $1 order by accepted_at", person)
    known = await _column(pool, "select reference from recipients where person = $1 order by stored_at", person)
    asked = await _column(
        pool,
        "select i.request_id from request_intakes i join recipients r on r.reference = i.recipient where r.person = $1",
        person,
    )
    return Records(
        person=person,
        complaints=tuple([await _complaint(pool, case_id) for case_id in cases]),
        texts=tuple(await _texts(pool, person)),
        recipients=tuple([await _recipient(pool, reference) for reference in known]),
        contacts=tuple(await _contacts(pool, person)),
        carrier_events=tuple(await _carrier_events(pool, person)),
        evidence=tuple(await _column(pool, "select evidence_id from evidence where person = $1 order by 1", person)),
        reads=tuple(await _reads(pool, [*cases, *asked])),
    )


async def _column(pool: Pool, select: str, person: str) -> list[str]:
    return [row[0] for row in await pool.fetch(select, person)]


async def _complaint(pool: Pool, case_id: str) -> dict[str, Any]:
    original = await intake.original(pool, case_id)
    assert original is not None
    return {"case_id": case_id, **original.model_dump(mode="json", exclude_none=True)}


async def _texts(pool: Pool, person: str) -> list[dict[str, Any]]:
    where = await _column(pool, "select distinct case_id from message_texts where person = $1 order by 1", person)
    found = [(case_id, await intake.texts(pool, case_id)) for case_id in where]
    return [
        {"case_id": case_id, "message_id": message_id, "text": text}
        for case_id, texts in found
        for message_id, text in texts.items()
    ]


async def _recipient(pool: Pool, reference: str) -> dict[str, Any]:
    found = await recipients.find(pool, reference)
    assert found is not None
    return {"reference": reference, **found.model_dump(mode="json", exclude_none=True)}


async def _contacts(pool: Pool, person: str) -> list[dict[str, Any]]:
    rows = await pool.fetch("select * from contacts where person = $1 order by contact", person)
    return [
        {
            "recipient": row["recipient"],
            "channel": row["channel"],
            "address": await opened_contact(pool, pool.ring, row),
        }
        for row in rows
    ]


async def _carrier_events(pool: Pool, person: str) -> list[dict[str, Any]]:
    rows = await pool.fetch("select * from carrier_events where person = $1 order by received_at", person)
    found = []
    for row in rows:
        of = tracking.sealed_as(row["order_id"], row["event_id"])
        opened = await persons.opened_for(pool, pool.ring, person, of, row["sealed"])
        found.append({"delivery_id": row["delivery_id"], "event_id": row["event_id"], **opened})
    return found


async def _reads(pool: Pool, subjects: Sequence[str]) -> list[dict[str, Any]]:
    rows = await pool.fetch(
        "select at, caller, role, action, subject, fields from personal_reads where subject = any($1) order by read",
        list(subjects),
    )
    return [dict(row) | {"at": row["at"].isoformat()} for row in rows]


async def unfinished(pool: Pool, person: str) -> Unfinished:
    """Return what is still under way for a person."""
    return Unfinished(
        cases=tuple(
            await _column(
                pool,
                "select c.case_id from complaints c left join cases s using (case_id)"
                " where c.person = $1 and s.closed_at is null order by 1",
                person,
            )
        ),
        requests=tuple(
            await _column(
                pool,
                "select i.request_id from request_intakes i join recipients r on r.reference = i.recipient"
                " left join service_requests s using (request_id) where r.person = $1 and s.over_at is null order by 1",
                person,
            )
        ),
        deliveries=tuple(
            await _column(
                pool,
                "select d.delivery_id from post_deliveries d join recipients r on r.reference = d.recipient"
                " where r.person = $1 and d.over_at is null order by 1",
                person,
            )
        ),
    )


async def erase(pool: Pool, person: str) -> Erased:
    """Destroy a person's key, and remove what finds the person: nobody reads any of it again. Twice is once.

    What others are held to by law stays: histories, timelines, ledgers and money, which know the person by references
    alone, and fingerprints of who had which benefit.

    Raises:
        storage.persons.ErasedError: there never was such a person.
    """
    async with pool.acquire() as connection, connection.transaction():
        erased_at = await connection.fetchval(
            "update persons set wrapped = null, key_id = null, erased_at = coalesce(erased_at, now())"
            " where person = $1 returning erased_at",
            person,
        )
        if erased_at is None:
            raise persons.ErasedError("there is no such person")
        await connection.execute("delete from person_lookups where person = $1", person)
        await _forget_accounts(connection, person)
        await connection.execute(
            "update complaints set cell = null, reported_by = null"
            " where person = $1 and (cell is not null or reported_by is not null)",
            person,
        )
        await connection.execute(
            "update request_intakes set requested_by = null where requested_by is not null"
            " and recipient in (select reference from recipients where person = $1)",
            person,
        )
        await connection.execute(
            "delete from deliveries using contacts where deliveries.contact = contacts.contact"
            " and contacts.person = $1 and deliveries.state <> 'sent'",
            person,
        )
        counts = {
            table: await connection.fetchval(f"select count(*) from {name} where person = $1", person)  # noqa: S608
            for table, name in _SEALED.items()
        }
        counts["contacts"] = await connection.fetchval(
            "with gone as (delete from contacts where person = $1 returning 1) select count(*) from gone", person
        )
    return Erased(person=person, erased_at=erased_at, **counts)


async def _forget_accounts(connection: Connection, person: str) -> None:
    """Remove the person's account from where it says whose a case, a request or a photo was."""
    await connection.execute(
        "delete from idempotency_keys k using"
        " (select case_id as id, reported_by as account from complaints where person = $1"
        " union all select i.request_id, i.requested_by from request_intakes i"
        " join recipients r on r.reference = i.recipient where r.person = $1"
        " union all select evidence_id, uploaded_by from evidence where person = $1) theirs"
        " where k.caller = theirs.account and k.resource = theirs.id",
        person,
    )
    await connection.execute(
        "update evidence e set uploaded_by = '' where person = $1 and (linked_at is null or exists"
        " (select from complaints c where c.case_id = e.case_id and c.reported_by = e.uploaded_by))",
        person,
    )


_SEALED = {
    "complaints": "complaints",
    "texts": "message_texts",
    "recipients": "recipients",
    "carrier_events": "carrier_events",
}


async def rewrap(pool: Pool, at_once: int = 500) -> int:
    """Wrap keys of persons that an older key of the ring wraps under the newest; return how many: 0 at the end."""
    async with pool.acquire() as connection, connection.transaction():
        rows = await connection.fetch(
            "select person, key_id, wrapped from persons where wrapped is not null and key_id <> $1"
            " limit $2 for update skip locked",
            *(pool.ring.newest, at_once),
        )
        for row in rows:
            key = pool.ring.unwrap(row["key_id"], row["wrapped"], row["person"])
            await connection.execute(
                "update persons set key_id = $2, wrapped = $3 where person = $1",
                *(row["person"], *pool.ring.wrap(key, row["person"])),
            )
    return len(rows)


async def wrapped_by_others(pool: Pool) -> int:
    """Return how many persons' keys are wrapped by another key than the ring's newest."""
    number: int = await pool.fetchval(
        "select count(*) from persons where wrapped is not null and key_id <> $1", pool.ring.newest
    )
    return number
