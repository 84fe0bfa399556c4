"""Which open cases reckon by another version of their policy than the one in force, and what a recalculation did."""

from pydantic import Field

from schemas.base import Model, UtcDatetime
from schemas.case import Transition
from storage.database import Pool


class Outdated(Model):
    """An open case whose deadlines were reckoned under another version of its policy."""

    case_id: str
    opened_at: UtcDatetime
    reckons_by: str = Field(description="the version: of its latest recalculation, or that it was opened under")
    times: int = Field(description="how often it was recalculated to the version in force before")


async def outdated(pool: Pool, policy_name: str, version: str, case_id: str | None = None) -> list[Outdated]:
    """Return the open cases of a policy, or one of them, that reckon by another of its versions than this one."""
    rows = await pool.fetch(
        "select case_id, opened_at, coalesce(latest.version, policy_version) as reckons_by, latest.times"
        " from cases join policy_versions on policy_versions.version = policy_version, lateral ("
        "     select (array_agg(detail->>'policy' order by seq desc))[1] as version,"
        "            count(*) filter (where detail->>'policy' = $2) as times"
        "     from timeline where timeline.case_id = cases.case_id and kind = 'recalculated'"
        " ) latest"
        " where closed_at is null and name = $1 and ($3::text is null or case_id = $3)"
        " and coalesce(latest.version, policy_version) <> $2 order by case_id",
        policy_name,
        version,
        case_id,
    )
    return [Outdated.model_validate(dict(row)) for row in rows]


async def latest(pool: Pool, case_id: str) -> Transition | None:
    """Return the latest transition of a case, which says how its clocks stand; None when there is no such case."""
    body = await pool.fetchval("select body from timeline where case_id = $1 order by seq desc limit 1", case_id)
    return None if body is None else Transition.model_validate(body)


async def before_and_after(pool: Pool, case_id: str, seq: int) -> tuple[Transition, Transition]:
    """Return a transition that is not the first, together with the one before it."""
    rows = await pool.fetch(
        "select body from timeline where case_id = $1 and seq in ($2 - 1, $2) order by seq", case_id, seq
    )
    before, after = (Transition.model_validate(row["body"]) for row in rows)
    return before, after
