"""A message while it takes effect: when it counts, what it stops and begins, and what it takes back."""

from dataclasses import dataclass
from datetime import datetime

from domain import clocks, ledger, proposals, working_time
from domain.timeline import Sender, Standing, Timeline
from schemas.calendar import Limit
from schemas.case import EFFECTS, CasePlan, CaseState, Clock, TransitionKind, Window, WindowKind
from schemas.ledger import LedgerEntry
from schemas.messages import Message
from schemas.sanctions import Trigger


@dataclass(frozen=True)
class Taken:
    """A message that the case takes, with the plans that it needed."""

    timeline: Timeline
    at: datetime
    """When it was accepted: it counts as sent then, and what it stops, stops then."""
    now: datetime
    """When it was delivered: what it begins for somebody, who learns of it only now, begins now."""
    sender: Sender
    plans: tuple[CasePlan, ...]

    @property
    def state(self) -> CaseState:
        """The case as it stands."""
        return self.timeline.state

    @property
    def plan(self) -> CasePlan:
        """The case's plan."""
        return self.timeline.plan

    def add(
        self,
        message: Message,
        standing: Standing | None = None,
        *,
        evidence: tuple[str, ...] = (),
        detail: dict[str, str] | None = None,
        entries: tuple[LedgerEntry, ...] = (),
    ) -> None:
        """Add the transition that the message is known by."""
        kind = EFFECTS[message.kind]
        self.timeline.add(kind, self.at, standing, sender=self.sender, evidence=evidence, detail=detail, ledger=entries)

    def at_rest(self) -> tuple[Clock | None, Clock | None]:
        """Return the level clock and the statutory clock, both at rest from now on."""
        return clocks.paused(self.state.clock, self.at), clocks.paused(self.state.statutory, self.at)

    def going_on(self) -> Clock | None:
        """Return the statutory clock running, whatever it did before."""
        return clocks.resumed(self.plan.calendar, self.state.statutory, self.now)

    def window(self, kind: WindowKind, limit: Limit | None) -> Window | None:
        """Return a window that opens now; None when the policy gives no time for it."""
        if limit is None:
            return None
        until = working_time.due(self.plan.calendar, self.now, limit)
        return Window(kind=kind, until=until, back_to=self.state.status)

    def accuse(self, trigger: Trigger, reason: str) -> tuple[LedgerEntry, ...]:
        """Return what is proposed when this sets off a rule about the case."""
        about = proposals.of_case(self.state, at=self.at, due_at=self.at, reason=reason)
        return proposals.proposed(self.state, proposals.triggered(self.state, trigger), about)


def rescind_what_was_in_time(taken: Taken, part: str | None = None, *, statutory: bool = True) -> None:
    """Take back breaches that a message had forestalled: it was accepted in time and only delivered late.

    Args:
        taken: the message.
        part: the agency of the part that it ends; None: it is about the case as a whole.
        statutory: whether it stops the statutory clock, too.
    """
    reason = f"the case's end was accepted at {taken.at.isoformat()}, in time, and delivered late"
    for number, breach in enumerate(taken.state.breaches, start=1):
        meant = (part is None or breach.part == part) and (statutory or not breach.statutory)
        if meant and taken.at <= breach.due_at and not breach.rescinded:
            taken.timeline.add(
                TransitionKind.RESCINDED,
                taken.at,
                breached_level=breach.level,
                breach=number,
                detail={"reason": reason},
                ledger=ledger.annulments(taken.state, breach, taken.at, reason),
            )


def fresh(plan: CasePlan, level: int, at: datetime) -> Clock:
    """Return the clock of a level that begins now."""
    return clocks.of_level(plan, plan.levels[level], at=at)
