"""Sealing the sanction ledger into a chain, and checking a chain."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from schemas.case import Breach, CaseState
from schemas.ledger import GENESIS, EntryKind, LedgerEntry


def head_of(ledger: Sequence[LedgerEntry]) -> str:
    """Return the hash of the last entry, which stands for the whole chain."""
    return ledger[-1].hash if ledger else GENESIS


def annulments(state: CaseState, breach: Breach, at: datetime, reason: str) -> tuple[LedgerEntry, ...]:
    """Return the sealed entries that take back every proposal of a breach; the proposals themselves stay."""
    entries = [
        state.ledger[number - 1].model_copy(
            update={
                "kind": EntryKind.ANNULLED,
                "points": -state.ledger[number - 1].points,
                "at": at,
                "reason": reason,
                "refers_to": number,
            }
        )
        for number in breach.proposals
    ]
    return chained(state, entries)


def chained(state: CaseState, entries: Sequence[LedgerEntry]) -> tuple[LedgerEntry, ...]:
    """Return entries numbered and sealed so that they follow the case's ledger."""
    sealed: list[LedgerEntry] = []
    for entry in entries:
        numbered = entry.model_copy(update={"entry": len(state.ledger) + len(sealed) + 1})
        sealed.append(seal(numbered, previous=sealed[-1].hash if sealed else head_of(state.ledger)))
    return tuple(sealed)


def seal(entry: LedgerEntry, previous: str) -> LedgerEntry:
    """Chain an entry to the one before: its hash covers everything that it says and the previous hash.

    Fields without a value are left out, so that a field added in a later version breaks no old seal.
    """
    unsealed = entry.model_copy(update={"previous_hash": previous, "hash": ""})
    said = unsealed.model_dump(mode="json", exclude={"hash"}, exclude_none=True)
    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return unsealed.model_copy(update={"hash": hashlib.sha256(text.encode()).hexdigest()})


def broken_at(ledger: Sequence[LedgerEntry]) -> int | None:
    """Return the number of the first entry that does not follow from the ones before, or None if the chain holds."""
    previous = GENESIS
    for number, entry in enumerate(ledger, start=1):
        if entry.entry != number or seal(entry, previous) != entry:
            return number
        previous = entry.hash
    return None
