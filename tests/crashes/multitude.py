"""Many cases at once: opening them, waiting for them, and what must hold for every single one of them."""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from itertools import groupby
from typing import Any

import asyncpg

from domain.ledger import broken_at, head_of
from schemas.ledger import EntryKind, LedgerEntry
from schemas.policy import Policy, SanctionRule, Subject
from storage import policies
from tests import making
from tests.crashes.site import Handle, Site

STANDSTILL = 60.0
"""Seconds in which not one case goes on, and so none will."""

AWAY = (OSError, TimeoutError, asyncpg.InterfaceError, asyncpg.InternalClientError, asyncpg.PostgresError)
"""What is raised while PostgreSQL is away."""

_AT_ONCE = 20
_AGENCY_LATE = SanctionRule(
    rule="agency-late", subject=Subject.AGENCY, sanction="allowance deduction", points=1, basis="internal"
)


def strict_policy(each_level: str, *, levels: int) -> Policy:
    """Return a policy in which lateness leads to one proposal, and at every other level to two."""
    bare = making.policy(each_level, name="strict", levels=levels)
    [ladder] = bare.ladders
    rungs = tuple(
        level if number % 2 else level.model_copy(update={"sanctions": (*level.sanctions, _AGENCY_LATE)})
        for number, level in enumerate(ladder.levels)
    )
    return Policy.model_validate(dict(bare) | {"ladders": (ladder.model_copy(update={"levels": rungs}),)})


class Multitude:
    """Cases of one policy, numbered, that are opened as fast as two cores can."""

    def __init__(self, site: Site, policy: Policy, name: str, number: int) -> None:
        self.site = site
        self.policy = policy
        self.prefix = f"{name}-"
        self.ids = [f"{self.prefix}{n:05}" for n in range(number)]

    @property
    def levels(self) -> int:
        """How many levels each of them can climb."""
        return len(self.policy.ladders[0].levels)

    async def open(self, fields: Callable[[int], dict[str, Any]]) -> None:
        """Start all cases, in order, a few at the same time; each with its own fields."""
        await policies.publish(self.site.pool, self.policy)
        gate = asyncio.Semaphore(_AT_ONCE)

        async def start(number: int, case_id: str) -> None:
            async with gate:
                said = {"policy_version": self.policy.version} | fields(number)
                await self.site.starter.start(making.complaint(case_id, **said))

        async with asyncio.TaskGroup() as group:
            for number, case_id in enumerate(self.ids):
                group.create_task(start(number, case_id))

    def handle(self, case_id: str) -> Handle:
        """Return a handle of one of them."""
        return self.site.starter.handle(case_id)

    async def breaches(self) -> int:
        """Return how many deadlines have passed so far."""
        return int(await self.site.pool.fetchval(_BREACHES, self.prefix))

    async def until(self, number: int, condition: str) -> None:
        """Wait until a condition holds for so many of them. Slowness is no failure, but a standstill is.

        Raises:
            AssertionError: nothing moved for a minute; with how many were left, and what the first waits for.
        """
        clock, seen, left = time.monotonic, -1, number
        moved_at = clock()
        while left > 0:
            assert clock() - moved_at < STANDSTILL, f"a standstill, {left} to go. {await self._the_first_waits_for()}"
            await asyncio.sleep(0.5)  # nothing tells of it
            with suppress(*AWAY):
                row = await self.site.pool.fetchrow(_PROGRESS.format(condition=condition), self.prefix)
                assert row is not None
                left = number - row["there"]
                if row["moves"] != seen:
                    seen, moved_at = row["moves"], clock()

    async def until_at_the_top(self) -> None:
        """Wait until all have climbed their whole ladder, and wait for nothing but an answer."""
        await self.until(len(self.ids), "next_at is null")

    async def _the_first_waits_for(self) -> str:
        case_id = await self.site.pool.fetchval(
            "select id from unnest($1::text[]) id left join cases on case_id = id"
            " where case_id is null or next_at is not null order by id limit 1",
            self.ids,
        )
        return f"{case_id}: {await self.site.why_it_hangs(self.handle(case_id))}" if case_id else ""

    async def check(self, timeline: list[str], *, breached_levels: int) -> None:
        """Hold every timeline, ledger and row against each other and against what must have happened, once each."""
        rows = {row["case_id"]: row for row in await self.site.pool.fetch(_ROWS, self.prefix)}
        assert sorted(rows) == self.ids
        lives = {row["case_id"]: row for row in await self.site.pool.fetch(_TIMELINES, self.prefix)}
        ledgers = await self._ledgers()
        proposals = Counter(
            (number, rule.rule)
            for number, level in enumerate(self.policy.ladders[0].levels[:breached_levels])
            for rule in level.sanctions
        )
        for case_id, row in rows.items():
            life, ledger = lives[case_id], ledgers.get(case_id, [])
            assert life["kinds"] == timeline, case_id
            assert life["numbers"] == list(range(1, row["seq"] + 1)), f"{case_id}: gaps"
            assert (life["status"], life["level"]) == (row["status"], row["level"]), case_id
            assert Counter((entry.level, entry.rule) for entry in ledger) == proposals, case_id
            assert {entry.kind for entry in ledger} == {EntryKind.PROPOSED}, case_id
            assert broken_at(ledger) is None, f"{case_id}: its chain is broken"
            assert (row["ledger_length"], row["ledger_head"]) == (len(ledger), head_of(ledger)), case_id

    async def _ledgers(self) -> dict[str, list[LedgerEntry]]:
        rows = await self.site.pool.fetch(_LEDGERS, self.prefix)
        entries = (LedgerEntry.model_validate(dict(row)) for row in rows)
        return {case_id: list(ledger) for case_id, ledger in groupby(entries, key=lambda entry: entry.case_id)}


_PROGRESS = """
    select count(*) filter (where {condition}) as there, coalesce(sum(seq), 0) as moves
    from cases where starts_with(case_id, $1)
"""
_BREACHES = "select count(*) from timeline where kind = 'breached' and starts_with(case_id, $1)"
_ROWS = """
    select case_id, status, level, seq, ledger_length, ledger_head from cases where starts_with(case_id, $1)
    order by case_id
"""
_TIMELINES = """
    select case_id, array_agg(kind order by seq) as kinds, array_agg(seq order by seq) as numbers,
           (array_agg(status order by seq desc))[1] as status, (array_agg(level order by seq desc))[1] as level
    from timeline where starts_with(case_id, $1) group by case_id
"""
_LEDGERS = f"""
    select {", ".join(LedgerEntry.model_fields)} from sanction_ledger where starts_with(case_id, $1)
    order by case_id, entry
"""
