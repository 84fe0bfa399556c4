"""Writing a case's transitions, once each, and reading cases back."""

from datetime import datetime
from typing import Any

import asyncpg

from schemas.case import EFFECTS, CaseView, CommitRequest, CommitResult, Transition, TransitionKind
from schemas.ledger import LedgerEntry
from schemas.messages import Message
from schemas.policy import Policy
from storage import absences, merges, not_started, notices, scorecard_feed, webhooks_out
from storage.database import Connection, Pool


async def commit(pool: Pool, request: CommitRequest, policy: Policy | None = None) -> CommitResult:
    """Write transitions, their ledger entries and how the case stands, in one transaction.

    The first writer wins. Doing it again does nothing, so a caller that never heard of its success may simply repeat
    it; one that has meanwhile decided otherwise, or did not know what the records know, is told, and writes nothing.

    Args:
        pool: the database.
        request: what to write.
        policy: the case's, for when people may be notified; none: at any time.
    """
    try:
        return await _commit(pool, request, policy)
    except merges.AgainstRecordsError as against:  # which has undone all that the transaction had written
        return CommitResult(refused=against.refused)


async def _commit(pool: Pool, request: CommitRequest, policy: Policy | None) -> CommitResult:
    case, transitions = request.case, request.transitions
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", case.case_id)
        written_before = await _from(connection, case.case_id, transitions[0].seq)
        if written_before:
            return _written(request) if written_before == transitions else CommitResult(written_before=written_before)
        if (known := await absences.changed(connection, request)) is not None:
            return CommitResult(absences=known)
        await merges.record(connection, case.case_id, transitions)
        if transitions[0].seq == 1:
            await not_started.forget(connection, case.case_id)
        await _upsert_case(connection, case)
        for transition in transitions:
            await _append(connection, case.case_id, transition)
            await _append_to_ledger(connection, transition)
        await notices.enqueue(connection, request, policy)
        await webhooks_out.enqueue_case(connection, request)
        await scorecard_feed.enqueue(connection, request)
    return _written(request)


def _written(request: CommitRequest) -> CommitResult:
    return CommitResult(moments=request.moments, history_length=request.history_length)


async def _from(connection: Connection, case_id: str, seq: int) -> tuple[Transition, ...]:
    rows = await connection.fetch(
        "select body from timeline where case_id = $1 and seq >= $2 order by seq", case_id, seq
    )
    return tuple(Transition.model_validate(row["body"]) for row in rows)


_SEARCHED = (
    *("case_id", "status", "channel", "category", "case_class", "region", "agency", "queue", "triage_reason"),
    *("level", "level_title", "holder", "owners", "watchers", "policy_version", "opened_at", "on_time"),
    *("answered_at", "closed_at", "seq", "ledger_length", "ledger_head"),
)
"""Fields of a view that have a column of their own."""


async def _upsert_case(connection: Connection, case: CaseView) -> None:
    row = _case_row(case)
    columns, places = ", ".join(row), ", ".join(f"${n}" for n in range(1, len(row) + 1))
    updates = ", ".join(f"{column} = excluded.{column}" for column in row if column != "case_id")
    await connection.execute(
        f"insert into cases ({columns}) values ({places})"  # noqa: S608 - the columns are named right above
        f" on conflict (case_id) do update set {updates}",
        *row.values(),
    )


def _case_row(case: CaseView) -> dict[str, object]:
    return {name: getattr(case, name) for name in _SEARCHED} | {
        "view": case.model_dump(mode="json"),
        "due_at": case.due.at if case.due else None,
        "due_steps": list(case.due.steps) if case.due else [],
        "provisional": case.due is not None and case.due.provisional,
        "next_kind": case.what_next.kind if case.what_next else None,
        "next_at": case.what_next.at if case.what_next else None,
        "statutory_due_at": case.statutory_clock.due.at if case.statutory_clock else None,
    }


async def _append(connection: Connection, case_id: str, transition: Transition) -> None:
    await connection.execute(
        "insert into timeline"
        " (case_id, seq, kind, at, actor, message_id, status, level, breached_level, due_at, detail, body)"
        " values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        case_id,
        transition.seq,
        transition.kind,
        transition.at,
        transition.actor,
        transition.message_id,
        transition.status,
        transition.level,
        transition.breached_level,
        transition.clock.due.at if transition.clock else None,
        transition.detail,
        transition.model_dump(mode="json"),
    )


async def _append_to_ledger(connection: Connection, transition: Transition) -> None:
    for entry in transition.ledger:
        row = entry.model_dump() | {"seq": transition.seq}
        columns, places = ", ".join(row), ", ".join(f"${n}" for n in range(1, len(row) + 1))
        await connection.execute(f"insert into sanction_ledger ({columns}) values ({places})", *row.values())  # noqa: S608


async def case(pool: Pool, case_id: str) -> CaseView | None:
    """Return how a case stands, or None when no such case was ever committed."""
    found = await pool.fetchval("select view from cases where case_id = $1", case_id)
    return None if found is None else CaseView.model_validate(found)


async def timeline(pool: Pool, case_id: str) -> list[dict[str, Any]]:
    """Return a case's timeline, oldest first, as plain values."""
    columns = "seq, kind, at, actor, message_id, status, level, breached_level, due_at, detail, recorded_at"
    rows = await pool.fetch(f"select {columns} from timeline where case_id = $1 order by seq", case_id)  # noqa: S608
    return [dict(row) for row in rows]


async def ledger(pool: Pool, case_id: str) -> list[LedgerEntry]:
    """Return a case's sanction ledger, first entry first, ready to be checked with `domain.ledger.broken_at`."""
    columns = ", ".join(LedgerEntry.model_fields)
    rows = await pool.fetch(
        f"select {columns} from sanction_ledger where case_id = $1 order by entry",  # noqa: S608 - our own model's fields
        case_id,
    )
    return [LedgerEntry.model_validate(dict(row)) for row in rows]


async def effect_of(pool: Pool, case_id: str, message: Message) -> int | None:
    """Return the transition that a message led to, or None when it never took effect."""
    seq: int | None = await pool.fetchval(
        "select seq from timeline where case_id = $1 and message_id = $2 and kind = any($3)",
        case_id,
        message.message_id,
        [EFFECTS[message.kind], *([TransitionKind.PART_ANSWERED] if message.kind == "respond" else [])],
    )
    return seq


async def recorded_after(pool: Pool, moment: datetime | None) -> tuple[datetime, list[asyncpg.Record]]:
    """Return what was recorded since a moment (None: nothing yet), oldest first, and the database's present moment.

    A transition carries the moment at which its transaction began: ask from a little before, and pass over doubles.
    """
    now = await pool.fetchval("select now()")
    if moment is None:
        return now, []
    lines = await pool.fetch(
        "select t.case_id, t.at, t.kind, t.level, coalesce(t.detail->>'to', t.detail->>'holder', c.holder) as holder,"
        " (select count(*) from sanction_ledger l where l.case_id = t.case_id and l.seq = t.seq) as proposals"
        " from timeline t join cases c using (case_id) where t.recorded_at > $1 and t.recorded_at <= $2"
        " order by t.recorded_at, t.case_id, t.seq",
        moment,
        now,
    )
    return now, lines
