"""Sealing entries into a chain: whoever changes one breaks all seals after it."""

import hashlib
import json
from typing import TypeVar

from schemas.ledger import Sealed

Entry = TypeVar("Entry", bound=Sealed)


def seal(entry: Entry, previous: str) -> Entry:
    """Chain an entry to the one before: its hash covers everything that it says and the previous hash.

    Fields without a value are left out, so that a field added in a later version breaks no old seal.
    """
    unsealed = entry.model_copy(update={"previous_hash": previous, "hash": ""})
    said = unsealed.model_dump(mode="json", exclude={"hash"}, exclude_none=True)
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return unsealed.model_copy(update={"hash": hashlib.sha256(text.encode()).hexdigest()})
