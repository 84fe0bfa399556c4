"""The public keys of an identity provider, remembered: its rotations are followed, its absences are lived through."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping

import structlog

from gateway.identity.identity import IdentityAwayError, UnknownCallerError
from gateway.identity.key_source import KeySourceError
from gateway.identity.public_key import PublicKey

_FRESH_SECONDS = 300.0
"""After this, the provider is asked again beside the calls, so that a key that it withdrew is trusted no longer."""

_LONGEST_SECONDS = 24 * 3600.0
"""How long keys are trusted while the provider is away."""

_PAUSE_SECONDS = 10.0
"""From one fetch to the next, however many unknown keys are named: tokens that name them cost nothing to write."""

_log = structlog.get_logger(__name__)


class KeySet:
    """Keys by name, fetched when they are needed, one fetch at a time."""

    def __init__(
        self, fetch: Callable[[], Awaitable[Mapping[str, PublicKey]]], *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Remember what `fetch` returns, which raises `KeySourceError`; `clock` counts seconds, from whenever."""
        self._fetch, self._clock = fetch, clock
        self._keys: Mapping[str, PublicKey] = {}
        self._fetched_at = self._asked_at = float("-inf")
        self._away = False
        self._fetching: asyncio.Task[None] | None = None

    async def key(self, name: str) -> PublicKey:
        """Return a key by its name. Nobody waits for the provider whose key is known.

        Raises:
            UnknownCallerError: the provider has no such key.
            IdentityAwayError: the provider is away, and the key is not known, or was fetched a day ago or more.
        """
        known = self._known(name)
        if known is None or self._age() > _FRESH_SECONDS:
            self._fetch_soon()
        if known is None and self._fetching:
            await asyncio.shield(self._fetching)
            known = self._known(name)
        if known:
            return known
        if self._away:
            raise IdentityAwayError("the identity provider is away, and the token's key is not known here")
        raise UnknownCallerError("the token is signed with a key (kid) that the identity provider does not have")

    def _known(self, name: str) -> PublicKey | None:
        return self._keys.get(name) if self._age() <= _LONGEST_SECONDS else None

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    def _fetch_soon(self) -> None:
        """Begin a fetch, unless one is under way or the last was begun a moment ago."""
        if self._fetching is None and self._clock() - self._asked_at >= _PAUSE_SECONDS:
            self._asked_at = self._clock()
            self._fetching = asyncio.create_task(self._renew())

    async def _renew(self) -> None:
        try:
            self._keys = await self._fetch()
            self._fetched_at, self._away = self._clock(), False
        except KeySourceError as error:
            self._away = True
            _log.warning("identity provider's keys not fetched", why=str(error))
        finally:
            self._fetching = None
