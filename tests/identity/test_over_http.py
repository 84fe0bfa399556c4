"""Callers as a route meets them: known by either header, told why not, and named in no log."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace

import httpx
import pytest
from fastapi import FastAPI
from structlog.testing import capture_logs

from gateway.api import problems
from gateway.api.guard import Who
from gateway.identity.api_keys import ApiKeys, make
from gateway.identity.callers import Callers
from gateway.identity.identity import Identity
from gateway.identity.oidc import Tokens
from gateway.serve import serving
from local.issuer import Issuer
from local.ports import LOOPBACK, free_port
from storage.database import Pool
from tests.callers import bearer, identity, settings_for
from tests.identity.provider import Provider


async def _me(caller: Who) -> dict[str, str]:
    return {"id": caller.id, "role": caller.role}


@asynccontextmanager
async def served(identity: Identity) -> AsyncIterator[httpx.AsyncClient]:
    """Serve a route that says who calls."""
    app = FastAPI()
    app.state.kawal = SimpleNamespace(identity=identity)
    app.add_api_route("/me", _me)
    problems.install(app)
    url = f"http://{LOOPBACK}:{(port := free_port())}"
    async with serving(app, LOOPBACK, port), httpx.AsyncClient(base_url=url) as http:
        yield http


async def test_a_caller_is_known_by_a_token_or_a_key(pool: Pool, issuer: Issuer) -> None:
    key, secret = await make(pool, name="Bridge", channel="lapor", made_by="tests")
    by_key = {"id": f"key-{key.key_id}", "role": "system"}
    async with served(identity(pool, issuer)) as http:
        by_token = await http.get("/me", headers=bearer(issuer, "reporter", sub="somebody-1"))
        assert (by_token.status_code, by_token.json()) == (200, {"id": "somebody-1", "role": "reporter"})
        assert (await http.get("/me", headers={"X-API-Key": secret})).json() == by_key
        assert (await http.get("/me", headers={"Authorization": f"Bearer {secret}"})).json() == by_key


async def test_who_is_not_known_is_told_why_and_enters_no_log(
    pool: Pool, issuer: Issuer, caplog: pytest.LogCaptureFixture
) -> None:
    _, secret = await make(pool, name="Bridge", channel="lapor", made_by="tests")
    wrong = [
        bearer(issuer, "operator", sub="siti@example.go.id"),
        bearer(issuer, "siti@example.go.id"),
        {"Authorization": "Bearer siti@example.go.id"},
        {"X-API-Key": secret[:-1] + "="},
        {"X-API-Key": secret[:-43] + "s" * 43},
    ]
    caplog.set_level("DEBUG")
    with capture_logs() as logs:
        async with served(identity(pool, issuer)) as http:
            answers = [await http.get("/me", headers=headers) for headers in wrong]

    for headers, answer in zip(wrong, answers, strict=True):
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
        (credential,) = (value.removeprefix("Bearer ") for value in headers.values())
        written = f"{answer.text} {logs} {caplog.text}"
        assert credential not in written
        assert "siti@" not in written
    assert answers[0].json()["detail"] == "claim kawal_agency: is missing, and the role operator needs it"


async def test_while_the_provider_is_away_a_caller_is_asked_to_come_back(pool: Pool, issuer: Issuer) -> None:
    provider = Provider()
    away = Tokens(settings_for(issuer, jwks=provider.metadata["jwks_uri"]), pool.ring)
    async with served(Callers(away, ApiKeys(pool))) as http:
        answer = await http.get("/me", headers=bearer(issuer, "auditor"))

    assert answer.status_code == 503
    assert answer.headers["Retry-After"]
