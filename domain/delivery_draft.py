"""A delivery while an event is being decided, and how its transitions fold into its state."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from schemas.carrier import CarrierEvent
from schemas.delivery import (
    DeliveryPlan,
    DeliveryStanding,
    DeliveryState,
    DeliveryStatus,
    DeliveryTransition,
)
from schemas.delivery import DeliveryTransitionKind as Kind


def evolve(state: DeliveryState, transition: DeliveryTransition) -> DeliveryState:
    """Return the state after a transition."""
    changes: dict[str, Any] = {"seq": transition.seq, "now": transition.after}
    if transition.plan is not None:
        changes["plan"] = transition.plan
    if transition.event is not None:
        changes["events"] = (*state.events, transition.event)
    if transition.kind is Kind.REFUSED_MESSAGE:
        changes["refused"] = (*state.refused, transition.message_id)
    return state.model_copy(update=changes)


def evolve_all(state: DeliveryState, transitions: Iterable[DeliveryTransition]) -> DeliveryState:
    """Return the state after transitions."""
    for transition in transitions:
        state = evolve(state, transition)
    return state


class Draft:
    """A delivery while an event is being decided."""

    def __init__(self, state: DeliveryState) -> None:
        self.state = state
        self.added: list[DeliveryTransition] = []

    @property
    def now(self) -> DeliveryStanding:
        """How it stands."""
        return self.state.now

    @property
    def plan(self) -> DeliveryPlan:
        """Its rules, which are known from the first event on."""
        assert self.state.plan is not None
        return self.state.plan

    def add(
        self,
        kind: Kind,
        at: datetime,
        *,
        event: CarrierEvent | None = None,
        message_id: str | None = None,
        detail: dict[str, str] | None = None,
        plan: DeliveryPlan | None = None,
        **changes: Any,
    ) -> None:
        """Add a transition after which some of the delivery stands otherwise."""
        transition = DeliveryTransition(
            seq=self.state.seq + 1,
            kind=kind,
            at=at,
            event=event,
            message_id=message_id,
            detail=detail or {},
            plan=plan,
            after=self.state.now.model_copy(update=changes),
        )
        self.added.append(transition)
        self.state = evolve(self.state, transition)

    def end(self, at: datetime, status: DeliveryStatus, detail: dict[str, str] | None = None, **changes: Any) -> None:
        """Add the end of all."""
        self.add(Kind.ENDED, at, detail=detail, status=status, **(OVER | changes), over_at=at)


OVER: dict[str, Any] = {"step": None, "ask_at": None, "ends_at": None, "proofs_until": None}
"""Nothing is to be done and nothing waited for any more."""


def nothing_came(now: DeliveryStanding, status: DeliveryStatus) -> DeliveryStatus:
    """Return how a delivery ends whose last order came to nothing; one that replaced a lost one leaves its claim."""
    return DeliveryStatus.CLAIMED if now.order > 1 else status
