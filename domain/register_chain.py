"""Sealing an agency's register into a chain, and checking a chain."""

import hashlib
import json
from collections.abc import Iterable

from schemas.ledger import GENESIS
from schemas.scorecard import RegisterEntry


def seal(entry: RegisterEntry, previous: str) -> RegisterEntry:
    """Chain an entry to the one before: its hash covers everything that it says and the previous hash.

    Fields without a value are left out, so that a field added in a later version breaks no old seal.
    """
    unsealed = entry.model_copy(update={"previous_hash": previous, "hash": ""})
    said = unsealed.model_dump(mode="json", exclude={"hash"}, exclude_none=True)
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return unsealed.model_copy(update={"hash": hashlib.sha256(text.encode()).hexdigest()})


def broken_at(register: Iterable[RegisterEntry], *, first: int = 1, previous: str = GENESIS) -> int | None:
    """Return the number of the first entry that does not follow from the ones before, or None if the chain holds.

    Args:
        register: entries in order.
        first: the number that the first of them should have.
        previous: the seal that it should follow.
    """
    for number, entry in enumerate(register, start=first):
        if entry.number != number or seal(entry, previous) != entry:
            return number
        previous = entry.hash
    return None
