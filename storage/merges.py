"""Which case goes on in place of which. Two cases merged into each other would both fall silent: that cannot be."""

from collections.abc import Sequence

from schemas.case import Transition, TransitionKind
from storage.database import Connection, Pool

_ONE_AT_A_TIME = 0x6D65726765  # any constant will do, as long as everybody takes the same lock ("merge")


async def record(connection: Connection, case_id: str, transitions: Sequence[Transition]) -> dict[str, str]:
    """Record merges and their undoing; return the messages that the records speak against, and why."""
    refused = {}
    for transition in transitions:
        if transition.kind is TransitionKind.UNMERGED:
            await connection.execute("delete from merges where case_id = $1", case_id)
        elif transition.kind is TransitionKind.MERGED and transition.message_id is not None:
            await connection.execute("select pg_advisory_xact_lock($1)", _ONE_AT_A_TIME)
            target = transition.detail["into"]
            if problem := await _problem(connection, case_id, target):
                refused[transition.message_id] = problem
            else:
                await connection.execute("insert into merges values ($1, $2, $3)", case_id, target, transition.at)
    return refused


async def _problem(connection: Connection, case_id: str, target: str) -> str | None:
    if not await connection.fetchval("select exists (select from cases where case_id = $1)", target):
        return f"into: there is no case {target}"
    if further := await connection.fetchval("select into_case from merges where case_id = $1", target):
        return f"into: {target} is itself merged into {further}: name that one"
    if await connection.fetchval("select closed_at is not null from cases where case_id = $1", target):
        return f"into: case {target} is over: nobody would answer this one"
    if other := await connection.fetchval("select case_id from merges where into_case = $1 limit 1", case_id):
        return f"into: {other} is merged into this case: merge {target} into this one instead"
    return None


async def merged_into(pool: Pool, case_id: str) -> list[str]:
    """Return the cases that are merged into one."""
    rows = await pool.fetch("select case_id from merges where into_case = $1 order by merged_at", case_id)
    return [row["case_id"] for row in rows]
