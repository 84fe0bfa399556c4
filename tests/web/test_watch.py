"""Those who watch over it learn whether it lives, whether it can work, and how much there is to do: of nobody."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families as parsed
from prometheus_client.samples import Sample

from gateway.web import watch
from local.ports import LOOPBACK, free_port
from local.postgres import EmbeddedPostgres
from runtime import temporal
from storage import database, health
from tests.api.handing_in import case_of
from tests.api.house import House, house_on
from tests.kawal import Kawal


@pytest.fixture
def counted_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Desks are counted with every call."""
    monkeypatch.setattr(watch, "_COUNTED_EVERY", -1.0)


@pytest.fixture
async def bare(kawal: Kawal, tmp_path: Path) -> AsyncIterator[tuple[House, EmbeddedPostgres]]:
    """A house over a database of its own, without tables."""
    async with EmbeddedPostgres(tmp_path / "bare", free_port(), log=tmp_path / "log", durable=False) as postgres:
        pool = await database.connect(postgres.url)
        async with house_on(kawal, pool=pool) as house:
            yield house, postgres
        pool.terminate()


async def ready(house: House) -> tuple[int, dict[str, str]]:
    answer = await house.http.get("/health/ready")
    return answer.status_code, answer.json()


async def samples(house: House) -> list[Sample]:
    answer = await house.http.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    return [sample for family in parsed(answer.text) for sample in family.samples]


async def test_a_house_that_works_is_ready(house: House) -> None:
    assert await ready(house) == (200, {"status": "ready", "database": "ready", "temporal": "ready"})
    for path in ("/health", "/health/live"):
        answer = await house.http.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "open"})


async def test_without_tables_it_is_not_ready_and_with_them_it_is(bare: tuple[House, EmbeddedPostgres]) -> None:
    house, postgres = bare
    status, said = await ready(house)
    assert (status, said["database"]) == (503, "not prepared: run kawal init")
    await database.migrate(postgres.url)
    assert (await ready(house))[0] == 200
    await house.gateway.pool.execute(
        "delete from schema_migrations where version = (select min(version) from schema_migrations)"
    )
    assert (await ready(house))[0] == 503


async def test_without_its_database_it_lives_and_is_not_ready_and_counts_nothing(
    bare: tuple[House, EmbeddedPostgres], counted_anew: None
) -> None:
    house, postgres = bare
    await database.migrate(postgres.url)
    assert "kawal_open_cases" in {sample.name for sample in await samples(house)}
    await postgres.stop()
    assert await ready(house) == (503, {"status": "away", "database": "away", "temporal": "ready"})
    assert (await house.http.get("/health/live")).status_code == 200
    found = {sample.name: sample.value for sample in await samples(house)}
    assert "kawal_open_cases" not in found
    assert "kawal_dead_letters" not in found
    assert found["kawal_overdue_cases"] != found["kawal_overdue_cases"]  # not a number


async def test_without_temporal_it_is_ready_and_says_what_is_missing(kawal: Kawal) -> None:
    nowhere = await temporal.connect(f"{LOOPBACK}:{free_port()}", lazy=True)
    async with house_on(Kawal(nowhere, kawal.skipper, kawal.pool, task_queue="nobody")) as house:
        assert await ready(house) == (200, {"status": "degraded", "database": "ready", "temporal": "away"})


async def test_desks_are_counted(house: House, counted_anew: None) -> None:
    await case_of(house, house.as_("reporter"))
    found = {(sample.name, *sample.labels.values()): sample.value for sample in await samples(house)}
    desks = await health.desks(house.pool)
    assert sum(desks.open_by_status.values()) >= 1
    for status, number in desks.open_by_status.items():
        assert found["kawal_open_cases", status] == number
    assert found["kawal_overdue_cases",] == desks.overdue
    assert {name for name, *_ in found} >= {
        "kawal_dead_letters",
        "kawal_complaints_not_started",
        "kawal_http_under_way",
    }


async def test_measures_name_routes_and_nobody(house: House) -> None:
    case_id = await case_of(house, house.as_("reporter"))
    who = house.as_("auditor", id="auditor-of-measures")
    await house.http.get(f"/v1/cases/{case_id}?name=Siti", headers=who)
    await house.http.get("/Siti-Rahma", headers=who)
    await house.http.request("SITI", "/v1/cases", headers=who)
    text = (await house.http.get("/metrics")).text
    assert 'route="/v1/cases/{case_id}"' in text
    assert 'method="other"' in text
    for told in (case_id, "auditor-of-measures", "Siti", "SITI", LOOPBACK):
        assert told not in text
