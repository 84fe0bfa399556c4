"""Every answer has an id, the headers that protect people, and a log line that tells nothing of them."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import structlog
from fastapi import Request
from fastapi.responses import StreamingResponse
from structlog.testing import LogCapture

from runtime.gateway import GatewaySettings
from tests.api.house import House, house_on, key
from tests.kawal import Kawal

_PROTECTING = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cache-control": "no-store",
    "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
    "strict-transport-security": "max-age=31536000; includeSubDomains",
}
PERSONAL = "Siti-Rahma-0812"


class Doors:
    """Routes of these tests, on top of the others."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.left = asyncio.Event()
        self.opened = asyncio.Event()

    def add_to(self, house: House) -> None:
        for path in (self.slow, self.broken, self.late_by_itself, self.streaming, self.taking):
            house.app.add_api_route(f"/{path.__name__}", path, methods=["GET", "POST"], include_in_schema=False)

    async def slow(self) -> None:
        self.entered.set()
        try:
            await asyncio.Event().wait()
        finally:
            self.left.set()

    async def broken(self) -> None:
        raise LookupError(PERSONAL)

    async def late_by_itself(self) -> None:
        raise TimeoutError(PERSONAL)

    async def streaming(self) -> StreamingResponse:
        async def events() -> AsyncIterator[bytes]:
            yield b": here\n\n"
            await self.opened.wait()
            yield b": still here\n\n"

        return StreamingResponse(events(), media_type="text/event-stream")

    async def taking(self, request: Request) -> dict[str, int]:
        self.entered.set()
        return {"bytes": len(await request.body())}


@pytest.fixture
async def hasty(kawal: Kawal) -> AsyncIterator[House]:
    """A house that gives calls up after a moment."""
    async with house_on(kawal, behaviour=GatewaySettings(longest_seconds=0.3)) as house:
        yield house


@pytest.fixture
def doors(hasty: House) -> Doors:
    doors = Doors()
    doors.add_to(hasty)
    return doors


@pytest.fixture
def logged(monkeypatch: pytest.MonkeyPatch) -> Iterator[LogCapture]:
    """All that is logged, with what belongs to the call."""
    capture = LogCapture()
    before = structlog.get_config()
    structlog.configure(processors=[structlog.contextvars.merge_contextvars, capture], cache_logger_on_first_use=False)
    for module in ("gateway.web.passing", "gateway.api.problems", "gateway.open311.errors"):
        monkeypatch.setattr(f"{module}._log", structlog.get_logger("http"))
    yield capture
    structlog.configure(**before)


@pytest.mark.parametrize(
    "given", ["abc-DEF.123_x", "a" * 64, "2f1c7a52-9a57-4a1e-a1d8-5c0a35a4f3d1", "00000000-1111-2222-3333-444444444444"]
)
async def test_a_sane_id_of_a_call_is_kept(house: House, given: str) -> None:
    answer = await house.http.get("/v1/cases", headers={"X-Request-ID": given})
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == given


@pytest.mark.parametrize(
    "given",
    [
        "",
        "short",
        "a" * 65,
        "has blanks in it",
        "081234567890",
        "x-0812-3456-7890",
        "1871.0141.0790.0001",
        "a\xe9bcdefgh",
    ],
)
async def test_an_id_that_may_be_somebodys_number_or_anything_is_replaced(house: House, given: str) -> None:
    answer = await house.http.get("/v1/cases", headers={b"X-Request-ID": given.encode("latin-1")})
    assert answer.headers["x-request-id"] == answer.json()["request_id"] != given
    assert len(answer.json()["request_id"]) == 36


async def _answers(house: House) -> list[httpx.Response]:
    http, auditor = house.http, house.as_("auditor")
    return [
        await http.get("/health"),
        await http.get("/v1/policies", headers=auditor),
        await http.get("/v1/cases"),
        await http.get("/v1/nowhere"),
        await http.put("/v1/cases"),
        await http.get("/open311/v2/nowhere.json"),
        await http.get("/open311/v2/requests/none.xml"),
        await http.post("/v1/complaints", headers=house.as_("system") | key(), content=b"{"),
        await http.post("/v1/complaints", content=b"x" * 2_000_000),
        await http.post("/open311/v2/requests.json", content=b"x" * 2_000_000),
        await http.options("/codec/decode", headers={"Origin": "https://x", "Access-Control-Request-Method": "POST"}),
        await http.get("/metrics"),
    ]


async def test_every_answer_has_an_id_and_protects(house: House) -> None:
    for answer in await _answers(house):
        assert answer.headers["x-request-id"], answer.request.url
        for name, value in _PROTECTING.items():
            assert answer.headers[name] == value, (answer.request.url, name)
        assert "server" not in answer.headers


async def test_what_breaks_is_a_problem_with_an_id_and_nothing_of_it_is_told(
    hasty: House, doors: Doors, logged: LogCapture, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        answer = await hasty.http.get("/broken")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["x-frame-options"] == "DENY"
    [broke] = [line for line in logged.entries if line["event"] == "a call broke"]
    assert broke["request_id"] == answer.headers["x-request-id"]
    assert broke["where"][-1].startswith("test_passing:")
    assert PERSONAL not in answer.text + str(logged.entries) + caplog.text


async def test_a_call_that_takes_too_long_is_given_up(hasty: House, doors: Doors) -> None:
    answer = await hasty.http.get("/slow")
    assert answer.status_code == 504
    assert answer.json()["detail"] == "took over 0.3 seconds: send it again, with the same key"
    assert answer.headers["x-request-id"]
    assert doors.left.is_set()


async def test_what_times_out_by_itself_is_no_call_that_took_too_long(hasty: House, doors: Doors) -> None:
    answer = await hasty.http.get("/late_by_itself")
    assert answer.status_code in (500, 503)
    assert PERSONAL not in answer.text


async def test_a_stream_of_events_may_take_as_long_as_it_likes(hasty: House, doors: Doors) -> None:
    async with hasty.http.stream("GET", "/streaming") as answer:
        lines = answer.aiter_bytes()
        assert await anext(lines) == b": here\n\n"
        assert (await hasty.http.get("/slow")).status_code == 504  # so that the limit has passed
        doors.opened.set()
        assert await anext(lines) == b": still here\n\n"


async def test_a_body_that_goes_on_arriving_is_waited_for(hasty: House, doors: Doors) -> None:
    async def body() -> AsyncIterator[bytes]:
        for _ in range(6):
            yield b"x"
            await asyncio.sleep(0.1)  # all of it takes twice as long as nothing may

    answer = await hasty.http.post("/taking", content=body())
    assert (answer.status_code, answer.json()) == (200, {"bytes": 6})


async def test_a_body_that_does_not_go_on_is_not_waited_for(hasty: House, doors: Doors) -> None:
    reading, writing = await _begun(hasty, "/taking", b"x", length=10)
    assert (await asyncio.wait_for(reading.readline(), 20)).startswith(b"HTTP/1.1 504 ")
    writing.close()


async def test_a_client_that_goes_away_in_the_middle_breaks_nothing(
    hasty: House, doors: Doors, logged: LogCapture, caplog: pytest.LogCaptureFixture
) -> None:
    for path in ("/taking", "/v1/complaints", "/v1/evidence", "/open311/v2/requests.json"):
        with caplog.at_level(logging.WARNING):
            _, writing = await _begun(hasty, path, b"name=x", length=1_000, **hasty.as_("reporter"))
            writing.close()
            await writing.wait_closed()
    assert (await hasty.http.get("/health")).json() == {"status": "open"}
    for _ in range(200):
        if len([line for line in logged.entries if line["event"] == "call"]) >= 5:
            break
        await asyncio.sleep(0.02)
    assert not [line for line in logged.entries if line["log_level"] != "info"]
    assert not caplog.records


async def _begun(
    house: House, path: str, body: bytes, *, length: int, **headers: str
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Begin a call whose body does not end."""
    url = house.http.base_url
    reading, writing = await asyncio.open_connection(url.host, url.port)
    lines = {"Host": "x", "Content-Length": str(length), "Idempotency-Key": "k"} | headers
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    writing.write(f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body)
    await writing.drain()
    return reading, writing


async def test_a_body_that_is_too_large_is_a_problem(house: House) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 100_000

    who = house.as_("system") | key() | {"Content-Type": "application/json"}
    for headers in (who, {"Content-Type": "application/json"}, {}):
        for content in (b"x" * (1024 * 1024 + 1), endless()):
            answer = await house.http.post("/v1/complaints", headers=headers, content=content)
            told = (answer.status_code, answer.headers["content-type"])
            assert told in ((413, "application/problem+json"), (401, "application/problem+json")), answer.text
            assert answer.json()["request_id"] == answer.headers["x-request-id"]
    as_large = json.dumps({"category": "road", "text": "x"}).encode().ljust(1024 * 1024)
    assert (await house.http.post("/v1/complaints", headers=who, content=as_large)).status_code != 413


@pytest.mark.parametrize(
    ("ending", "kind"), [(".json", "application/json; charset=utf-8"), ("", "text/xml; charset=utf-8")]
)
async def test_open311_says_in_its_own_form_that_a_body_is_too_large(house: House, ending: str, kind: str) -> None:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for content in (b"a=" + b"x" * 300_000, b"a=" + b"x" * 2_000_000):
        answer = await house.http.post(f"/open311/v2/requests{ending}", headers=form, content=content)
        assert (answer.status_code, answer.headers["content-type"]) == (413, kind)
        assert "413" in answer.text


async def test_a_call_is_logged_by_its_route_alone(house: House, logged: LogCapture) -> None:
    auditor = house.as_("auditor", id="auditor-of-logs")
    headers = auditor | {"X-Request-ID": "call-of-the-log-test"}
    await house.http.get(f"/v1/cases/{PERSONAL}?q={PERSONAL}", headers=headers)
    await house.http.get(f"/{PERSONAL}?api_key={PERSONAL}", headers=headers)
    await house.http.get(f"/open311/v2/requests/{PERSONAL}.json?api_key={PERSONAL}", headers=headers)
    await house.http.request(PERSONAL.upper(), "/v1/cases", headers=headers)
    calls = [line for line in logged.entries if line.get("request_id") == "call-of-the-log-test"]
    assert [line["route"] for line in calls] == [
        "/v1/cases/{case_id}",
        "none",
        "/open311/v2/requests/{case_id}.json",
        "/v1/cases",
    ]
    assert [line["method"] for line in calls] == ["GET", "GET", "GET", "other"]
    assert calls[0]["caller"] == "auditor-of-logs"
    said = str(logged.entries).lower()
    assert PERSONAL.lower() not in said
    assert auditor["Authorization"].removeprefix("Bearer ").lower() not in said
