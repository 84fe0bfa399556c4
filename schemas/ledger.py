"""The sanction ledger of a case: append-only entries, each sealed with the hash of the one before."""

from enum import StrEnum

from pydantic import Field

from schemas.base import CaseId, Code, Model, UtcDatetime

GENESIS = "0" * 64
"""What the first entry of every ledger follows."""


class Sealed(Model):
    """An entry of a chain: its hash covers everything that it says and the hash of the entry before.

    Seals leave out fields that are None. A field added in a later release is None where it has nothing to say, so that
    old seals hold.
    """

    previous_hash: str
    hash: str


class EntryKind(StrEnum):
    """What an entry says."""

    PROPOSED = "proposed"
    ANNULLED = "annulled"


class LedgerEntry(Sealed):
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
    refers_to: int | None = Field(default=None, description="the proposal that an entry answers to")
    agency: Code | None = Field(default=None, description="whose register the entry goes to")
    deciders: tuple[str, ...] | None = Field(default=None, description="offices that may decide about an objection")
    part: Code | None = Field(default=None, description="the agency of a coordinated part; None: the case as a whole")
    round: int | None = Field(default=None, description="2, 3 ... after a reopening or transfer; None: the first")
