"""The sanction ledger: append-only entries, each sealed with the hash of the one before."""

from enum import StrEnum

from pydantic import Field

from schemas.base import CaseId, Code, Model, UtcDatetime

GENESIS = "0" * 64
"""What the first entry of every case's ledger follows."""


class EntryKind(StrEnum):
    """What an entry says."""

    PROPOSED = "proposed"
    ANNULLED = "annulled"


class LedgerEntry(Model):
    """One sealed entry. Nothing here is imposed: a superior decides about proposals."""

    case_id: CaseId
    entry: int = Field(ge=1, description="1, 2, 3 ... within the case")
    kind: EntryKind
    level: int
    rule: Code
    subject: str = Field(description="role@agency, or the agency")
    sanction: str
    points: int
    basis: str
    at: UtcDatetime
    reason: str
    refers_to: int | None = Field(default=None, description="the proposal that an annulment takes back")
    previous_hash: str
    hash: str
