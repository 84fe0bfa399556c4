"""Who calls in tests: real tokens of a real issuer, checked as in production."""

import secrets
from typing import Any

from gateway.identity.api_keys import ApiKeys
from gateway.identity.callers import Callers
from gateway.identity.oidc import Tokens
from local.issuer import Issuer
from runtime.identity import IdentitySettings
from storage.database import Pool


def settings_for(issuer: Issuer, **others: Any) -> IdentitySettings:
    """Return settings that trust an issuer by its file of keys, or with something else in place of that."""
    given = {"issuer": issuer.issuer, "audience": issuer.audience, "jwks": f"file:{issuer.jwks_file}"}
    return IdentitySettings(**given | others)


def identity(pool: Pool, issuer: Issuer) -> Callers:
    """Return what knows callers by tokens of an issuer, and by keys in the database."""
    return Callers(Tokens(settings_for(issuer), pool.ring), ApiKeys(pool))


def bearer(issuer: Issuer, role: str, **claims: Any) -> dict[str, str]:
    """Return the header of a call in this role.

    Args:
        issuer: mints the token.
        role: a `CallerRole`, e.g. "operator".
        claims: `sub` (an account of its own without it), `agency`, `offices`, `channel`, `lifetime`, as `Issuer.mint`
            takes them. An operator and a superior need an agency, a system needs a channel.
    """
    claims.setdefault("sub", f"{role}-{secrets.token_hex(4)}")
    return {"Authorization": f"Bearer {issuer.mint(role, **claims)}"}
