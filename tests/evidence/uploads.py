"""Uploads and complaints, straight into storage."""

import secrets
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from gateway.starter import new_case_id
from schemas.complaint import Intake, Place
from schemas.person import Person
from storage import evidence, intake, policies
from storage.database import Pool
from storage.evidence import Kept, Upload
from storage.objects import Objects
from tests import making

PLACE = Place(latitude=-5.4123, longitude=105.3123)


def an_account(kind: str = "account") -> str:
    """Return the reference of an account that nobody has yet, without a digit that might be part of a number."""
    return f"{kind}-{''.join(secrets.choice('abcdefghjkmnpqrstuvwxyz') for _ in range(12))}"


def an_upload(**changes: Any) -> Upload:
    """Return a photo that a reporter uploads in person."""
    fields: dict[str, Any] = {
        "evidence_id": str(uuid4()),
        "uploaded_by": an_account(),
        "in_person": True,
        "channel": None,
        "content_type": "image/jpeg",
        "original": b"planted-original" * 99,
        "clean": b"planted-clean" * 99,
        "place": PLACE,
    }
    return Upload(**fields | changes)


async def kept_one(pool: Pool, store: Objects, **changes: Any) -> Kept:
    """Keep an upload."""
    return await evidence.keep(pool, store, an_upload(**changes))


async def read_again(pool: Pool, evidence_id: str) -> Kept:
    """Return an upload as it is now."""
    kept = await evidence.found(pool, evidence_id)
    assert kept is not None
    return kept


async def a_case(pool: Pool, reporter: Person | None = None, *, case_id: str | None = None) -> str:
    """Accept a complaint, and return its case."""
    case_id = case_id or new_case_id(datetime.now(UTC))
    policy = making.policy()
    await policies.publish(pool, policy)
    given = Intake(channel="api", category="road", text="A deep hole.", reporter=reporter)
    account = reporter.account if reporter else None
    await intake.accept(pool, case_id, given, policy.version, datetime.now(UTC), reported_by=account)
    return case_id


async def person_of(pool: Pool, case_id: str) -> str:
    """Return whom a case is about."""
    async with pool.acquire() as connection:
        return await intake.person_of(connection, pool.ring, case_id)


async def erase(pool: Pool, person: str) -> None:
    """Destroy a person's key."""
    await pool.execute("update persons set wrapped = null, key_id = null, erased_at = now() where person = $1", person)


async def age(pool: Pool, evidence_id: str, hours: float) -> None:
    """Let time have passed since something was uploaded, and held."""
    await pool.execute(
        "update evidence set stored_at = stored_at - $2 * interval '1 hour', held_at = held_at - $2 * interval '1 hour'"
        " where evidence_id = $1",
        evidence_id,
        hours,
    )
