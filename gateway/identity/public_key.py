"""Public keys of an identity provider, each with the algorithms that it may check: the key decides, never the token."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

_FITTING: Mapping[tuple[str, str | None], tuple[str, ...]] = {
    ("RSA", None): ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    ("EC", "P-256"): ("ES256",),
    ("EC", "P-384"): ("ES384",),
    ("OKP", "Ed25519"): ("EdDSA",),
}
"""By kind and curve. Keys that sign and check alike (HS256) are not here: no provider publishes those."""

ALGORITHMS = frozenset(name for names in _FITTING.values() for name in names)
_SHORTEST_RSA_BITS = 2048


@dataclass(frozen=True)
class PublicKey:
    """One key, and what it may check."""

    key: RSAPublicKey | EllipticCurvePublicKey | Ed25519PublicKey
    algorithms: tuple[str, ...]


def public_keys(document: Any) -> dict[str, PublicKey]:
    """Return the keys of a JSON Web Key Set that sign tokens, by their names; others are passed over."""
    listed = document.get("keys") if isinstance(document, dict) else None
    found: dict[str, PublicKey] = {}
    for jwk in listed if isinstance(listed, list) else []:
        key = _public_key(jwk) if isinstance(jwk, dict) and jwk.get("use", "sig") == "sig" else None
        if key and isinstance(jwk.get("kid"), str):
            found[jwk["kid"]] = key
    return found


def _public_key(jwk: dict[str, Any]) -> PublicKey | None:
    algorithms = _algorithms(jwk)
    if not algorithms or "d" in jwk:  # a private key that was published is nobody's any more
        return None
    try:
        key = PyJWK(jwk, algorithms[0]).key
    except (PyJWTError, ValueError, TypeError):
        return None
    if isinstance(key, RSAPublicKey) and key.key_size < _SHORTEST_RSA_BITS:
        return None
    return PublicKey(key, algorithms)


def _algorithms(jwk: dict[str, Any]) -> tuple[str, ...]:
    kind, curve = jwk.get("kty"), jwk.get("crv")
    fitting = next((names for of, names in _FITTING.items() if of == (kind, curve)), ())
    only = jwk.get("alg")
    return fitting if only is None else tuple(name for name in fitting if name == only)
