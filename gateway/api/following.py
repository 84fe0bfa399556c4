"""Following cases as they move: one connection of this process listens to PostgreSQL and wakes whoever waits here."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog
from fastapi import Request

from schemas.base import Model
from schemas.case import CaseView
from storage import case_lines, case_records
from storage.case_lines import Line
from storage.database import AWAY, Connection, Pool

CHANNEL = "kawal_cases"
"""On which the database says `case_id seq` of everything that is added to a timeline."""

_PAUSE_SECONDS = 1.0
"""Before the database is called again after it went away."""
_MOST_HEARD = 1000
"""Told, and not yet read from the database."""
MOST_WAITING = 200
"""Events that wait for one follower."""

_log = structlog.get_logger("events")


class Happened(Model):
    """Something that happened to a case, and how the case stands after it, or later."""

    case: CaseView
    line: Line


class Feed:
    """What happens to all cases, for one follower, from when it began to follow."""

    def __init__(self) -> None:
        self._waiting: deque[Happened] = deque()
        self._woken = asyncio.Event()
        self.lost = False
        """Whether something was missed: the follower was too slow, or the database away. Nothing comes any more."""

    def put(self, happened: Happened) -> None:
        """Add something that happened; a follower that lags too far behind loses all of it."""
        if len(self._waiting) >= MOST_WAITING:
            self.lose()
        elif not self.lost:
            self._waiting.append(happened)
            self._woken.set()

    def lose(self) -> None:
        """Give up."""
        self.lost = True
        self._waiting.clear()
        self._woken.set()

    async def next(self, patience: float) -> Happened | None:
        """Return what happened next, or None when nothing did for so many seconds, or the feed is lost."""
        if not self._waiting and not self.lost:
            self._woken.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(patience):
                    await self._woken.wait()
        return self._waiting.popleft() if self._waiting else None


class Following:
    """Wakes followers. It listens while there are any, on one of the pool's connections.

    Those who follow one case are woken, and read for themselves what happened: nothing is kept for them, and a wake-up
    that is lost costs them the time until they look by themselves. Those who follow all cases share one reading.
    """

    def __init__(self, pool: Pool) -> None:
        """Listen to this database, once somebody follows."""
        self._pool = pool
        self._of_case: defaultdict[str, set[asyncio.Event]] = defaultdict(set)
        self._feeds: set[Feed] = set()
        self._heard: asyncio.Queue[tuple[str, int]] = asyncio.Queue(_MOST_HEARD)
        self._tasks: list[asyncio.Task[None]] = []

    @asynccontextmanager
    async def case(self, case_id: str) -> AsyncIterator[asyncio.Event]:
        """Follow a case: the event is set whenever something may have happened to it."""
        woken = asyncio.Event()
        self._of_case[case_id].add(woken)
        try:
            self._begin()
            yield woken
        finally:
            self._of_case[case_id].discard(woken)
            if not self._of_case[case_id]:
                del self._of_case[case_id]
            self._end_if_alone()

    @asynccontextmanager
    async def all(self) -> AsyncIterator[Feed]:
        """Follow all cases from now on."""
        feed = Feed()
        self._feeds.add(feed)
        try:
            self._begin()
            yield feed
        finally:
            self._feeds.discard(feed)
            self._end_if_alone()

    def _begin(self) -> None:
        if not self._tasks or any(task.done() for task in self._tasks):
            self._end()
            self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._read())]

    def _end_if_alone(self) -> None:
        if not self._of_case and not self._feeds:
            self._end()

    def _end(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks = []

    async def _listen(self) -> None:
        while True:
            try:
                async with self._pool.acquire() as connection:
                    await self._listen_on(connection)
            except AWAY as problem:
                _log.warning("nobody is woken for now: the database is away", problem=type(problem).__name__)
            await asyncio.sleep(_PAUSE_SECONDS)

    async def _listen_on(self, connection: Connection) -> None:
        """Listen until the connection ends. Whatever was missed before, followers look for themselves."""
        ended = asyncio.Event()
        connection.add_termination_listener(lambda *_: ended.set())
        await connection.add_listener(CHANNEL, self._hear)
        self._wake_everybody()
        try:
            await ended.wait()
        finally:
            with suppress(*AWAY):
                await connection.remove_listener(CHANNEL, self._hear)
        self._lose_all()

    def _hear(self, _connection: object, _pid: int, _channel: str, said: object) -> None:
        case_id, _, seq = str(said).partition(" ")
        for woken in self._of_case.get(case_id, ()):
            woken.set()
        if not self._feeds:
            return
        try:
            self._heard.put_nowait((case_id, int(seq)))
        except asyncio.QueueFull:
            self._lose_all()

    def _wake_everybody(self) -> None:
        for waiting in self._of_case.values():
            for woken in waiting:
                woken.set()

    def _lose_all(self) -> None:
        for feed in self._feeds:
            feed.lose()

    async def _read(self) -> None:
        """Read what was heard of, once for all who follow everything."""
        while True:
            case_id, seq = await self._heard.get()
            try:
                case = await case_records.case(self._pool, case_id)
                lines = await case_lines.after(self._pool, case_id, seq - 1, limit=1)
            except AWAY:
                self._lose_all()
                continue
            for happened in [Happened(case=case, line=line) for line in lines if case is not None]:
                for feed in self._feeds:
                    feed.put(happened)


def following(request: Request) -> Following:
    """Return what wakes the followers of this process; it is made when somebody first asks."""
    state = request.app.state
    if not hasattr(state, "following"):
        state.following = Following(state.kawal.pool)
    made: Following = state.following
    return made
