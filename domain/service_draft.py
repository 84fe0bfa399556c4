"""A request while an event is being decided, and how its transitions fold into its state."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from schemas.service_request import (
    Paid,
    Payment,
    Refund,
    RequestMessage,
    RequestPlan,
    RequestStanding,
    RequestState,
    RequestTransition,
)
from schemas.service_request import RequestTransitionKind as Kind


def evolve(state: RequestState, transition: RequestTransition) -> RequestState:
    """Return the state after a transition."""
    changes: dict[str, Any] = {"seq": transition.seq, "now": transition.after}
    if transition.plan is not None:
        changes["plan"] = transition.plan
    if (name := transition.message_id) is not None and transition.kind is Kind.REFUSED_MESSAGE:
        changes["refused"] = (*state.refused, name)
    elif name is not None:
        changes["messages"] = state.messages | {name: transition.kind}
    return state.model_copy(update=changes)


def evolve_all(state: RequestState, transitions: Iterable[RequestTransition]) -> RequestState:
    """Return the state after transitions."""
    for transition in transitions:
        state = evolve(state, transition)
    return state


class Draft:
    """A request while an event is being decided."""

    def __init__(self, state: RequestState) -> None:
        self.state = state
        self.added: list[RequestTransition] = []

    @property
    def now(self) -> RequestStanding:
        """How it stands."""
        return self.state.now

    @property
    def plan(self) -> RequestPlan:
        """Its rules, which are known from the first event on."""
        assert self.state.plan is not None
        return self.state.plan

    def add(
        self,
        kind: Kind,
        at: datetime,
        after: RequestStanding,
        *,
        message: RequestMessage | None = None,
        arrival: str | None = None,
        payment: Payment | None = None,
        refund: Refund | None = None,
        plan: RequestPlan | None = None,
        detail: dict[str, str] | None = None,
    ) -> None:
        """Add a transition and how the request stands after it."""
        transition = RequestTransition(
            seq=self.state.seq + 1,
            kind=kind,
            at=at,
            actor="engine" if message is None or isinstance(message, Paid) else message.actor.id,
            message_id=message.message_id if message else arrival,
            plan=plan,
            payment=payment,
            refund=refund,
            detail=detail or {},
            after=after,
        )
        self.added.append(transition)
        self.state = evolve(self.state, transition)


def changed(now: RequestStanding, **changes: Any) -> RequestStanding:
    """Return how a request stands of which some is otherwise."""
    return now.model_copy(update=changes)


def is_known(now: RequestStanding, payment: Payment) -> bool:
    """Return whether money is known: the same receipt is the same money."""
    return any(known.receipt == payment.receipt for known in now.payments)
