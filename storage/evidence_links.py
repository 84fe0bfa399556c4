"""Which case an upload is part of. Linked, it falls under the case's person; never used, it is swept away."""

from collections.abc import Sequence
from typing import Any

from privacy.ring import KeyRing
from storage import intake, persons
from storage.database import Connection, Pool
from storage.evidence import person_of_its_own, remove_objects, sealed_as
from storage.objects import Objects

UNUSED_HOURS = 24
"""How long an upload waits for a complaint or message that names it."""


class NotUsableError(ValueError):
    """An upload cannot become part of a case; the text says which, by its number in the list, and why."""


async def hold(pool: Pool, case_id: str, evidence_ids: Sequence[str], uploaded_by: str, channel: str | None) -> None:
    """Hold uploads for a case that is about to be accepted, all or none. Again is harmless.

    Raises:
        NotUsableError: one is not the uploader's or channel's, was swept away, or is held for another case.
    """
    async with pool.acquire() as connection, connection.transaction():
        await _hold(connection, case_id, evidence_ids, uploaded_by, channel)


async def link(pool: Pool, case_id: str, evidence_ids: Sequence[str], uploaded_by: str, channel: str | None) -> None:
    """Make uploads part of a case that was accepted: they fall under its person from now on. Again is harmless.

    Raises:
        NotUsableError: as `hold` does; a hold for a case that nobody accepted is passed over.
        LookupError: there is no such case.
        storage.persons.ErasedError: the case's person was erased.
    """
    async with pool.acquire() as connection, connection.transaction():
        if not await connection.fetchval("select is_accepted($1)", case_id):
            raise LookupError("case: accept it before anything is linked to it")
        await _hold(connection, case_id, evidence_ids, uploaded_by, channel, over_unaccepted=True)
        for evidence_id in sorted(set(evidence_ids)):
            await _link(connection, pool.ring, case_id, evidence_id)


async def _hold(
    connection: Connection,
    case_id: str,
    evidence_ids: Sequence[str],
    uploaded_by: str,
    channel: str | None,
    *,
    over_unaccepted: bool = False,
) -> None:
    rows = await connection.fetch(
        "select evidence_id, case_id is not null and case_id <> $4"
        " and (linked_at is not null or not $5 or is_accepted(case_id)) as elsewhere"
        " from evidence where evidence_id = any($1) and state = 'stored' and (uploaded_by = $2 or channel = $3)"
        " order by evidence_id for update",
        *(list(evidence_ids), uploaded_by, channel, case_id, over_unaccepted),
    )
    elsewhere = {row["evidence_id"]: row["elsewhere"] for row in rows}
    for number, evidence_id in enumerate(evidence_ids, start=1):
        if evidence_id not in elsewhere:
            raise NotUsableError(
                f"number {number} is no upload of yours, or was not used within {UNUSED_HOURS} hours: upload it again"
            )
        if elsewhere[evidence_id]:
            raise NotUsableError(f"number {number} is part of another case: upload it again for this one")
    await connection.execute(
        "update evidence set case_id = $1, held_at = now() where evidence_id = any($2) and linked_at is null",
        case_id,
        list(evidence_ids),
    )


async def _link(connection: Connection, ring: KeyRing, case_id: str, evidence_id: str) -> None:
    """Seal anew what stands sealed of an upload, under the person of its case."""
    row = await connection.fetchrow(
        "select person, sealed from evidence where evidence_id = $1 and case_id = $2 and state = 'stored'"
        " and linked_at is null for update",
        evidence_id,
        case_id,
    )
    if row is None:
        return
    opened = await persons.opened_for(connection, ring, row["person"], sealed_as(evidence_id), row["sealed"])
    person = await intake.person_of(connection, ring, case_id)
    await connection.execute(
        "update evidence set person = $2, sealed = $3, linked_at = now() where evidence_id = $1",
        evidence_id,
        person,
        await persons.sealed_for(connection, ring, person, sealed_as(evidence_id), opened),
    )
    await _forget_person_of_its_own(connection, evidence_id)


async def _forget_person_of_its_own(connection: Connection, evidence_id: str) -> None:
    await connection.execute("delete from persons where person = $1", person_of_its_own(evidence_id))


async def let_go(pool: Pool, case_id: str) -> None:
    """Let uploads be used elsewhere that were held for a case which was refused."""
    await pool.execute(
        "update evidence set case_id = null where case_id = $1 and linked_at is null and not is_accepted(case_id)",
        case_id,
    )


async def sweep_unused(pool: Pool, objects: Objects) -> int:
    """Remove uploads that nothing used in time, and link those whose complaint was accepted when somebody died before
    linking them; return how many of both. Several may sweep at once.

    Raises:
        storage.objects.StoreAwayError: the store does not answer; the next sweep goes on.
    """
    return await _link_held(pool) + await _remove_unused(pool, objects)


async def _link_held(pool: Pool) -> int:
    rows = await pool.fetch(
        "select evidence_id, case_id from evidence where linked_at is null and state = 'stored'"
        " and held_at < now() - interval '1 minute' and is_accepted(case_id) order by held_at limit 500"
    )
    for row in rows:
        await _link_or_give_up(pool, row)
    return len(rows)


async def _link_or_give_up(pool: Pool, row: Any) -> None:
    try:
        async with pool.acquire() as connection, connection.transaction():
            await _link(connection, pool.ring, row["case_id"], row["evidence_id"])
    except persons.ErasedError:  # of whoever reported: it goes with them
        await pool.execute("update evidence set state = 'going' where evidence_id = $1", row["evidence_id"])


async def _remove_unused(pool: Pool, objects: Objects) -> int:
    await pool.execute(
        "update evidence set state = 'going' where linked_at is null and state in ('storing', 'stored')"
        " and greatest(stored_at, held_at) < now() - make_interval(hours => $1)"
        " and not is_accepted(case_id)",
        UNUSED_HOURS,
    )
    rows = await pool.fetch("select evidence_id from evidence where state = 'going' limit 500")
    for row in rows:
        await remove_objects(objects, row["evidence_id"])
        async with pool.acquire() as connection, connection.transaction():
            await connection.execute("delete from evidence where evidence_id = $1", row["evidence_id"])
            await _forget_person_of_its_own(connection, row["evidence_id"])
    return len(rows)
