"""Registers of agencies, page by page, without what is hidden from whoever reads them."""

from pydantic import Field

from schemas.base import Code, Model
from schemas.scorecard import RegisterEntry, Score
from storage import scorecards
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


class PointsLine(Score):
    """Points of proposals that stand, of one subject in one period."""

    agency: str = Field(description="whose register it is")


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


async def points(pool: Pool, agency: str | None, period: str | None, *, hidden_from: str | None) -> list[PointsLine]:
    """Return points of standing proposals, the latest period first, and in it the most points.

    Args:
        pool: the database.
        agency: whose register; none: all.
        period: as the policy adds points up; none: all.
        hidden_from: the agency whose people read this: what is hidden from them is not counted; none: of no agency.
    """
    found = await scorecards.points(pool, agency=agency, period=period)
    rows = await pool.fetch(_HIDDEN_POINTS, hidden_from, agency) if hidden_from else []
    hidden = {(row["agency"], row["subject"], row["period"]): (row["points"], row["standing"]) for row in rows}
    lines = [_without(code, score, *hidden.get((code, score.subject, score.period), (0, 0))) for code, score in found]
    shown = [line for line in lines if line.standing > 0]
    return sorted(shown, key=lambda line: (-line.begins.toordinal(), -line.points, line.agency, line.subject))


_HIDDEN_POINTS = f"""
select agency, subject, period, sum(points) as points, count(*) as standing from scorecard_register r
where kind in ('received', 'proposed') and ($2::text is null or agency = $2) and {_HIDDEN.format(agency="$1")}
  and not exists (
    select from scorecard_register a where a.agency = r.agency and a.kind = 'annulled'
      and (a.refers_to = r.number or a.refers_to is null and a.case_id = r.case_id
           and (a.body->>'case_refers_to')::int = r.case_entry))
group by agency, subject, period
"""  # noqa: S608


def _without(agency: str, score: Score, points: int, standing: int) -> PointsLine:
    fewer = {"points": score.points - points, "standing": score.standing - standing}
    return PointsLine(**dict(score) | fewer, agency=agency)
