"""What the database of a simulation holds in the end, asked of the tables themselves."""

from itertools import groupby

from pydantic import Field

from domain.ledger import broken_at, head_of
from schemas.base import Model
from schemas.ledger import LedgerEntry
from storage.database import Pool


class Findings(Model):
    """What was counted, and what must not be there at all."""

    escalations: int = Field(description="climbs to the next level that stand: none that an answer in time undid")
    sanctions: int = Field(description="proposals that stand: those made less those annulled")
    without_row: int = Field(description="complaints that were accepted and have no case")
    timeline_gaps: int = Field(description="cases whose timeline is not numbered 1, 2, 3 ... up to what they say")
    sanctions_twice: int = Field(description="proposals made more than once for one case, level and rule")
    broken_chains: int = Field(description="cases whose ledger does not follow entry by entry to the head they name")


async def examine(pool: Pool) -> Findings:
    """Count in all cases of the database."""
    return Findings(
        escalations=await _number(pool, _ESCALATIONS),
        sanctions=await _number(pool, _SANCTIONS),
        without_row=await _number(pool, _WITHOUT_ROW),
        timeline_gaps=await _number(pool, _GAPS),
        sanctions_twice=await _number(pool, _TWICE),
        broken_chains=await _broken_chains(pool),
    )


# Where an answer was accepted in time and delivered late, the breach is rescinded and the climb after it is void.
_ESCALATIONS = """
    select count(*) from timeline up
    where kind = 'escalated' and not exists (
        select from timeline undone
        where undone.case_id = up.case_id and undone.kind = 'rescinded' and undone.breached_level = up.level - 1)
"""
_SANCTIONS = """
    select count(*) filter (where kind = 'proposed') - count(*) filter (where kind = 'annulled') from sanction_ledger
"""
_WITHOUT_ROW = """
    select count(*) from complaints left join cases using (case_id) where cases.case_id is null
"""
_GAPS = """
    select count(*) from cases left join (
        select case_id, min(seq) first, max(seq) last, count(*) lines from timeline group by case_id
    ) of_case using (case_id)
    where (first, last, lines) is distinct from (1, seq, seq::bigint)
"""
_TWICE = """
    select coalesce(sum(times - 1), 0)::bigint from (
        select count(*) times from sanction_ledger where kind = 'proposed' group by case_id, level, rule) proposals
"""


async def _number(pool: Pool, query: str) -> int:
    return int(await pool.fetchval(query))


async def _broken_chains(pool: Pool) -> int:
    columns = ", ".join(LedgerEntry.model_fields)
    rows = await pool.fetch(f"select {columns} from sanction_ledger order by case_id, entry")  # noqa: S608 - our own fields
    entries = (LedgerEntry.model_validate(dict(row)) for row in rows)
    ledgers = {case_id: list(ledger) for case_id, ledger in groupby(entries, key=lambda entry: entry.case_id)}
    named = await pool.fetch("select case_id, ledger_length, ledger_head from cases")
    said = {row["case_id"]: (row["ledger_length"], row["ledger_head"]) for row in named}
    return sum(
        broken_at(ledger := ledgers.get(case_id, [])) is not None or (len(ledger), head_of(ledger)) != said.get(case_id)
        for case_id in ledgers.keys() | said.keys()
    )
