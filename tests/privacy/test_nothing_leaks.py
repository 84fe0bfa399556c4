"""Planted names, numbers and words, sent in by every door, are looked for wherever they may not be."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest

from cli.gateway_process import GatewayProcess
from gateway.identity import api_keys
from local.issuer import Issuer, issuer_in
from local.ports import free_port
from schemas.access import Action
from storage import policies
from storage.policy_pack import load_pack
from tests.crashes.awaiting import LIMIT, until
from tests.crashes.site import Site, running_site
from tests.privacy import planted
from tests.privacy.collector import Collector, collecting

PACK = Path(__file__).resolve().parents[2] / "policies" / "lampung"
REPORTER = {
    "name": planted.NAME,
    "national_id": planted.NIK,
    "phone": planted.PHONE,
    "email": planted.EMAIL,
    "address": planted.ADDRESS,
}
PLACE = {"latitude": planted.LATITUDE, "longitude": planted.LONGITUDE}


@dataclass
class House:
    """The gateway and a worker as processes, and what they answered."""

    site: Site
    http: httpx.AsyncClient
    issuer: Issuer
    answers: list[str] = field(default_factory=list)

    async def post(self, path: str, body: Any, key: str, **headers: str) -> httpx.Response:
        """Send JSON as a system, unless headers say otherwise."""
        usual = {"Authorization": f"Bearer {self.token()}", "Idempotency-Key": key}
        return await self.http.post(path, json=body, headers=usual | headers)

    async def refused(self, path: str, body: Any, key: str, **headers: str) -> None:
        """Send what cannot be accepted, and keep what is said about it."""
        answer = await self.post(path, body, key, **headers)
        assert 400 <= answer.status_code < 500, answer.text
        self.answers.append(answer.text + str(answer.headers))

    def token(self) -> str:
        """Return that of a system."""
        return self.issuer.mint(role="system", sub="bridge", channel="super-app")

    def operator(self, agency: str, office: str) -> dict[str, str]:
        """Return the header of somebody who holds an office."""
        token = self.issuer.mint(role="operator", sub="officer", agency=agency, offices=[office])
        return {"Authorization": f"Bearer {token}"}


@asynccontextmanager
async def house(folder: Path, collector: Collector) -> AsyncIterator[House]:
    issuer = issuer_in(folder)
    async with running_site(temporal_in_memory=True) as site:
        await policies.publish(site.pool, load_pack(PACK))
        environment = {
            "KAWAL_DATABASE_URL": site.postgres.url,
            "TEMPORAL_ADDRESS": site.temporal.address,
            "KAWAL_OIDC_ISSUER": issuer.issuer,
            "KAWAL_OIDC_AUDIENCE": issuer.audience,
            "KAWAL_OIDC_JWKS": f"file:{issuer.jwks_file}",
            "KAWAL_EVIDENCE_URL": (folder / "evidence").as_uri(),
            "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
            "OTEL_BSP_SCHEDULE_DELAY": "200",
        }
        worker = site.worker()
        worker._environment.update(environment)
        async with (
            worker,
            GatewayProcess(free_port(), environment=environment, log=site.log_of("gateway")) as gateway,
            httpx.AsyncClient(base_url=gateway.url, timeout=LIMIT) as http,
        ):
            yield House(site, http, issuer)


@pytest.mark.timeout(300)
async def test_nothing_personal_is_in_histories_tables_logs_traces_or_errors(tmp_path: Path) -> None:
    async with collecting() as collector:
        async with house(tmp_path, collector) as here:
            case_id = await by_the_native_door(here)
            await by_the_doors_that_refuse(here)
            await by_open311(here)
            await by_a_service_request(here)
            assert [answer for answer in here.answers if planted.found_in(answer)] == []
            assert await planted.found_in_database(here.site.pool) == {}
            assert await histories_that_tell(here) == {}
            logs = list(here.site.folder.glob("*.log"))
            assert {"gateway.log", "worker.log", "postgres.log"} <= {path.name for path in logs}
        assert planted.found_in_files(logs) == {} or not logs[0].exists()
        assert collector.raw
        assert planted.found_in(b"".join(collector.raw)) == []
        names = {(span.service, span.name.split(":")[0]) for span in collector.of_trace_of("StartWorkflow:Complaint")}
        assert {("gateway", "POST /v1/complaints"), ("gateway", "StartWorkflow"), ("worker", "RunWorkflow")} <= names
        assert any(service == "worker" and name in ("INSERT", "SELECT", "insert", "select") for service, name in names)
    assert case_id


async def by_the_native_door(here: House) -> str:
    """Hand in a complaint with everything personal, have it answered, and read it back."""
    body = {"category": "road-province", "text": planted.TEXT, "place": PLACE, "reporter": REPORTER}
    accepted = await here.post("/v1/complaints", body, "leak-1")
    assert accepted.status_code == 201, accepted.text
    case_id = str(accepted.json()["case_id"])
    bearer = {"Authorization": f"Bearer {here.token()}"}
    case = await shown(here, case_id, bearer)
    office = case["owners"][0]
    answered = await here.post(
        f"/v1/cases/{case_id}/messages",
        {"kind": "note", "text": planted.ANSWER},
        "leak-2",
        **here.operator(office.split("@")[1], office),
    )
    assert answered.status_code == 200, answered.text
    for path in ("text", "reporter"):
        read = await here.http.get(f"/v1/cases/{case_id}/{path}", headers=bearer)
        assert planted.found_in(read.text), "whoever may read it, reads it"
    return case_id


async def shown(here: House, case_id: str, bearer: dict[str, str]) -> dict[str, Any]:
    """Return a case once somebody has to act on it."""
    seen: dict[str, Any] = {}

    async def routed() -> bool:
        seen.update((await here.http.get(f"/v1/cases/{case_id}", headers=bearer)).json())
        return bool(seen.get("owners"))

    await until(routed)
    return seen


async def by_the_doors_that_refuse(here: House) -> None:
    """Send planted values where they do not belong."""
    sound = {"category": "road-province", "text": planted.TEXT}
    for number, (name, value) in enumerate(
        {
            "category": planted.NIK,
            "region": f"{planted.NAME}\n",
            "place": {"latitude": 1000, "longitude": planted.LONGITUDE, planted.NAME: 1},
            "reporter": {"name": planted.NAME, "national_id": planted.NIK + "1"},
            "external_id": planted.NAME + " " + planted.EMAIL,
            "identity": planted.NAME,
            "text": planted.TEXT + "\x00",
            "policy": planted.EMAIL,
        }.items()
    ):
        await here.refused("/v1/complaints", sound | {name: value}, f"bad-{number}")
    await here.refused("/v1/complaints", sound | {"reporter": {"phone": planted.NAME}}, "bad-phone")
    await here.refused("/v1/complaints", sound, planted.EMAIL)
    await here.refused("/v1/complaints", [planted.TEXT], "bad-list")
    await here.refused("/v1/complaints", sound, "bad-token", Authorization=f"Bearer {planted.NAME.split()[0]}.x.y")
    for query in (f"cases?status={planted.NAME}", f"cases?cursor={planted.NIK}", f"inbox?office={planted.EMAIL}"):
        answer = await here.http.get(f"/v1/{query}", headers={"Authorization": f"Bearer {here.token()}"})
        assert 400 <= answer.status_code < 500
        here.answers.append(answer.text)


async def by_open311(here: House) -> None:
    """Hand in a request as other cities' software does."""
    _, key = await api_keys.make(
        here.site.pool, name="city", channel="city", made_by="tests", scopes=(Action.SUBMIT, Action.SEE)
    )
    form = {
        "api_key": key,
        "service_code": "road-province",
        "lat": str(planted.LATITUDE),
        "long": str(planted.LONGITUDE),
        "address_string": planted.ADDRESS,
        "description": planted.TEXT,
        "first_name": planted.NAME.split()[0],
        "last_name": planted.NAME.split()[1],
        "email": planted.EMAIL,
        "phone": planted.PHONE,
    }
    accepted = await here.http.post("/open311/v2/requests.json", data=form)
    assert accepted.status_code in (200, 201), accepted.text
    here.answers.append(accepted.text)
    for change in ({"email": planted.NAME}, {"lat": planted.ADDRESS}, {"service_code": planted.NIK}):
        refused = await here.http.post("/open311/v2/requests.json", data=form | change)
        assert 400 <= refused.status_code < 500
        here.answers.append(refused.text)
    here.answers.append((await here.http.get("/open311/v2/requests.json")).text)


async def by_a_service_request(here: House) -> None:
    """Request papers for somebody."""
    recipient = {name: REPORTER[name] for name in ("name", "national_id", "phone", "address")} | PLACE
    body = {"service": "population-documents", "region": "18.71", "recipient": recipient}
    accepted = await here.post("/v1/service-requests", body, "leak-3")
    assert accepted.status_code == 201, accepted.text
    here.answers.append(accepted.text)
    await here.refused("/v1/service-requests", body | {"service": planted.NAME}, "bad-service")
    await here.refused(
        "/v1/service-requests", body | {"recipient": recipient | {"national_id": planted.NIK[:10]}}, "bad-recipient"
    )


async def histories_that_tell(here: House) -> dict[str, list[str]]:
    """Return which histories hold planted values."""
    found: dict[str, list[str]] = {}
    async for execution in here.site.client.list_workflows():
        history = await here.site.client.get_workflow_handle(execution.id, run_id=execution.run_id).fetch_history()
        said = b"".join(event.SerializeToString() for event in history.events) + json.dumps(execution.id).encode()
        if values := planted.found_in(said):
            found[execution.id] = values
    await asyncio.sleep(0)
    return found
