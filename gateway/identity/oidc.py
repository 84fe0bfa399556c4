"""Tokens of an identity provider that speaks OpenID Connect: signed, for us, and in their time."""

import time
from collections.abc import Callable
from typing import Any

import jwt
from jwt import exceptions

from gateway.identity.claims import account_of, caller_of
from gateway.identity.identity import UnknownCallerError
from gateway.identity.key_set import KeySet
from gateway.identity.key_source import KeySource
from gateway.identity.public_key import ALGORITHMS, PublicKey
from privacy.ring import KeyRing
from runtime.identity import IdentitySettings
from schemas.access import Caller

_SKEW_SECONDS = 60
"""How far the provider's clock may be from ours."""

_LONGEST = 16_000
"""Characters of a token."""

_REQUIRED = ("iss", "aud", "sub", "exp", "iat")

_PROBLEMS: tuple[tuple[type[Exception], str], ...] = (
    (exceptions.ExpiredSignatureError, "the token has expired"),
    (exceptions.ImmatureSignatureError, "the token is not valid yet"),
    (exceptions.InvalidAudienceError, "the token is meant for somebody else: its aud is not ours"),
    (exceptions.InvalidIssuerError, "the token comes from an issuer (iss) that is not trusted here"),
    (exceptions.InvalidSignatureError, "the token's signature is wrong"),
    (exceptions.InvalidAlgorithmError, "the token's key is not for its algorithm (alg)"),
    (exceptions.InvalidSubjectError, "claim sub: has to be text"),
    (exceptions.InvalidIssuedAtError, "claim iat: has to be a number of seconds"),
)
"""What is said of an error of PyJWT: its own words may hold what was in the token."""


class Tokens:
    """Knows callers by tokens of one identity provider."""

    def __init__(
        self, settings: IdentitySettings, ring: KeyRing, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """Trust the provider that the settings name.

        Args:
            settings: whose tokens, for whom, and how their claims are called.
            ring: hides the names of accounts that may not stand in histories.
            clock: counts seconds, from whenever: for the age of the provider's keys.
        """
        self._settings, self._ring = settings, ring
        self._keys = KeySet(KeySource(settings).fetch, clock=clock)

    async def caller(self, credential: str) -> Caller:
        """Return whom a token names.

        Raises:
            UnknownCallerError: it is none, is not signed by the provider, is for somebody else, has run out, or its
                claims do not say who calls.
            IdentityAwayError: the provider is away, and its key is not known.
        """
        claims = self._verified(credential, await self._keys.key(_key_name(credential)))
        if not claims["sub"]:
            raise UnknownCallerError("claim sub: is empty")
        account = account_of(self._settings.issuer, claims["sub"], self._ring)
        return caller_of(claims, self._settings.claims, account)

    def _verified(self, token: str, key: PublicKey) -> dict[str, Any]:
        try:
            return jwt.decode(
                token,
                key.key,
                algorithms=key.algorithms,
                issuer=self._settings.issuer,
                audience=self._settings.audience,
                leeway=_SKEW_SECONDS,
                options={"require": list(_REQUIRED)},
            )
        except exceptions.MissingRequiredClaimError as error:
            raise UnknownCallerError(f"claim {error.claim}: is missing") from None
        except exceptions.PyJWTError as error:
            said = (words for kind, words in _PROBLEMS if isinstance(error, kind))
            raise UnknownCallerError(next(said, "the token cannot be read")) from None


def _key_name(token: str) -> str:
    """Return the name of the key that a token says it is signed with: nothing is believed of it but that."""
    if len(token) > _LONGEST:
        raise UnknownCallerError(f"the token is longer than {_LONGEST} characters")
    try:
        header = jwt.get_unverified_header(token)
    except exceptions.PyJWTError:
        raise UnknownCallerError("this is neither a token nor a key") from None
    if header.get("alg") not in sorted(ALGORITHMS):
        raise UnknownCallerError(f"the token's algorithm (alg) has to be one of {', '.join(sorted(ALGORITHMS))}")
    name = header.get("kid")
    if not isinstance(name, str):
        raise UnknownCallerError("the token does not name its key (kid)")
    return name
