"""Notices in the database: written together with what they tell of, and followed until every destination has them."""

from datetime import datetime
from typing import Any

import asyncpg
from pydantic import Field

from domain.notices import not_before, notices
from privacy.ring import KeyRing
from schemas.base import Model, UtcDatetime
from schemas.calendar import WorkingCalendar
from schemas.case import CommitRequest
from schemas.notices import REPORTER, DeliveryState, Notice, NoticeState, addressee_of, masked
from schemas.policy import Policy
from storage import contacts
from storage.database import Connection, Pool
from storage.time_zone import pin_calendar

_AT_ONCE = 200
"""Notices that are addressed in one transaction."""
_calendars: dict[tuple[str, int], WorkingCalendar] = {}
"""By policy version and year: versions never change."""


async def enqueue(connection: Connection, request: CommitRequest, policy: Policy | None) -> None:
    """Write down who has to hear of a commit, in its own transaction: both become true, or neither.

    Nobody is told here, and no address is looked up, so nothing of that can hold up a case. The same commit again
    writes nothing.

    Args:
        connection: within the transaction of the commit.
        request: what is committed.
        policy: that of the case, for its quiet hours; None: nothing is quiet.
    """
    found = [notice for transition in request.transitions for notice in notices(request.case, transition)]
    if found:
        await connection.executemany(
            "insert into notices (case_id, seq, what, recipient, at, status, due_at, owners, whereto,"
            " around_the_clock, policy_version, not_before) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
            " on conflict do nothing",
            [_row(notice, policy) for notice in found],
        )


def _row(notice: Notice, policy: Policy | None) -> tuple[object, ...]:
    return (
        notice.case_id,
        notice.seq,
        notice.what,
        notice.addressee,
        notice.at,
        notice.status,
        notice.due_at,
        list(notice.owners),
        notice.whereto,
        notice.around_the_clock,
        policy.version if policy else None,
        first_moment(policy, notice.at, around_the_clock=notice.around_the_clock),
    )


def first_moment(policy: Policy | None, at: datetime, *, around_the_clock: bool) -> datetime:
    """Return the first moment from `at` on at which the quiet hours of a policy let a notice through."""
    if policy is None or policy.quiet_hours is None or around_the_clock:
        return at
    try:
        return not_before(_calendar(policy, at), policy.quiet_hours, at)
    except ValueError:  # nobody knows its zone: then nobody knows when it is quiet
        return at


def _calendar(policy: Policy, at: datetime) -> WorkingCalendar:
    key = (policy.version, at.year)
    if key not in _calendars:
        _calendars[key] = pin_calendar(policy.calendar, at)
    return _calendars[key]


class Waiting(Model):
    """A notice whose moment may have come."""

    number: int
    around_the_clock: bool
    policy_version: str | None


class Due(Waiting):
    """A notice on its way to one destination, to be tried now. Its address is personal data."""

    delivery: int
    contact: int
    channel: str
    address: str
    attempts: int
    said: dict[str, Any] = Field(description="the notice as it is stored")

    @property
    def notice(self) -> Notice:
        """What is to be told. Raises `pydantic.ValidationError` when another release wrote what this one knows not."""
        return Notice.model_validate(self.said)


async def waiting(connection: Connection, now: datetime) -> list[Waiting]:
    """Return notices whose moment has come, oldest first, and keep them for this transaction alone."""
    rows = await connection.fetch(
        "select notice as number, around_the_clock, policy_version from notices"
        " where state = 'waiting' and not_before <= $1"
        " order by not_before, notice limit $2 for update skip locked",
        now,
        _AT_ONCE,
    )
    return [Waiting.model_validate(dict(row)) for row in rows]


async def put_off(connection: Connection, until: list[tuple[int, datetime]]) -> None:
    """Let notices wait, each until its moment."""
    if until:
        await connection.executemany("update notices set not_before = $2 where notice = $1", until)


async def address(connection: Connection, numbers: list[int], now: datetime) -> int:
    """Give notices a delivery for every contact of their recipients; return how many have nobody to tell."""
    await connection.execute(
        "insert into deliveries (notice, contact, channel, next_attempt_at)"
        " select notice, contact, channel, $2 from notices join contacts using (recipient) where notice = any($1)"
        " order by notice, contact on conflict do nothing",
        numbers,
        now,
    )
    nobody: int = await connection.fetchval(
        "with looked_up as (update notices n set state = case when exists"
        " (select from deliveries d where d.notice = n.notice) then 'addressed' else 'nobody to tell' end"
        " where notice = any($1) returning state) select count(*) from looked_up where state = 'nobody to tell'",
        numbers,
    )
    return nobody


async def next_due(connection: Connection, ring: KeyRing, now: datetime, channels: list[str]) -> Due | None:
    """Return the delivery that has waited for longest on these channels, and keep it for this transaction alone.

    One whose address was erased goes.
    """
    row = await connection.fetchrow(
        "select n.*, d.delivery, d.contact, d.channel, d.attempts, c.address, c.person, c.sealed"
        " from deliveries d join notices n using (notice) join contacts c using (contact)"
        " where d.state in ('pending', 'failed') and d.next_attempt_at <= $1 and d.channel = any($2)"
        " order by d.next_attempt_at, d.delivery limit 1 for update of d skip locked",
        now,
        channels,
    )
    if row is None:
        return None
    address = await contacts.opened(connection, ring, row)
    if address is None:
        await connection.execute("delete from deliveries where delivery = $1", row["delivery"])
        return await next_due(connection, ring, now, channels)
    said = {name: row[name] for name in Notice.model_fields}
    if said["recipient"] == addressee_of(said["case_id"]):
        said["recipient"] = REPORTER
    own = {name: row[name] for name in Due.model_fields if name not in ("number", "said", "address")}
    return Due(number=row["notice"], said=said, address=address, **own)


async def delay(connection: Connection, delivery: int, until: datetime) -> None:
    """Let a delivery wait, without counting it as a try."""
    await connection.execute("update deliveries set next_attempt_at = $2 where delivery = $1", delivery, until)


async def record_sent(connection: Connection, delivery: int, at: datetime) -> None:
    """Write down that a destination has taken a notice."""
    await connection.execute(
        "update deliveries set state = 'sent', attempts = attempts + 1, last_error = null, sent_at = $2"
        " where delivery = $1",
        delivery,
        at,
    )


async def record_problem(
    connection: Connection, delivery: int, problem: str, *, next_at: datetime, state: DeliveryState, tries: int
) -> None:
    """Write down that a destination did not take a notice.

    Args:
        connection: within the transaction that holds the delivery.
        delivery: its number.
        problem: what kind of problem it was; never an address, or words of the server.
        next_at: when it is tried again.
        state: failed or dead; pending, when the destination was not even reached.
        tries: how many were in vain so far.
    """
    await connection.execute(
        "update deliveries set state = $2, attempts = $3, last_error = $4, next_attempt_at = $5 where delivery = $1",
        delivery,
        state,
        tries,
        problem,
        next_at,
    )


class Line(Model):
    """A notice and how far it is on its way to one destination, without the address."""

    notice: int
    case_id: str
    seq: int
    what: str
    recipient: str
    at: UtcDatetime
    not_before: UtcDatetime
    state: str = Field(description="of the delivery; of the notice, while it has none")
    channel: str | None = None
    address: str | None = Field(default=None, description="masked")
    attempts: int = 0
    last_error: str | None = None
    next_attempt_at: UtcDatetime | None = Field(default=None, description="None: it is not tried any more")
    sent_at: UtcDatetime | None = None


async def lines(pool: Pool, *, case_id: str | None = None, dead: bool = False, limit: int = 200) -> list[Line]:
    """Return how far notices are, the latest first.

    Args:
        pool: the database.
        case_id: of this case alone.
        dead: only what was tried in vain for the last time.
        limit: so many lines at most.
    """
    rows = await pool.fetch(
        "select n.notice, n.case_id, n.seq, n.what, n.recipient, n.at, n.not_before,"
        " coalesce(d.state, n.state) as state, d.channel, c.address, c.person, c.sealed,"
        " coalesce(d.attempts, 0) as attempts, d.last_error,"
        " case when d.state in ('pending', 'failed') then d.next_attempt_at end as next_attempt_at, d.sent_at"
        " from notices n left join deliveries d using (notice) left join contacts c using (contact)"
        " where ($1::text is null or n.case_id = $1) and (not $2 or d.state = 'dead')"
        " order by n.notice desc, d.delivery limit $3",
        case_id,
        dead,
        limit,
    )
    return [await _line(pool, row) for row in rows]


async def _line(pool: Pool, row: asyncpg.Record) -> Line:
    address = await contacts.opened(pool, pool.ring, row) if row["channel"] else None
    fields = {name: row[name] for name in Line.model_fields}
    return Line.model_validate(fields | {"address": masked(address) if address else None})


async def resend(pool: Pool, number: int, now: datetime) -> int | None:
    """Try a notice again at once wherever it has not arrived; return to how many destinations it goes.

    A notice that nobody could be told looks for contacts again. What was sent is not sent again.

    Returns:
        None when there is no such notice; 0 when it has arrived everywhere.
    """
    async with pool.acquire() as connection, connection.transaction():
        state = await connection.fetchval("select state from notices where notice = $1 for update", number)
        if state is None:
            return None
        if state != NoticeState.ADDRESSED:
            await connection.execute(
                "update notices set state = 'waiting', not_before = least(not_before, $2) where notice = $1",
                number,
                now,
            )
            return await _count(connection, "select count(*) from contacts join notices using (recipient)", number)
        await connection.execute(
            "update deliveries set state = 'pending', attempts = 0, next_attempt_at = $2"
            " where notice = $1 and state <> 'sent'",
            number,
            now,
        )
        return await _count(connection, "select count(*) from deliveries", number, "and state <> 'sent'")


async def _count(connection: Connection, select: str, number: int, more: str = "") -> int:
    found: int = await connection.fetchval(f"{select} where notice = $1 {more}", number)
    return found
