"""A real issuer, and what believes it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.identity.oidc import Tokens
from local.issuer import Issuer, issuer_in
from privacy.ring import KeyRing, new_ring
from tests.callers import settings_for
from tests.identity.provider import Provider


@pytest.fixture
def ring() -> KeyRing:
    return new_ring("here")


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return issuer_in(tmp_path / "issuer")


@pytest.fixture
def tokens(issuer: Issuer, ring: KeyRing) -> Tokens:
    return Tokens(settings_for(issuer), ring)


@pytest.fixture
async def provider(issuer: Issuer) -> AsyncIterator[Provider]:
    """A provider that runs and has the key of the issuer."""
    provider = Provider(issuer.jwk())
    async with provider.running():
        yield provider
