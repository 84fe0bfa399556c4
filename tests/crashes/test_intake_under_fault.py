"""Complaints handed in over HTTP while Temporal, PostgreSQL and the gateway are killed in turn."""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import cycle
from pathlib import Path

import httpx
import pytest

from cli.gateway_process import GatewayProcess
from local.issuer import Issuer, issuer_in
from local.ports import free_port
from local.server import Server
from storage import policies
from tests import making
from tests.crashes.awaiting import LIMIT
from tests.crashes.site import Site, running_site

COMPLAINTS = int(os.environ.get("KAWAL_INTAKE") or 5000)
A_SECOND = 50
"""Complaints that are handed in."""
LIVES_SECONDS = 6.0
DEAD_SECONDS = 2.0


@dataclass
class Crowd:
    """Many who hand in a complaint each, once, under a key of their own, whatever comes of it."""

    http: httpx.AsyncClient
    headers: dict[str, str]
    given: dict[int, str] = field(default_factory=dict)
    """The case ids of those who were told 201."""
    unanswered: Counter[str] = field(default_factory=Counter)

    async def hand_in_all(self) -> None:
        """Hand in all complaints, as many a second as there are to be, without waiting for answers."""
        loop = asyncio.get_running_loop()
        begun = loop.time()
        async with asyncio.TaskGroup() as tasks:
            for number in range(COMPLAINTS):
                await asyncio.sleep(max(0.0, begun + number / A_SECOND - loop.time()))
                tasks.create_task(self._hand_in_once(number))

    async def _hand_in_once(self, number: int) -> None:
        try:
            answer = await self.hand_in(number)
        except httpx.HTTPError as error:
            self.unanswered[type(error).__name__] += 1
            return
        if answer.status_code == 201:
            self.given[number] = answer.json()["case_id"]
        else:
            assert answer.status_code in (429, 503), answer.text
            assert "Retry-After" in answer.headers
            self.unanswered[str(answer.status_code)] += 1

    async def hand_in(self, number: int) -> httpx.Response:
        """Hand in one complaint; every other has an external id, too."""
        body = {"category": "road", "region": "north", "text": f"Lubang nomor {number} di jalan kami."}
        body |= {"external_id": f"ext-{number}"} if number % 2 else {}
        return await self.http.post(
            "/v1/complaints", json=body, headers=self.headers | {"Idempotency-Key": f"crowd-{number}"}
        )

    async def insist(self, number: int) -> str:
        """Hand in a complaint again until it is accepted; return its case id."""
        while (answer := await self.hand_in(number)).status_code not in (200, 201):
            assert answer.status_code in (429, 503), answer.text
            await asyncio.sleep(float(answer.headers["Retry-After"]))
        return str(answer.json()["case_id"])


@asynccontextmanager
async def gateway_at(site: Site, issuer: Issuer) -> AsyncIterator[GatewayProcess]:
    environment = {
        "KAWAL_DATABASE_URL": site.postgres.url,
        "TEMPORAL_ADDRESS": site.temporal.address,
        "KAWAL_OIDC_ISSUER": issuer.issuer,
        "KAWAL_OIDC_AUDIENCE": issuer.audience,
        "KAWAL_OIDC_JWKS": f"file:{issuer.jwks_file}",
        "KAWAL_RATE": "100000/minute",
    }
    async with GatewayProcess(free_port(), environment=environment, log=site.log_of("gateway")) as gateway:
        yield gateway


async def kill_in_turn(servers: dict[str, Server], something: asyncio.Task[None]) -> Counter[str]:
    """Kill one after the other, and start each again, for as long as something goes on."""
    deaths: Counter[str] = Counter()
    for name in cycle(servers):
        await asyncio.wait([something], timeout=LIVES_SECONDS)
        if something.done():
            return deaths
        await servers[name].kill()
        deaths[name] += 1
        await asyncio.sleep(DEAD_SECONDS)
        await servers[name].start()
    raise AssertionError("cycles have no end")


@pytest.mark.timeout(900)
async def test_each_complaint_that_was_told_201_exists_once_and_each_other_can_be_handed_in_again(
    tmp_path: Path,
) -> None:
    issuer = issuer_in(tmp_path)
    token = issuer.mint(role="system", sub="crowd", channel="super-app")
    async with running_site() as site, gateway_at(site, issuer) as gateway:
        await policies.publish(site.pool, making.policy())
        async with httpx.AsyncClient(
            base_url=gateway.url, timeout=LIMIT, limits=httpx.Limits(max_connections=200)
        ) as http:
            crowd = Crowd(http, {"Authorization": f"Bearer {token}"})
            handing_in = asyncio.create_task(crowd.hand_in_all())
            servers: dict[str, Server] = {"gateway": gateway, "postgres": site.postgres, "temporal": site.temporal}
            deaths = await kill_in_turn(servers, handing_in)
            await handing_in

            accepted = dict(crowd.given)
            for number in range(COMPLAINTS):
                if number not in accepted:
                    accepted[number] = await crowd.insist(number)
            for number in list(crowd.given)[::10]:
                assert await crowd.insist(number) == crowd.given[number], "the same key is the same complaint"

        assert len(accepted) == len(set(accepted.values())) == COMPLAINTS
        stored = [row["case_id"] for row in await site.pool.fetch("select case_id from complaints")]
        assert sorted(stored) == sorted(accepted.values())
        assert len(crowd.given) < COMPLAINTS or not deaths, "nothing was disturbed"

        assert await site.starter.sweep(seconds=0) == COMPLAINTS
        started = [one.id async for one in site.client.list_workflows("WorkflowType = 'Complaint'", page_size=1000)]
        assert sorted(started) == sorted(accepted.values())
        print(f"{len(crowd.given)} told 201 at once, not: {dict(crowd.unanswered)}, killed: {dict(deaths)}")  # noqa: T201
