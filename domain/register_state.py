"""The state of an agency's register: a fold over its entries, and what can be read off it.

The state follows from the entries alone, but for the rules, which come with the latest case; so entries that another
wrote are adopted by folding them in.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta

from domain.periods import begins
from schemas.scorecard import (
    PROPOSALS,
    Month,
    MonthScore,
    Outcome,
    Proposal,
    RegisterEffect,
    RegisterEntry,
    RegisterKind,
    RegisterRules,
    Score,
    Scorecard,
    ScorecardView,
    ledger_identity,
)

MEMORY = timedelta(days=400)
"""How long a register remembers proposals; longer than a year, so that a year's points can be told."""

MOST = 2_000
"""Proposals that are carried on, as many identities of items, and half as many messages."""

_MOST_BYTES = 1_500_000
"""Of what is carried on; Temporal takes no more than two million."""


def evolve(card: Scorecard, entry: RegisterEntry) -> Scorecard:
    """Return the state after an entry."""
    changes: dict[str, object] = {"length": entry.number, "head": entry.hash}
    if entry.identity is not None:
        changes["seen"] = card.seen | {entry.identity: entry.at}
    if entry.message_id is not None:
        changes["messages"] = card.messages | {entry.message_id: _effect(entry)}
    match entry.kind:
        case RegisterKind.RECEIVED | RegisterKind.PROPOSED:
            changes |= _proposed(card, entry)
        case RegisterKind.OBJECTED:
            changes |= _changed(card, entry, objected_by=entry.actor)
        case RegisterKind.UPHELD:
            changes |= _changed(card, entry, decided=Outcome.UPHELD)
        case RegisterKind.ANNULLED if entry.refers_to is None:
            assert entry.case_id is not None
            assert entry.case_refers_to is not None
            proposal = ledger_identity(entry.case_id, entry.case_refers_to)
            changes["annulled_unseen"] = card.annulled_unseen | {proposal: entry.at}
        case RegisterKind.ANNULLED if entry.message_id is not None:
            changes |= _changed(card, entry, annulled=True, decided=Outcome.ANNULLED)
        case RegisterKind.ANNULLED:
            changes |= _changed(card, entry, annulled=True)
        case _:
            assert entry.month is not None
            changes["months"] = card.months | {entry.month: _month(card.months.get(entry.month), entry)}
    return card.model_copy(update=changes)


def evolve_all(card: Scorecard, entries: Iterable[RegisterEntry]) -> Scorecard:
    """Return the state after entries."""
    for entry in entries:
        card = evolve(card, entry)
    return card


def governed(card: Scorecard, rules: RegisterRules, since: datetime) -> Scorecard:
    """Return the state under the rules that came with a case opened at this moment."""
    return card.model_copy(update={"rules": rules, "rules_since": since})


def next_moment(card: Scorecard) -> datetime | None:
    """Return when the figures of the next month are closed; None while there is no open month."""
    return min((month.closes_at for month in card.months.values() if not month.closed), default=None)


def points(card: Scorecard, subject: str, period: str) -> int:
    """Return the points of a subject's standing proposals in a period, e.g. 2026, 2026-Q4 or 2026-11."""
    about = [p for p in card.proposals.values() if p.subject == subject and p.period == period]
    return sum(proposal.points for proposal in about if not proposal.annulled)


def effects(card: Scorecard, entries: Iterable[RegisterEntry]) -> tuple[tuple[Score, ...], tuple[MonthScore, ...]]:
    """Return by how much entries that follow a state change points and months."""
    scores: dict[tuple[str, str], tuple[int, int]] = {}
    months: dict[str, MonthScore] = {}
    for entry in entries:
        before, card = card, evolve(card, entry)
        number = entry.number if entry.kind in PROPOSALS else entry.refers_to or 0
        then, now = before.proposals.get(number), card.proposals.get(number)
        if now is not None and (sign := _stands(now) - _stands(then)):
            key = now.subject, now.period
            so_far, standing = scores.get(key, (0, 0))
            scores[key] = so_far + sign * now.points, standing + sign
        if entry.month is not None and entry.kind not in PROPOSALS:
            change = _difference(entry.month, before.months.get(entry.month), card.months[entry.month])
            months[entry.month] = _sum(months.get(entry.month), change)
    changed = [
        Score(subject=subject, period=period, begins=begins(period), points=so_far, standing=standing)
        for (subject, period), (so_far, standing) in scores.items()
    ]
    return tuple(changed), tuple(months.values())


def carried(card: Scorecard, now: datetime) -> Scorecard:
    """Return what the next history has to know: the chain's head, and what something can still happen to.

    Forgotten are proposals of over 400 days ago, unless somebody objected and nobody decided; of a flood, the oldest.
    What is forgotten stays in the database, which also knows every item and message that ever came.
    """
    most = MOST
    kept = _kept(card, now - MEMORY, most)
    while most > 1 and len(kept.model_dump_json()) > _MOST_BYTES:
        most //= 2
        kept = _kept(kept, now - MEMORY, most)
    return kept


def is_crowded(card: Scorecard) -> bool:
    """Return whether so much is remembered that every event takes long; then what is `carried` is enough."""
    return len(card.proposals) > 2 * MOST or len(card.seen) > 4 * MOST


def view(card: Scorecard) -> ScorecardView:
    """Return how a register stands."""
    return ScorecardView(
        agency=card.agency,
        length=card.length,
        head=card.head,
        policy_version=card.rules.policy_version if card.rules else None,
        standing=sum(not proposal.annulled for proposal in card.proposals.values()),
        objected=tuple(number for number, proposal in sorted(card.proposals.items()) if disputed(proposal)),
        ignored=card.ignored,
        next_at=next_moment(card),
    )


def disputed(proposal: Proposal) -> bool:
    """Return whether somebody objected and nobody decided."""
    return proposal.objected_by is not None and proposal.decided is None and not proposal.annulled


def _kept(card: Scorecard, young: datetime, most: int) -> Scorecard:
    kept = [p for p in card.proposals.values() if p.at >= young or disputed(p)]
    kept = sorted(kept, key=lambda p: (disputed(p), p.at, p.number))[-most:]
    seen = sorted(card.seen.items(), key=lambda item: (item[1], item[0]))[-most:]
    messages = sorted(card.messages.items(), key=lambda sent: sent[1].entry)[-most // 2 :]
    return card.model_copy(
        update={
            "proposals": {proposal.number: proposal for proposal in sorted(kept, key=lambda p: p.number)},
            "annulled_unseen": {name: at for name, at in card.annulled_unseen.items() if at >= young},
            "seen": {name: at for name, at in seen if at >= young},
            "messages": dict(messages),
        }
    )


def _effect(entry: RegisterEntry) -> RegisterEffect:
    assert entry.refers_to is not None
    kind = "object" if entry.kind is RegisterKind.OBJECTED else "decide"
    return RegisterEffect(kind=kind, about=entry.refers_to, entry=entry.number)


def _proposed(card: Scorecard, entry: RegisterEntry) -> dict[str, object]:
    """Return the change by a new proposal; one whose annulment came before it never stands."""
    assert entry.subject is not None
    assert entry.rule is not None
    assert entry.period is not None
    proposal = Proposal(
        number=entry.number,
        kind=entry.kind,
        subject=entry.subject,
        rule=entry.rule,
        points=entry.points,
        at=entry.at,
        period=entry.period,
        until=entry.until,
        deciders=entry.deciders,
        case=entry.identity,
        offence=entry.offence,
        grounds=entry.grounds,
        annulled=entry.identity in card.annulled_unseen,
    )
    return {
        "proposals": card.proposals | {entry.number: proposal},
        "annulled_unseen": {name: at for name, at in card.annulled_unseen.items() if name != entry.identity},
    }


def _changed(card: Scorecard, entry: RegisterEntry, **changes: object) -> dict[str, object]:
    """Return the change to the proposal that an entry refers to; none if it is forgotten."""
    proposal = card.proposals.get(entry.refers_to or 0)
    if proposal is None:
        return {}
    return {"proposals": card.proposals | {proposal.number: proposal.model_copy(update=changes)}}


def _month(known: Month | None, entry: RegisterEntry) -> Month:
    if known is None:
        assert entry.until is not None
        known = Month(closes_at=entry.until)
    match entry.kind:
        case RegisterKind.ANSWERED if known.closed:
            return known.model_copy(update={"came_late": known.came_late + 1})
        case RegisterKind.ANSWERED:
            in_time = known.on_time + int(entry.on_time is True)
            return known.model_copy(update={"answered": known.answered + 1, "on_time": in_time})
        case RegisterKind.POSTPONED:
            return known.model_copy(update={"closes_at": entry.until})
        case _:
            return known.model_copy(update={"closed": True})


def _difference(name: str, then: Month | None, now: Month) -> MonthScore:
    then = then or Month(closes_at=now.closes_at)
    return MonthScore(
        month=name,
        answered=now.answered - then.answered,
        on_time=now.on_time - then.on_time,
        came_late=now.came_late - then.came_late,
        closed=now.closed,
    )


def _sum(so_far: MonthScore | None, more: MonthScore) -> MonthScore:
    if so_far is None:
        return more
    return MonthScore(
        month=more.month,
        answered=so_far.answered + more.answered,
        on_time=so_far.on_time + more.on_time,
        came_late=so_far.came_late + more.came_late,
        closed=more.closed,
    )


def _stands(proposal: Proposal | None) -> int:
    return int(proposal is not None and not proposal.annulled)
