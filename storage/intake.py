"""Complaints at the door, and the texts of messages: what people wrote, which no workflow carries."""

from datetime import datetime

from schemas.complaint import Complaint, Intake
from storage.database import Pool


async def accept(pool: Pool, case_id: str, intake: Intake, policy_version: str, accepted_at: datetime) -> Complaint:
    """Make a complaint durable and return the reference to it that a workflow may carry.

    The same (channel, external id) again returns the complaint that was accepted first, under its own case id.
    """
    await pool.execute(
        "insert into complaints"
        " (case_id, channel, external_id, category, region, body, accepted_at, promised_at, policy_version)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict do nothing",
        case_id,
        intake.channel,
        intake.external_id,
        intake.category,
        intake.region,
        intake.text,
        accepted_at,
        intake.promised_at,
        policy_version,
    )
    row = await pool.fetchrow(
        "select * from complaints where case_id = $1 or (channel = $2 and external_id = $3)"
        " order by (channel = $2 and external_id = $3) desc nulls last limit 1",
        case_id,
        intake.channel,
        intake.external_id,
    )
    assert row is not None
    return Complaint(
        case_id=row["case_id"],
        channel=row["channel"],
        category=row["category"],
        region=row["region"],
        accepted_at=row["accepted_at"],
        promised_at=row["promised_at"],
        policy_version=row["policy_version"],
    )


async def store_text(pool: Pool, case_id: str, message_id: str, text: str) -> None:
    """Keep the text of a message; the first text under a message id stays."""
    await pool.execute(
        "insert into message_texts (case_id, message_id, body) values ($1, $2, $3) on conflict do nothing",
        case_id,
        message_id,
        text,
    )
