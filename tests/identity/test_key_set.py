"""Keys of a provider that rotates them, forgets some, answers nonsense, is slow, or is away: over real HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from fastapi import Response
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from jwt.algorithms import ECAlgorithm
from structlog.testing import capture_logs

from gateway.identity.identity import IdentityAwayError, UnknownCallerError
from gateway.identity.oidc import Tokens
from local.issuer import Issuer, issuer_in
from privacy.ring import KeyRing
from tests.callers import settings_for
from tests.identity.provider import Clock, Provider

DAY = 24 * 3600
UNKNOWN: dict[str, Any] = {
    **ECAlgorithm.to_jwk(ec.generate_private_key(ec.SECP256R1()).public_key(), as_dict=True),
    "kid": "unknown",
}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(issuer: Issuer, provider: Provider, ring: KeyRing, clock: Clock) -> Tokens:
    return Tokens(settings_for(issuer, jwks=provider.metadata["jwks_uri"]), ring, clock=clock)


@pytest.fixture
def successor(tmp_path: Path) -> Issuer:
    """The same provider's next key."""
    return issuer_in(tmp_path / "successor")


@pytest.fixture
async def leaving(issuer: Issuer) -> AsyncIterator[tuple[Provider, AsyncExitStack]]:
    """A provider that runs until the stack is closed."""
    provider = Provider(issuer.jwk())
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(provider.running())
        yield provider, stack


def token(issuer: Issuer) -> str:
    return issuer.mint("reporter", sub="somebody-1")


def of_unknown_key(issuer: Issuer) -> str:
    return jwt.encode({}, issuer.key, algorithm="ES256", headers={"kid": "unknown"})


async def fetched(tokens: Tokens) -> None:
    """Wait until no fetch is under way."""
    if tokens._keys._fetching:
        await tokens._keys._fetching


async def test_keys_are_fetched_once_for_many_calls(tokens: Tokens, issuer: Issuer, provider: Provider) -> None:
    await asyncio.gather(*(tokens.caller(token(issuer)) for _ in range(20)))

    assert provider.asked == 1


async def test_a_new_key_is_believed_as_soon_as_a_token_names_it(
    tokens: Tokens, issuer: Issuer, successor: Issuer, provider: Provider, clock: Clock
) -> None:
    await tokens.caller(token(issuer))
    provider.keys.append(successor.jwk())
    clock.now += 10

    await asyncio.gather(*(tokens.caller(token(successor)) for _ in range(20)))

    assert provider.asked == 2
    assert await tokens.caller(token(issuer))


async def test_unknown_keys_are_asked_for_once_in_ten_seconds(
    tokens: Tokens, issuer: Issuer, successor: Issuer, provider: Provider, clock: Clock
) -> None:
    await tokens.caller(token(issuer))
    for seconds, asked in ((9, 1), (1, 2), (9, 2), (1, 3)):
        clock.now += seconds
        for _ in range(3):
            with pytest.raises(UnknownCallerError, match="does not have"):
                await tokens.caller(token(successor))
        assert provider.asked == asked


async def test_a_key_that_was_withdrawn_is_believed_for_five_minutes_more_at_most(
    tokens: Tokens, issuer: Issuer, successor: Issuer, provider: Provider, clock: Clock
) -> None:
    await tokens.caller(token(issuer))
    provider.keys = [successor.jwk()]
    clock.now += 301
    await tokens.caller(token(issuer))  # nobody waits; but now the provider is asked
    await fetched(tokens)

    with pytest.raises(UnknownCallerError, match="does not have"):
        await tokens.caller(token(issuer))
    assert await tokens.caller(token(successor))


async def test_nobody_whose_key_is_known_waits_for_a_slow_provider(
    tokens: Tokens, issuer: Issuer, provider: Provider, clock: Clock
) -> None:
    await tokens.caller(token(issuer))
    provider.open.clear()
    clock.now += 301

    for _ in range(3):
        assert await tokens.caller(token(issuer))
        clock.now += 10  # the slow fetch is still under way: there is no other beside it

    fetching = tokens._keys._fetching
    assert fetching
    assert not fetching.done()
    provider.open.set()
    await fetching
    assert provider.asked == 2


async def test_a_caller_who_goes_away_does_not_end_the_fetch_of_others(
    tokens: Tokens, issuer: Issuer, provider: Provider
) -> None:
    provider.open.clear()
    hasty, patient = (asyncio.create_task(tokens.caller(token(issuer))) for _ in range(2))
    await provider.called.wait()
    hasty.cancel()
    provider.open.set()

    assert await patient
    assert provider.asked == 1


async def test_while_the_provider_is_away_known_keys_are_believed_for_a_day(
    leaving: tuple[Provider, AsyncExitStack], issuer: Issuer, successor: Issuer, ring: KeyRing, clock: Clock
) -> None:
    provider, stack = leaving
    tokens = Tokens(settings_for(issuer, jwks=provider.metadata["jwks_uri"]), ring, clock=clock)
    await tokens.caller(token(issuer))
    await stack.aclose()

    clock.now += DAY
    assert await tokens.caller(token(issuer))
    await fetched(tokens)
    with pytest.raises(IdentityAwayError, match="provider is away"):
        await tokens.caller(token(successor))
    clock.now += 1
    with pytest.raises(IdentityAwayError, match="provider is away"):
        await tokens.caller(token(issuer))

    async with provider.running():
        clock.now += 10
        assert await tokens.caller(token(issuer))


async def test_while_no_keys_were_ever_fetched_nobody_can_say(issuer: Issuer, ring: KeyRing, clock: Clock) -> None:
    provider = Provider(issuer.jwk())
    tokens = Tokens(settings_for(issuer, jwks=provider.metadata["jwks_uri"]), ring, clock=clock)
    with capture_logs() as logs, pytest.raises(IdentityAwayError):
        await tokens.caller(token(issuer))
    (said,) = logs
    assert (said["log_level"], said["why"]) == ("warning", "the provider does not answer as it should: ConnectError")

    async with provider.running():
        with pytest.raises(IdentityAwayError):
            await tokens.caller(token(issuer))
        clock.now += 10
        assert await tokens.caller(token(issuer))
        with pytest.raises(UnknownCallerError):
            await tokens.caller(of_unknown_key(issuer))


@pytest.mark.parametrize(
    "nonsense",
    [
        HTMLResponse("<h1>Login</h1>"),
        JSONResponse({"keys": []}),
        JSONResponse({"keys": {"a": 1}}),
        JSONResponse(["keys"]),
        JSONResponse({"keys": [UNKNOWN]}, 503),
        RedirectResponse("http://127.0.0.1:1/keys"),
        Response(b"[" * 500_000, media_type="application/json"),
        JSONResponse({"keys": [UNKNOWN], "padding": " " * 1_000_000}),
    ],
    ids=["html", "none", "object", "list", "503", "redirect", "deep", "long"],
)
async def test_nonsense_does_not_drive_out_the_keys_that_were_there(
    tokens: Tokens, issuer: Issuer, provider: Provider, clock: Clock, nonsense: Response
) -> None:
    await tokens.caller(token(issuer))
    provider.nonsense = nonsense
    clock.now += 301

    with pytest.raises(IdentityAwayError):
        await tokens.caller(of_unknown_key(issuer))
    assert provider.asked == 2
    assert await tokens.caller(token(issuer))


def discovering(provider: Provider, ring: KeyRing, folder: Path) -> tuple[Tokens, Issuer]:
    """Return what asks a provider where its keys are, and its issuer, whose key it publishes."""
    issuer = issuer_in(folder, issuer=provider.url)
    provider.keys = [issuer.jwk()]
    return Tokens(settings_for(issuer, jwks=None), ring), issuer


async def test_a_provider_says_itself_where_its_keys_are(provider: Provider, ring: KeyRing, tmp_path: Path) -> None:
    tokens, issuer = discovering(provider, ring, tmp_path / "own")

    assert await tokens.caller(token(issuer))


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"jwks_uri": "http://0.0.0.0:{port}/keys"},  # it is reached so, but not known to be on this machine
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
    ],
)
async def test_a_provider_that_is_another_or_has_its_keys_nowhere_safe_is_as_one_that_is_away(
    provider: Provider, ring: KeyRing, tmp_path: Path, metadata: dict[str, Any]
) -> None:
    tokens, issuer = discovering(provider, ring, tmp_path / "own")
    port = provider.url.rpartition(":")[2]
    provider.metadata |= {name: value and value.replace("{port}", port) for name, value in metadata.items()}

    with pytest.raises(IdentityAwayError):
        await tokens.caller(token(issuer))
    assert provider.asked == 0


async def test_a_file_of_keys_is_read_again_when_a_token_names_another(
    issuer: Issuer, successor: Issuer, ring: KeyRing, clock: Clock
) -> None:
    tokens = Tokens(settings_for(issuer), ring, clock=clock)
    await tokens.caller(token(issuer))
    issuer.jwks_file.write_bytes(successor.jwks_file.read_bytes())
    clock.now += 10

    assert await tokens.caller(token(successor))
    with pytest.raises(UnknownCallerError):
        await tokens.caller(token(issuer))
