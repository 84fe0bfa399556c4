"""Who read personal data, and when: written before it is shown, and never changed."""

from collections.abc import Sequence

from pydantic import Field

from schemas.access import Action, Caller, CallerRole
from schemas.base import Model, UtcDatetime
from storage.database import Pool


class PersonalRead(Model):
    """One read of something personal."""

    read: int
    at: UtcDatetime
    caller: str
    role: CallerRole
    action: Action
    subject: str = Field(description="the case, request or delivery")
    fields: tuple[str, ...]
    request_id: str | None = Field(description="of the HTTP call")


async def record(  # noqa: PLR0917 - who, what, of which and how it came in
    pool: Pool, caller: Caller, action: Action, subject: str, fields: Sequence[str], request_id: str | None = None
) -> None:
    """Write down who is about to read what. Show it only once this has returned."""
    await pool.execute(
        "insert into personal_reads (caller, role, action, subject, fields, request_id)"
        " values ($1, $2, $3, $4, $5, $6)",
        *(caller.id, caller.role, action, subject, list(fields), request_id),
    )


async def listing(
    pool: Pool, *, subject: str | None = None, caller: str | None = None, before: int | None = None, limit: int = 100
) -> list[PersonalRead]:
    """Return reads, the latest first: of one subject, by one caller, or all; before a read's number."""
    rows = await pool.fetch(
        "select * from personal_reads where ($1::text is null or subject = $1) and ($2::text is null or caller = $2)"
        " and ($3::bigint is null or read < $3) order by read desc limit $4",
        *(subject, caller, before, limit),
    )
    return [PersonalRead.model_validate(dict(row)) for row in rows]
