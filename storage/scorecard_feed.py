"""The way from cases to registers: what a case commits is queued in the same transaction, and delivered later."""

from collections.abc import Iterator

from pydantic import TypeAdapter

from schemas.case import CommitRequest, Transition, TransitionKind
from schemas.scorecard import MOST_ITEMS, AnsweredItem, FeedItem, LedgerItem
from storage.database import Connection, Pool

_LATE = (TransitionKind.BREACHED, TransitionKind.PART_BREACHED)
_FEED_ITEM: TypeAdapter[FeedItem] = TypeAdapter(FeedItem)


async def enqueue(connection: Connection, request: CommitRequest) -> None:
    """Queue what a commit means to registers: ledger entries that name an agency, and answers.

    To be called within the transaction that commits the transitions. Doing it again does nothing.
    """
    rows = [
        (agency, item.kind, case_id, number, item.model_dump(mode="json"))
        for agency, case_id, number, item in items(request)
    ]
    if rows:
        await connection.executemany(
            "insert into scorecard_feed (agency, kind, case_id, number, body) values ($1, $2, $3, $4, $5)"
            " on conflict (case_id, kind, number) do nothing",
            rows,
        )


def items(request: CommitRequest) -> Iterator[tuple[str, str, int, FeedItem]]:
    """Yield what a commit means to registers: the agency, the case, the item's number in its kind, and the item."""
    case = request.case
    for transition in request.transitions:
        for entry in transition.ledger:
            if entry.agency is not None:
                ledger_item = LedgerItem(
                    policy_version=case.policy_version,
                    opened_at=case.opened_at,
                    late=transition.detail.get("holder") if transition.kind in _LATE else None,
                    entry=entry,
                )
                yield entry.agency, entry.case_id, entry.entry, ledger_item
        agency = _answered_by(request, transition)
        if agency is not None:
            answered = AnsweredItem(
                policy_version=case.policy_version,
                opened_at=case.opened_at,
                case_id=case.case_id,
                seq=transition.seq,
                at=transition.at,
                on_time=_on_time(request, transition),
            )
            yield agency, case.case_id, transition.seq, answered


def _on_time(request: CommitRequest, transition: Transition) -> bool:
    """Return whether an agency answered in time: of a coordinated case, each answers for its part."""
    said = transition.detail.get("on_time")
    return request.case.on_time if said is None else said == "yes"


def _answered_by(request: CommitRequest, transition: Transition) -> str | None:
    match transition.kind:
        case TransitionKind.RESPONDED:
            return request.case.agency if transition.message_id else None  # of a coordinated case, the parts answered
        case TransitionKind.PART_ANSWERED:
            return transition.detail["agency"]
        case _:
            return None


async def waiting(pool: Pool) -> list[str]:
    """Return the agencies that something is still to be delivered to, whose items wait longest first."""
    rows = await pool.fetch(
        "select agency from scorecard_feed where delivered_at is null group by agency order by min(item)"
    )
    return [row["agency"] for row in rows]


async def next_for(connection: Connection, agency: str) -> dict[int, FeedItem]:
    """Return the oldest items that are still to be delivered to an agency, by number, and keep others from doing so.

    To be called within a transaction, at whose end the next caller gets its turn. Empty when there is nothing to
    deliver, or somebody else is about it.
    """
    mine = await connection.fetchval(
        "select pg_try_advisory_xact_lock(hashtextextended($1, 0))", f"scorecard-feed {agency}"
    )
    if not mine:
        return {}
    rows = await connection.fetch(
        "select item, body from scorecard_feed where agency = $1 and delivered_at is null order by item limit $2",
        agency,
        MOST_ITEMS,
    )
    return {row["item"]: _FEED_ITEM.validate_python(row["body"]) for row in rows}


async def mark_delivered(connection: Connection, items: list[int]) -> None:
    """Note that a register's workflow has these items."""
    await connection.execute("update scorecard_feed set delivered_at = now() where item = any($1::bigint[])", items)
