"""Callers are people with tokens of the identity provider, or systems with keys of ours."""

from gateway.identity.api_keys import PREFIX, ApiKeys
from gateway.identity.identity import UnknownCallerError
from gateway.identity.oidc import Tokens
from schemas.access import Caller


class Callers:
    """Knows callers by what they present. Without tokens, keys alone open anything."""

    def __init__(self, tokens: Tokens | None, api_keys: ApiKeys) -> None:
        """Know tokens by `tokens`, unless there is no identity provider, and keys by `api_keys`."""
        self._tokens, self._api_keys = tokens, api_keys

    async def caller(self, credential: str) -> Caller:
        """Return who presents a token or key.

        Raises:
            UnknownCallerError: it is none, has run out, was revoked, or is for somebody else.
            IdentityAwayError: it cannot be checked now.
        """
        if credential.startswith(PREFIX):
            return await self._api_keys.caller(credential)
        if self._tokens is None:
            raise UnknownCallerError("no tokens are accepted here, as no identity provider is set: send a key")
        return await self._tokens.caller(credential)
