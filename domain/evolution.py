"""Folding transitions into the state of a case: what is known after them. Nothing is decided here."""

from collections.abc import Callable, Iterable

from schemas.case import EFFECTS, Answer, Breach, CasePlan, CaseState, Effect, Remedy, Transition, TransitionKind
from schemas.delivery_status import DeliveryStatus

_MESSAGES = {effect: kind for kind, effect in EFFECTS.items()} | {TransitionKind.PART_ANSWERED: "respond"}

_COUNTED = frozenset(
    {
        TransitionKind.ASKED,
        TransitionKind.NOTED,
        TransitionKind.TRANSFERRED,
        TransitionKind.PAUSED,
        TransitionKind.REOPENED,
        TransitionKind.REMINDED,
    }
)
_NEW_ROUND = frozenset(
    {TransitionKind.TRANSFERRED, TransitionKind.REOPENED, TransitionKind.APPEALED, TransitionKind.UNMERGED}
)


def evolve(state: CaseState, transition: Transition) -> CaseState:
    """Return the state after a transition."""
    changes: dict[str, object] = {
        "seq": transition.seq,
        "status": transition.status,
        "level": transition.level,
        "clock": transition.clock,
        "statutory": transition.statutory,
        "window": transition.window,
        "parts": transition.parts,
        "plan": transition.plan or state.plan,
        "ledger": state.ledger + transition.ledger,
        "watchers": _watchers(state, transition),
    }
    if _begins_a_round(state, transition):
        changes |= {"round": state.round + 1, "began_at": transition.level}
    if transition.kind in _COUNTED and transition.detail.get("by") != "superior":
        changes["counts"] = state.counts | {transition.kind: state.counted(transition.kind) + 1}
    changes |= _heard(state, transition) | _learnt(state, transition) | _breaches(state, transition)
    return state.model_copy(update=changes)


def evolve_all(state: CaseState, transitions: Iterable[Transition]) -> CaseState:
    """Return the state after transitions."""
    for transition in transitions:
        state = evolve(state, transition)
    return state


def _begins_a_round(state: CaseState, transition: Transition) -> bool:
    """Return whether another holder, or the same one anew, gets the case: lateness from then on is another lateness."""
    if transition.kind is TransitionKind.VERIFIED and transition.plan is not None and state.plan is not None:
        return not same_holders(transition.plan, state.plan)
    return transition.kind in _NEW_ROUND


def same_holders(one: CasePlan, other: CasePlan) -> bool:
    """Return whether two plans have the same people climb the same ladder."""
    return [level.holder for level in one.levels] == [level.holder for level in other.levels]


def _watchers(state: CaseState, transition: Transition) -> tuple[str, ...]:
    plan = transition.plan or state.plan
    if plan is None:
        return state.watchers
    holders = (plan.levels[transition.level].holder, *(part.holder for part in transition.parts))
    return tuple(dict.fromkeys((*state.watchers, *holders)))


def _heard(state: CaseState, transition: Transition) -> dict[str, object]:
    if transition.message_id is None:
        return {}
    if transition.kind is TransitionKind.REFUSED:
        return {"refused": (*state.refused, transition.message_id)}
    effect = Effect(kind=_MESSAGES[transition.kind], seq=transition.seq)
    return {"messages": state.messages | {transition.message_id: effect}}


def _learnt(state: CaseState, transition: Transition) -> dict[str, object]:
    """Return what a kind of transition alone tells about the case."""
    learn = _LEARN.get(transition.kind)
    return learn(state, transition) if learn else {}


_LEARN: dict[TransitionKind, Callable[[CaseState, Transition], dict[str, object]]] = {
    TransitionKind.ACKNOWLEDGED: lambda _, said: {"acknowledged_by": said.actor},
    TransitionKind.RESPONDED: lambda state, said: {
        "answered_at": said.at,
        "evidence": said.evidence,
        "answers": _answered(state, said),
    },
    TransitionKind.PART_ANSWERED: lambda state, said: {
        "evidence": (*state.evidence, *said.evidence),
        "answers": _part_answered(state, said),
    },
    TransitionKind.TRANSFERRED: lambda state, _: {"had_by": _passed_on(state), "acknowledged_by": None},
    TransitionKind.REOPENED: lambda *_: {"answered_at": None, "acknowledged_by": None, "evidence": ()},
    TransitionKind.DISPROVED: lambda state, said: {"answers": _disproved(state, said)},
    TransitionKind.REFERRED: lambda _, said: {"referred_to": said.detail["addressee"]},
    TransitionKind.APPEALED: lambda *_: {"referred_to": None},
    TransitionKind.MERGED: lambda _, said: {"merged_into": said.detail["into"]},
    TransitionKind.UNMERGED: lambda *_: {"merged_into": None},
    TransitionKind.NOT_CURED: lambda state, said: {"not_cured": (*state.not_cured, _followed_up(said))},
    TransitionKind.RATED: lambda _, said: {"rating": int(said.detail["score"])},
    TransitionKind.CLOSED: lambda _, said: {"closed_at": said.at},
    TransitionKind.WITHDRAWN: lambda _, said: {"closed_at": said.at},
    TransitionKind.DELIVERY_ORDERED: lambda state, said: {"remedies": (*state.remedies, _ordered(said))},
    TransitionKind.DELIVERY_ENDED: lambda state, said: {"remedies": _ended(state, said)},
}


def _answered(state: CaseState, said: Transition) -> tuple[Answer, ...]:
    """Return the last answers: of a coordinated case, those of its parts."""
    if state.plan is None or said.message_id is None:
        return state.answers
    plan = state.plan
    answer = Answer(
        agency=plan.agency, agency_head=plan.agency_head, levels=plan.levels, level=state.level, round=state.round
    )
    return (answer,)


def _part_answered(state: CaseState, said: Transition) -> tuple[Answer, ...]:
    part = next(part for part in state.parts if part.agency == said.detail["agency"])
    others = tuple(answer for answer in state.answers if answer.part and answer.round == state.round)
    answer = Answer(
        agency=part.agency,
        agency_head=part.agency_head,
        levels=part.levels,
        level=part.level,
        round=state.round,
        part=True,
    )
    return (*others, answer)


def _disproved(state: CaseState, said: Transition) -> tuple[Answer, ...]:
    return tuple(
        answer.model_copy(update={"disproved": True}) if answer.agency == said.detail.get("agency") else answer
        for answer in state.answers
    )


def _ordered(said: Transition) -> Remedy:
    return Remedy(
        delivery_id=said.detail["delivery"],
        service=said.detail["service"],
        recipient=said.detail["recipient"],
        region=said.detail["region"] or None,
        ordered_at=said.at,
    )


def _ended(state: CaseState, said: Transition) -> tuple[Remedy, ...]:
    outcome = {"outcome": DeliveryStatus(said.detail["outcome"])}
    meant = said.detail["delivery"]
    return tuple(r.model_copy(update=outcome) if r.delivery_id == meant else r for r in state.remedies)


def _passed_on(state: CaseState) -> tuple[str, ...]:
    return (*state.had_by, state.plan.agency) if state.plan else state.had_by


def _followed_up(said: Transition) -> tuple[str, int]:
    return said.detail["rule"], int(said.detail["entry"])


def _breaches(state: CaseState, transition: Transition) -> dict[str, object]:
    proposals = tuple(entry.entry for entry in transition.ledger)
    match transition.kind:
        case TransitionKind.BREACHED if state.clock is not None:
            breach = Breach(level=state.level, due_at=state.clock.due.at, proposals=proposals)
        case TransitionKind.STATUTORY_BREACHED if state.statutory is not None:
            breach = Breach(level=state.level, due_at=state.statutory.due.at, proposals=proposals, statutory=True)
        case TransitionKind.PART_BREACHED:
            part = next(part for part in state.parts if part.agency == transition.detail["agency"])
            assert part.clock is not None
            breach = Breach(level=part.level, due_at=part.clock.due.at, proposals=proposals, part=part.agency)
        case TransitionKind.RESCINDED:
            return {"breaches": tuple(_rescinded(transition, n, b) for n, b in enumerate(state.breaches, start=1))}
        case _:
            return {}
    agency = breach.part or (state.plan.agency if state.plan else None)
    return {"breaches": (*state.breaches, breach.model_copy(update={"agency": agency, "round": state.round}))}


def _rescinded(transition: Transition, number: int, breach: Breach) -> Breach:
    """Return a breach, taken back if the transition says so; transitions of older releases name the level alone."""
    meant = breach.level == transition.breached_level if transition.breach is None else number == transition.breach
    return breach.model_copy(update={"rescinded": True}) if meant else breach
