"""Who may do what with whose: one table, which documents, interfaces and pages all show."""

from collections.abc import Mapping
from enum import StrEnum

from schemas.access import Action, Caller, CallerRole, Relation
from schemas.case import CaseView
from schemas.complaint import Identity
from schemas.scorecard import RegisterEntry

_OWN = frozenset({Relation.OWN})
_CHAIN = frozenset({Relation.OWN, Relation.AGENCY})
_EVER = _CHAIN | {Relation.FORMER}
_ALL = frozenset(Relation)
_NONE: frozenset[Relation] = frozenset()


class Verdict(StrEnum):
    """What an interface answers."""

    ALLOWED = "allowed"
    FORBIDDEN = "forbidden"
    """403: the caller may know that it exists."""
    HIDDEN = "hidden"
    """404: the caller may not even know that."""


ACCESS: Mapping[Action, Mapping[CallerRole, frozenset[Relation]]] = {
    Action.SUBMIT: {CallerRole.REPORTER: _OWN, CallerRole.SYSTEM: _OWN},
    Action.SEE: {
        CallerRole.REPORTER: _OWN,
        CallerRole.SYSTEM: _OWN,
        CallerRole.OPERATOR: _EVER,
        CallerRole.SUPERIOR: _EVER,
        CallerRole.AUDITOR: _ALL,
    },
    Action.READ_TEXT: {
        CallerRole.REPORTER: _OWN,
        CallerRole.SYSTEM: _OWN,
        CallerRole.OPERATOR: _CHAIN,
        CallerRole.SUPERIOR: _CHAIN,
        CallerRole.AUDITOR: _ALL,
    },
    Action.READ_PERSON: {
        CallerRole.REPORTER: _OWN,
        CallerRole.SYSTEM: _OWN,
        CallerRole.OPERATOR: _OWN,
        CallerRole.SUPERIOR: _CHAIN,
    },
    Action.SPEAK: {CallerRole.REPORTER: _OWN, CallerRole.SYSTEM: _OWN},
    Action.WORK: {CallerRole.OPERATOR: _OWN, CallerRole.SUPERIOR: _CHAIN},
    Action.OVERSEE: {CallerRole.SUPERIOR: _CHAIN},
    Action.SEE_INBOX: {
        CallerRole.OPERATOR: _OWN,
        CallerRole.SUPERIOR: _CHAIN,
        CallerRole.AUDITOR: _ALL,
    },
    Action.SEE_SANCTIONS: {
        CallerRole.OPERATOR: _CHAIN,
        CallerRole.SUPERIOR: _CHAIN,
        CallerRole.AUDITOR: _ALL,
    },
    Action.OBJECT: {CallerRole.OPERATOR: _CHAIN, CallerRole.SUPERIOR: _CHAIN},
    Action.DECIDE: {CallerRole.SUPERIOR: _CHAIN},
    Action.SEE_POLICIES: dict.fromkeys(CallerRole, _ALL),
    Action.PUBLISH_POLICIES: {CallerRole.POLICY_ADMIN: _ALL},
    Action.MANAGE_WEBHOOKS: {CallerRole.SYSTEM: _OWN, CallerRole.POLICY_ADMIN: _ALL},
    Action.SEE_READS: {CallerRole.AUDITOR: _ALL},
    Action.DECODE: {CallerRole.AUDITOR: _ALL},
}
"""Which role may do what with what stands how to the caller. What is not here, nobody may."""

CHANNELS_IN_PERSON = frozenset({"api", "open311"})
"""By which people hand in something themselves: no system's own."""

_UNKNOWING = frozenset({CallerRole.REPORTER, CallerRole.SYSTEM})
"""Who never learns whether something of others exists."""


def verdict(caller: Caller, action: Action, relation: Relation) -> Verdict:
    """Return whether a caller may do something with what stands so to them, and how a no is said.

    Whoever may see something is told 403 about the rest; reporters and systems hear 404 about all that is not theirs,
    and everybody about what is hidden from them.
    """
    if caller.scopes is not None and action not in caller.scopes:
        return Verdict.FORBIDDEN if relation is Relation.OWN else _no(caller, relation)
    if relation in ACCESS[action].get(caller.role, _NONE):
        return Verdict.ALLOWED
    return _no(caller, relation)


def _no(caller: Caller, relation: Relation) -> Verdict:
    sees = relation in ACCESS[Action.SEE].get(caller.role, _NONE)
    hidden = relation is Relation.HIDDEN or (relation is Relation.OTHER and caller.role in _UNKNOWING)
    return Verdict.HIDDEN if hidden and not sees else Verdict.FORBIDDEN


def relation_to_case(caller: Caller, case: CaseView, reported_by: str | None) -> Relation:
    """Return how a caller stands to a case.

    Args:
        caller: who.
        case: what.
        reported_by: the account that reported it, if one did in person.
    """
    if caller.role is CallerRole.REPORTER:
        return Relation.OWN if reported_by is not None and reported_by == caller.id else Relation.OTHER
    if caller.role is CallerRole.SYSTEM:
        return Relation.OWN if caller.channel is not None and case.channel == caller.channel else Relation.OTHER
    if caller.role in (CallerRole.OPERATOR, CallerRole.SUPERIOR):
        return _in_an_agency(caller, case)
    return Relation.HIDDEN if _guarded(case) else Relation.OTHER


def _in_an_agency(caller: Caller, case: CaseView) -> Relation:
    if caller.agency is not None and case.bypassed == caller.agency:
        return Relation.HIDDEN
    if set(caller.offices) & set(case.owners):
        return Relation.OWN
    if caller.agency is not None and caller.agency in _in_charge(case):
        return Relation.AGENCY
    if caller.agency is not None and caller.agency in {_agency_of(office) for office in case.watchers}:
        return Relation.FORMER
    return Relation.HIDDEN if _guarded(case) else Relation.OTHER


def _in_charge(case: CaseView) -> set[str]:
    held = {part.agency for part in case.parts} | {_agency_of(office) for office in case.owners}
    return held | ({case.agency} if case.agency else set())


def _agency_of(office: str) -> str:
    return office.rpartition("@")[2]


def _guarded(case: CaseView) -> bool:
    """Whether a report has to go past the agency that it accuses is known only once it is routed."""
    may_accuse = case.seq == 0 and case.respondent is not None
    return case.identity is Identity.CONFIDENTIAL or case.bypassed is not None or may_accuse


def relation_to_agency(caller: Caller, agency: str) -> Relation:
    """Return how a caller stands to an agency: its register of sanctions, its inboxes as a whole."""
    return Relation.AGENCY if caller.agency == agency else Relation.OTHER


def relation_to_office(caller: Caller, office: str) -> Relation:
    """Return how a caller stands to an office: its inbox."""
    return Relation.OWN if office in caller.offices else relation_to_agency(caller, _agency_of(office))


def relation_to_channel(caller: Caller, channel: str, by: str | None) -> Relation:
    """Return how a caller stands to what came in by a channel, from an account if it came in person."""
    if caller.role is CallerRole.REPORTER:
        return Relation.OWN if by is not None and by == caller.id else Relation.OTHER
    if caller.role is CallerRole.SYSTEM and caller.channel == channel:
        return Relation.OWN
    return Relation.OTHER


def relation_to_request(caller: Caller, channel: str, by: str | None, case: CaseView | None) -> Relation:
    """Return how a caller stands to a service request, and to what it has carried.

    Args:
        caller: who.
        channel: by which it came in.
        by: the account that requested it, if one did in person.
        case: in which an agency prepares it: people of agencies stand to the request as to this; none: nobody has it.
    """
    if case is None or caller.role in _UNKNOWING:
        return relation_to_channel(caller, channel, by)
    return relation_to_case(caller, case, by)


def relation_to_proposal(caller: Caller, proposal: RegisterEntry) -> Relation:
    """Return how a caller stands to a sanction proposal: it is an office's own that it is about, or that decides.

    About an agency as a whole nobody in it decides, and no decider is named: it is that of superiors elsewhere.
    """
    if set(caller.offices) & {proposal.subject, *(proposal.deciders or ())}:
        return Relation.OWN
    of_the_whole = proposal.month is not None and proposal.deciders is None
    if of_the_whole and caller.role is CallerRole.SUPERIOR and caller.agency not in (None, proposal.agency):
        return Relation.OWN
    return relation_to_agency(caller, proposal.agency)
