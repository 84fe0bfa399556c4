"""What an event leads to in an agency's register, as pure functions: `decide` returns sealed entries.

Nothing here reads a clock: every event carries its moment. The engine only proposes; a superior decides.

Points belong to the period in which what they are for happened, and stand as long as their proposal does: an annulment
takes them back from that period, whenever it comes. A month's figures are closed some hours after its end; what is
delivered later counts nowhere, but is on record. A month that ended while the engine was away is kept open as long
again, so that what piled up meanwhile still counts.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from domain import repeat_offences, working_time
from domain.chain import seal
from domain.objections import refusal, took_effect
from domain.periods import first_day, local_day, month_ends, month_of, period_of
from domain.register_state import evolve, evolve_all
from schemas.ledger import EntryKind, LedgerEntry
from schemas.sanctions import SanctionRule, Subject, TriggeredRule
from schemas.scorecard import (
    AnsweredItem,
    Decide,
    FeedItem,
    LedgerItem,
    Month,
    Object,
    Outcome,
    Proposal,
    RegisterEntry,
    RegisterKind,
    RegisterMessage,
    RegisterRules,
    Scorecard,
    ledger_identity,
)

GRACE = timedelta(hours=6)
"""How long after a month's end its figures are closed: the time that items may take to be delivered."""


@dataclass(frozen=True)
class ItemReceived:
    """A case told of something; `at` is when it was delivered."""

    at: datetime
    item: FeedItem

    @property
    def identity(self) -> str:
        """Tells the event from all others, however often it comes."""
        return self.item.identity


@dataclass(frozen=True)
class MessageReceived:
    """Somebody sent a message; `at` is when it was delivered, which may be later than when it was accepted."""

    at: datetime
    message: RegisterMessage

    @property
    def identity(self) -> str:
        """Tells the event from all others, however often it comes."""
        return self.message.message_id

    @property
    def counts_from(self) -> datetime:
        """The moment at which the message was made durable, never in the future."""
        return min(self.message.accepted_at or self.at, self.at)


@dataclass(frozen=True)
class TimeReached:
    """The moment that the register waited for has come."""

    at: datetime
    identity: None = None


Event = ItemReceived | MessageReceived | TimeReached


def moments(events: Iterable[Event]) -> dict[str, datetime]:
    """Return when which event happened, by its identity."""
    return {event.identity or "time": event.at for event in events}


def at_moments(events: Iterable[Event], known: Mapping[str, datetime]) -> list[Event]:
    """Return events at the moments that are known of them."""
    return [replace(event, at=known.get(event.identity or "time", event.at)) for event in events]


def decide(card: Scorecard, event: Event) -> tuple[RegisterEntry, ...]:
    """Return the sealed entries that an event leads to, in order; nothing when it changes nothing.

    The same event a second time changes nothing. A message that is refused leads to nothing.
    """
    register = _Register(card, event.at)
    match event:
        case ItemReceived(item=item) if item.identity in card.seen:
            pass
        case ItemReceived(item=LedgerItem() as item) if item.entry.kind is EntryKind.PROPOSED:
            _take_proposal(register, item)
        case ItemReceived(item=LedgerItem() as item):
            _take_annulment(register, item.entry)
        case ItemReceived(item=AnsweredItem() as item):
            _take_answer(register, item)
        case MessageReceived():
            _take_message(register, event)
        case TimeReached():
            _close_months(register)
    return tuple(register.added)


def decide_all(card: Scorecard, events: Iterable[Event]) -> tuple[Scorecard, tuple[RegisterEntry, ...]]:
    """Return what events lead to, one after the other, and the state after them."""
    added: list[RegisterEntry] = []
    for event in events:
        entries = decide(card, event)
        card = evolve_all(card, entries)
        added += entries
    return card, tuple(added)


class _Register:
    """The entries that an event adds, each folded into the state before the next is decided."""

    def __init__(self, card: Scorecard, now: datetime) -> None:
        self.card = card
        self.now = now
        self.added: list[RegisterEntry] = []

    @property
    def rules(self) -> RegisterRules:
        if self.card.rules is None:
            raise ValueError(
                f"the register of {self.card.agency} has no rules yet: read them before anything is decided"
            )
        return self.card.rules

    def add(self, kind: RegisterKind, at: datetime, said: dict[str, object]) -> None:
        """Add an entry of this kind, sealed onto the chain."""
        given = said | {"agency": self.card.agency, "number": self.card.length + 1, "kind": kind, "at": at}
        entry = seal(RegisterEntry.model_validate(given | {"previous_hash": "", "hash": ""}), self.card.head)
        self.added.append(entry)
        self.card = evolve(self.card, entry)


def _take_proposal(register: _Register, item: LedgerItem) -> None:
    entry, rules = item.entry, register.rules
    offence = _offence(rules, item)
    annulled = item.identity in register.card.annulled_unseen
    said = _of_case(entry) | {
        "points": entry.points,
        "period": _period(rules, entry.at),
        "until": None if annulled else _until(rules, entry.at),
        "deciders": entry.deciders or None,
        "offence": offence,
    }
    register.add(RegisterKind.RECEIVED, entry.at, said)
    if offence is not None and not annulled:
        _propose_for_repeats(register, entry.subject, near=(entry.at, offence))


def _take_annulment(register: _Register, entry: LedgerEntry) -> None:
    """Take back a proposal that its case takes back, whatever was decided about it: what it rested on never was."""
    name = ledger_identity(entry.case_id, entry.refers_to or 0)
    proposal = next((p for p in register.card.proposals.values() if p.case == name), None)
    said = _of_case(entry) | {"case_refers_to": entry.refers_to, "reason": "annulled-by-its-case"}
    if proposal is None:
        register.add(RegisterKind.ANNULLED, entry.at, said | {"points": entry.points})
        return
    points = 0 if proposal.annulled else -proposal.points
    register.add(RegisterKind.ANNULLED, entry.at, said | _about(proposal) | {"points": points})
    _take_back_what_rested_on(register, proposal)


def _take_answer(register: _Register, item: AnsweredItem) -> None:
    month = month_of(local_day(register.rules.calendar, item.at))
    said: dict[str, object] = {
        "case_id": item.case_id,
        "case_seq": item.seq,
        "on_time": item.on_time,
        "month": month,
        "until": month_ends(register.rules.calendar, month) + GRACE,
    }
    register.add(RegisterKind.ANSWERED, item.at, said)


def _take_message(register: _Register, event: MessageReceived) -> None:
    message = event.message
    if took_effect(register.card, message) or refusal(register.card, message, event.counts_from):
        return
    proposal = register.card.proposals[message.entry]
    at = max(event.counts_from, proposal.at)
    said = _about(proposal) | {
        "actor": message.actor.id,
        "office": message.actor.office,
        "message_id": message.message_id,
        "reason": message.reason,
    }
    match message:
        case Object():
            register.add(RegisterKind.OBJECTED, at, said)
        case Decide(outcome=Outcome.UPHELD):
            register.add(RegisterKind.UPHELD, at, said)
        case Decide():
            register.add(RegisterKind.ANNULLED, at, said | {"points": -proposal.points})
            _take_back_what_rested_on(register, proposal)


def _close_months(register: _Register) -> None:
    for name, month in sorted(register.card.months.items()):
        if month.closed or month.closes_at > register.now:
            continue
        if register.now - month.closes_at > GRACE:
            register.add(RegisterKind.POSTPONED, register.now, {"month": name, "until": register.now + GRACE})
        else:
            _close(register, name, month)


def _close(register: _Register, name: str, month: Month) -> None:
    figures: dict[str, object] = {
        "month": name,
        "month_answered": month.answered,
        "month_on_time": month.on_time,
    }
    register.add(RegisterKind.MONTH_CLOSED, register.now, figures)
    for rule in register.rules.low_share:
        assert rule.share is not None
        assert rule.at_least is not None
        if month.answered >= rule.at_least and month.on_time / month.answered < rule.share:
            head = f"{register.rules.head_role}@{register.card.agency}"
            said = figures | {
                "subject": register.card.agency if rule.subject is Subject.AGENCY else head,
                "period": period_of(first_day(name), register.rules.points_period)[0],
            }
            _propose(register, rule, said)


def _propose_for_repeats(register: _Register, subject: str, near: tuple[datetime, str]) -> None:
    """Propose for every repeat that an offence makes, unless that was done, and stands or a superior annulled it."""
    known = repeat_offences.record(register.card.proposals, subject)
    done = {(p.rule, p.offence) for p in known.repeats if not p.annulled or p.decided is Outcome.ANNULLED}
    for rule in register.rules.late_again:
        for position in repeat_offences.concerned(known.offences, near, rule.times or 0):
            latest = known.offences[position]
            group = repeat_offences.repeat(known.offences, position, rule, register.rules.calendar)
            if group and (rule.rule, latest.name) not in done:
                said: dict[str, object] = {
                    "subject": subject,
                    "period": _period(register.rules, latest.at),
                    "deciders": latest.deciders,
                    "offence": latest.name,
                    "grounds": tuple(offence.number for offence in group),
                }
                _propose(register, rule, said)


def _propose(register: _Register, rule: TriggeredRule, said: dict[str, object]) -> None:
    """Propose a sanction now: from now on it can be objected to, however long ago it happened what it is for."""
    until = _until(register.rules, register.now)
    register.add(RegisterKind.PROPOSED, register.now, _of_rule(rule) | said | {"until": until})


def _take_back_what_rested_on(register: _Register, gone: Proposal) -> None:
    """Annul what is no repeat any more without an offence, whatever was decided about it."""
    known = repeat_offences.record(register.card.proposals, gone.subject)
    if gone.kind is not RegisterKind.RECEIVED or gone.offence is None:
        return
    if any(offence.name == gone.offence for offence in known.offences):
        return  # another proposal for the same lateness still stands
    near = gone.at, gone.offence
    rules = {rule.rule: rule for rule in register.rules.late_again}
    for proposal in known.repeats:
        if proposal.annulled:
            continue
        rule = rules.get(proposal.rule)
        rested_on_it = gone.number in (proposal.grounds or ())
        if rested_on_it if rule is None else _is_no_repeat(register, proposal, rule, known.offences, near):
            said = _about(proposal) | {"points": -proposal.points, "reason": "offence-annulled"}
            register.add(RegisterKind.ANNULLED, register.now, said)


def _is_no_repeat(
    register: _Register,
    proposal: Proposal,
    rule: TriggeredRule,
    offences: list[repeat_offences.Offence],
    gone: tuple[datetime, str],
) -> bool:
    """Return whether a proposal lost what it rested on, by its rule with as many times as when it was proposed."""
    if proposal.offence == gone[1]:
        return True
    times = len(proposal.grounds or ())
    at = [n for n in repeat_offences.concerned(offences, gone, times) if offences[n].name == proposal.offence]
    rule = rule if rule.times == times else rule.model_copy(update={"times": times})
    return bool(at) and not repeat_offences.repeat(offences, at[0], rule, register.rules.calendar)


def _offence(rules: RegisterRules, item: LedgerItem) -> str | None:
    """Return which lateness of the subject's own a proposal is about; None when it is about something else.

    A deputy who acted for the holder is late like the holder: the rules say which ones are about whoever acted.
    """
    entry = item.entry
    if item.late is None or (item.late != entry.subject and (entry.rule, entry.level) not in rules.lateness):
        return None
    return f"{entry.case_id}:{entry.round or 1}:{entry.part or '-'}:{entry.level}"


def _of_case(entry: LedgerEntry) -> dict[str, object]:
    return {
        "case_id": entry.case_id,
        "case_entry": entry.entry,
        "case_hash": entry.hash,
        "subject": entry.subject,
        "rule": entry.rule,
        "sanction": entry.sanction,
        "basis": entry.basis,
    }


def _of_rule(rule: SanctionRule) -> dict[str, object]:
    return {"rule": rule.rule, "sanction": rule.sanction, "points": rule.points, "basis": rule.basis}


def _about(proposal: Proposal) -> dict[str, object]:
    return {
        "subject": proposal.subject,
        "rule": proposal.rule,
        "period": proposal.period,
        "refers_to": proposal.number,
    }


def _period(rules: RegisterRules, at: datetime) -> str:
    return period_of(local_day(rules.calendar, at), rules.points_period)[0]


def _until(rules: RegisterRules, at: datetime) -> datetime | None:
    return working_time.due(rules.calendar, at, rules.objection).at if rules.objection else None
