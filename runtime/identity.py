"""Whose tokens say who calls: as the environment says, else those of the issuer that `kawal dev` keeps here."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from runtime.settings import SettingsError, elsewhere, of_this_folder

_ISSUER, _AUDIENCE, _JWKS = "KAWAL_OIDC_ISSUER", "KAWAL_OIDC_AUDIENCE", "KAWAL_OIDC_JWKS"
_CLAIMS = {
    "role": "KAWAL_OIDC_CLAIM_ROLE",
    "agency": "KAWAL_OIDC_CLAIM_AGENCY",
    "offices": "KAWAL_OIDC_CLAIM_OFFICES",
    "channel": "KAWAL_OIDC_CLAIM_CHANNEL",
}
_OF_DEV = ("issuer", "audience", "jwks")
"""What `kawal dev` says about its issuer."""

_LOOPBACK = ("127.0.0.1", "::1", "localhost")
_FILE = "file:"


@dataclass(frozen=True)
class Claims:
    """What the claims of a token are called. A dot leads into a claim: realm_access.roles."""

    role: str = "kawal_role"
    agency: str = "kawal_agency"
    offices: str = "kawal_offices"
    channel: str = "kawal_channel"


@dataclass(frozen=True)
class IdentitySettings:
    """Whose tokens are believed, and how they are read."""

    issuer: str
    audience: str
    jwks: str | None = None
    """Where the provider's public keys are: https://..., or file:...; None: the issuer says so itself."""
    claims: Claims = Claims()

    @property
    def jwks_file(self) -> Path | None:
        """The file of the public keys, where it is one."""
        if self.jwks is None or not self.jwks.startswith(_FILE):
            return None
        path = self.jwks.removeprefix(_FILE)
        return Path(path.removeprefix("//") if path.startswith("///") else path)


def identity(environment: Mapping[str, str] = os.environ) -> IdentitySettings | None:
    """Read KAWAL_OIDC_ISSUER, _AUDIENCE, _JWKS and _CLAIM_ROLE, _AGENCY, _OFFICES, _CHANNEL.

    Without any of them, it is the issuer that `kawal dev` keeps for this folder, if it does; None otherwise: then no
    tokens are accepted, and keys alone open anything.

    Raises:
        SettingsError: one is missing, or cannot be read.
    """
    names = (_ISSUER, _AUDIENCE, _JWKS, *_CLAIMS.values())
    given = {name: value for name in names if (value := environment.get(name, "").strip())}
    if not given:
        return None if elsewhere() else _of_dev(of_this_folder())
    if missing := [name for name in (_ISSUER, _AUDIENCE) if name not in given]:
        raise SettingsError(f"an identity provider needs {_ISSUER} and {_AUDIENCE}: set {' and '.join(missing)}, too")
    claims = Claims(**{claim: given[name] for claim, name in _CLAIMS.items() if name in given})
    found = IdentitySettings(given[_ISSUER], given[_AUDIENCE], given.get(_JWKS), claims)
    _require_keys(found)
    return found


def _of_dev(addresses: Mapping[str, str]) -> IdentitySettings | None:
    if not all(name in addresses for name in _OF_DEV):
        return None
    return IdentitySettings(addresses["issuer"], addresses["audience"], addresses["jwks"])


def _require_keys(found: IdentitySettings) -> None:
    """Raise `SettingsError` if the public keys are nowhere, or could be exchanged on their way."""
    if found.jwks_file:
        if not found.jwks_file.is_file():
            raise SettingsError(f"{_JWKS}: there is no file {found.jwks_file}: write file: and where the keys are")
    elif found.jwks:
        if not is_safe(found.jwks):
            raise SettingsError(
                f"{_JWKS} cannot be read: write https://host/path (http:// only on this machine), or file:/path"
            )
    elif not is_safe(found.issuer):
        raise SettingsError(
            f"{_ISSUER}: is no address that says where its keys are: write it as tokens hold it, https://host/path,"
            f" or set {_JWKS}, too"
        )


def is_safe(url: str) -> bool:
    """Whether keys that are fetched from an address are those that are there: by https, or on this machine."""
    try:
        parts = urlsplit(url)
        readable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    return readable and (parts.scheme == "https" or parts.hostname in _LOOPBACK)
