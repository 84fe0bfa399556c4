"""Whatever goes wrong beneath these routes is told as Open311 tells errors, in the format that was asked for."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from gateway.app import app
from gateway.identity.identity import IdentityAwayError
from gateway.kawal import Kawal as Gateway
from gateway.serve import serving
from local.ports import LOOPBACK, free_port
from runtime.gateway import GatewaySettings
from schemas.access import Caller
from storage import database
from tests.api.house import house_on
from tests.open311.door import JURISDICTION, V2, Door
from tests.open311.rules import as_texts, checked, parsed


@pytest.fixture
async def without_a_database(door: Door, database_url: str) -> AsyncIterator[Door]:
    """The interface while its database is away."""
    pool = await database.connect(database_url)
    await pool.close()
    async with house_on(door.house.kawal, pool=pool) as house:
        yield Door(house, door.key, door.channel, door.policy)


@pytest.mark.parametrize(
    "path", ["/services", "/services/road", "/requests", "/requests/K1-A", "/tokens/K1-A", "/discovery"]
)
async def test_while_the_database_is_away_clients_are_asked_to_come_back(without_a_database: Door, path: str) -> None:
    answer = await without_a_database.get(f"{path}.json")

    (error,) = checked("errors", answer, 503)
    assert (error["code"], int(answer.headers["retry-after"]) > 0) == (503, True)
    assert parsed("errors", await without_a_database.get(f"{path}.xml"), 503) == as_texts([error])


async def test_nothing_is_taken_in_while_the_database_is_away(without_a_database: Door) -> None:
    checked("errors", await without_a_database.post(), 503)


class _Away:
    async def caller(self, credential: str) -> Caller:
        raise IdentityAwayError("away")


class _Broken:
    async def caller(self, credential: str) -> Caller:
        raise ZeroDivisionError("planted-secret")


@pytest.mark.parametrize(("identity", "status"), [(_Away(), 503), (_Broken(), 500)], ids=["away", "broken"])
async def test_what_breaks_on_our_side_is_told_without_its_words(
    door: Door, identity: _Away | _Broken, status: int
) -> None:
    async with house_on(door.house.kawal) as house:
        kawal = house.kawal
        house.app.state.kawal = Gateway(kawal.client, kawal.pool, identity, task_queue=kawal.task_queue)
        answer = await Door(house, "any", "bridge", door.policy).post()

    (error,) = checked("errors", answer, status)
    assert "planted" not in error["description"]


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
@pytest.mark.parametrize("path", [f"{V2}/nothing", f"{V2}/services/road/more/", "/open311/v1/services", "/open311/"])
async def test_what_there_is_not_is_not_found_in_their_words(door: Door, method: str, path: str) -> None:
    answer = await door.house.http.request(method, path, params={"jurisdiction_id": JURISDICTION})

    assert parsed("errors", answer, 404)[0]["code"] == "404"


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_what_cannot_be_done_is_not_found_in_their_words(door: Door, method: str) -> None:
    checked("errors", await door.house.http.request(method, f"{V2}/requests.json"), 404)


async def test_who_asks_too_often_is_told_so_in_their_words(door: Door) -> None:
    seldom = app(door.house.gateway, behaviour=GatewaySettings(rate_unknown="1/hour"))
    port = free_port()
    url = f"http://{LOOPBACK}:{port}{V2}/services.json"
    async with serving(seldom, LOOPBACK, port), httpx.AsyncClient(timeout=30) as http:
        query = {"jurisdiction_id": JURISDICTION}
        answers = [await http.get(url, params=query) for _ in range(2)]

    checked("services", answers[0])
    checked("errors", answers[1], 429)
    assert int(answers[1].headers["retry-after"]) > 0


async def test_an_unreadable_form_in_parts_is_named(door: Door) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await door.house.http.post(f"{V2}/requests.json", content=b"no parts", headers=headers)

    checked("errors", answer, 400)


async def test_an_unknown_format_is_not_found(door: Door) -> None:
    checked("errors", await door.get("/services.csv.json"), 404)
    parsed("errors", await door.get("/services.csv"), 404)


async def test_more_fields_than_any_form_has_are_refused(door: Door) -> None:
    fields: dict[str, Any] = {f"field{number}": "x" for number in range(300)}

    checked("errors", await door.post(**fields), 400)


@pytest.mark.parametrize(
    "path", ["/requests/%00.json", "/requests/..%2f..%2fetc.json", "/services/%00.json", "/tokens/a b.json"]
)
async def test_an_id_that_is_none_is_not_found(door: Door, path: str) -> None:
    answer = await door.house.http.get(f"{V2}{path}", params={"jurisdiction_id": JURISDICTION})

    checked("errors", answer, 404)


async def test_a_query_that_is_no_text_is_named(door: Door) -> None:
    checked("errors", await door.get("/requests.json", service_code="a\x00b"), 400)
