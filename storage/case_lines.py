"""The lines of a case's timeline as interfaces tell them."""

from pydantic import Field

from schemas.base import Model, UtcDatetime
from schemas.case import TransitionKind
from schemas.status import Status
from storage.database import Pool


class Line(Model):
    """One thing that happened to a case, and the agency that had the case when it did."""

    case_id: str
    seq: int
    kind: TransitionKind
    at: UtcDatetime
    actor: str
    message_id: str | None
    was: Status | None = Field(description="the status before; none: it was the first")
    status: Status
    level: int
    due_at: UtcDatetime | None
    agency: str | None = Field(description="that had the case before this happened; none: nobody did")
    detail: dict[str, str]


_LINES = """
select t.case_id, t.seq, t.kind, t.at, t.actor, t.message_id, t.status, t.level, t.due_at, t.detail,
       (select status from timeline before where before.case_id = t.case_id and before.seq = t.seq - 1) as was,
       (select before.detail->>'agency' from timeline before
        where before.case_id = t.case_id and before.seq < t.seq
          and before.kind in ('assigned', 'triaged', 'verified', 'transferred')
        order by before.seq desc limit 1) as agency
from timeline t where t.case_id = $1 and t.seq > $2 order by t.seq limit $3
"""


async def after(pool: Pool, case_id: str, seq: int = 0, limit: int | None = None) -> list[Line]:
    """Return a case's timeline from the line after `seq` on, oldest first; all of it unless there is a limit."""
    rows = await pool.fetch(_LINES, case_id, seq, limit)
    return [Line.model_validate(dict(row)) for row in rows]
