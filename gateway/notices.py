"""Telling people: takes notices whose moment has come, and hands each to every destination of its recipient.

Every destination is on its own: what one has taken is recorded at once, and one that fails neither holds up another nor
lets it count as told. A process that dies between a destination's yes and the record of it tells that destination
again, under the same reference, by which a mail server knows a double.
"""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

import structlog
from pydantic import ValidationError

from gateway.words import Letter, letter
from schemas.notices import DeliveryState
from schemas.policy import Policy
from storage import database, policies
from storage import notices as stored
from storage.notices import Due, Waiting
from storage.time_zone import zone_named

_PAUSE_SECONDS = 2.0
_SIDE_BY_SIDE = 4
"""Destinations that are spoken to at the same time."""
_LONGEST_TRY_SECONDS = 60.0
_UTC = ZoneInfo("UTC")

log = structlog.get_logger("notices")


class RefusedByDestinationError(Exception):
    """A destination did not take a notice. The text says what kind of problem it was, and holds no address."""


class ChannelAwayError(Exception):
    """A channel as a whole does not work: no destination is to blame. The text says what kind of problem it was."""


class Destination(Protocol):
    """How one channel delivers."""

    @property
    def channel(self) -> str:
        """Return the name under which contacts know the channel."""

    async def deliver(self, address: str, said: Letter, reference: str) -> None:
        """Hand a letter to an address; return once it is the other side's.

        Args:
            address: personal data; may not appear in any log or error.
            said: what to deliver.
            reference: the same for the same letter to the same address, however often it is tried.

        Raises:
            RefusedByDestinationError: this address does not work now, or at all.
            ChannelAwayError: nothing can be delivered on this channel now.
        """


@dataclass(frozen=True)
class Retries:
    """When a destination that fails is tried again. With these numbers, for somewhat over three days."""

    tries: int = 16
    """After so many in vain it is given up."""
    first: timedelta = timedelta(minutes=1)
    """From the first try to the second; from then on each pause is twice the one before."""
    longest: timedelta = timedelta(hours=12)
    away: timedelta = timedelta(minutes=1)
    """While a channel as a whole is away. That counts as no try: an outage, however long, gives up nothing."""

    def pause(self, tries: int) -> timedelta:
        """Return the pause after so many tries in vain."""
        return min(self.first * (1 << min(tries - 1, 30)), self.longest)


@dataclass(frozen=True)
class Done:
    """What one pass came to."""

    sent: int = 0
    failed: int = 0
    dead: int = 0
    nobody: int = 0


def _now() -> datetime:
    return datetime.now(UTC)


class Dispatcher:
    """Hands out notices. Any number of dispatchers may do so at once: each delivery is held by one alone."""

    def __init__(
        self,
        pool: database.Pool,
        destinations: Iterable[Destination],
        *,
        retries: Retries | None = None,
        clock: Callable[[], datetime] = _now,
        pause_seconds: float = _PAUSE_SECONDS,
    ) -> None:
        """Describe the dispatcher; nothing is sent yet.

        Args:
            pool: connections that nobody else needs in a hurry: each is held while a destination is spoken to.
            destinations: one for each channel. What goes to other channels waits.
            retries: when what failed is tried again.
            clock: says what time it is.
            pause_seconds: between two passes.
        """
        self._pool = pool
        self._destinations = {destination.channel: destination for destination in destinations}
        self._retries = retries or Retries()
        self._clock = clock
        self._pause_seconds = pause_seconds
        self._policies: dict[str, Policy | None] = {}
        self._stop = asyncio.Event()
        self._known_away: set[str] = set()
        self._reset()

    def _reset(self) -> None:
        self._away: set[str] = set()
        self._sent = self._failed = self._dead = self._nobody = 0

    def stop(self) -> None:
        """Begin nothing any more."""
        self._stop.set()

    async def run(self) -> None:
        """Make passes until it is stopped; wait while the database is away."""
        trouble = False
        while not self._stop.is_set():
            try:
                await self.one_pass()
                trouble = False
            except database.AWAY as away:
                if not trouble:
                    log.warning("notices wait for the database", problem=type(away).__name__)
                trouble = True
            except Exception:  # whatever it is, it may not end the telling of everything else
                log.exception("a pass over the notices failed")
            await self._pause()

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._pause_seconds):
                await self._stop.wait()
        except TimeoutError:
            pass

    async def one_pass(self) -> Done:
        """Tell everybody who is to be told now, once each."""
        self._reset()
        while await self._address():
            pass
        if self._destinations:
            ended = await asyncio.gather(*(self._deliver_all() for _ in range(_SIDE_BY_SIDE)), return_exceptions=True)
            for problem in ended:
                if isinstance(problem, BaseException):
                    raise problem
        if self._failed or self._dead:
            log.warning("notices were not taken", to_be_tried_again=self._failed, given_up=self._dead)
        return Done(self._sent, self._failed, self._dead, self._nobody)

    async def _address(self) -> bool:
        """Look up whom the oldest notices go to; return whether there may be more."""
        now = self._clock()
        async with self._pool.acquire() as connection, connection.transaction():
            found = await stored.waiting(connection, now)
            moments = [await self._first_moment(notice, now) for notice in found]
            quiet = [(one.number, at) for one, at in zip(found, moments, strict=True) if at > now]
            await stored.put_off(connection, quiet)
            ready = [one.number for one, at in zip(found, moments, strict=True) if at <= now]
            self._nobody += await stored.address(connection, ready, now)
        return bool(found) and not self._stop.is_set()

    async def _deliver_all(self) -> None:
        while not self._stop.is_set():
            channels = [channel for channel in self._destinations if channel not in self._away]
            async with self._pool.acquire() as connection, connection.transaction():
                due = await stored.next_due(connection, self._pool.ring, self._clock(), channels)
                if due is None:
                    return
                await self._try(connection, due)

    async def _try(self, connection: database.Connection, due: Due) -> None:
        """Try one delivery; its row is held meanwhile, so nobody else does."""
        now = self._clock()
        if (quiet_until := await self._first_moment(due, now)) > now:
            await stored.delay(connection, due.delivery, quiet_until)
            return
        zone = await self._zone(due)
        try:
            said = letter(due.notice, zone)
            async with asyncio.timeout(_LONGEST_TRY_SECONDS):
                await self._destinations[due.channel].deliver(due.address, said, _reference(due))
        except ChannelAwayError as away:
            await self._wait_for_channel(connection, due, str(away))
        except RefusedByDestinationError as refused:
            await self._failed_once_more(connection, due, str(refused))
        except Exception as problem:  # noqa: BLE001 - one's trouble may not become another's
            await self._failed_once_more(connection, due, type(problem).__name__)
        else:
            await self._took_it(connection, due)

    async def _took_it(self, connection: database.Connection, due: Due) -> None:
        await stored.record_sent(connection, due.delivery, self._clock())
        self._sent += 1
        if due.channel in self._known_away:
            self._known_away.remove(due.channel)
            log.info("a channel works again", channel=due.channel)

    async def _wait_for_channel(self, connection: database.Connection, due: Due, problem: str) -> None:
        state = DeliveryState.FAILED if due.attempts else DeliveryState.PENDING
        next_at = self._clock() + self._retries.away
        await stored.record_problem(connection, due.delivery, problem, next_at=next_at, state=state, tries=due.attempts)
        self._away.add(due.channel)
        if due.channel not in self._known_away:
            self._known_away.add(due.channel)
            log.warning("a channel is away, and its notices wait", channel=due.channel, problem=problem)

    async def _failed_once_more(self, connection: database.Connection, due: Due, problem: str) -> None:
        tries = due.attempts + 1
        given_up = tries >= self._retries.tries
        state = DeliveryState.DEAD if given_up else DeliveryState.FAILED
        next_at = self._clock() + self._retries.pause(tries)
        await stored.record_problem(connection, due.delivery, problem, next_at=next_at, state=state, tries=tries)
        self._dead += given_up
        self._failed += not given_up

    async def _first_moment(self, waiting: Waiting, now: datetime) -> datetime:
        return stored.first_moment(await self._policy(waiting), now, around_the_clock=waiting.around_the_clock)

    async def _zone(self, waiting: Waiting) -> ZoneInfo:
        policy = await self._policy(waiting)
        try:
            return zone_named(policy.calendar.zone) if policy else _UTC
        except ValueError:  # unknown here: better a letter in UTC, which says so, than none
            return _UTC

    async def _policy(self, waiting: Waiting) -> Policy | None:
        """Return the policy that a notice is under; a version never changes, so each is read once."""
        version = waiting.policy_version
        if version is not None and version not in self._policies:
            try:
                self._policies[version] = await policies.version(self._pool, version)
            except ValidationError:  # of a release that this one cannot read: nothing is quiet, and moments are UTC's
                self._policies[version] = None
        return self._policies[version] if version else None


def _reference(due: Due) -> str:
    """Return what tells this letter to this address from all others, and nothing about either."""
    return hashlib.sha256(f"{due.notice.identity}/{due.contact}".encode()).hexdigest()[:32]


@asynccontextmanager
async def dispatching(database_url: str, destinations: Iterable[Destination]) -> AsyncIterator[None]:
    """Tell people for as long as this lasts; at the end, what is under way ends first.

    It has its own connections, so that a slow mail server never keeps a case from being committed.
    """
    # A delivery's row stays locked while its destination is spoken to, for up to a minute.
    pool = await database.connect(database_url, max_size=_SIDE_BY_SIDE + 1, longest_idle_transaction=90)
    dispatcher = Dispatcher(pool, destinations)
    running = asyncio.create_task(dispatcher.run())
    try:
        yield
        dispatcher.stop()
        await running
    finally:
        running.cancel()
        pool.terminate()
