"""Telling other systems: takes events whose moment has come, and sends each to every subscriber.

Every subscriber is on its own: it is spoken to in lanes of its own, so that one that is slow, away or broken holds up
no other. Events of one case, request or delivery go out in their order. A process that dies between a receiver's yes
and the record of it sends that event again, under the same webhook-id, by which the receiver knows a double.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import structlog

from gateway.channels import destinations
from gateway.channels.cloud_event import body_of, headers_of
from gateway.channels.destinations import CheckedTransport, Destinations, ForbiddenDestinationError, UnknownHostError
from gateway.notices import Retries
from schemas.webhooks import OutgoingState
from storage import database, webhook_secrets, webhook_subscriptions
from storage import webhooks_out as stored
from storage.webhook_secrets import SecretUnreadableError
from storage.webhooks_out import Due

_PAUSE_SECONDS = 2.0
_SIDE_BY_SIDE = 8
"""Receivers that are spoken to at the same time."""
_LANES = 2
"""Of one subscription, at most: the others always find a place."""
_LONGEST_TRY_SECONDS = 15.0
_LONGEST_CONNECTING_SECONDS = 5.0
_PRUNED_EVERY = timedelta(hours=1)
_LATER = (httpx.codes.TOO_MANY_REQUESTS, httpx.codes.SERVICE_UNAVAILABLE)
"""Answers with which a receiver may say when it wants to be called again."""

log = structlog.get_logger("webhooks")


@dataclass(frozen=True)
class Done:
    """What one pass came to."""

    sent: int = 0
    failed: int = 0
    dead: int = 0


@dataclass(frozen=True)
class _Heard:
    """What a receiver answered; no status: it did not."""

    status: int | None = None
    problem: str | None = None
    later: timedelta | None = None
    """How long it wants to be left alone."""

    @property
    def taken(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


def _now() -> datetime:
    return datetime.now(UTC)


class WebhookDispatcher:
    """Sends webhooks. Any number of dispatchers may do so at once: each event is held by one alone."""

    def __init__(
        self,
        pool: database.Pool,
        allowed: Destinations | None = None,
        *,
        retries: Retries | None = None,
        clock: Callable[[], datetime] = _now,
        pause_seconds: float = _PAUSE_SECONDS,
    ) -> None:
        """Describe the dispatcher; nothing is sent yet.

        Args:
            pool: connections that nobody else needs in a hurry: each is held while a receiver is spoken to.
            allowed: whereto webhooks may go; none: as the environment says.
            retries: when what failed is tried again.
            clock: says what time it is.
            pause_seconds: between two looks for what is due.
        """
        self._pool = pool
        self._allowed = allowed or destinations.from_environment()
        self._retries = retries or Retries()
        self._clock = clock
        self._pause_seconds = pause_seconds
        self._stop = asyncio.Event()
        self._places = asyncio.Semaphore(_SIDE_BY_SIDE)
        self._lanes: set[asyncio.Task[None]] = set()
        self._busy: Counter[str] = Counter()
        self._done: Counter[str] = Counter()
        self._trouble = False
        self._prune_at = clock()

    def stop(self) -> None:
        """Begin nothing any more."""
        self._stop.set()

    async def run(self) -> None:
        """Send until it is stopped, and end what is under way then; wait while the database is away."""
        async with self._sender() as http:
            try:
                while not self._stop.is_set():
                    await self._guarded(self._look(http))
                    await self._pause()
                await self._settle()
            finally:
                for lane in self._lanes:  # none is left, unless this was cancelled
                    lane.cancel()

    async def one_pass(self) -> Done:
        """Send all that is due now, once each, and say what came of it."""
        self._done.clear()
        async with self._sender() as http:
            await self._begin_lanes(http)
            await self._settle()
        return Done(**self._done)

    def _sender(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            transport=CheckedTransport(self._allowed),
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(_LONGEST_TRY_SECONDS, connect=_LONGEST_CONNECTING_SECONDS),
        )

    async def _look(self, http: httpx.AsyncClient) -> None:
        await self._begin_lanes(http)
        if (now := self._clock()) >= self._prune_at:
            while await stored.prune(self._pool, now) and not self._stop.is_set():
                pass
            self._prune_at = now + _PRUNED_EVERY

    async def _begin_lanes(self, http: httpx.AsyncClient) -> None:
        for subscription in await stored.subscriptions_due(self._pool, self._clock()):
            while self._busy[subscription] < _LANES:
                self._busy[subscription] += 1
                lane = asyncio.create_task(self._lane(http, subscription))
                self._lanes.add(lane)
                lane.add_done_callback(self._lanes.discard)

    async def _settle(self) -> None:
        await asyncio.gather(*self._lanes)

    async def _pause(self) -> None:
        try:
            async with asyncio.timeout(self._pause_seconds):
                await self._stop.wait()
        except TimeoutError:
            pass

    async def _guarded(self, step: Awaitable[None]) -> None:
        """Do something, and outlast what may come of it: nothing may end the telling of everything else."""
        try:
            await step
            self._trouble = False
        except database.AWAY as away:
            if not self._trouble:
                log.warning("webhooks wait for the database", problem=type(away).__name__)
            self._trouble = True
        except Exception:
            log.exception("sending webhooks failed")

    async def _lane(self, http: httpx.AsyncClient, subscription: str) -> None:
        try:
            await self._guarded(self._send_all(http, subscription))
        finally:
            self._busy[subscription] -= 1

    async def _send_all(self, http: httpx.AsyncClient, subscription: str) -> None:
        """Send a subscriber what is due, one after the other; others get their turn in between."""
        there_is_more = True
        while there_is_more and not self._stop.is_set():
            async with self._places:
                there_is_more = await self._send_next(http, subscription)

    async def _send_next(self, http: httpx.AsyncClient, subscription: str) -> bool:
        """Try one event; its row is held meanwhile, so nobody else does. Return whether there was one."""
        async with self._pool.acquire() as connection, connection.transaction():
            now = self._clock()
            due = await stored.next_due(connection, subscription, now)
            if due is None:
                return False
            try:
                secrets = await webhook_secrets.signing(connection, self._pool.ring, subscription, now)
            except SecretUnreadableError as problem:
                log.error("webhooks wait for a key", subscription=subscription, mend=str(problem))  # noqa: TRY400
                await stored.hold(connection, subscription, now + self._retries.away)
                return False
            body = body_of(due)
            heard = await self._post(http, due.url, body, headers_of(due, body, secrets, now))
            await self._record(connection, due, heard)
        return True

    async def _post(self, http: httpx.AsyncClient, url: str, body: str, headers: dict[str, str]) -> _Heard:
        """Return what a receiver answers. What it says beside the status is not even read."""
        try:
            async with (
                asyncio.timeout(_LONGEST_TRY_SECONDS),
                http.stream("POST", self._allowed.parsed(url), content=body, headers=headers) as response,
            ):
                later = _seconds_of(response.headers.get("retry-after"), self._clock())
                return _Heard(response.status_code, _problem(response.status_code), later)
        except (TimeoutError, httpx.TimeoutException):
            return _Heard(problem="no answer in time")
        except (ForbiddenDestinationError, UnknownHostError) as problem:
            return _Heard(problem=str(problem))
        except Exception as problem:  # noqa: BLE001 - one's trouble may not become another's
            return _Heard(problem=type(problem).__name__)

    async def _record(self, connection: database.Connection, due: Due, heard: _Heard) -> None:
        if heard.status is None or not heard.taken:
            await self._not_taken(connection, due, heard)
            return
        if await stored.record_sent(connection, due, heard.status, self._clock()):
            log.info("a receiver takes webhooks again", subscription=due.subscription)
        self._done["sent"] += 1

    async def _not_taken(self, connection: database.Connection, due: Due, heard: _Heard) -> None:
        now, tries, gone = self._clock(), due.attempts + 1, heard.status == httpx.codes.GONE
        dead = tries >= self._retries.tries and not gone
        began_to_fail = await stored.record_failed(
            connection,
            due,
            heard.problem or "",
            status_code=heard.status,
            state=OutgoingState.DEAD if dead else OutgoingState.FAILED,
            tries=tries,
            at=now,
            next_at=now + self._retries.pause(tries),
        )
        if gone:
            await webhook_subscriptions.pause(connection, due.subscription, now)
        elif rest := self._rest(heard):
            await stored.hold(connection, due.subscription, now + rest)
        self._done["dead" if dead else "failed"] += 1
        if began_to_fail or dead or gone:
            said = {"subscription": due.subscription, "problem": heard.problem, "given_up": dead, "paused": gone}
            log.warning("a receiver does not take webhooks", **said)

    def _rest(self, heard: _Heard) -> timedelta | None:
        """Return for how long a receiver is sent nothing at all: as it wishes, or a little while when it is away."""
        if heard.status is None:
            return self._retries.away
        return min(heard.later, self._retries.longest) if heard.later and heard.status in _LATER else None


def _problem(status: int) -> str | None:
    if 300 <= status < 400:
        return "redirects are not followed"
    return None if status < 300 else f"status {status}"


def _seconds_of(retry_after: str | None, now: datetime) -> timedelta | None:
    """Return how long a receiver wants to be left alone: it says so in seconds, or by a date."""
    if retry_after is None:
        return None
    try:
        if retry_after.strip().isdecimal():
            return timedelta(seconds=min(int(retry_after), 10**6))
        until = parsedate_to_datetime(retry_after)
        return max(until.replace(tzinfo=until.tzinfo or UTC) - now, timedelta())
    except (ValueError, OverflowError):
        return None


@asynccontextmanager
async def webhooks_going_out(database_url: str) -> AsyncIterator[None]:
    """Tell other systems for as long as this lasts; at the end, what is under way ends first.

    It has its own connections, so that a slow receiver never keeps a case from being committed.
    """
    # An event's row stays locked while its receiver is spoken to.
    pool = await database.connect(database_url, max_size=_SIDE_BY_SIDE + 1, longest_idle_transaction=60)
    dispatcher = WebhookDispatcher(pool)
    running = asyncio.create_task(dispatcher.run())
    try:
        yield
        dispatcher.stop()
        await running
    finally:
        running.cancel()
        pool.terminate()
