"""Money, once per receipt: the same number on a receipt is the same money, however often it is told."""

from schemas.money import DoublePayout, Money, MoneyKind, SettlementLine
from storage.database import Connection, Pool


async def record(database: Pool | Connection, money: Money) -> bool:
    """Count money, unless its receipt is known, and return whether it was new.

    Other money under a known receipt (another amount, kind or reference) is not counted: it is kept for people to look
    at, see `conflicts`.
    """
    is_new = await database.fetchval(
        "insert into money (receipt, kind, reference_id, amount, at, request_id, delivery_id, of_receipt)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8) on conflict do nothing returning true",
        money.receipt,
        money.kind,
        money.reference_id,
        money.amount,
        money.at,
        money.request_id,
        money.delivery_id,
        money.of_receipt,
    )
    if not is_new:
        await _keep_if_other(database, money)
    return bool(is_new)


async def _keep_if_other(database: Pool | Connection, money: Money) -> None:
    await database.execute(
        "insert into money_conflicts (receipt, kind, reference_id, amount, at)"
        " select $1, $2, $3, $4, $5 from money where receipt = $1"
        " and (kind, reference_id, amount) is distinct from ($2, $3, $4) on conflict do nothing",
        money.receipt,
        money.kind,
        money.reference_id,
        money.amount,
        money.at,
    )


async def total(pool: Pool, request_id: str) -> dict[MoneyKind, int]:
    """Return how much money went for a request, in rupiah, by kind; a kind without any is left out."""
    rows = await pool.fetch(
        "select kind, sum(amount)::bigint as amount from money where request_id = $1 group by kind", request_id
    )
    return {MoneyKind(row["kind"]): row["amount"] for row in rows}


async def conflicts(pool: Pool) -> list[SettlementLine]:
    """Return what was told under receipts that stand for other money, oldest first; none of it counts."""
    rows = await pool.fetch(
        "select kind, receipt, reference_id, amount, at from money_conflicts order by recorded_at, receipt, amount"
    )
    return [SettlementLine.model_validate(dict(row)) for row in rows]


async def double_payouts(pool: Pool) -> list[DoublePayout]:
    """Return the benefits that were paid out more than once, and so the requests that hold none."""
    rows = await pool.fetch(
        "select b.service, b.period, array_agg(distinct m.request_id) as request_ids,"
        " array_agg(m.receipt order by m.at, m.receipt) as receipts, sum(m.amount)::bigint as amount"
        " from money m left join benefits b using (request_id) where m.kind = 'payout' and m.request_id is not null"
        " group by b.service, b.period, b.beneficiary, case when b.request_id is null then m.request_id end"
        " having count(*) > 1 order by min(m.at)"
    )
    return [DoublePayout.model_validate(dict(row)) for row in rows]
