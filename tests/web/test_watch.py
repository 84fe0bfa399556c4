"""Health, readiness and measures: for those who watch over it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from prometheus_client.parser import text_string_to_metric_families
from temporalio.client import Client

from gateway.app import app
from gateway.kawal import Kawal as Gateway
from gateway.serve import serving
from local.issuer import issuer_in
from local.ports import LOOPBACK, free_port
from local.scratch import scratch_folder
from runtime import temporal
from storage import database
from storage.database import Pool
from tests.callers import identity


@asynccontextmanager
async def watched(client: Client, pool: Pool) -> AsyncIterator[httpx.AsyncClient]:
    """Serve the interface over these two servers."""
    port = free_port()
    with scratch_folder() as folder:
        made = app(Gateway(client, pool, identity(pool, issuer_in(folder))))
        async with serving(made, LOOPBACK, port), httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}") as http:
            yield http


async def test_with_both_servers_it_lives_and_is_ready(client: Client, pool: Pool) -> None:
    async with watched(client, pool) as http:
        assert (await http.get("/health/live")).json() == (await http.get("/health")).json() == {"status": "open"}
        ready = await http.get("/health/ready")
    assert (ready.status_code, ready.json()) == (200, {"status": "ready", "database": "ready", "temporal": "ready"})


async def test_without_temporal_it_is_degraded_and_takes_complaints_all_the_same(pool: Pool) -> None:
    nobody = await temporal.connect(f"{LOOPBACK}:{free_port()}", lazy=True)
    async with watched(nobody, pool) as http:
        ready = await http.get("/health/ready")
    assert (ready.status_code, ready.json()["status"], ready.json()["temporal"]) == (200, "degraded", "away")


async def test_without_the_database_it_lives_and_is_not_ready(client: Client) -> None:
    async with await database.connect(f"postgresql://kawal@{LOOPBACK}:{free_port()}/kawal") as nobody:
        async with watched(client, nobody) as http:
            assert (await http.get("/health/live")).status_code == 200
            ready = await http.get("/health/ready")
            assert (ready.status_code, ready.json()["database"]) == (503, "away")
            assert (await http.get("/metrics")).status_code == 200, "how calls go is known without the database"


async def test_calls_are_measured_by_route_and_never_by_what_they_are_about(client: Client, pool: Pool) -> None:
    async with watched(client, pool) as http:
        for name in ("K261122-SECRET23", "K261122-SECRET24"):
            assert (await http.get(f"/v1/cases/{name}", params={"phone": "0812999111"})).status_code == 401
        assert (await http.get("/nowhere/K261122-SECRET25")).status_code == 404
        said = (await http.get("/metrics")).text
    counted = {
        (sample.labels["route"], sample.labels["status"]): sample.value
        for family in text_string_to_metric_families(said)
        for sample in family.samples
        if sample.name == "kawal_http_seconds_count"
    }
    assert counted["/v1/cases/{case_id}", "401"] >= 2
    assert counted["none", "404"] >= 1
    assert not [word for word in ("SECRET", "0812999111") if word in said]
    names = {family.name for family in text_string_to_metric_families(said)}
    assert {"kawal_open_cases", "kawal_overdue_cases", "kawal_complaints_not_started", "kawal_dead_letters"} <= names
