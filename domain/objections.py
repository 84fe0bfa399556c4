"""Which messages about proposals a register refuses, and why: the same answer for a validator and the core."""

from datetime import datetime

from schemas.messages import Actor, Role
from schemas.scorecard import Decide, Object, Outcome, Proposal, RegisterMessage, Scorecard


def refusal(card: Scorecard, message: RegisterMessage, at: datetime) -> str | None:
    """Return why the register refuses a message that counts from this moment, in words for its sender, or None."""
    if (known := card.messages.get(message.message_id)) is not None:
        return f"message_id: {message.message_id} was that of entry {known.entry}: give this message its own"
    proposal = card.proposals.get(message.entry)
    if proposal is None:
        return (
            f"entry: the register of {card.agency} has no proposal number {message.entry} that anything can still "
            "happen to: look it up with kawal sanction list"
        )
    if proposal.decided is not None or proposal.annulled:
        how = proposal.decided or Outcome.ANNULLED
        return f"entry: proposal {proposal.number} is {how} already"
    at = max(at, proposal.at)
    if isinstance(message, Object):
        return _no_objection(card, proposal, message, at)
    return _no_decision(card, proposal, message, at)


def took_effect(card: Scorecard, message: RegisterMessage) -> bool:
    """Return whether this very message took effect before: one about another entry under its id is another message."""
    known = card.messages.get(message.message_id)
    return known is not None and (known.kind, known.about) == (message.kind, message.entry)


def _no_objection(card: Scorecard, proposal: Proposal, message: Object, at: datetime) -> str | None:
    if proposal.objected_by is not None:
        return f"entry: proposal {proposal.number} was objected to already: a superior decides about it"
    if proposal.until is None:
        return f"entry: the policy that proposal {proposal.number} was made under gives no time for objections"
    if at > proposal.until:
        return f"accepted_at: proposal {proposal.number} could be objected to until {_minutes(proposal.until)}"
    if message.actor.role is Role.SYSTEM:
        return None
    if message.actor.role is Role.REPORTER:
        return "actor.role: a reporter cannot object to a proposal"
    if about_agency(card, proposal):
        if agency_of(message.actor) != card.agency:
            return f"actor.agency: only somebody of {card.agency} can object to a proposal about {proposal.subject}"
    elif message.actor.office != proposal.subject:
        return f"actor.office: only {proposal.subject} can object to a proposal about {proposal.subject}"
    return None


def _no_decision(card: Scorecard, proposal: Proposal, message: Decide, at: datetime) -> str | None:
    actor = message.actor
    if actor.role is not Role.SUPERIOR:
        return f"actor.role: a superior decides about proposals, not a {actor.role}"
    if actor.office is None:
        return "actor.office: say as which office you decide, as role@agency"
    if actor.office == proposal.subject:
        return f"actor.office: {proposal.subject} cannot decide about a proposal about {proposal.subject}"
    if actor.id == proposal.objected_by:
        return "actor.id: whoever objected cannot decide about the objection"
    if about_agency(card, proposal) and _agency(actor.office) == card.agency:
        return f"actor.office: nobody of {card.agency} can decide about a proposal about {proposal.subject}"
    if proposal.deciders and actor.office not in proposal.deciders:
        return f"actor.office: {' or '.join(proposal.deciders)} decides about proposal {proposal.number}"
    open_until = None if proposal.objected_by or proposal.until is None or at > proposal.until else proposal.until
    if message.outcome is Outcome.UPHELD and open_until:
        return (
            f"outcome: proposal {proposal.number} can be objected to until {_minutes(open_until)}: uphold it "
            "afterwards, or once there is an objection"
        )
    return None


def about_agency(card: Scorecard, proposal: Proposal) -> bool:
    """Return whether a proposal is about the agency itself or its head, for whom the whole agency may speak."""
    head = f"{card.rules.head_role}@{card.agency}" if card.rules else None
    return proposal.subject in (card.agency, head)


def agency_of(actor: Actor) -> str | None:
    """Return the agency that somebody speaks for."""
    return actor.agency or (_agency(actor.office) if actor.office else None)


def _agency(office: str) -> str:
    return office.rpartition("@")[2]


def _minutes(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M} UTC"
