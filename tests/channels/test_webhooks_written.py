"""Events stand in the database with what they tell of, for those who may be told, and hold nothing personal."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
from structlog.testing import capture_logs

from privacy.ring import KeyRing, new_ring, with_new_key
from schemas.case import CommitRequest, Transition, TransitionKind
from schemas.complaint import Identity
from schemas.webhooks import Subscribing
from storage import (
    case_records,
    database,
    deliveries,
    service_requests,
    webhook_secrets,
    webhook_subscriptions,
    webhooks_out,
)
from storage.database import Pool
from storage.webhook_secrets import SecretUnreadableError
from tests.channels.receiving import dispatcher, forget_everything, receiving, sent, subscribed
from tests.gateway.telling import HandClock, case, climb, happened
from tests.storage import post_making as post
from tests.storage.post_making import handed_over

PERSONAL = ("Siti Rahmawati", "1871010101900001", "0811-7200-000", "siti@example.id", "secret words")


@pytest.fixture(autouse=True)
async def nothing_else_to_tell(pool: Pool) -> None:
    await forget_everything(pool)


async def listening(pool: Pool, name: str, *, channel: str | None, kinds: tuple[str, ...] | None = None) -> str:
    """Subscribe somebody who need not be there; return the subscription's id."""
    wanted = Subscribing(url="https://example.id/hook", channel=channel, kinds=kinds)
    made, _ = await webhook_subscriptions.subscribe(pool, f"wh-{name}", wanted, owner="tests", now=datetime.now(UTC))
    return made.id


async def types(pool: Pool, subscription: str) -> list[str]:
    return [line.type for line in await sent(pool, subscription)]


async def commit(pool: Pool, request: CommitRequest) -> None:
    assert (await case_records.commit(pool, request)).written


def of_channel(request: CommitRequest, channel: str, **changes: Any) -> CommitRequest:
    return request.model_copy(update={"case": request.case.model_copy(update={"channel": channel, **changes})})


async def test_a_commit_that_is_done_many_times_leaves_each_event_once_in_its_order(pool: Pool) -> None:
    subscription = await listening(pool, "once", channel="counter")
    for _ in range(3):
        await commit(pool, climb("whw-once"))
    async with pool.acquire() as connection:
        await webhooks_out.enqueue_case(connection, climb("whw-once"))
    assert await types(pool, subscription) == ["id.kawal.case.breached", "id.kawal.case.escalated"]
    assert [line.event_id for line in await sent(pool, subscription)] == ["case/whw-once/1", "case/whw-once/2"]


async def test_what_is_not_committed_is_told_to_nobody(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    subscription = await listening(pool, "atomic", channel="counter")

    async def break_after(*arguments: Any) -> None:
        await enqueue(*arguments)
        raise asyncpg.PostgresError("broken after the events were written")

    enqueue = webhooks_out.enqueue_case
    with monkeypatch.context() as breaking:
        breaking.setattr(webhooks_out, "enqueue_case", break_after)
        with pytest.raises(asyncpg.PostgresError):
            await case_records.commit(pool, climb("whw-atomic"))
    assert await types(pool, subscription) == []
    assert await case_records.case(pool, "whw-atomic") is None


async def test_what_cannot_be_told_is_not_committed(pool: Pool) -> None:
    await listening(pool, "refused", channel="counter")
    await pool.execute("alter table webhook_deliveries add constraint none check (subject <> 'whw-refused')")
    try:
        with pytest.raises(asyncpg.CheckViolationError):
            await case_records.commit(pool, climb("whw-refused"))
    finally:
        await pool.execute("alter table webhook_deliveries drop constraint none")
    assert await case_records.case(pool, "whw-refused") is None


async def test_commits_without_subscribers_write_nothing_more(pool: Pool) -> None:
    await listening(pool, "elsewhere", channel="elsewhere")
    before = await pool.fetchval("select last_value from webhook_deliveries_delivery_seq")
    await commit(pool, climb("whw-nobody"))
    for request in post.requests(post.start("whw-nobody-r")):
        await service_requests.commit(pool, request)
    for delivery in post.deliveries("whw-nobody-d", handed_over("whw-nobody-e"), ordered_by="whw-nobody-r"):
        await deliveries.commit(pool, delivery)
    assert await pool.fetchval("select last_value from webhook_deliveries_delivery_seq") == before
    assert await pool.fetchval("select count(*) from webhook_deliveries") == 0


async def test_subscribers_hear_of_their_channel_and_of_what_they_asked_for(pool: Pool) -> None:
    mine = await listening(pool, "mine", channel="super-app")
    every = await listening(pool, "every", channel=None)
    climbs = await listening(pool, "climbs", channel="super-app", kinds=("id.kawal.case.escalated",))
    await commit(pool, of_channel(climb("whw-mine"), "super-app"))
    await commit(pool, of_channel(climb("whw-other"), "lapor"))
    assert [line.subject for line in await sent(pool, mine)] == ["whw-mine"] * 2
    assert [line.subject for line in await sent(pool, every)] == ["whw-mine"] * 2 + ["whw-other"] * 2
    assert await types(pool, climbs) == ["id.kawal.case.escalated"]


@pytest.mark.parametrize(
    "guarded",
    [{"identity": Identity.CONFIDENTIAL}, {"bypassed": "ROADS", "respondent": "ROADS"}, {"respondent": "ROADS"}],
    ids=["confidential", "whistle", "accusing"],
)
async def test_what_is_confidential_is_told_to_the_channel_that_it_came_in_by_alone(
    pool: Pool, guarded: dict[str, object], request: pytest.FixtureRequest
) -> None:
    name = f"whw-{request.node.callspec.id}"
    its_own, every = await listening(pool, "own", channel="super-app"), await listening(pool, "all", channel=None)
    await commit(pool, of_channel(climb(name), "super-app", **guarded))
    for delivery in post.deliveries(f"{name}-d", ordered_by=name):
        await deliveries.commit(pool, delivery)
    assert {line.subject for line in await sent(pool, its_own)} == {name, f"{name}-d"}
    assert await types(pool, every) == []


async def test_deliveries_are_told_to_whom_the_request_or_case_that_ordered_them_is(pool: Pool) -> None:
    mine, other = await listening(pool, "mine", channel="super-app"), await listening(pool, "other", channel="lapor")
    every = await listening(pool, "every", channel=None)
    version = await post.published(pool)
    given = post.intake()
    await service_requests.accept(pool, "whw-req", given, "rcp-whw-req", version, post.NOON, once_per_period=False)
    for delivery in post.deliveries("whw-req-d1", handed_over("whw-e1"), ordered_by="whw-req"):
        await deliveries.commit(pool, delivery)
    expected = [f"id.kawal.delivery.{kind}" for kind in ("planned", "ordered", "told")]
    assert await types(pool, mine) == expected
    assert await types(pool, every) == expected
    assert await types(pool, other) == []
    told = await pool.fetchval(
        "select data from webhook_deliveries where subscription = $1 order by delivery desc limit 1", mine
    )
    assert told == {
        "delivery_id": "whw-req-d1",
        "seq": 3,
        "status": "delivered",
        "ordered_by": "whw-req",
        "service": "papers",
        "order": 1,
        "scan": "delivered",
        "scanned_at": "2026-11-23T13:00:00+00:00",
        "reason": None,
        "due_at": "2026-11-28T12:00:00+00:00",
    }

    await commit(pool, of_channel(climb("whw-case"), "lapor"))
    for delivery in post.deliveries("whw-case-d1", ordered_by="whw-case"):
        await deliveries.commit(pool, delivery)
    assert [line.subject for line in await sent(pool, other)] == ["whw-case"] * 2 + ["whw-case-d1"] * 2


async def test_requests_are_told_with_their_case_and_delivery(pool: Pool) -> None:
    mine = await listening(pool, "mine", channel="super-app")
    for request in post.requests(post.start("whw-sr"), [post.PLANNED, post.prepared("whw-sr"), post.ASKED]):
        for _ in range(2):
            await service_requests.commit(pool, request)
    assert await types(pool, mine) == [f"id.kawal.request.{kind}" for kind in ("received", "prepared", "payment-asked")]
    told = await pool.fetchval("select data from webhook_deliveries where event_id = 'request/whw-sr/3'")
    assert told == {
        "request_id": "whw-sr",
        "seq": 3,
        "status": "awaiting payment",
        "outcome": None,
        "channel": "super-app",
        "service": "papers",
        "region": "north",
        "case_id": "whw-sr-p1",
        "delivery_id": None,
    }


# What nobody may read


async def test_nothing_that_anybody_wrote_reaches_a_receiver_or_a_log(pool: Pool) -> None:
    name, number, phone, email, words = PERSONAL
    planted = Transition(
        **dict(
            happened(
                TransitionKind.REFERRED,
                actor=name,
                message_id=f"m-{phone}",
                detail={"reason": words, "name": name, "reporter": email},
                evidence=(number,),
            )
        )
    )
    view = case(
        "whw-planted", referred_to=f"{name} {phone}", holder=f"{name}@ROADS", owners=(email,), watchers=(number,)
    )
    async with receiving() as receiver:
        receiver.answers = []
        await subscribed(pool, receiver, "planted", channel="counter")
        await commit(pool, CommitRequest(case=view, transitions=(planted,)))
        with capture_logs() as logs:
            assert (await dispatcher(pool).one_pass()).sent == 1
            receiver.always = 500
            await commit(pool, climb("whw-planted-2"))
            assert (await dispatcher(pool).one_pass()).failed == 1
    said = b"".join(call.body for call in receiver.calls).decode() + json.dumps(logs) + str(receiver.calls[0].headers)
    assert "whw-planted-2" in said
    assert [value for value in PERSONAL if value in said] == []
    assert receiver.url not in json.dumps(logs)  # it may hold a token
    assert receiver.secret not in json.dumps(logs)


async def test_secrets_are_sealed_in_the_database(pool: Pool, database_url: str) -> None:
    async with receiving() as receiver:
        subscription = await subscribed(pool, receiver, "sealed", channel="counter")
    key = receiver.secret.removeprefix("whsec_")
    rows = await pool.fetch("select to_jsonb(s)::text as all, sealed from webhook_secrets s")
    rows += await pool.fetch("select to_jsonb(s)::text as all, null::bytea as sealed from webhook_subscriptions s")
    assert all(key not in row["all"] and webhook_secrets._written(row["sealed"] or b"") != key for row in rows)
    connection: Any = pool
    [signing] = await webhook_secrets.signing(connection, pool.ring, subscription, datetime.now(UTC))
    assert signing == receiver.secret
    other = KeyRing({pool.ring.newest: new_ring("other").keys["other"]}, pool.ring.index)
    with pytest.raises(SecretUnreadableError, match="is not the one that sealed"):
        await webhook_secrets.signing(connection, other, subscription, datetime.now(UTC))


async def test_a_secret_of_one_webhook_is_worth_nothing_at_another(pool: Pool) -> None:
    one, other = await listening(pool, "one", channel="a"), await listening(pool, "two", channel="a")
    await pool.execute(
        "update webhook_secrets set sealed = (select sealed from webhook_secrets where subscription = $1)"
        " where subscription = $2",
        one,
        other,
    )
    connection: Any = pool
    with pytest.raises(SecretUnreadableError):
        await webhook_secrets.signing(connection, pool.ring, other, datetime.now(UTC))


async def test_secrets_outlast_the_exchange_of_the_ring_s_key(pool: Pool, database_url: str) -> None:
    subscription = await listening(pool, "ring", channel="a")
    await webhook_subscriptions.rotate(pool, subscription, datetime.now(UTC))
    connection: Any = pool
    before = await webhook_secrets.signing(connection, pool.ring, subscription, datetime.now(UTC))
    assert len(before) == 2
    longer = with_new_key(pool.ring, "newer")
    changed = await database.connect(database_url, ring=longer)
    try:
        assert await webhook_secrets.signing(connection, longer, subscription, datetime.now(UTC)) == before
        assert await webhook_secrets.reseal(changed) == 2
        assert await webhook_secrets.reseal(changed) == 0
    finally:
        await changed.close()
    alone = KeyRing({"newer": longer.keys["newer"]}, longer.index)
    assert await webhook_secrets.signing(connection, alone, subscription, datetime.now(UTC)) == before
    with pytest.raises(SecretUnreadableError, match="lacks the key newer"):
        await webhook_secrets.signing(connection, pool.ring, subscription, datetime.now(UTC))


# What is forgotten


async def test_what_is_old_is_forgotten_unless_it_is_still_to_be_sent(pool: Pool) -> None:
    live, paused = await listening(pool, "live", channel="counter"), await listening(pool, "rests", channel="counter")
    await webhook_subscriptions.pause(pool, paused, datetime.now(UTC))
    await commit(pool, climb("whw-old"))
    await pool.execute("update webhook_deliveries set state = 'sent' where event_id = 'case/whw-old/1'")
    await pool.execute(
        "insert into webhook_deliveries (subscription, event_id, type, subject, at, data)"
        " values ('wh-nobody', 'case/x/1', 't', 'x', now(), '{}')"
    )
    now = datetime.now(UTC)
    assert await webhooks_out.prune(pool, now + timedelta(days=89)) == 0
    assert await webhooks_out.prune(pool, now + timedelta(days=91)) == 4
    assert [line.event_id for line in await sent(pool, live)] == ["case/whw-old/2"]
    assert await sent(pool, paused) == []


async def test_the_loop_forgets_what_is_old(pool: Pool) -> None:
    subscription = await listening(pool, "forgets", channel="counter")
    await commit(pool, climb("whw-forgets"))
    await pool.execute("update webhook_deliveries set state = 'dead'")
    sender = dispatcher(pool, clock=HandClock(datetime.now(UTC) + timedelta(days=91)))
    await sender._look(sender._sender())
    assert await sent(pool, subscription) == []
