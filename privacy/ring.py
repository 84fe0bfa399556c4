"""The key ring: what wraps the keys of persons, and what turns a number into a fingerprint that finds it again."""

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from privacy.sealing import SealBrokenError, seal, unseal

INDEX = "index"
"""The name of the key for fingerprints. It is never exchanged: fingerprints could not be found again."""

_BYTES = 32


class RingError(ValueError):
    """A key ring cannot be read, or lacks a key. The text says what is wrong and holds no key."""


@dataclass(frozen=True)
class KeyRing:
    """Keys by name, the newest first: it wraps; the others only unwrap what they once wrapped."""

    keys: Mapping[str, bytes] = field(repr=False)
    index: bytes = field(repr=False)

    @property
    def newest(self) -> str:
        """The name of the key that wraps."""
        return next(iter(self.keys))

    def wrap(self, key: bytes, of: str) -> tuple[str, bytes]:
        """Return a person's key sealed for storage, and the name of the key that sealed it."""
        return self.newest, seal(self.keys[self.newest], key, f"key of {of}")

    def unwrap(self, name: str, wrapped: bytes, of: str) -> bytes:
        """Return a person's key.

        Raises:
            RingError: the ring lacks the key that wrapped it, or has another one under its name.
        """
        if name not in self.keys:
            raise RingError(f"KAWAL_KEYS: lacks the key {name}, under which persons' keys are wrapped: add it")
        try:
            return unseal(self.keys[name], wrapped, f"key of {of}")
        except SealBrokenError as broken:
            raise RingError(f"KAWAL_KEYS: the key {name} is not the one that wrapped persons' keys") from broken

    def fingerprint(self, kind: str, value: str) -> bytes:
        """Return what finds a value again and tells nobody what it is who lacks the index key."""
        return hmac.new(self.index, f"{kind}\0{value}".encode(), hashlib.sha256).digest()

    def derived(self, purpose: str) -> Mapping[str, bytes]:
        """Return keys for another purpose, by the names of those that they follow from, the newest first."""
        return {
            name: hmac.new(key, f"kawal {purpose}".encode(), hashlib.sha256).digest() for name, key in self.keys.items()
        }

    def written(self) -> str:
        """Return the ring as KAWAL_KEYS holds it: secret."""
        named = [*self.keys.items(), (INDEX, self.index)]
        return " ".join(f"{name}:{base64.b64encode(key).decode()}" for name, key in named)


def new_ring(name: str) -> KeyRing:
    """Return a ring with a new key of this name and a new index key."""
    return KeyRing({name: os.urandom(_BYTES)}, os.urandom(_BYTES))


def with_new_key(ring: KeyRing, name: str) -> KeyRing:
    """Return the ring with a new key before the others.

    Raises:
        RingError: a key of this name is there already.
    """
    if name in ring.keys or name == INDEX:
        raise RingError(f"KAWAL_KEYS: has a key {name} already: choose another name")
    return KeyRing({name: os.urandom(_BYTES), **ring.keys}, ring.index)


def read_ring(text: str) -> KeyRing:
    """Read a ring as it is written: name:base64 of 32 bytes, with blanks between, the newest first, and index:base64.

    Raises:
        RingError: it cannot be read.
    """
    keys: dict[str, bytes] = {}
    for number, entry in enumerate(text.split(), start=1):
        name, _, encoded = entry.partition(":")
        if not name or name in keys:
            raise RingError(f"KAWAL_KEYS: entry {number} has no name, or that of another: write name:base64")
        keys[name] = _key(number, encoded)
    index = keys.pop(INDEX, None)
    if index is None or not keys:
        raise RingError("KAWAL_KEYS: needs a key of its own and one named index: make them with kawal privacy new-key")
    return KeyRing(keys, index)


def _key(number: int, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded, validate=True)
    except ValueError:
        key = b""
    if len(key) != _BYTES:
        raise RingError(f"KAWAL_KEYS: entry {number} is no key: write name:base64 of {_BYTES} bytes")
    return key
