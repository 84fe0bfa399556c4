"""Who calls: a person by a token of the identity provider, a system by a key."""

from typing import Protocol

from schemas.access import Caller


class UnknownCallerError(Exception):
    """Nobody knows who calls; the text says what is wrong with the token or key, and holds neither."""


class IdentityAwayError(Exception):
    """Nobody can say who calls now: what is needed to check a token is away."""


class Identity(Protocol):
    """How callers are known."""

    async def caller(self, credential: str) -> Caller:
        """Return who presents a token or key.

        Raises:
            UnknownCallerError: it is none, has run out, was revoked, or is for somebody else.
            IdentityAwayError: it cannot be checked now.
        """
