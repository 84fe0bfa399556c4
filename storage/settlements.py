"""The carrier's books of a day, and how they compare with ours."""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import asyncpg

from schemas.money import Difference, MoneyKind, PaidTwice, Reconciliation, SettlementLine
from storage.database import Connection, Pool

_LINE = ", ".join(SettlementLine.model_fields)


async def store_settlement(pool: Pool, day: date, lines: Iterable[SettlementLine]) -> None:
    """Keep what the carrier says about a day, in place of what it said before. The same again changes nothing.

    Raises:
        ValueError: a receipt stands there twice, and not for the same money.
    """
    by_receipt: dict[tuple[str, MoneyKind], SettlementLine] = {}
    for line in lines:
        if by_receipt.setdefault((line.receipt, line.kind), line) != line:
            raise ValueError(
                f"lines: the receipt {line.receipt} stands there for different money; have the carrier correct it"
            )
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", f"settlement {day}")
        await connection.execute("delete from settlement_lines where day = $1", day)
        await connection.executemany(
            f"insert into settlement_lines (day, {_LINE}) values ($1, $2, $3, $4, $5, $6)",  # noqa: S608
            [(day, *dict(line).values()) for line in by_receipt.values()],
        )


async def reconcile(pool: Pool, day: date, zone: ZoneInfo) -> Reconciliation:
    """Compare the carrier's books of a day with ours.

    What one side books before midnight and the other after it is the same money: receipts are looked for on all days.

    Args:
        pool: the database.
        day: as the carrier names it.
        zone: in which our day begins and ends.
    """
    begins, ends = (datetime.combine(day + timedelta(days=n), time(), zone) for n in (0, 1))
    async with pool.acquire() as connection, connection.transaction(isolation="repeatable_read", readonly=True):
        here = await _lines(connection, "money where at >= $1 and at < $2", begins, ends)
        there = await _lines(connection, "settlement_lines where day = $1", day)
        known = {line.receipt: line for line in await _of(connection, "money", there)}
        settled = {line.receipt for line in await _of(connection, "settlement_lines", here)}
        double = await _double(connection, [*here, *there])
    pairs = [(known[line.receipt], line) for line in there if line.receipt in known]
    return Reconciliation(
        day=day,
        zone=zone.key,
        matched=tuple(theirs for ours, theirs in pairs if _same(ours, theirs)),
        missing_here=tuple(line for line in there if line.receipt not in known),
        missing_there=tuple(line for line in here if line.receipt not in settled),
        differing=tuple(Difference(here=ours, there=theirs) for ours, theirs in pairs if not _same(ours, theirs)),
        double=double,
        totals_here=_totals(here),
        totals_there=_totals(there),
    )


def _same(ours: SettlementLine, theirs: SettlementLine) -> bool:
    return (ours.kind, ours.amount) == (theirs.kind, theirs.amount)


def _totals(lines: list[SettlementLine]) -> dict[MoneyKind, int]:
    amounts = {kind: sum(line.amount for line in lines if line.kind is kind) for kind in MoneyKind}
    return {kind: amount for kind, amount in amounts.items() if amount}


async def _lines(connection: Connection, which: str, *values: object) -> list[SettlementLine]:
    rows = await connection.fetch(f"select {_LINE} from {which} order by at, receipt", *values)  # noqa: S608 - ours
    return [SettlementLine.model_validate(dict(row)) for row in rows]


async def _of(connection: Connection, table: str, lines: list[SettlementLine]) -> list[SettlementLine]:
    return await _lines(connection, f"{table} where receipt = any($1)", [line.receipt for line in lines])


_DOUBLE = """
select kind, reference_id, array_agg(receipt order by at, receipt) as receipts
from (
    select kind, reference_id, receipt, at from settlement_lines where reference_id = any($1)
    union all
    select kind, reference_id, receipt, at from money where reference_id = any($1)
    and not exists (select from settlement_lines s where s.receipt = money.receipt)
) everything
where kind <> 'refund' and not exists (select from money m where m.of_receipt = everything.receipt)
group by kind, reference_id having count(*) > 1 order by kind, reference_id
"""
"""Both sides' money under the references of a day ($1), without what was given back."""


async def _double(connection: Connection, lines: list[SettlementLine]) -> tuple[PaidTwice, ...]:
    rows: list[asyncpg.Record] = await connection.fetch(_DOUBLE, sorted({line.reference_id for line in lines}))
    return tuple(PaidTwice.model_validate(dict(row)) for row in rows)
