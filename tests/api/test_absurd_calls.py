"""Calls that no client of ours sends: each is told what is wrong with it, and none breaks anything."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from runtime.evidence import EvidenceSettings
from storage.objects import opened
from tests.api.contract import STREAMS
from tests.api.contract_world import World, world_of
from tests.api.house import House, house_on, key
from tests.api.test_contract import OPERATIONS, PATHS
from tests.kawal import Kawal

_LONG = "x" * 5_000
_RAW = (
    "%00",
    "a%00b",
    "%ED%A0%80",
    "%FF%FE",
    "%C3%28",
    _LONG,
    "9" * 400,
    "-1",
    "1e400",
    "NaN",
    "..%2F..",
    "%0d%0aX: y",
)
"""In an address: NULs, half a surrogate, what is no UTF-8, and more than anybody needs."""
_AS_JSON = (
    '"\\u0000"',
    '"a\\u0000b"',
    '"\\ud800"',
    '"\\udfff\\ud800"',
    f'"{"y" * 100_000}"',
    "9" * 400,
    "9" * 5_000,
    "-9223372036854775809",
    "1e400",
    "NaN",
    "-Infinity",
    "null",
    "[]",
    "{}",
    "true",
    '""',
    "[" * 20_000 + "]" * 20_000,
    '{"":' * 20_000 + "0" + "}" * 20_000,
)
"""In place of a body."""
_AS_PART = ('"a\\u0000b"', '"\\ud800"', "9" * 400, "1e400", "{}")
"""In place of any part of a body, and of the name of a field."""
_MOST_PARTS = 60
"""Of a body: a policy has hundreds, that are alike."""
_BODIES = (
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"\xff\xfe{\x00}\x00",
    "{}".encode("utf-32"),
    b"\x00" * 1_000,
    b'{"a": 1, "a": 2}',
    b"{" * 100_000,
)
_KINDS = (
    "",
    "application/json; charset=latin-1",
    "application/json; charset=no-such",
    "application/xml",
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "multipart/form-data; boundary=" + "b" * 300,
    'a/b/c; d="',
    "application/" + "j" * 3_000,
)
_HEADERS = (
    {"Idempotency-Key": b"\xff\xfe"},
    {"Idempotency-Key": b"k" * 5_000},
    {"Idempotency-Key": b"a b"},
    {"If-Match": b'"' + b"9" * 100 + b'"'},
    {"If-Match": b"W/\xe9"},
    {"If-None-Match": b"\xff" * 300},
    {"Accept": b"text/\xff"},
    {"Accept-Language": b"x" * 5_000},
    {"X-Request-ID": b"\xff" * 64},
    {"X-Forwarded-For": b"not-an-address, \xff"},
    {"Origin": b"\xff"},
    {"Content-Encoding": b"gzip"},
    {"Expect": b"something"},
    {"Range": b"bytes=9-1"},
    {"Cookie": b"a=\xff; =;;;"},
)
_CREDENTIALS = (
    {"Authorization": b"Bearer"},
    {"Authorization": b"Bearer \xff\xfe"},
    {"Authorization": b"Bearer a.b.c"},
    {"Authorization": b"Bearer " + b"a" * 9_000},
    {"Authorization": b"Bearer eyJhbGciOiJub25lIn0.e30."},
    {"Authorization": b"Basic Og=="},
    {"Authorization": b"\x80"},
    {"X-API-Key": b"\xff"},
    {"X-API-Key": b"kawal_" + b"k" * 9_000},
    {"X-API-Key": b""},
)


@pytest.fixture(scope="module")
async def house(kawal: Kawal, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with house_on(kawal) as house:
        house.app.state.evidence = opened(EvidenceSettings(folder=tmp_path_factory.mktemp("evidence")))
        yield house


@pytest.fixture(scope="module")
async def world(house: House) -> World:
    return await world_of(house)


def _is_told(answer: httpx.Response) -> bool:
    """Return whether an answer is no failure of ours, and what is refused is told as a problem."""
    if answer.is_success or answer.status_code == 304:
        return True
    return 400 <= answer.status_code < 500 and answer.headers["content-type"] == "application/problem+json"


def _filled(path: str, world: World, **named: str) -> str:
    """Return a path with what there is, or with raw parts in place of it."""
    for name, there_is in world.named.items():
        path = path.replace(f"{{{name}}}", named.get(name) or quote(str(there_is[0]), safe=""))
    return path


async def _somebody(house: House, world: World, name: str) -> dict[str, str]:
    """Return a caller who gets as far as to what a call says; if nobody does, anybody."""
    method, path = PATHS[name]
    for who in world.callers.values():
        headers = who | key() | {"Content-Type": "application/json"}
        answer = await house.http.request(method, _filled(path, world), headers=headers, **_empty(method))
        if answer.status_code not in (401, 403, 404):
            return who
    return world.callers["auditor"]


def _empty(method: str) -> dict[str, Any]:
    return {"content": b"{}"} if method == "post" else {}


@pytest.mark.parametrize("name", [name for name in OPERATIONS if "{" in PATHS[name][1] and name not in STREAMS])
async def test_a_path_may_hold_anything(house: House, world: World, name: str) -> None:
    method, path = PATHS[name]
    for who in (await _somebody(house, world, name), {}):
        for part in [part for part in world.named if f"{{{part}}}" in path]:
            for raw in _RAW:
                answer = await house.http.request(method, _filled(path, world, **{part: raw}), headers=who | key())
                assert _is_told(answer), (part, raw[:50], answer.text)


def _queried(name: str) -> list[str]:
    return [one["name"] for one in OPERATIONS[name][1].get("parameters", ()) if one["in"] == "query"]


@pytest.mark.parametrize("name", [name for name in OPERATIONS if _queried(name) and name not in STREAMS])
async def test_a_query_may_hold_anything(house: House, world: World, name: str) -> None:
    method, path = PATHS[name]
    who = await _somebody(house, world, name)
    for part in (*_queried(name), "unheard-of"):
        for raw in (*_RAW, "&".join(["1", *[f"{part}=1"] * 2_000])):
            answer = await house.http.request(method, f"{_filled(path, world)}?{part}={raw}", headers=who)
            assert _is_told(answer), (part, raw[:50], answer.text)


def _examples(name: str) -> list[Any]:
    content = OPERATIONS[name][1].get("requestBody", {}).get("content", {}).get("application/json", {})
    named = [one["value"] for one in content.get("examples", {}).values()]
    return named or content.get("schema", {}).get("examples", [])


_HOLE = "\N{OBJECT REPLACEMENT CHARACTER}"


def _holed(value: Any) -> Iterator[Any]:
    """Yield a body with a hole in place of each part of it, of each name of a field, and with a field too many."""
    yield _HOLE
    if isinstance(value, dict):
        yield value | {_HOLE: 1}
        for name, inner in value.items():
            yield from (value | {name: holed} for holed in _holed(inner))
    elif isinstance(value, list):
        yield [*value, _HOLE]
        for number, inner in enumerate(value[:1]):
            yield from ([*value[:number], holed, *value[number + 1 :]] for holed in _holed(inner))


@pytest.mark.parametrize("name", [name for name in OPERATIONS if _examples(name)])
async def test_a_body_may_hold_anything(house: House, world: World, name: str) -> None:
    _, path = PATHS[name]
    bodies = {json.dumps(holed): None for example in _examples(name)[:2] for holed in _holed(example)}
    who = await _somebody(house, world, name)
    for body in list(bodies)[:_MOST_PARTS]:
        for absurd in _AS_JSON if body == json.dumps(_HOLE) else _AS_PART:
            content = body.replace(json.dumps(_HOLE), absurd)
            headers = who | key() | {"Content-Type": "application/json"}
            answer = await house.http.post(_filled(path, world), headers=headers, content=content.encode())
            assert _is_told(answer), (body, absurd[:50], answer.text)


@pytest.mark.parametrize("name", [name for name in OPERATIONS if OPERATIONS[name][0] == "post"])
async def test_a_body_may_be_anything(house: House, world: World, name: str) -> None:
    _, path = PATHS[name]
    who = await _somebody(house, world, name)
    absurd = [(body, "application/json") for body in _BODIES] + [(b'{"text": "x"}', kind) for kind in _KINDS]
    for body, kind in absurd:
        headers = who | key() | {"Content-Type": kind}
        answer = await house.http.post(_filled(path, world), headers=headers, content=body)
        assert _is_told(answer), (body[:50], kind, answer.text)


@pytest.mark.parametrize(
    "name", ["getCase", "listCases", "submitComplaint", "sendMessage", "getPolicy", "uploadEvidence"]
)
async def test_headers_may_hold_anything(house: House, world: World, name: str) -> None:
    method, path = PATHS[name]
    who = await _somebody(house, world, name)
    for odd in _HEADERS:
        headers = httpx.Headers([(one.encode(), value.encode()) for one, value in (who | key()).items()])
        answer = await house.http.request(
            method, _filled(path, world), headers=[*headers.raw, *_raw(odd)], **_empty(method)
        )
        assert _is_told(answer), (odd, answer.text)


@pytest.mark.parametrize("path", ["/v1/cases", "/v1/complaints", "/open311/v2/requests.json"])
async def test_credentials_may_be_anything(house: House, path: str) -> None:
    for odd in _CREDENTIALS:
        answer = await house.http.get(path, headers=_raw(odd))
        assert 400 <= answer.status_code < 500 or path.startswith("/open311"), (odd, answer.text)
        assert answer.status_code < 500, (odd, answer.text)


def _raw(headers: dict[str, bytes]) -> list[tuple[bytes, bytes]]:
    return [(name.encode(), value) for name, value in headers.items()]


async def test_nothing_hangs_afterwards(house: House) -> None:
    async with asyncio.timeout(10):
        assert (await house.http.get("/health/ready")).json() == {
            "status": "ready",
            "database": "ready",
            "temporal": "ready",
        }
