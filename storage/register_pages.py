"""Registers of agencies, page by page, without what is hidden from whoever reads them."""

from pydantic import Field

from schemas.base import Code, Model
from schemas.scorecard import RegisterEntry
from storage.database import Pool

_HIDDEN = """
exists (
    select from scorecard_register e join cases c
        on c.case_id in (e.case_id, split_part(e.offence, ':', 1)) and c.view->>'bypassed' = {agency}
    where e.agency = r.agency and e.number in (r.number, r.refers_to)
)"""
"""What comes from a case that a whistle-blower's report has become, or answers to that, is not for the accused to
see: not even in the agency's own register, from the time when it was an ordinary case of theirs."""


class Wanted(Model):
    """Which entries are looked for; what is None may be anything."""

    agency: str | None = None
    subject: str | None = None
    case_id: str | None = None


class Position(Model):
    """An entry, by what entries are sorted by."""

    agency: Code
    number: int = Field(ge=0, lt=2**31)


async def page(
    pool: Pool, wanted: Wanted, *, hidden_from: str | None, after: Position | None = None, limit: int = 100
) -> list[RegisterEntry]:
    """Return entries by agency and number.

    Args:
        pool: the database.
        wanted: which; those about a case are what it told of and what answers to that.
        hidden_from: the agency whose people read this; none: of no agency.
        after: the last entry of the page before.
        limit: entries at most.
    """
    rows = await pool.fetch(
        "select body from scorecard_register r where ($1::text is null or agency = $1)"  # noqa: S608
        " and ($2::text is null or subject = $2)"
        " and ($3::text is null or case_id = $3 or exists (select from scorecard_register p"
        " where p.agency = r.agency and p.number = r.refers_to and p.case_id = $3))"
        f" and ($4::text is null or not {_HIDDEN.format(agency='$4')})"
        " and ($5::text is null or (agency, number) > ($5::text, $6::int))"
        " order by agency, number limit $7",
        *(wanted.agency, wanted.subject, wanted.case_id, hidden_from),
        *((after.agency, after.number) if after else (None, None)),
        limit,
    )
    return [RegisterEntry.model_validate(row["body"]) for row in rows]


async def entry(pool: Pool, agency: str, number: int, *, hidden_from: str | None) -> RegisterEntry | None:
    """Return one entry; None when there is none, or none for the people of this agency."""
    body = await pool.fetchval(
        "select body from scorecard_register r where agency = $1 and number = $2"  # noqa: S608
        f" and ($3::text is null or not {_HIDDEN.format(agency='$3')})",
        *(agency, number, hidden_from),
    )
    return None if body is None else RegisterEntry.model_validate(body)
