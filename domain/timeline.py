"""The transitions that an event adds to a case, each folded into the state before the next is decided."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypedDict, Unpack

from domain.evolution import evolve
from schemas.case import ENGINE, CasePlan, CaseState, Clock, Part, Transition, TransitionKind, Window
from schemas.ledger import LedgerEntry
from schemas.status import Status


@dataclass(frozen=True)
class Standing:
    """What a transition may change about how a case stands."""

    status: Status
    level: int
    clock: Clock | None
    statutory: Clock | None
    window: Window | None
    parts: tuple[Part, ...]
    plan: CasePlan | None = None
    """The new plan, if the case gets one."""


class Changes(TypedDict, total=False):
    """Some of a standing, by the names of its fields."""

    status: Status
    level: int
    clock: Clock | None
    statutory: Clock | None
    window: Window | None
    parts: tuple[Part, ...]
    plan: CasePlan | None


@dataclass(frozen=True)
class Sender:
    """Who sent the message that a transition comes from, and under which id."""

    actor: str = ENGINE
    message_id: str | None = None


ENGINE_ITSELF = Sender()


class Timeline:
    """A case while an event is being decided."""

    def __init__(self, state: CaseState) -> None:
        self.state = state
        self.added: list[Transition] = []

    @property
    def plan(self) -> CasePlan:
        """The case's plan. Raises `ValueError` before it is routed."""
        if self.state.plan is None:
            raise ValueError(f"case {self.state.complaint.case_id} has no plan yet: route it before it lives")
        return self.state.plan

    @property
    def standing(self) -> Standing:
        """How the case stands now."""
        state = self.state
        return Standing(state.status, state.level, state.clock, state.statutory, state.window, state.parts)

    def add(
        self,
        kind: TransitionKind,
        at: datetime,
        standing: Standing | None = None,
        *,
        sender: Sender = ENGINE_ITSELF,
        breached_level: int | None = None,
        breach: int | None = None,
        evidence: tuple[str, ...] = (),
        detail: dict[str, str] | None = None,
        ledger: tuple[LedgerEntry, ...] = (),
    ) -> None:
        """Add a transition after which the case stands as given; without a standing, as before."""
        after = standing or self.standing
        transition = Transition(
            seq=self.state.seq + 1,
            kind=kind,
            at=at,
            actor=sender.actor,
            message_id=sender.message_id,
            status=after.status,
            level=after.level,
            clock=after.clock,
            statutory=after.statutory,
            window=after.window,
            parts=after.parts,
            plan=after.plan,
            breached_level=breached_level,
            breach=breach,
            evidence=evidence,
            detail=detail or {},
            ledger=ledger,
        )
        self.added.append(transition)
        self.state = evolve(self.state, transition)

    def change(self, **changes: Unpack[Changes]) -> Standing:
        """Return the present standing with some of it changed."""
        return replace(self.standing, **changes)
