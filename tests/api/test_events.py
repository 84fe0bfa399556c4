"""Whoever follows hears of everything once, in order, whatever breaks, and of nothing that is not theirs any more."""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from fastapi.sse import ServerSentEvent
from starlette.types import Message

from gateway.api import events
from gateway.api.event_stream import STILL_THERE, EventStream
from gateway.api.following import MOST_WAITING, Feed, Happened
from gateway.identity import api_keys
from schemas.case import TransitionKind
from schemas.status import Status
from storage.case_lines import Line
from tests.api.handing_in import Headers, case_of, done, operator
from tests.api.house import House
from tests.gateway.telling import case
from tests.making import NOON


@dataclass
class Stream:
    """What comes down a stream of events."""

    response: httpx.Response
    lines: AsyncIterator[str] = field(init=False)

    def __post_init__(self) -> None:
        self.lines = self.response.aiter_lines()

    async def next(self) -> tuple[int | None, dict[str, Any]] | None:
        """Return the next event's id and data; None at the end."""
        said: dict[str, str] = {}
        async for line in self.lines:
            if line == "" and "data" in said:
                return int(said["id"]) if "id" in said else None, json.loads(said["data"])
            name, _, value = line.partition(": ")
            said |= {name: value} if name else {}
        return None

    async def kinds(self, count: int) -> list[tuple[int | None, str]]:
        """Return the ids and kinds of the next events."""
        found = []
        for _ in range(count):
            event = await self.next()
            assert event is not None, "the stream ended"
            found.append((event[0], event[1].get("item", event[1])["kind"]))
        return found


@asynccontextmanager
async def following(house: House, who: Headers, path: str) -> AsyncIterator[Stream]:
    """Follow something. By when this begins, nothing that happens is missed."""
    async with house.http.stream("GET", path, headers=who) as response:
        assert response.status_code == 200
        assert response.headers["Content-Type"].startswith("text/event-stream")
        yield Stream(response)


async def test_a_stream_tells_what_happened_and_then_what_happens_until_the_end(house: House) -> None:
    me = house.as_("reporter")
    case_id = await case_of(house, me)
    async with following(house, me, f"/v1/cases/{case_id}/events") as stream:
        assert await stream.kinds(2) == [(1, "received"), (2, "assigned")]
        await done(house, operator(house, id="works-on-it"), case_id, "note", text="Nobody's business.")
        number, said = await stream.next() or (None, {})
        timeline = (await house.http.get(f"/v1/cases/{case_id}/timeline", headers=me)).json()["items"]
        assert (number, said) == (3, timeline[2])
        assert said["actor"] == {"role": "agency", "agency": "ROADS", "account": None}
        await done(house, me, case_id, "withdraw")
        assert await stream.kinds(1) == [(4, "withdrawn")]
        assert await stream.next() is None


async def test_a_stream_goes_on_where_it_was_broken_off(house: House) -> None:
    me = house.as_("reporter")
    case_id = await case_of(house, me)
    await done(house, operator(house), case_id, "note")
    async with following(house, me | {"Last-Event-ID": "2"}, f"/v1/cases/{case_id}/events") as stream:
        assert await stream.kinds(1) == [(3, "noted")]


async def test_whoever_heard_the_end_of_a_case_is_told_to_stop(house: House) -> None:
    me = house.as_("reporter")
    case_id = await case_of(house, me)
    await done(house, me, case_id, "withdraw")
    path = f"/v1/cases/{case_id}/events"
    assert (await house.http.get(path, headers=me | {"Last-Event-ID": "3"})).status_code == 204
    answer = await house.http.get(path, headers=me | {"Last-Event-ID": "2"})
    assert answer.text.count("event: transition") == 1


@pytest.mark.parametrize("last", ["-1", "abc", "99999999999"])
async def test_a_last_event_that_cannot_be_is_refused(house: House, last: str) -> None:
    me = house.as_("reporter")
    case_id = await case_of(house, me)
    answer = await house.http.get(f"/v1/cases/{case_id}/events", headers=me | {"Last-Event-ID": last})
    assert answer.status_code == 422


async def test_a_case_that_becomes_a_secret_ends_the_stream_of_the_accused_agency(house: House) -> None:
    case_id = await case_of(house, house.as_("reporter"), respondent="ROADS")
    accused = operator(house)
    async with following(house, accused, f"/v1/cases/{case_id}/events") as stream:
        assert len(await stream.kinds(2)) == 2
        await done(house, accused, case_id, "verify", category="report")
        assert await stream.next() is None
    assert (await house.http.get(f"/v1/cases/{case_id}", headers=accused)).status_code == 404


async def test_a_stream_ends_when_its_key_is_revoked(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api_keys, "_REMEMBERED_SECONDS", 0.0)
    made, secret = await api_keys.make(house.pool, name="a bridge", channel="counter", made_by="somebody")
    app = {"X-API-Key": secret}
    case_id = await case_of(house, app)
    async with following(house, app, f"/v1/cases/{case_id}/events") as stream:
        assert len(await stream.kinds(2)) == 2
        await house.pool.execute("update api_keys set revoked_at = now() where key_id = $1", made.key_id)
        await done(house, operator(house), case_id, "note")
        assert await stream.next() is None


_LISTENING = "select pid from pg_stat_activity where query ilike 'listen %' and datname = current_database()"


async def test_followers_hear_again_when_the_listening_connection_was_lost(house: House) -> None:
    me = house.as_("reporter")
    case_id = await case_of(house, me)
    async with following(house, me, f"/v1/cases/{case_id}/events") as stream:
        assert len(await stream.kinds(2)) == 2
        listening = await house.pool.fetch(_LISTENING)
        assert len(listening) == 1
        assert await house.pool.fetchval("select pg_terminate_backend($1)", listening[0]["pid"])
        await done(house, operator(house), case_id, "note")
        async with asyncio.timeout(10):  # well before anybody looks unasked
            assert await stream.kinds(1) == [(3, "noted")]


async def test_many_follow_over_one_connection(house: House) -> None:
    me = house.as_("reporter")
    case_id = await case_of(house, me)
    path = f"/v1/cases/{case_id}/events"
    async with following(house, me, path) as one, following(house, operator(house), path) as another:
        assert await one.kinds(2) == await another.kinds(2)
        assert len(await house.pool.fetch(_LISTENING)) == 1
        await done(house, operator(house), case_id, "note")
        assert await one.kinds(1) == await another.kinds(1) == [(3, "noted")]


async def begun(stream: Stream) -> Stream:
    """Wait until a stream of an agency has begun."""
    async for line in stream.lines:
        if line.startswith(": "):
            return stream
    raise AssertionError("the stream ended")


async def test_an_agency_hears_of_its_own_cases_and_of_no_others(house: House) -> None:
    async with (
        following(house, operator(house), "/v1/events?agency=ROADS") as roads,
        following(house, operator(house, "SCHOOLS"), "/v1/events?agency=SCHOOLS") as schools,
    ):
        await begun(roads)
        await begun(schools)
        secret = await case_of(house, house.as_("reporter"), category="report", respondent="ROADS")
        case_id = await case_of(house, house.as_("reporter"))
        await done(house, operator(house), case_id, "transfer", agency="SCHOOLS", reason="wrong-agency")
        heard = [await roads.next() for _ in range(3)]
        assert [(number, said["case_id"], said["item"]["kind"]) for number, said in filter(None, heard)] == [
            (None, case_id, "received"),
            (None, case_id, "assigned"),
            (None, case_id, "transferred"),
        ]
        assert secret not in json.dumps(heard)
        _, said = await schools.next() or (None, {})
        assert (said["case_id"], said["agency"], said["item"]["kind"]) == (case_id, "SCHOOLS", "transferred")


async def test_an_agency_hears_nothing_of_a_case_that_was_its_own_and_now_accuses_it(house: House) -> None:
    case_id = await case_of(house, house.as_("reporter"), respondent="ROADS")
    accused = operator(house)
    async with following(house, accused, "/v1/events?agency=ROADS") as stream:
        await begun(stream)
        await done(house, accused, case_id, "verify", category="report")
        other = await case_of(house, house.as_("reporter"))
        _, said = await stream.next() or (None, {})
        assert said["case_id"] == other


async def test_whoever_may_see_all_cases_hears_of_one_agencys_alone(house: House) -> None:
    async with following(house, house.as_("auditor"), "/v1/events?agency=SCHOOLS") as stream:
        await begun(stream)
        await case_of(house, house.as_("reporter"))
        schools = await case_of(house, house.as_("reporter"), category="school")
        _, said = await stream.next() or (None, {})
        assert said["case_id"] == schools


async def test_only_an_agencys_people_and_auditors_follow_it(house: House) -> None:
    for who, expected in (
        (operator(house, "SCHOOLS"), 403),
        (house.as_("policy-admin"), 403),
        (house.as_("reporter"), 404),
        (house.as_("system"), 404),
        ({}, 401),
    ):
        assert (await house.http.get("/v1/events?agency=ROADS", headers=who)).status_code == expected
    async with following(house, house.as_("auditor"), "/v1/events?agency=ROADS") as stream:
        await begun(stream)


def happened() -> Happened:
    line = Line(
        case_id="told-1",
        seq=1,
        kind=TransitionKind.NOTED,
        at=NOON,
        actor="somebody",
        message_id=None,
        was=None,
        status=Status.ASSIGNED,
        level=0,
        due_at=None,
        agency=None,
        detail={},
    )
    return Happened(case=case(), line=line)


async def test_whoever_hears_nothing_hears_that_we_are_there_however_much_happens_elsewhere(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "HEARTBEAT_SECONDS", 0.5)

    async def elsewhere() -> None:
        while True:
            for feed in house.app.state.following._feeds:
                feed.put(happened())
            await asyncio.sleep(0.02)

    async with following(house, operator(house, "SCHOOLS"), "/v1/events?agency=SCHOOLS") as stream:
        await begun(stream)
        busy = asyncio.create_task(elsewhere())
        async with asyncio.timeout(20):
            await begun(stream)
        busy.cancel()


async def test_a_feed_that_nobody_takes_from_is_given_up_and_holds_nothing() -> None:
    feed = Feed()
    for _ in range(MOST_WAITING):
        feed.put(happened())
    kept = not feed.lost
    feed.put(happened())
    assert (kept, feed.lost) == (True, True)
    assert await feed.next(0) is None


async def test_a_feed_waits_for_what_happens_next() -> None:
    feed = Feed()
    waiting = asyncio.create_task(feed.next(30))
    await asyncio.sleep(0)
    feed.put(happened())
    assert await waiting == happened()
    waiting = asyncio.create_task(feed.next(30))
    await asyncio.sleep(0)
    feed.lose()
    assert await waiting is None


async def test_a_client_that_takes_nothing_is_dropped() -> None:
    ended = asyncio.Event()

    async def events() -> AsyncGenerator[ServerSentEvent]:
        try:
            while True:
                yield STILL_THERE
        finally:
            ended.set()

    async def never(message: Message) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    await EventStream(events(), longest_send=0.05).stream_response(never)
    assert ended.is_set()
