"""Sealing values with AES-256-GCM: nobody reads or moves what they have no key for."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

_VERSION = b"\x01"
_NONCE = 12


class SealBrokenError(ValueError):
    """What was sealed is not what is there, stands where it does not belong, or the key is another."""


def new_key() -> bytes:
    """Return a key of 256 bits."""
    return AESGCM.generate_key(256)


def seal(key: bytes, value: bytes, of: str) -> bytes:
    """Seal a value, bound to what it is of: the same bytes are worth nothing elsewhere."""
    nonce = os.urandom(_NONCE)
    return _VERSION + nonce + AESGCM(key).encrypt(nonce, value, of.encode())


def unseal(key: bytes, sealed: bytes, of: str) -> bytes:
    """Return what was sealed.

    Raises:
        SealBrokenError: it is not what was sealed under this key as this.
    """
    if sealed[:1] != _VERSION:
        raise SealBrokenError("was sealed in a way that this release does not know")
    nonce, text = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
    try:
        return AESGCM(key).decrypt(nonce, text, of.encode())
    except (InvalidTag, ValueError) as broken:
        raise SealBrokenError("the seal is broken, or the key is another") from broken
