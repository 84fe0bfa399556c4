"""A message while it takes effect: when it counts, what it stops and begins, and what it takes back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from domain import clocks, ledger, proposals, working_time
from domain.timeline import Sender, Standing, Timeline
from schemas.calendar import Limit
from schemas.case import EFFECTS, Breach, CasePlan, CaseState, Clock, TransitionKind, Window, WindowKind
from schemas.ledger import EntryKind, LedgerEntry
from schemas.messages import Message
from schemas.sanctions import Trigger, TriggeredRule


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
        part: the agency of the part that it ends; None: it ends all that the case waits for.
        statutory: whether it stops the statutory clock, too.
    """
    rescind(taken, lambda breach: (part is None or breach.part == part) and (statutory or not breach.statutory))
    if part is None and statutory:
        _rescind_what_was_cured(taken)


def _rescind_what_was_cured(taken: Taken) -> None:
    """Take back that something was not cured, if the message that cures it was accepted within the time for it."""
    rules = {rule.rule: rule for rule in taken.plan.sanctions if rule.after is not None}
    meant = [
        entry.entry
        for entry in taken.state.ledger
        if entry.kind is EntryKind.PROPOSED and entry.refers_to is not None and entry.rule in rules
        if taken.at <= _to_be_cured_by(taken, rules[entry.rule], entry.refers_to)
    ]
    reason = f"cured at {taken.at.isoformat()}, in time, and delivered late"
    if entries := ledger.annulments(taken.state, meant, taken.at, reason):
        taken.timeline.add(TransitionKind.RESCINDED, taken.at, detail={"reason": reason}, ledger=entries)


def _to_be_cured_by(taken: Taken, rule: TriggeredRule, number: int) -> datetime:
    assert rule.after is not None
    return working_time.due(taken.plan.calendar, taken.state.ledger[number - 1].at, rule.after).at


def rescind(taken: Taken, meant: Callable[[Breach], bool], at: datetime | None = None) -> None:
    """Take back those of the breaches meant that fell due at or after a moment: that of the message, unless given."""
    moment = at or taken.at
    reason = f"the case's end was accepted at {moment.isoformat()}, in time, and delivered late"
    for number, breach in enumerate(taken.state.breaches, start=1):
        if meant(breach) and moment <= breach.due_at and not breach.rescinded:
            statutory = taken.state.statutory
            if breach.statutory and statutory is not None:  # it never ran out
                statutory = clocks.paused(statutory.model_copy(update={"breached": False}), moment)
            taken.timeline.add(
                TransitionKind.RESCINDED,
                moment,
                taken.timeline.change(statutory=statutory),
                breached_level=breach.level,
                breach=number,
                detail={"reason": reason},
                ledger=ledger.annulments(taken.state, breach.proposals, moment, reason),
            )


def fresh(plan: CasePlan, level: int, at: datetime) -> Clock:
    """Return the clock of a level that begins now."""
    return clocks.of_level(plan, plan.levels[level], at=at)
