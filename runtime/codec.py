"""Sealing what Temporal stores: inputs, results, messages and failures, which then nobody reads who has no key.

Histories hold no personal data in any case; this keeps codes, moments and references from those who run Temporal.
"""

import re
from collections.abc import Mapping, Sequence

from google.protobuf.message import DecodeError
from temporalio.api.common.v1 import Payload
from temporalio.converter import PayloadCodec

from privacy.sealing import SealBrokenError, seal, unseal

ENCODING = b"binary/encrypted"
_KEY = "kawal-key"
_OF = "payload"
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")


class PayloadKeyError(RuntimeError):
    """A payload cannot be opened: the ring lacks its key, or it was changed."""


class SealedPayloads(PayloadCodec):
    """Seals payloads under the newest key, if it is to, and opens what any key of the ring has sealed.

    What was stored in clear is left as it is: histories from before sealing began are read for years.
    """

    def __init__(self, keys: Mapping[str, bytes], *, seals: bool = False, strict: bool = False) -> None:
        """Use keys.

        Args:
            keys: the newest first. Retired ones have to stay for as long as histories are kept.
            seals: whether what is written is sealed; otherwise sealed payloads are only opened.
            strict: whether what cannot be opened is an error. Workers leave it closed: whoever may signal a case could
                keep it from going on with one payload, and an unreadable message is recorded as such.
        """
        self._keys = keys
        self._seals = seals
        self._strict = strict

    async def encode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Seal payloads."""
        return [self._sealed(payload) for payload in payloads] if self._seals else list(payloads)

    async def decode(self, payloads: Sequence[Payload]) -> list[Payload]:
        """Open payloads.

        Raises:
            PayloadKeyError: the key is missing, or something was changed, and that is an error here.
        """
        return [self._opened(payload) for payload in payloads]

    def _sealed(self, payload: Payload) -> Payload:
        name = next(iter(self._keys))
        data = seal(self._keys[name], payload.SerializeToString(), _OF)
        return Payload(metadata={"encoding": ENCODING, _KEY: name.encode()}, data=data)

    def _opened(self, payload: Payload) -> Payload:
        if payload.metadata.get("encoding") != ENCODING:
            return payload
        name = payload.metadata.get(_KEY, b"").decode(errors="replace")
        try:
            return Payload.FromString(unseal(self._keys[name], payload.data, _OF))
        except KeyError as missing:
            problem: Exception = missing
            reason = f"KAWAL_KEYS: lacks the key {_plain(name)}, under which Temporal's payloads are sealed"
        except (SealBrokenError, DecodeError) as broken:
            problem, reason = broken, f"a payload is not what was sealed under the key {_plain(name)}"
        if self._strict:
            raise PayloadKeyError(reason) from problem
        return payload


def _plain(name: str) -> str:
    """Return the name of a key, if it may be one of ours; anything else was made up by whoever sent it."""
    return name if _NAME.fullmatch(name) else "?"
