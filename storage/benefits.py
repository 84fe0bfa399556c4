"""Benefits that a person gets once in a period: which request holds one."""

from storage.database import Connection, Pool


class BenefitTakenError(ValueError):
    """Another request holds the benefit of this person and period, or was paid out already."""

    def __init__(self, request_id: str) -> None:
        super().__init__(f"period: the request {request_id} has this benefit; cancel that one first, or end this here")
        self.request_id = request_id


async def claim(connection: Connection, request_id: str, service: str, period: str, beneficiary: bytes) -> None:
    """Let a request hold a benefit, within the caller's transaction. The same claim again changes nothing.

    The beneficiary is the fingerprint of a national identity number: it tells whether somebody has a benefit already,
    also after the person was erased.

    Raises:
        BenefitTakenError: another request holds it, or held it and was paid out however late.
    """
    await connection.execute(
        "select pg_advisory_xact_lock(hashtextextended($1, 0))", f"benefit {service} {period} {beneficiary.hex()}"
    )
    holder = await connection.fetchval(
        "select request_id from benefits b where service = $2 and period = $3 and beneficiary = $4"
        " and request_id <> $1 and (freed_at is null"
        " or exists (select from money m where m.request_id = b.request_id and m.kind = 'payout')) limit 1",
        request_id,
        service,
        period,
        beneficiary,
    )
    if holder is not None:
        raise BenefitTakenError(holder)
    await connection.execute(
        "insert into benefits (request_id, service, period, beneficiary) values ($1, $2, $3, $4)"
        " on conflict (request_id) do nothing",
        request_id,
        service,
        period,
        beneficiary,
    )


async def paid_under_another(pool: Pool, request_id: str) -> str | None:
    """Return the request that was paid out the benefit that this one holds; None: there is none, or no benefit.

    A benefit that was freed may have been paid out without a network, and be told of when another request has it.
    """
    found: str | None = await pool.fetchval(
        "select o.request_id from benefits b join benefits o using (service, period, beneficiary)"
        " where b.request_id = $1 and o.request_id <> $1"
        " and exists (select from money m where m.request_id = o.request_id and m.kind = 'payout') limit 1",
        request_id,
    )
    return found


async def free(connection: Connection, request_id: str) -> None:
    """Let go of the benefit that a request holds, if it holds one and nothing was paid out for it."""
    await connection.execute(
        "update benefits set freed_at = now() where request_id = $1 and freed_at is null"
        " and not exists (select from money where request_id = $1 and kind = 'payout')",
        request_id,
    )
