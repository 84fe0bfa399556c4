"""Keys of systems. Their secrets are not here: only hashes, by which a key that is presented is known again."""

from datetime import datetime

from pydantic import Field

from schemas.access import Action
from schemas.base import Code, Model, Reference, UtcDatetime
from schemas.complaint import PlainCode
from storage.database import Pool

_COLUMNS = "key_id, name, channel, scopes, made_at, made_by, expires_at, revoked_at, last_used_at"


class ApiKey(Model):
    """What is known of a key, but for its secret."""

    key_id: str
    name: Code = Field(description="which system has it, for people")
    channel: PlainCode = Field(description="what the system hands in came in by it")
    scopes: frozenset[Action] = Field(min_length=1)
    made_at: UtcDatetime
    made_by: Reference
    expires_at: UtcDatetime | None = None
    revoked_at: UtcDatetime | None = None
    last_used_at: UtcDatetime | None = Field(default=None, description="as of a minute ago")


async def store(pool: Pool, key: ApiKey, secret_hash: bytes) -> None:
    """Store a new key with the hash of its secret."""
    await pool.execute(
        "insert into api_keys (key_id, secret_hash, name, channel, scopes, made_at, made_by, expires_at)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8)",
        *(key.key_id, secret_hash, key.name, key.channel, sorted(key.scopes), key.made_at, key.made_by),
        key.expires_at,
    )


async def find(pool: Pool, key_id: str) -> tuple[ApiKey, bytes] | None:
    """Return a key, expired and revoked ones too, and the hash of its secret."""
    row = await pool.fetchrow(f"select {_COLUMNS}, secret_hash from api_keys where key_id = $1", key_id)  # noqa: S608
    if row is None:
        return None
    known = dict(row)
    secret_hash: bytes = known.pop("secret_hash")
    return ApiKey.model_validate(known), secret_hash


async def listed(pool: Pool) -> list[ApiKey]:
    """Return all keys there ever were, the latest first."""
    rows = await pool.fetch(f"select {_COLUMNS} from api_keys order by made_at desc, key_id")  # noqa: S608
    return [ApiKey.model_validate(dict(row)) for row in rows]


async def revoke(pool: Pool, key_id: str, now: datetime) -> ApiKey | None:
    """End a key for good and return it; None if there is none. One that was revoked before stays so, since then."""
    row = await pool.fetchrow(
        "update api_keys set revoked_at = coalesce(revoked_at, $2) where key_id = $1"  # noqa: S608
        f" returning {_COLUMNS}",
        *(key_id, now),
    )
    return ApiKey.model_validate(dict(row)) if row else None


async def note_use(pool: Pool, key_id: str, now: datetime) -> None:
    """Record that a key is in use, at most once a minute."""
    await pool.execute(
        "update api_keys set last_used_at = $2"
        " where key_id = $1 and coalesce(last_used_at <= $2::timestamptz - interval '1 minute', true)",
        *(key_id, now),
    )
