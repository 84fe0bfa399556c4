"""Every subscriber gets every event once, in order, whatever happens to the others and to those who send."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from fastapi import Response
from fastapi.responses import StreamingResponse
from standardwebhooks import Webhook
from structlog.testing import capture_logs

from gateway.channels import webhooks
from gateway.channels.webhooks import Done, webhooks_going_out
from gateway.notices import Retries
from local.ports import free_port
from privacy.ring import new_ring
from schemas.case import CommitRequest, TransitionKind
from schemas.webhooks import OutgoingState
from storage import case_records, database, webhook_subscriptions, webhooks_out
from storage.database import Pool
from tests.channels.receiving import (
    Receiver,
    bring_forward,
    dispatcher,
    forget_everything,
    receiving,
    sent,
    states,
    subscribed,
)
from tests.gateway.telling import HandClock, case, happened

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


@pytest.fixture(autouse=True)
async def nothing_else_to_tell(pool: Pool) -> None:
    await forget_everything(pool)


async def committed(pool: Pool, case_id: str, *seqs: int, channel: str = "app", **changes: Any) -> None:
    """Commit transitions of a case."""
    transitions = tuple(happened(TransitionKind.ASKED, seq, datetime.now(UTC)) for seq in seqs)
    view = case(case_id, channel=channel, seq=seqs[-1], **changes)
    assert (await case_records.commit(pool, CommitRequest(case=view, transitions=transitions))).written


async def test_an_event_is_sent_once_as_a_signed_cloud_event(pool: Pool) -> None:
    async with receiving() as receiver:
        subscription = await subscribed(pool, receiver, "once", channel="app")
        await committed(pool, "whs-once", 1)
        assert await dispatcher(pool).one_pass() == Done(sent=1)
        assert await dispatcher(pool).one_pass() == Done()
    [call] = receiver.calls
    at = call.event.pop("time")
    assert datetime.fromisoformat(at).utcoffset() == timedelta()
    assert call.event | {"time": None} == {
        "specversion": "1.0",
        "id": "case/whs-once/1",
        "source": "urn:kawal",
        "type": "id.kawal.case.asked",
        "subject": "whs-once",
        "time": None,
        "datacontenttype": "application/json",
        "data": {
            "case_id": "whs-once",
            "seq": 1,
            "status": "assigned",
            "level": 1,
            "due_at": "2026-11-25T12:00:00+00:00",
            "channel": "app",
            "category": "road",
            "region": "north",
            "agency": "whs-once",
        },
    }
    assert call.headers["content-type"] == "application/cloudevents+json"
    assert call.headers["webhook-id"].startswith("msg_")
    [line] = await sent(pool, subscription)
    assert (line.state, line.attempts, line.status_code, line.next_attempt_at) == ("sent", 1, 204, None)


async def test_a_receiver_that_was_down_is_told_when_it_is_back(pool: Pool) -> None:
    receiver = Receiver(free_port())
    subscription = await subscribed(pool, receiver, "down", channel="app")
    await committed(pool, "whs-down", 1)
    assert await dispatcher(pool).one_pass() == Done(failed=1)
    [line] = await sent(pool, subscription)
    assert (line.state, line.attempts, line.last_error, line.status_code) == ("failed", 1, "ConnectError", None)
    [found] = await webhook_subscriptions.listing(pool, "app")
    assert found.failing_since is not None
    async with receiving(receiver):
        assert await dispatcher(pool).one_pass() == Done()  # not before its time
        await bring_forward(pool, subscription)
        with capture_logs() as logs:
            assert await dispatcher(pool).one_pass() == Done(sent=1)
    assert [line["event"] for line in logs] == ["a receiver takes webhooks again"]
    [found] = await webhook_subscriptions.listing(pool, "app")
    assert found.failing_since is None


async def test_a_receiver_that_is_away_is_called_once_a_minute_and_not_for_each_event(pool: Pool) -> None:
    clock = HandClock(datetime.now(UTC) + MINUTE)  # later than all that is committed
    await subscribed(pool, Receiver(free_port()), "away", channel="app")
    for n in range(8):
        await committed(pool, f"whs-away-{n}", 1)
    sender = dispatcher(pool, clock=clock)
    tried = [(await sender.one_pass()).failed]
    for _ in range(3):
        assert await sender.one_pass() == Done()
        clock.go_on(MINUTE)
        tried.append((await sender.one_pass()).failed)
    assert max(tried) <= 2  # one in each lane
    assert min(tried) >= 1


async def test_what_was_not_taken_is_sent_again_under_the_same_id_with_the_same_body(pool: Pool) -> None:
    async with receiving() as receiver:
        receiver.answers = [Response(status_code=500)]
        subscription = await subscribed(pool, receiver, "again", channel="app")
        await committed(pool, "whs-again", 1)
        assert await dispatcher(pool).one_pass() == Done(failed=1)
        await bring_forward(pool, subscription)
        assert await dispatcher(pool).one_pass() == Done(sent=1)
    first, second = receiver.calls
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    [line] = await sent(pool, subscription)
    assert (line.state, line.attempts, line.status_code, line.last_error) == ("sent", 2, 204, None)


async def test_ids_tell_events_and_subscribers_apart(pool: Pool) -> None:
    async with receiving() as one, receiving() as other:
        await subscribed(pool, one, "apart-1", channel="app")
        await subscribed(pool, other, "apart-2", channel="app")
        await committed(pool, "whs-apart", 1, 2)
        assert await dispatcher(pool).one_pass() == Done(sent=4)
    assert len({call.headers["webhook-id"] for call in (*one.calls, *other.calls)}) == 4
    assert one.ids == other.ids == ["case/whs-apart/1", "case/whs-apart/2"]


async def test_a_slow_receiver_holds_up_no_other(
    pool: Pool, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAWAL_WEBHOOKS_LOCAL", "1")
    async with receiving() as slow, receiving() as quick:
        slow.open.clear()
        await subscribed(pool, slow, "slow", channel="app")
        await subscribed(pool, quick, "quick", channel="app")
        for n in range(12):  # more than there are places
            await committed(pool, f"whs-slow-{n}", 1)
        async with webhooks_going_out(database_url):
            await slow.called(1)
            await quick.called(12)
            assert slow.taken == []
            slow.open.set()
    assert len(quick.taken) == 12
    assert len(slow.calls) == len(slow.taken)  # what was under way at the end was waited for, and recorded
    assert (await states(pool, "wh-slow")).count("sent") == len(slow.taken)


async def test_a_receiver_that_never_answers_counts_as_one_that_does_not_take_it(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhooks, "_LONGEST_TRY_SECONDS", 0.2)
    async with receiving() as receiver:
        receiver.open.clear()
        subscription = await subscribed(pool, receiver, "never", channel="app")
        await committed(pool, "whs-never", 1)
        assert await dispatcher(pool).one_pass() == Done(failed=1)
        receiver.open.set()
    [line] = await sent(pool, subscription)
    assert (line.state, line.last_error) == ("failed", "no answer in time")


async def test_a_receiver_that_is_gone_is_not_called_any_more_until_somebody_resumes(pool: Pool) -> None:
    async with receiving() as receiver:
        receiver.answers = [Response(status_code=410)]
        subscription = await subscribed(pool, receiver, "gone", channel="app")
        await committed(pool, "whs-gone-1", 1)
        assert await dispatcher(pool).one_pass() == Done(failed=1)
        found = await webhook_subscriptions.find(pool, subscription)
        assert found
        assert found.paused_at
        await committed(pool, "whs-gone-2", 1)
        await bring_forward(pool, subscription)
        assert await dispatcher(pool).one_pass() == Done()
        assert await states(pool, subscription) == ["failed", "pending"]
        await webhook_subscriptions.resume(pool, subscription, datetime.now(UTC))
        assert await dispatcher(pool).one_pass() == Done(sent=2)
    assert len(receiver.calls) == 3


async def test_what_is_never_taken_is_given_up_looked_at_and_sent_again(pool: Pool) -> None:
    clock = HandClock(datetime.now(UTC) + MINUTE)  # later than all that is committed
    async with receiving() as receiver:
        receiver.always = 500
        subscription = await subscribed(pool, receiver, "dead", channel="app")
        receiver.secret = ""  # tries lie days apart here: signatures of then are not of now
        await committed(pool, "whs-dead", 1, 2)
        sender = dispatcher(pool, clock=clock, retries=Retries(tries=3))
        done = []
        for _ in range(5):
            clock.go_on(DAY)
            done.append(await sender.one_pass())
        assert done == [Done(failed=1), Done(failed=1), Done(dead=1, failed=1), Done(failed=1), Done(dead=1)]
        first, second = dead = await webhooks_out.lines(pool, subscription=subscription, state=OutgoingState.DEAD)
        assert [line.event_id for line in dead] == ["case/whs-dead/2", "case/whs-dead/1"]
        assert (first.attempts, first.last_error, first.status_code) == (3, "status 500", 500)
        assert first.next_attempt_at is None
        receiver.always = 200
        assert await sender.one_pass() == Done()
        for line in (second, first):
            again = await webhooks_out.resend(pool, line.id, clock())
            assert again
            assert (again.state, again.attempts) == ("pending", 0)
        assert await sender.one_pass() == Done(sent=2)
        assert await webhooks_out.resend(pool, first.id, clock()) is None
        assert await webhooks_out.resend(pool, 10**9, clock()) is None
    assert receiver.ids == ["case/whs-dead/1", "case/whs-dead/2"]


async def test_what_failed_holds_up_later_events_of_its_case_and_of_no_other(pool: Pool) -> None:
    async with receiving() as receiver:
        receiver.answers = [Response(status_code=500)]
        subscription = await subscribed(pool, receiver, "order", channel="app")
        await committed(pool, "whs-order-1", 1)
        assert await dispatcher(pool).one_pass() == Done(failed=1)
        await committed(pool, "whs-order-1", 2)
        await committed(pool, "whs-order-2", 1)
        assert await dispatcher(pool).one_pass() == Done(sent=1)
        assert receiver.ids == ["case/whs-order-2/1"]
        await bring_forward(pool, subscription)
        assert await dispatcher(pool).one_pass() == Done(sent=2)
    assert receiver.ids == ["case/whs-order-2/1", "case/whs-order-1/1", "case/whs-order-1/2"]


async def test_two_dispatchers_at_once_send_nothing_twice_and_each_case_in_its_order(
    pool: Pool, database_url: str
) -> None:
    async with receiving() as receiver:
        subscription = await subscribed(pool, receiver, "race", channel="app")
        for n in range(12):
            await committed(pool, f"whs-race-{n}", 1, 2, 3)
        another = await database.connect(database_url)
        try:
            while "pending" in await states(pool, subscription):  # each stops where the other one holds an event
                await asyncio.gather(dispatcher(pool).one_pass(), dispatcher(another).one_pass())
        finally:
            await another.close()
    assert set(Counter(receiver.ids).values()) == {1}
    assert len(receiver.calls) == 36
    for n in range(12):
        of_case = [one for one in receiver.ids if one.startswith(f"case/whs-race-{n}/")]
        assert of_case == [f"case/whs-race-{n}/{seq}" for seq in (1, 2, 3)]


async def test_what_was_taken_and_not_recorded_comes_again_under_the_same_id(
    pool: Pool, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def die(*_: Any) -> bool:
        raise ConnectionResetError

    async with receiving() as receiver:
        subscription = await subscribed(pool, receiver, "crash", channel="app")
        await committed(pool, "whs-crash", 1)
        with monkeypatch.context() as crashing:
            crashing.setattr(webhooks_out, "record_sent", die)
            await dispatcher(pool).one_pass()
        assert await states(pool, subscription) == ["pending"]
        before = len(receiver.calls)
        assert await dispatcher(pool).one_pass() == Done(sent=1)
    assert len(receiver.calls) == before + 1
    assert len({call.headers["webhook-id"] for call in receiver.calls}) == 1


@pytest.mark.parametrize("as_date", [False, True])
@pytest.mark.parametrize("status", [429, 503])
async def test_a_receiver_that_wants_to_be_left_alone_is(pool: Pool, status: int, as_date: bool) -> None:  # noqa: FBT001
    clock = HandClock(datetime.now(UTC) + MINUTE)  # later than all that is committed
    later = format_datetime(clock() + 3 * timedelta(hours=1), usegmt=True) if as_date else "10800"
    async with receiving() as receiver:
        receiver.answers = [Response(status_code=status, headers={"Retry-After": later})]
        await subscribed(pool, receiver, "later", channel="app")
        receiver.secret = ""  # hours pass here: signatures of then are not of now
        name = f"whs-later-{status}-{as_date}"
        await committed(pool, f"{name}-1", 1)
        sender = dispatcher(pool, clock=clock)
        assert await sender.one_pass() == Done(failed=1)
        await committed(pool, f"{name}-2", 1)
        clock.go_on(timedelta(hours=2, minutes=59))
        assert await sender.one_pass() == Done()
        clock.go_on(timedelta(minutes=2))
        assert await sender.one_pass() == Done(sent=2)


async def test_nobody_is_left_alone_for_longer_than_half_a_day(pool: Pool) -> None:
    clock = HandClock(datetime.now(UTC) + MINUTE)  # later than all that is committed
    async with receiving() as receiver:
        receiver.answers = [Response(status_code=503, headers={"Retry-After": "999999999999"})]
        await subscribed(pool, receiver, "bounded", channel="app")
        receiver.secret = ""
        await committed(pool, "whs-bounded", 1)
        sender = dispatcher(pool, clock=clock)
        assert await sender.one_pass() == Done(failed=1)
        clock.go_on(timedelta(hours=12, seconds=1))
        assert await sender.one_pass() == Done(sent=1)


async def test_redirects_are_not_followed(pool: Pool) -> None:
    async with receiving() as elsewhere, receiving() as receiver:
        receiver.answers = [Response(status_code=307, headers={"Location": elsewhere.url})]
        subscription = await subscribed(pool, receiver, "redirect", channel="app")
        await committed(pool, "whs-redirect", 1)
        assert await dispatcher(pool).one_pass() == Done(failed=1)
    assert elsewhere.calls == []
    [line] = await sent(pool, subscription)
    assert (line.status_code, line.last_error) == (307, "redirects are not followed")


async def without_end() -> AsyncIterator[bytes]:
    while True:
        yield b"x" * 65_536
        await asyncio.sleep(0)


async def test_an_answer_without_end_is_not_read(pool: Pool) -> None:
    async with receiving() as receiver:
        receiver.answers = [StreamingResponse(without_end())]
        await subscribed(pool, receiver, "endless", channel="app")
        await committed(pool, "whs-endless", 1)
        assert await dispatcher(pool).one_pass() == Done(sent=1)


async def test_a_secret_that_was_exchanged_signs_for_a_day_more(pool: Pool) -> None:
    async with receiving() as receiver:
        subscription = await subscribed(pool, receiver, "rotated", channel="app")
        old, now = receiver.secret, datetime.now(UTC)
        new = await webhook_subscriptions.rotate(pool, subscription, now)
        assert new
        assert new != old
        await committed(pool, "whs-rotated", 1)
        assert await dispatcher(pool).one_pass() == Done(sent=1)  # the receiver knows the old one alone
        [call] = receiver.calls
        Webhook(new).verify(call.body, dict(call.headers))

        receiver.secret = ""
        await committed(pool, "whs-rotated", 2)
        assert await dispatcher(pool, clock=HandClock(now + DAY)).one_pass() == Done(sent=1)
        assert len(receiver.calls[-1].headers["webhook-signature"].split()) == 1
    assert await webhook_subscriptions.rotate(pool, "wh-nowhere", now) is None


async def test_without_the_key_of_a_secret_events_wait_and_lose_no_try(pool: Pool, database_url: str) -> None:
    async with receiving() as receiver:
        subscription = await subscribed(pool, receiver, "no-key", channel="app")
        await committed(pool, "whs-no-key", 1)
        lacking = await database.connect(database_url, ring=new_ring("another"))
        try:
            with capture_logs() as logs:
                assert await dispatcher(lacking).one_pass() == Done()
        finally:
            await lacking.close()
        assert [(line["event"], line["log_level"]) for line in logs] == [("webhooks wait for a key", "error")]
        assert await dispatcher(pool).one_pass() == Done()  # a minute has not passed
        [line] = await sent(pool, subscription)
        assert (line.state, line.attempts, line.last_error) == ("pending", 0, None)
        await bring_forward(pool, subscription)
        assert await dispatcher(pool).one_pass() == Done(sent=1)


async def test_a_webhook_that_is_removed_gets_nothing_more_and_leaves_nothing(pool: Pool) -> None:
    async with receiving() as receiver:
        subscription = await subscribed(pool, receiver, "removed", channel="app")
        await committed(pool, "whs-removed", 1)
        assert await webhook_subscriptions.remove(pool, subscription)
        assert not await webhook_subscriptions.remove(pool, subscription)
        assert await dispatcher(pool).one_pass() == Done()
    assert receiver.calls == []
    assert await sent(pool, subscription) == []
    assert await pool.fetchval("select count(*) from webhook_secrets where subscription = $1", subscription) == 0


class FlakyPool:
    """A pool whose database is away at first."""

    def __init__(self, pool: Pool, failures: int) -> None:
        self._pool, self._failures = pool, failures
        self.ring = pool.ring

    def acquire(self) -> Any:
        return self._pool.acquire()

    async def fetch(self, *arguments: Any) -> Any:
        if self._failures:
            self._failures -= 1
            raise ConnectionRefusedError
        return await self._pool.fetch(*arguments)

    async def execute(self, *arguments: Any) -> Any:
        return await self._pool.execute(*arguments)


async def test_the_loop_outlasts_an_outage_of_the_database_and_says_so_once(pool: Pool) -> None:
    async with receiving() as receiver:
        await subscribed(pool, receiver, "outage", channel="app")
        await committed(pool, "whs-outage", 1)
        flaky: Any = FlakyPool(pool, 3)
        sender = dispatcher(flaky, pause_seconds=0.001)
        with capture_logs() as logs:
            running = asyncio.create_task(sender.run())
            await receiver.called(1)
            sender.stop()
            await running
    assert [line["event"] for line in logs] == ["webhooks wait for the database"]
    assert await states(pool, "wh-outage") == ["sent"]
