"""Cases that something happens to, and destinations that take letters or do not."""

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from gateway.notices import RefusedByDestinationError
from gateway.words import Letter
from schemas.calendar import Deadline, Limit, Unit
from schemas.case import CaseView, Clock, CommitRequest, LevelPlan, Part, Transition, TransitionKind, Window, WindowKind
from schemas.ledger import GENESIS
from schemas.policy import Policy, QuietHours
from schemas.status import Status
from storage import case_records, policies
from storage.database import Pool
from storage.notices import enqueue
from tests import making
from tests.making import NOON


def office(role: str, case_id: str) -> str:
    """Return an office that no other case knows."""
    return f"{role}@{case_id}"


def case(case_id: str = "told-1", **changes: Any) -> CaseView:
    """Return a case at the second level of its ladder, and nothing else about it."""
    head = office("head", case_id)
    fields: dict[str, object] = {
        "case_id": case_id,
        "status": Status.ASSIGNED,
        "channel": "counter",
        "category": "road",
        "region": "north",
        "agency": case_id,
        "queue": case_id,
        "triage_reason": None,
        "level": 1,
        "level_title": "Head",
        "holder": head,
        "policy_version": "test",
        "opened_at": NOON - timedelta(days=3),
        "due": None,
        "what_next": None,
        "on_time": False,
        "answered_at": None,
        "closed_at": None,
        "seq": 2,
        "ledger_length": 0,
        "ledger_head": GENESIS,
        "owners": (head,),
        "watchers": (office("operator", case_id), head),
    }
    return CaseView.model_validate(fields | changes)


def deadline(at: datetime) -> Deadline:
    """Return a due moment that came about somehow."""
    return Deadline(at=at, steps=("somehow",))


def clock(due: datetime = NOON + timedelta(days=2), **changes: Any) -> Clock:
    """Return a clock that runs out then."""
    return Clock(started_at=NOON, warn_at=NOON, due=deadline(due), **changes)


def window(kind: WindowKind, until: datetime) -> Window:
    """Return a window that closes then."""
    return Window(kind=kind, until=deadline(until), back_to=Status.ASSIGNED)


def part(holder: str, **changes: Any) -> Part:
    """Return the part of a holder's agency."""
    agency = holder.rpartition("@")[2]
    limit = Limit(value=5, unit=Unit.DAYS)
    level = LevelPlan(title="Operator", holder=holder, agency=agency, limit=limit, warn_share=0.75, sanctions=())
    return Part(agency=agency, agency_head=f"head@{agency}", levels=(level,), **changes)


def happened(kind: TransitionKind, seq: int = 1, at: datetime = NOON, **changes: Any) -> Transition:
    """Return a transition at the second level."""
    fields: dict[str, Any] = {"status": Status.ASSIGNED, "level": 1, "clock": clock()}
    return Transition(seq=seq, kind=kind, at=at, **(fields | changes))


def climb(case_id: str, *, at: datetime = NOON, seq: int = 1, policy_version: str = "test") -> CommitRequest:
    """Return what is committed when the operator of a case is late and it climbs to the head."""
    operator, head = office("operator", case_id), office("head", case_id)
    due = clock(at + timedelta(days=2))
    breached = happened(TransitionKind.BREACHED, seq, at, level=0, clock=None, detail={"holder": operator})
    escalated = happened(TransitionKind.ESCALATED, seq + 1, at, clock=due, detail={"from": operator, "to": head})
    standing = case(case_id, seq=seq + 1, due=due.due, policy_version=policy_version)
    return CommitRequest(case=standing, transitions=(breached, escalated))


async def commit(pool: Pool, request: CommitRequest, policy: Policy | None = None) -> None:
    """Commit what happened to a case, and who has to hear of it."""
    assert (await case_records.commit(pool, request, policy)).written
    await tell(pool, request, policy)


async def tell(pool: Pool, request: CommitRequest, policy: Policy | None = None) -> None:
    """Write down who has to hear of a commit."""
    async with pool.acquire() as connection, connection.transaction():
        await enqueue(connection, request, policy)


async def forget_everything(pool: Pool) -> None:
    """Remove the notices and contacts of other tests."""
    await pool.execute("delete from notices")
    await pool.execute("delete from contacts")


async def policy_with(pool: Pool, quiet: QuietHours, *, name: str) -> Policy:
    """Publish a policy with an office's week in Jakarta, one holiday, and quiet hours."""
    calendar = making.rules(making.office_week(), zone="Asia/Jakarta", holidays={date(2026, 11, 25): "A Wednesday off"})
    policy = making.policy(name=name).model_copy(update={"calendar": calendar, "quiet_hours": quiet})
    await policies.publish(pool, policy)
    return policy


def wib(day: int, hour: int, minute: int = 0) -> datetime:
    """Return a moment of November 2026 by the clocks of Jakarta; the 23rd is a Monday."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) - timedelta(hours=7)


@dataclass
class HandClock:
    """A clock that goes on when it is told to."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def go_on(self, time: timedelta) -> None:
        self.now += time


@dataclass
class Letterbox:
    """A channel that takes every letter, unless told otherwise."""

    channel: str = "email"
    refuses: set[str] = field(default_factory=set)
    before: Callable[[str], None] = lambda _: None
    after: Callable[[str], None] = lambda _: None
    taken: list[tuple[str, Letter, str]] = field(default_factory=list)
    tried: Counter[str] = field(default_factory=Counter)

    async def deliver(self, address: str, said: Letter, reference: str) -> None:
        """Take a letter, or refuse it."""
        self.tried[address] += 1
        await asyncio.sleep(0)
        self.before(address)
        if address in self.refuses:
            raise RefusedByDestinationError("mailbox full 452")
        self.taken.append((address, said, reference))
        self.after(address)

    def letters(self, address: str) -> list[Letter]:
        """Return what an address has got."""
        return [said for to, said, _ in self.taken if to == address]

    def references(self, address: str) -> list[str]:
        """Return the references of what an address has got."""
        return [reference for to, _, reference in self.taken if to == address]
