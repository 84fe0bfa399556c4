"""Complaints at the door, and the texts of messages: what people wrote, which no workflow carries."""

from datetime import datetime

from schemas.case import TransitionKind
from schemas.complaint import Complaint, Intake
from storage.database import Pool

_CARRIED = ", ".join(name for name in Complaint.model_fields if name != "service")
"""The columns that a workflow may carry. A case that prepares a service never was a complaint at the door."""


class CaseIdTakenError(ValueError):
    """A case id is that of another complaint."""


async def accept(
    pool: Pool, case_id: str, intake: Intake, policy_version: str, accepted_at: datetime, *, cell: str | None = None
) -> Complaint:
    """Make a complaint durable and return the reference to it that a workflow may carry.

    The same (channel, external id) again returns the complaint that was accepted first, under its own case id. The cell
    is that of the map in which complaints that may be the same are looked for.

    Raises:
        CaseIdTakenError: another channel's complaint has this case id.
    """
    await pool.execute(
        "insert into complaints"
        " (case_id, channel, external_id, category, region, body, accepted_at, promised_at, policy_version,"
        " latitude, longitude, cell, identity, respondent)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14) on conflict do nothing",
        case_id,
        intake.channel,
        intake.external_id,
        intake.category,
        intake.region,
        intake.text,
        accepted_at,
        intake.promised_at,
        policy_version,
        intake.place.latitude if intake.place else None,
        intake.place.longitude if intake.place else None,
        cell,
        intake.identity,
        intake.respondent,
    )
    row = await pool.fetchrow(
        f"select {_CARRIED} from complaints where channel = $2 and"  # noqa: S608
        " (external_id = $3 or (case_id = $1 and external_id is not distinct from $3))"
        " order by (channel = $2 and external_id = $3) desc nulls last limit 1",
        case_id,
        intake.channel,
        intake.external_id,
    )
    if row is None:
        raise CaseIdTakenError(f"case_id: {case_id} is that of another complaint")
    return Complaint.model_validate(dict(row))


async def store_text(pool: Pool, case_id: str, message_id: str, text: str) -> datetime:
    """Keep the text of a message and return when it was stored; the first text under a message id stays."""
    stored_at: datetime = await pool.fetchval(
        "insert into message_texts (case_id, message_id, body) values ($1, $2, $3)"
        " on conflict (case_id, message_id) do update set body = message_texts.body returning stored_at",
        case_id,
        message_id,
        text,
    )
    return stored_at


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


async def left_behind(pool: Pool) -> list[Complaint]:
    """Return complaints that were accepted over a minute ago and have no case: whoever accepted them died, or could
    not reach Temporal.
    """
    rows = await pool.fetch(
        f"select {_CARRIED} from complaints where accepted_at < now() - interval '1 minute'"  # noqa: S608
        " and not exists (select from cases where cases.case_id = complaints.case_id) order by accepted_at limit 1000"
    )
    return [Complaint.model_validate(dict(row)) for row in rows]
