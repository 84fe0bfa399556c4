"""A case as the interface shows it: to agencies and auditors as it stands, to reporters without what is not theirs."""

from collections.abc import Collection
from typing import Any

from pydantic import Field

from gateway.api.case_words import CaseWords
from schemas.access import Caller, CallerRole
from schemas.base import CaseId, Code, Model, UtcDatetime
from schemas.calendar import Deadline
from schemas.case import CaseView, ClockView, NextStep, PartView, Remedy, TriageReason, Window
from schemas.complaint import Identity
from schemas.policy import Offer
from schemas.status import Status

_OUTSIDE = frozenset({CallerRole.REPORTER, CallerRole.SYSTEM})


def outside(caller: Caller) -> bool:
    """Return whether somebody calls from outside the government: nothing internal is theirs to see."""
    return caller.role in _OUTSIDE


class LedgerShown(Model):
    """How long the ledger of sanction proposals is, and the hash that stands for all of it."""

    length: int
    head: str


class CaseShown(Model):
    """Where a case stands, who has it, what happens next and when, and what can be sent to it."""

    case_id: CaseId
    seq: int = Field(description="counts what happened; also the ETag, for If-Match")
    status: Status
    words: CaseWords
    channel: Code
    category: Code
    case_class: Code | None
    region: Code | None
    identity: Identity
    respondent: Code | None
    agency: Code | None
    queue: Code | None
    triage_reason: TriageReason | None
    level: int
    level_title: str | None
    holder: str | None = Field(description="role@agency")
    owners: tuple[str, ...] = Field(description="who has to act now: role@agency, of every open part")
    parts: tuple[PartView, ...]
    round: int
    policy_version: str
    opened_at: UtcDatetime
    due: Deadline | None = Field(description="when the present level is in breach; none while its clock rests")
    level_clock: ClockView | None
    statutory_clock: ClockView | None
    window: Window | None
    what_next: NextStep | None
    on_time: bool
    answered_at: UtcDatetime | None
    closed_at: UtcDatetime | None
    merged_into: CaseId | None
    referred_to: str | None
    rating: int | None
    service: Code | None
    remedies: tuple[Remedy, ...]
    offers: tuple[Offer, ...] = Field(description="routes outside that are open to the reporter now")
    messages: tuple[str, ...] = Field(description="kinds of messages that the case takes from you now")
    watchers: tuple[str, ...] | None = Field(description="who has held it; not for reporters")
    suggested_addressee: str | None = Field(description="not for reporters")
    bypassed: Code | None = Field(description="the accused agency; not for reporters")
    possible_duplicates: tuple[CaseId, ...] | None = Field(description="not for reporters")
    ledger: LedgerShown | None = Field(description="not for reporters")


_INTERNAL = ("watchers", "suggested_addressee", "bypassed", "possible_duplicates")
_MADE_HERE = ("words", "messages", "ledger")


def shown(
    case: CaseView, caller: Caller, words: CaseWords, messages: tuple[str, ...], known: Collection[str]
) -> CaseShown:
    """Return a case as a caller is shown it.

    Args:
        case: which.
        caller: who may see it.
        words: what to tell people of it.
        messages: the kinds that it takes from the caller.
        known: the possible duplicates that are no secret to the caller.
    """
    fields: dict[str, Any] = {name: getattr(case, name) for name in CaseShown.model_fields if name not in _MADE_HERE}
    if outside(caller):
        internal = dict.fromkeys(_INTERNAL)
    else:
        internal = {"possible_duplicates": tuple(one for one in case.possible_duplicates if one in known)}
    ledger = None if outside(caller) else LedgerShown(length=case.ledger_length, head=case.ledger_head)
    return CaseShown.model_validate(fields | internal | {"words": words, "messages": messages, "ledger": ledger})


class CaseLine(Model):
    """A case as a list shows it."""

    case_id: CaseId
    seq: int
    status: Status
    category: Code
    region: Code | None
    channel: Code
    agency: Code | None
    level: int
    owners: tuple[str, ...] = Field(description="who has to act now: role@agency")
    opened_at: UtcDatetime
    due_at: UtcDatetime | None = Field(description="of the present level; none while its clock rests")
    overdue: bool = Field(description="whether whoever has to act has let a deadline pass")
    on_time: bool = Field(description="whether no deadline has passed so far")
    next_at: UtcDatetime | None = Field(description="when time alone takes it further")
    answered_at: UtcDatetime | None
    closed_at: UtcDatetime | None


def line(case: CaseView, *, overdue: bool) -> CaseLine:
    """Return a case as a list shows it."""
    made: dict[str, Any] = {
        "due_at": case.due.at if case.due else None,
        "next_at": case.what_next.at if case.what_next else None,
        "overdue": overdue,
    }
    plain = {name: getattr(case, name) for name in CaseLine.model_fields if name not in made}
    return CaseLine.model_validate(plain | made)
