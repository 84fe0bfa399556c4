"""Which sanctions are proposed when something went wrong, and for whom. A superior decides about them."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from domain import ledger
from domain.offices import acting
from schemas.case import Answer, CaseState, LevelPlan, Part
from schemas.ledger import EntryKind, LedgerEntry
from schemas.sanctions import SanctionRule, Subject, Trigger, TriggeredRule


@dataclass(frozen=True)
class Lateness:
    """What a proposal is about: which level of which agency's ladder, since when, and why."""

    level: int
    levels: tuple[LevelPlan, ...]
    agency: str
    agency_head: str
    at: datetime
    due_at: datetime
    """When it should have been done: whoever held the office then answers for it."""
    reason: str
    part: str | None = None
    round: int | None = None
    """None: the present one."""


def of_case(state: CaseState, *, at: datetime, due_at: datetime, reason: str) -> Lateness:
    """Return something that is about the case as a whole, at its present level."""
    assert state.plan is not None
    plan = state.plan
    return Lateness(state.level, plan.levels, plan.agency, plan.agency_head, at, due_at, reason)


def of_part(part: Part, *, at: datetime, due_at: datetime, reason: str) -> Lateness:
    """Return something that is about one agency's part, at its present level."""
    return Lateness(part.level, part.levels, part.agency, part.agency_head, at, due_at, reason, part=part.agency)


def of_answer(state: CaseState, answer: Answer, *, at: datetime, reason: str) -> Lateness:
    """Return something that is about an answer, whoever has the case now."""
    part = answer.agency if answer.part else None
    return Lateness(
        answer.level, answer.levels, answer.agency, answer.agency_head, at, at, reason, part=part, round=answer.round
    )


def triggered(state: CaseState, trigger: Trigger) -> tuple[SanctionRule, ...]:
    """Return the rules about this one case that a trigger sets off."""
    return tuple(rule for rule in (state.plan.sanctions if state.plan else ()) if rule.trigger is trigger)


def proposed(state: CaseState, rules: Iterable[SanctionRule], about: Lateness) -> tuple[LedgerEntry, ...]:
    """Return the sealed proposals that rules lead to.

    There are none for an office that nobody held, none for the operator in a round that began above that level, and
    none a second time for one (round, part, level, rule), unless the first was taken back: then it refers to that one.
    """
    entries = []
    for rule in rules:
        passed_by = rule.subject is Subject.OPERATOR and state.began_at > 0 and about.part is None and not about.round
        subject = None if passed_by else _subject(state, rule, about)
        if subject is not None:
            entries.append(_entry(state, rule, subject, about))
    return ledger.chained(state, [new for entry in entries if (new := _once(state, entry)) is not None])


def _once(state: CaseState, entry: LedgerEntry) -> LedgerEntry | None:
    """Return a proposal that does not stand yet; None if it does. One in place of what was taken back refers to it."""
    before = {_key(old): old.entry for old in state.ledger if old.kind is EntryKind.PROPOSED}
    taken_back = {old.refers_to for old in state.ledger if old.kind is EntryKind.ANNULLED}
    while (number := before.get(_key(entry))) is not None:
        if number not in taken_back:
            return None
        entry = entry.model_copy(update={"refers_to": number})
    return entry


def not_cured(state: CaseState, rule: TriggeredRule, cured: LedgerEntry, at: datetime) -> tuple[LedgerEntry, ...]:
    """Return the sealed proposal that follows from another one: about the same office, for it had to be cured."""
    entry = cured.model_copy(
        update={
            "rule": rule.rule,
            "sanction": rule.sanction,
            "points": rule.points,
            "basis": rule.basis,
            "at": at,
            "reason": f"the case was not answered within {rule.after} of entry {cured.entry}",
            "refers_to": cured.entry,
        }
    )
    return ledger.chained(state, [entry])


def _key(entry: LedgerEntry) -> tuple[object, ...]:
    """Return what one proposal is known by; PostgreSQL holds each once, too."""
    return entry.round or 1, entry.part, entry.level, entry.rule, entry.refers_to


def _entry(state: CaseState, rule: SanctionRule, subject: str, about: Lateness) -> LedgerEntry:
    assert state.plan is not None
    registered = state.plan.edition >= 2
    return LedgerEntry(
        case_id=state.complaint.case_id,
        entry=1,
        kind=EntryKind.PROPOSED,
        level=about.level,
        rule=rule.rule,
        subject=subject,
        sanction=rule.sanction,
        points=rule.points,
        basis=rule.basis,
        at=about.at,
        reason=about.reason,
        agency=subject.rpartition("@")[2] if registered else None,
        deciders=_deciders(about, subject) if registered else None,
        part=about.part,
        round=_round(about.round or state.round),
        previous_hash="",
        hash="",
    )


def _round(number: int) -> int | None:
    return number if number > 1 else None


def _subject(state: CaseState, rule: SanctionRule, about: Lateness) -> str | None:
    def whoever_acted_for(level: LevelPlan) -> str | None:
        return acting(state.absences, level.holder, level.deputies, about.due_at)

    match rule.subject:
        case Subject.HOLDER:
            return whoever_acted_for(about.levels[about.level])
        case Subject.OPERATOR:
            return whoever_acted_for(about.levels[0])
        case Subject.AGENCY_HEAD:
            return acting(state.absences, about.agency_head, (), about.due_at)
        case Subject.AGENCY:
            return about.agency


def _deciders(about: Lateness, subject: str) -> tuple[str, ...]:
    """Return the offices above the subject on this ladder: nobody decides about themselves or those above them."""
    below = [
        number
        for number, level in enumerate(about.levels)
        if level.holder == subject or subject in level.deputies or level.agency == subject
    ]
    above = about.levels[(below[-1] + 1 if below else 0) :]
    return tuple(dict.fromkeys(level.holder for level in above if level.holder != subject))
