"""One case lived through the pure core: what is said to it, and how much time passes."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from domain.lifecycle import Event, MessageReceived, Opened, TimeReached, decide, evolve, next_moment
from domain.passing_on import needed_plans
from domain.routing import plan_case
from schemas.case import CaseState, Transition, TransitionKind
from schemas.ledger import LedgerEntry
from schemas.messages import Message
from schemas.policy import Policy
from schemas.status import Status
from tests import making


class Life:
    """A case under a policy, opened at noon. Its clock goes forward as told; the engine wakes whenever it has to."""

    def __init__(self, policy: Policy | None = None, **complaint: Any) -> None:
        self.policy = policy or making.whole_policy()
        about = making.complaint(**({"policy_version": self.policy.version} | complaint))
        self.state = CaseState(complaint=about, plan=making.plan_of(self.policy, **complaint))
        self.now: datetime = about.accepted_at
        self.timeline: list[Transition] = []
        self._said = 0
        self.happens(Opened(self.now))

    def happens(self, event: Event) -> tuple[Transition, ...]:
        """Let one event happen; return what it led to."""
        transitions = decide(self.state, event)
        for transition in transitions:
            self.timeline.append(transition)
            self.state = evolve(self.state, transition)
        return transitions

    def says(self, kind: str | Message, **fields: Any) -> tuple[Transition, ...]:
        """Let somebody send a message now; return what it led to."""
        self._said += 1
        message = making.message(kind, f"{kind}-{self._said}", **fields) if isinstance(kind, str) else kind
        return self.happens(self.planned(MessageReceived(self.now, message)))

    def planned(self, received: MessageReceived) -> MessageReceived:
        """Return a message with the plans that it needs, or with the reason why there can be none."""
        for request in needed_plans(self.state, received.message):
            reply = plan_case(self.policy, making.calendar(self.policy.calendar.week), request)
            if reply.plan is None:
                return replace(received, problem=reply.problem)
            received = replace(received, plans=(*received.plans, reply.plan))
        return received

    def refuses(self, kind: str, **fields: Any) -> str:
        """Let somebody send a message that the case refuses; return the reason."""
        *_, last = self.says(kind, **fields)
        assert last.kind is TransitionKind.REFUSED, f"{kind} was taken: {last.kind}"
        return last.detail["reason"]

    def passes(self, **time: float) -> None:
        """Let time pass, e.g. `passes(days=3)`; the engine is awake all along."""
        end = self.now + timedelta(**time)
        while (moment := next_moment(self.state)) is not None and moment <= end:
            self.happens(TimeReached(moment))
        self.now = end

    def status(self) -> Status:
        """Where the case stands now."""
        return self.state.status

    @property
    def kinds(self) -> list[str]:
        """The kinds of all transitions, in order."""
        return [transition.kind.value for transition in self.timeline]

    @property
    def ledger(self) -> tuple[LedgerEntry, ...]:
        """The sanction ledger."""
        return self.state.ledger

    def proposals(self) -> list[tuple[int, str, str]]:
        """Level, rule and subject of everything that is in the ledger."""
        return [(entry.level, entry.rule, entry.subject) for entry in self.ledger]

    @property
    def due(self) -> datetime:
        """When the present level is in breach."""
        assert self.state.clock is not None
        return self.state.clock.due.at

    @property
    def statutory_due(self) -> datetime:
        """When the law's deadline passes."""
        assert self.state.statutory is not None
        return self.state.statutory.due.at
