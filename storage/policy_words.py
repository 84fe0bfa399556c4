"""Of a published policy, what is needed to tell people of a case."""

from zoneinfo import ZoneInfo

from pydantic import TypeAdapter

from schemas.status import StatusScheme
from storage.database import Pool
from storage.time_zone import zone_named

_SCHEMES: TypeAdapter[tuple[StatusScheme, ...]] = TypeAdapter(tuple[StatusScheme, ...])


async def of_version(pool: Pool, version: str) -> tuple[tuple[StatusScheme, ...], ZoneInfo]:
    """Return the words of a policy's public channels, and the zone in which its moments are told; UTC without one."""
    row = await pool.fetchrow(
        "select body->'schemes' as schemes, body->'calendar'->>'zone' as zone from policy_versions where version = $1",
        version,
    )
    if row is None:
        return (), zone_named("UTC")
    return _SCHEMES.validate_python(row["schemes"] or []), zone_named(row["zone"])
