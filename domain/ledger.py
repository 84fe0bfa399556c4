"""Sealing the sanction ledger into a chain, and checking a chain."""

import hashlib
import json
from collections.abc import Sequence
from datetime import datetime

from schemas.case import Breach, CaseState
from schemas.ledger import GENESIS, EntryKind, LedgerEntry
from schemas.policy import SanctionRule, Subject


def head_of(ledger: Sequence[LedgerEntry]) -> str:
    """Return the hash of the last entry, which stands for the whole chain."""
    return ledger[-1].hash if ledger else GENESIS


def proposals(state: CaseState, at: datetime) -> tuple[LedgerEntry, ...]:
    """Return the sealed proposals that the present level's lateness leads to."""
    if state.plan is None or state.clock is None:
        return ()
    level = state.plan.levels[state.level]
    due_at = state.clock.due.at
    entries: list[LedgerEntry] = []
    for rule in level.sanctions:
        entry = LedgerEntry(
            case_id=state.complaint.case_id,
            entry=len(state.ledger) + len(entries) + 1,
            kind=EntryKind.PROPOSED,
            level=state.level,
            rule=rule.rule,
            subject=_subject(state, rule),
            sanction=rule.sanction,
            points=rule.points,
            basis=rule.basis,
            at=at,
            reason=f"no answer from {level.holder} by {due_at.isoformat()}",
            previous_hash="",
            hash="",
        )
        entries.append(seal(entry, previous=entries[-1].hash if entries else head_of(state.ledger)))
    return tuple(entries)


def annulments(state: CaseState, breach: Breach, at: datetime, reason: str) -> tuple[LedgerEntry, ...]:
    """Return the sealed entries that take back every proposal of a breach; the proposals themselves stay."""
    entries: list[LedgerEntry] = []
    for number in breach.proposals:
        proposal = state.ledger[number - 1]
        entry = proposal.model_copy(
            update={
                "entry": len(state.ledger) + len(entries) + 1,
                "kind": EntryKind.ANNULLED,
                "points": -proposal.points,
                "at": at,
                "reason": reason,
                "refers_to": number,
            }
        )
        entries.append(seal(entry, previous=entries[-1].hash if entries else head_of(state.ledger)))
    return tuple(entries)


def _subject(state: CaseState, rule: SanctionRule) -> str:
    assert state.plan is not None
    level = state.plan.levels[state.level]
    return {
        Subject.HOLDER: level.holder,
        Subject.AGENCY_HEAD: state.plan.agency_head,
        Subject.AGENCY: state.plan.agency,
    }[rule.subject]


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
