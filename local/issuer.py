"""An issuer of tokens for development and tests. Never for production: whoever can read its folder can be anybody."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from local.private_file import write_private

ISSUER = "https://issuer.kawal.invalid"
"""Nobody can own this name: no token of a real provider ever bears it."""

AUDIENCE = "kawal"

_ALGORITHM = "ES256"
_KEY_FILE = "issuer-key.pem"
_JWKS_FILE = "issuer-jwks.json"


@dataclass(frozen=True)
class Issuer:
    """What makes tokens that say who calls, for development only: there is no password, and nobody is asked."""

    issuer: str
    audience: str
    jwks_file: Path
    """The public key, as a JSON Web Key Set: what checks the tokens."""
    kid: str
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    def mint(
        self,
        role: str,
        *,
        sub: str,
        agency: str | None = None,
        offices: Sequence[str] = (),
        channel: str | None = None,
        lifetime: timedelta = timedelta(hours=1),
    ) -> str:
        """Return a token: a secret, for as long as it lives.

        Args:
            role: in what capacity its bearer calls, e.g. reporter, operator, auditor.
            sub: the account.
            agency: of an operator or superior.
            offices: role@agency, of an operator or superior.
            channel: of a system.
            lifetime: how long it is good for, from now on.
        """
        now = datetime.now(UTC)
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": sub,
            "iat": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()),
            "kawal_role": role,
            "kawal_agency": agency,
            "kawal_offices": list(offices) or None,
            "kawal_channel": channel,
        }
        return self.sign({name: value for name, value in claims.items() if value is not None})

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return a token with just these claims, sound or not."""
        return jwt.encode(dict(claims), self.key, algorithm=_ALGORITHM, headers={"kid": self.kid})

    def jwk(self) -> dict[str, Any]:
        """Return the public key as a JSON Web Key."""
        return {**_public(self.key), "kid": self.kid, "use": "sig", "alg": _ALGORITHM}


def issuer_in(folder: Path, *, issuer: str = ISSUER, audience: str = AUDIENCE) -> Issuer:
    """Return the issuer whose key is kept in a folder; a new key is made there if there is none.

    Raises:
        OSError: the folder cannot be read or written.
        ValueError: the file of the key holds none: remove it.
    """
    folder.mkdir(parents=True, exist_ok=True)
    key_file = folder / _KEY_FILE
    if not key_file.exists():
        write_private(key_file, _new_key())
    key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
    if not isinstance(key, ec.EllipticCurvePrivateKey):
        raise ValueError(f"{key_file} holds no key of an elliptic curve: remove it")  # noqa: TRY004 - as one unread
    made = Issuer(issuer, audience, (folder / _JWKS_FILE).absolute(), _name(key), key)
    write_private(made.jwks_file, json.dumps({"keys": [made.jwk()]}, indent=2).encode())
    return made


def _new_key() -> bytes:
    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _public(key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
    return dict(ECAlgorithm.to_jwk(key.public_key(), as_dict=True))


def _name(key: ec.EllipticCurvePrivateKey) -> str:
    """Name a key by what it is: another key always has another name."""
    return hashlib.sha256(json.dumps(_public(key), sort_keys=True).encode()).hexdigest()[:16]
