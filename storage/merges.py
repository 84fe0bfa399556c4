"""Which case goes on in place of which. Two cases merged into each other would both fall silent: that cannot be."""

from collections.abc import Sequence

from schemas.case import Transition, TransitionKind
from schemas.status import Status
from storage.database import Connection, Pool

_ONE_AT_A_TIME = 0x6D65726765  # any constant will do, as long as everybody takes the same lock ("merge")


class AgainstRecordsError(Exception):
    """The records speak against a message; whatever was written with it has to be undone."""

    def __init__(self, refused: dict[str, str]) -> None:
        super().__init__(refused)
        self.refused = refused


async def record(connection: Connection, case_id: str, transitions: Sequence[Transition]) -> None:
    """Record merges and their undoing, within a transaction.

    Raises:
        AgainstRecordsError: the records speak against a merge; it names the message, and why.
    """
    for transition in transitions:
        if transition.kind is TransitionKind.UNMERGED:
            await connection.execute("delete from merges where case_id = $1", case_id)
        elif transition.kind is TransitionKind.MERGED and transition.message_id is not None:
            await connection.execute("select pg_advisory_xact_lock($1)", _ONE_AT_A_TIME)
            target = transition.detail["into"]
            if problem := await _problem(connection, case_id, target):
                raise AgainstRecordsError({transition.message_id: problem})
            await connection.execute(
                "insert into merges values ($1, $2, $3)"
                " on conflict (case_id) do update set into_case = excluded.into_case, merged_at = excluded.merged_at",
                case_id,
                target,
                transition.at,
            )


async def _problem(connection: Connection, case_id: str, target: str) -> str | None:
    # Locked, so that the target does not end in the same moment.
    row = await connection.fetchrow("select status, closed_at from cases where case_id = $1 for share", target)
    if row is None:
        return f"into: there is no case {target}"
    if row["status"] == Status.MERGED:
        further = await connection.fetchval("select into_case from merges where case_id = $1", target)
        return f"into: {target} is itself merged into {further}: name that one"
    if row["closed_at"] is not None:
        return f"into: case {target} is over: nobody would answer this one"
    others = "select case_id from merges join cases using (case_id) where into_case = $1 and status = $2 limit 1"
    if other := await connection.fetchval(others, case_id, Status.MERGED):
        return f"into: {other} is merged into this case: merge {target} into this one instead"
    return None


async def merged_into(pool: Pool, case_id: str) -> list[str]:
    """Return the cases that are merged into one."""
    rows = await pool.fetch(
        "select case_id from merges join cases using (case_id) where into_case = $1 and status = $2 order by merged_at",
        case_id,
        Status.MERGED,
    )
    return [row["case_id"] for row in rows]
