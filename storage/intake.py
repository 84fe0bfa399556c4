"""Complaints at the door, and the texts of messages: what people wrote, which no workflow carries, sealed."""

from datetime import datetime
from typing import Any

from privacy.ring import KeyRing
from schemas.case import TransitionKind
from schemas.complaint import Complaint, Intake, Place
from schemas.person import Person
from storage import not_started, persons
from storage.database import Connection, Pool

_CARRIED = ", ".join(name for name in Complaint.model_fields if name != "service")
"""The columns that a workflow may carry. A case that prepares a service never was a complaint at the door."""


class CaseIdTakenError(ValueError):
    """A case id is that of another complaint."""


async def accept(
    pool: Pool,
    case_id: str,
    intake: Intake,
    policy_version: str,
    accepted_at: datetime,
    *,
    cell: str | None = None,
    reported_by: str | None = None,
) -> Complaint:
    """Make a complaint durable and return the reference to it that a workflow may carry.

    The same (channel, external id) again returns the complaint that was accepted first, under its own case id.

    Args:
        pool: the database.
        case_id: of a new complaint.
        intake: what was handed in; all that is personal in it is sealed under the key of whoever reports.
        policy_version: of the rules that it is opened under.
        accepted_at: all clocks start here.
        cell: that of the map in which complaints that may be the same are looked for.
        reported_by: the account of whoever reports in person.

    Raises:
        CaseIdTakenError: another channel's complaint has this case id.
    """
    async with pool.acquire() as connection, connection.transaction():
        known = await _accepted_first(connection, case_id, intake)
        if known is None:
            await _insert(connection, pool.ring, case_id, intake, policy_version, accepted_at, cell, reported_by)
            known = await _accepted_first(connection, case_id, intake)
    if known is None:
        raise CaseIdTakenError(f"case_id: {case_id} is that of another complaint")
    return known


async def _insert(  # noqa: PLR0917 - what it is, under which rules, since when, and where
    connection: Connection,
    ring: KeyRing,
    case_id: str,
    intake: Intake,
    policy_version: str,
    accepted_at: datetime,
    cell: str | None,
    reported_by: str | None,
) -> None:
    person = await persons.identified(connection, ring, intake.reporter or Person(account=reported_by))
    await connection.execute(
        "insert into complaints"
        " (case_id, channel, external_id, category, region, accepted_at, promised_at, policy_version,"
        " cell, identity, respondent, person, reported_by, sealed)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict do nothing",
        case_id,
        intake.channel,
        intake.external_id,
        intake.category,
        intake.region,
        accepted_at,
        intake.promised_at,
        policy_version,
        cell,
        intake.identity,
        intake.respondent,
        person,
        reported_by,
        await persons.sealed_for(connection, ring, person, sealed_as(case_id), _personal(intake)),
    )
    await not_started.note(connection, not_started.Kind.CASE, case_id, accepted_at)


def sealed_as(case_id: str) -> str:
    """Return what the sealed fields of a complaint are bound to."""
    return f"complaint:{case_id}"


def _personal(intake: Intake) -> dict[str, Any]:
    """Return all of a complaint that may tell who somebody is, each field on its own."""
    given = intake.model_dump(mode="json", include=_SEALED, exclude_defaults=True)
    reporter = intake.reporter.model_dump(mode="json", exclude_none=True) if intake.reporter else {}
    return given | {f"reporter.{name}": value for name, value in reporter.items()}


_SEALED = {"text", "place", "postal_code", "attributes", "evidence"}


async def _accepted_first(connection: Connection, case_id: str, intake: Intake) -> Complaint | None:
    row = await connection.fetchrow(
        f"select {_CARRIED} from complaints where channel = $2 and"  # noqa: S608
        " (external_id = $3 or (case_id = $1 and external_id is not distinct from $3))"
        " order by (channel = $2 and external_id = $3) desc nulls last limit 1",
        case_id,
        intake.channel,
        intake.external_id,
    )
    return None if row is None else Complaint.model_validate(dict(row))


async def original(pool: Pool, case_id: str) -> Intake | None:
    """Return a complaint as it was handed in, with all that is personal; None when there is none with this id.

    Whoever shows any of it to somebody records that it was read.

    Raises:
        storage.persons.ErasedError: what was personal has been erased.
    """
    row = await pool.fetchrow("select * from complaints where case_id = $1", case_id)
    if row is None:
        return None
    said: dict[str, Any] = {name: row[name] for name in _PLAIN}
    if row["sealed"] is None:  # of a release before sealing, and not sealed yet
        place = None if row["latitude"] is None else {"latitude": row["latitude"], "longitude": row["longitude"]}
        return Intake.model_validate(said | {"text": row["body"], "place": place})
    opened = await persons.opened_for(pool, pool.ring, row["person"], sealed_as(case_id), row["sealed"])
    reporter = {name[9:]: value for name, value in opened.items() if name.startswith("reporter.")}
    given = {name: value for name, value in opened.items() if not name.startswith("reporter.")}
    return Intake.model_validate(said | given | ({"reporter": reporter} if reporter else {}))


_PLAIN = ("channel", "external_id", "category", "region", "promised_at", "identity", "respondent")


async def place_of(pool: Pool, case_id: str) -> Place | None:
    """Return the point on the map that a complaint is about. Raises `storage.persons.ErasedError`."""
    found = await original(pool, case_id)
    return found.place if found else None


async def store_text(pool: Pool, case_id: str, message_id: str, text: str) -> datetime:
    """Keep the text of a message and return when it was stored; the first text under a message id stays.

    It is sealed under the key of whoever the case is about.

    Raises:
        storage.persons.ErasedError: that person was erased.
    """
    async with pool.acquire() as connection, connection.transaction():
        person = await person_of(connection, pool.ring, case_id)
        sealed = await persons.sealed_for(
            connection, pool.ring, person, text_sealed_as(case_id, message_id), {"text": text}
        )
        stored_at: datetime = await connection.fetchval(
            "insert into message_texts (case_id, message_id, person, sealed) values ($1, $2, $3, $4)"
            " on conflict (case_id, message_id) do update set message_id = excluded.message_id returning stored_at",
            case_id,
            message_id,
            person,
            sealed,
        )
    return stored_at


def text_sealed_as(case_id: str, message_id: str) -> str:
    """Return what the sealed text of a message is bound to."""
    return f"message:{case_id}:{message_id}"


async def person_of(connection: Connection, ring: KeyRing, case_id: str) -> str:
    """Return whom a case, a service's preparation or a register is about: under whose key its texts are sealed."""
    found: str | None = await connection.fetchval(
        "select person from complaints where case_id = $1 union all"
        " select r.person from cases c join service_requests s on s.case_id = c.case_id"
        " join recipients r on r.reference = s.recipient where c.case_id = $1 limit 1",
        case_id,
    )
    return found or await persons.named(connection, ring, f"texts:{case_id}")


async def texts(pool: Pool, case_id: str) -> dict[str, str]:
    """Return the texts of a case's messages by message id. Whoever shows one records that it was read.

    Raises:
        storage.persons.ErasedError: they were erased.
    """
    rows = await pool.fetch(
        "select message_id, body, person, sealed from message_texts where case_id = $1 order by stored_at", case_id
    )
    return {row["message_id"]: await _opened_text(pool, case_id, row) for row in rows}


async def _opened_text(pool: Pool, case_id: str, row: Any) -> str:
    if row["sealed"] is None:
        return str(row["body"])
    of = text_sealed_as(case_id, row["message_id"])
    opened = await persons.opened_for(pool, pool.ring, row["person"], of, row["sealed"])
    return str(opened["text"])


async def forget_text_of_refused(pool: Pool, case_id: str, message_id: str) -> None:
    """Remove the text of a message that never took effect: there is no reason to keep it."""
    await pool.execute(
        "delete from message_texts where case_id = $1 and message_id = $2 and not exists"
        " (select from timeline where case_id = $1 and message_id = $2 and kind <> $3)",
        case_id,
        message_id,
        TransitionKind.REFUSED,
    )


async def exists(pool: Pool, case_id: str) -> bool:
    """Return whether a case was accepted here, or committed by a workflow that was started elsewhere."""
    found: bool = await pool.fetchval(
        "select exists (select from complaints where case_id = $1) or exists (select from cases where case_id = $1)",
        case_id,
    )
    return found


async def accepted(pool: Pool, case_id: str) -> Complaint | None:
    """Return what of an accepted complaint a workflow may carry, or None when there is none with this id."""
    row = await pool.fetchrow(f"select {_CARRIED} from complaints where case_id = $1", case_id)  # noqa: S608
    return None if row is None else Complaint.model_validate(dict(row))


async def by_external_id(pool: Pool, channel: str, external_id: str | None) -> Complaint | None:
    """Return the complaint that a channel handed in under its own id before; None when there is none."""
    row = await pool.fetchrow(
        f"select {_CARRIED} from complaints where channel = $1 and external_id = $2",  # noqa: S608
        *(channel, external_id),
    )
    return None if row is None else Complaint.model_validate(dict(row))


async def reported_by(pool: Pool, case_id: str) -> str | None:
    """Return the account of whoever reported a case in person."""
    account: str | None = await pool.fetchval("select reported_by from complaints where case_id = $1", case_id)
    return account


async def left_behind(pool: Pool, after: Complaint | None = None, *, seconds: float = 60) -> list[Complaint]:
    """Return complaints that were accepted so many seconds ago or longer and have no case: whoever accepted them died,
    or could not reach Temporal.

    Oldest first, at most a thousand; `after` is the last of those that were returned before.
    """
    rows = await pool.fetch(
        f"select {_CARRIED} from complaints where case_id in (select id from not_started"  # noqa: S608
        "  where kind = 'case' and accepted_at <= now() - make_interval(secs => $1)"
        "  and ($2::timestamptz is null or (accepted_at, id) > ($2, $3)) order by accepted_at, id limit 1000)"
        " order by accepted_at, case_id",
        *(seconds, after and after.accepted_at, after and after.case_id),
    )
    return [Complaint.model_validate(dict(row)) for row in rows]
