"""The sanction ledger of a case: adding to its chain, and checking it."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from domain.chain import seal
from schemas.case import CaseState
from schemas.ledger import GENESIS, EntryKind, LedgerEntry


def head_of(ledger: Sequence[LedgerEntry]) -> str:
    """Return the hash of the last entry, which stands for the whole chain."""
    return ledger[-1].hash if ledger else GENESIS


def annulments(state: CaseState, proposals: Iterable[int], at: datetime, reason: str) -> tuple[LedgerEntry, ...]:
    """Return the sealed entries that take back proposals, given by number, and what followed from them.

    The proposals themselves stay. What was taken back before is not taken back again.
    """
    meant = set(proposals)
    meant |= {e.entry for e in state.ledger if e.kind is EntryKind.PROPOSED and e.refers_to in meant}
    meant -= {e.refers_to for e in state.ledger if e.kind is EntryKind.ANNULLED and e.refers_to is not None}
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
        for number in sorted(meant)
    ]
    return chained(state, entries)


def chained(state: CaseState, entries: Sequence[LedgerEntry]) -> tuple[LedgerEntry, ...]:
    """Return entries numbered and sealed so that they follow the case's ledger."""
    sealed: list[LedgerEntry] = []
    for entry in entries:
        numbered = entry.model_copy(update={"entry": len(state.ledger) + len(sealed) + 1})
        sealed.append(seal(numbered, previous=sealed[-1].hash if sealed else head_of(state.ledger)))
    return tuple(sealed)


def broken_at(ledger: Sequence[LedgerEntry]) -> int | None:
    """Return the number of the first entry that does not follow from the ones before, or None if the chain holds."""
    previous = GENESIS
    for number, entry in enumerate(ledger, start=1):
        if entry.entry != number or seal(entry, previous) != entry:
            return number
        previous = entry.hash
    return None
