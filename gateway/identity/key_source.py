"""Where an identity provider's public keys come from: a file, an address, or the provider's own word for where."""

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx

from gateway.identity.public_key import PublicKey, public_keys
from runtime.identity import IdentitySettings, is_safe

_DISCOVERY = "/.well-known/openid-configuration"
_PATIENCE_SECONDS = 5.0
_LARGEST = 1_000_000
"""Bytes of an answer: a set of keys has a few thousand."""


class KeySourceError(Exception):
    """The keys could not be had; the text says why, and holds no answer of the provider."""


class KeySource:
    """Fetches the keys of one identity provider."""

    def __init__(self, settings: IdentitySettings) -> None:
        """Fetch from where the settings say."""
        self._settings = settings

    async def fetch(self) -> Mapping[str, PublicKey]:
        """Return the keys that sign tokens, by their names (kid).

        Raises:
            KeySourceError: the provider is away, or what it says is no set of keys.
        """
        file = self._settings.jwks_file
        document = _parsed(await _read(file) if file else await _get(await self._address()))
        keys = public_keys(document)
        if not keys:
            raise KeySourceError("there are no keys that sign tokens")
        return keys

    async def _address(self) -> str:
        if self._settings.jwks:
            return self._settings.jwks
        document = _parsed(await _get(self._settings.issuer.rstrip("/") + _DISCOVERY))
        if not isinstance(document, dict) or document.get("issuer") != self._settings.issuer:
            raise KeySourceError("the provider calls itself something else than KAWAL_OIDC_ISSUER")
        address = document.get("jwks_uri")
        if not isinstance(address, str) or not is_safe(address):
            raise KeySourceError("the provider's jwks_uri is no https:// address")
        return address


async def _read(path: Path) -> bytes:
    def read() -> bytes:
        with path.open("rb") as file:
            return file.read(_LARGEST)

    try:
        return await asyncio.to_thread(read)
    except OSError as error:
        raise KeySourceError(f"the file of keys cannot be read: {type(error).__name__}") from error


async def _get(url: str) -> bytes:
    body = bytearray()
    try:
        async with (
            asyncio.timeout(_PATIENCE_SECONDS),
            httpx.AsyncClient(timeout=_PATIENCE_SECONDS) as http,
            http.stream("GET", url, headers={"Accept": "application/json"}) as answer,
        ):
            answer.raise_for_status()
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > _LARGEST:
                    raise KeySourceError("the provider's answer is too long")
    except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
        raise KeySourceError(f"the provider does not answer as it should: {type(error).__name__}") from error
    return bytes(body)


def _parsed(text: bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise KeySourceError("what came is no JSON") from error
