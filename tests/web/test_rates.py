"""Who calls too often waits; who does not is not bothered; who makes credentials up is no better off."""

from collections.abc import AsyncIterator

import pytest

from runtime.gateway import GatewaySettings, gateway
from runtime.settings import SettingsError
from tests.api.house import House, house_on
from tests.kawal import Kawal


@pytest.fixture
async def house(kawal: Kawal) -> AsyncIterator[House]:
    """A house that lets nobody call often: within an hour, so that no test waits for its end."""
    async with house_on(kawal, behaviour=GatewaySettings(rate="5/hour", rate_unknown="3/hour")) as house:
        yield house


async def statuses(house: House, calls: int, headers: dict[str, str], path: str = "/v1/policies") -> list[int]:
    return [(await house.http.get(path, headers=headers)).status_code for _ in range(calls)]


async def test_each_credential_is_counted_by_itself(house: House) -> None:
    one, other = house.as_("auditor"), house.as_("auditor")
    assert await statuses(house, 7, one) == [200] * 5 + [429] * 2
    assert await statuses(house, 6, other) == [200] * 5 + [429]


async def test_whoever_called_too_often_is_told_when_to_come_again(house: House) -> None:
    await statuses(house, 3, {})
    answer = await house.http.get("/v1/policies")
    assert (answer.status_code, answer.headers["content-type"]) == (429, "application/problem+json")
    assert answer.json()["detail"] == "no more than 3 per 1 hour: wait a little"
    assert 1 <= int(answer.headers["retry-after"]) <= 3600
    assert answer.headers["x-request-id"] == answer.json()["request_id"]
    assert answer.headers["x-frame-options"] == "DENY"


@pytest.mark.parametrize(("path", "kind"), [("/open311/v2/services.json", "json"), ("/open311/v2/services", "xml")])
async def test_open311_says_so_in_its_own_form(house: House, path: str, kind: str) -> None:
    await statuses(house, 3, {})
    answer = await house.http.get(path)
    assert answer.status_code == 429
    assert kind in answer.headers["content-type"]
    assert int(answer.headers["retry-after"]) >= 1


async def test_credentials_that_are_made_up_are_counted_by_address(house: House) -> None:
    """Else a new one for each call would never be too many."""
    for how in ("X-API-Key", "Authorization"):
        for n in range(3):
            await house.http.get("/v1/policies", headers={how: f"Bearer made-up-{n}"})
    assert await statuses(house, 1, {"X-API-Key": "made-up-again"}) == [429]
    assert await statuses(house, 1, {}) == [429]


async def test_whoever_was_known_before_is_let_in_although_the_address_is_not(house: House) -> None:
    known = house.as_("auditor")
    assert await statuses(house, 1, known) == [200]
    assert await statuses(house, 4, {}) == [401] * 3 + [429]
    assert await statuses(house, 2, known) == [200] * 2
    assert await statuses(house, 1, house.as_("auditor")) == [429]


@pytest.mark.parametrize("path", ["/health", "/health/live", "/health/ready", "/metrics"])
async def test_who_watches_is_not_counted(house: House, path: str) -> None:
    assert await statuses(house, 5, {}, path) == [200] * 5
    assert await statuses(house, 1, {}) == [401]


async def test_nothing_else_is_free(house: House) -> None:
    assert await statuses(house, 4, {}, "/healthy") == [404] * 3 + [429]


def test_rates_are_read_from_the_environment() -> None:
    read = gateway({"KAWAL_RATE": "10/second", "KAWAL_CODEC_ORIGINS": "https://a https://b"})
    assert (read.rate, read.rate_unknown, read.codec_origins) == ("10/second", "600/minute", ("https://a", "https://b"))
    with pytest.raises(SettingsError, match="KAWAL_RATE_UNKNOWN: cannot be read: write how many in which time"):
        gateway({"KAWAL_RATE_UNKNOWN": "often"})
