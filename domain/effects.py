"""What each kind of message does to a case that takes it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from domain import clocks, ledger, proposals, working_time
from domain.evolution import same_holders
from domain.passing_time import back_to_work, close, with_part
from domain.timeline import ENGINE_ITSELF, Sender, Standing, Timeline
from schemas.calendar import Limit
from schemas.case import EFFECTS, CasePlan, CaseState, Clock, Extension, Part, PlanRequest, TransitionKind, Window
from schemas.case import WindowKind as Kind
from schemas.handling import AfterReopening, AfterTransfer
from schemas.ledger import LedgerEntry
from schemas.messages import (
    Acknowledge,
    Appeal,
    Ask,
    ClockName,
    Coordinate,
    Disprove,
    Extend,
    Merge,
    Message,
    Note,
    Pause,
    Provide,
    Rate,
    Recalculate,
    Refer,
    Reject,
    Reopen,
    Respond,
    Resume,
    Transfer,
    Unmerge,
    Verify,
    Withdraw,
)
from schemas.sanctions import Trigger
from schemas.status import Status


def needed_plans(state: CaseState, message: Message) -> tuple[PlanRequest, ...]:
    """Return what plans a message needs before the case can take it: another agency has other rules."""
    if state.plan is None:
        return ()
    as_it_is = PlanRequest(
        complaint=state.complaint,
        category=state.plan.category or state.complaint.category,
        region=state.plan.region or state.complaint.region,
        case_class=state.plan.case_class,
    )
    match message:
        case Verify(category=None, region=None, case_class=None, agency=None):
            return ()
        case Verify():
            changes = {"category": message.category or as_it_is.category, "region": message.region or as_it_is.region}
            case_class = message.case_class or (None if message.category else as_it_is.case_class)
            return (as_it_is.model_copy(update={**changes, "case_class": case_class, "agency": _kept(state, message)}),)
        case Transfer():
            changes = {"category": message.category or as_it_is.category}
            case_class = None if message.category else as_it_is.case_class
            return (as_it_is.model_copy(update={**changes, "case_class": case_class, "agency": message.agency}),)
        case Coordinate():
            return tuple(as_it_is.model_copy(update={"agency": agency}) for agency in message.agencies)
    return ()


def _kept(state: CaseState, message: Verify) -> str | None:
    """Return the agency that a corrected case stays with: a new place or category is routed anew."""
    assert state.plan is not None
    if message.agency or message.category or message.region or state.plan.triage_reason:
        return message.agency
    return state.plan.agency


@dataclass(frozen=True)
class _Taken:
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
        return self.timeline.state

    @property
    def plan(self) -> CasePlan:
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

    def window(self, kind: Kind, limit: Limit | None) -> Window | None:
        """Return a window that opens now; None when the policy gives no time for it."""
        if limit is None:
            return None
        until = working_time.due(self.plan.calendar, self.now, limit)
        return Window(kind=kind, until=until, back_to=self.state.status)

    def accuse(self, trigger: Trigger, reason: str) -> tuple[LedgerEntry, ...]:
        """Return what is proposed when this sets off a rule about the case."""
        about = proposals.of_case(self.state, at=self.at, due_at=self.at, reason=reason)
        return proposals.proposed(self.state, proposals.triggered(self.state, trigger), about)


def take(
    timeline: Timeline, message: Message, at: datetime, *, now: datetime, plans: tuple[CasePlan, ...] = ()
) -> None:
    """Let a message that is not refused take effect: accepted at a moment, and delivered now."""
    taken = _Taken(timeline, at, now, Sender(message.actor.id, message.message_id), plans)
    _EFFECTS[type(message)](taken, message)


def _verify(taken: _Taken, message: Verify) -> None:
    before, state = taken.plan, taken.state
    new = taken.plans[0] if taken.plans else None
    status = Status.IN_PROGRESS if state.status is Status.IN_PROGRESS else Status.ASSIGNED
    standing = taken.timeline.change(status=status)
    detail = {"agency": (new or before).agency, "class": (new or before).case_class or ""}
    if new is not None:
        standing = replace(standing, plan=new, statutory=_under(new, state.statutory, state.complaint.accepted_at))
        if not same_holders(new, before):
            standing = replace(
                standing, status=_first_status(new), level=0, clock=_fresh(new, 0, taken.now), window=None
            )
    taken.add(message, standing, detail={name: value for name, value in detail.items() if value})


def _first_status(plan: CasePlan) -> Status:
    return Status.VERIFYING if plan.triage_reason else Status.ASSIGNED


def _fresh(plan: CasePlan, level: int, at: datetime) -> Clock:
    return clocks.of_level(plan, plan.levels[level], at=at)


def _under(plan: CasePlan, clock: Clock | None, opened_at: datetime) -> Clock | None:
    """Return the statutory clock under a new plan: it counts from the opening still, with the rests it had."""
    fresh = clocks.statutory(plan, opened_at=opened_at)
    if fresh is None or clock is None:
        return fresh
    kept = {"pauses": clock.pauses, "extensions": clock.extensions, "warned": clock.warned}
    anew = clocks.reckon(plan.calendar, fresh.model_copy(update=kept))
    spent = clock.breached and anew.due.at <= clock.due.at
    return anew.model_copy(update={"breached": spent, "warned": clock.warned and anew.due.at <= clock.due.at})


def _ask(taken: _Taken, message: Ask) -> None:
    clock, statutory = taken.at_rest()
    plan = taken.plan
    rests = plan.statutory is not None and plan.statutory.pauses_for_information
    window = taken.window(Kind.INFORMATION, plan.handling.information)
    standing = taken.timeline.change(
        status=Status.NEEDS_INFORMATION,
        clock=clock,
        statutory=statutory if rests else taken.state.statutory,
        window=window,
    )
    taken.add(message, standing)
    _rescind_what_was_in_time(taken, statutory=rests)


def _go_on(taken: _Taken, message: Provide | Resume) -> None:
    taken.add(message, back_to_work(taken.timeline, taken.now))


def _acknowledge(taken: _Taken, message: Acknowledge) -> None:
    taken.add(message, taken.timeline.change(status=Status.IN_PROGRESS))


def _note(taken: _Taken, message: Note) -> None:
    taken.add(message)


def _respond(taken: _Taken, message: Respond) -> None:
    number = open_part(taken.state, message.actor.agency)
    if number is None:
        _answered(taken, message, message.evidence, taken.sender)
        return
    part = taken.state.parts[number]
    answered = part.model_copy(update={"clock": None, "answered_at": taken.at})
    taken.timeline.add(
        TransitionKind.PART_ANSWERED,
        taken.at,
        with_part(taken.timeline, number, answered),
        sender=taken.sender,
        evidence=message.evidence,
        detail={"agency": part.agency, "on_time": "yes" if _in_time(taken, part) else "no"},
    )
    _rescind_what_was_in_time(taken, part=part.agency)
    if all(part.answered_at for part in taken.state.parts):
        _answered(taken, message, taken.state.evidence, ENGINE_ITSELF)


def _in_time(taken: _Taken, part: Part) -> bool:
    """Return whether no deadline of a part had passed when its answer was accepted."""
    breaches = (breach for breach in taken.state.breaches if breach.part == part.agency)
    return all(breach.rescinded or taken.at <= breach.due_at for breach in breaches)


def open_part(state: CaseState, agency: str | None) -> int | None:
    """Return the number of the part that an agency still has to answer; None where there is none."""
    if state.status is not Status.COORDINATING:
        return None
    waiting = (n for n, part in enumerate(state.parts) if part.agency == agency and part.answered_at is None)
    return next(waiting, None)


def _answered(taken: _Taken, message: Respond, evidence: tuple[str, ...], sender: Sender) -> None:
    _, statutory = taken.at_rest()
    entries = () if evidence else taken.accuse(Trigger.NO_EVIDENCE, "the answer names no evidence")
    standing = taken.timeline.change(status=Status.RESOLVED, clock=None, statutory=statutory, window=None)
    contest = taken.window(Kind.CONTEST, taken.plan.handling.reopening)
    standing = replace(standing, window=contest)
    taken.timeline.add(EFFECTS[message.kind], taken.at, standing, sender=sender, evidence=evidence, ledger=entries)
    _rescind_what_was_in_time(taken)
    if contest is None:
        close(taken.timeline, taken.at, reason="answered")


def _transfer(taken: _Taken, message: Transfer) -> None:
    before, new, bound = taken.plan, taken.plans[0], taken.plan.handling.most_transfers
    used_up = taken.state.counted(TransitionKind.TRANSFERRED) + 1 == bound
    reason = f"passed on for the {bound}. time, to {new.agency}"
    entries = taken.accuse(Trigger.TOO_MANY_TRANSFERS, reason) if used_up else ()
    clock = taken.state.clock
    if new.handling.after_transfer is AfterTransfer.FRESH or clock is None:
        clock = _fresh(new, 0, taken.now)
    standing = taken.timeline.change(
        status=Status.ASSIGNED,
        level=0,
        clock=clock,
        statutory=_under(new, taken.state.statutory, taken.state.complaint.accepted_at),
        window=None,
        plan=new,
    )
    detail = {
        "from": before.levels[taken.state.level].holder,
        "to": new.levels[0].holder,
        "agency": new.agency,
        "reason": message.reason,
    }
    taken.add(message, standing, detail=detail, entries=entries)
    _rescind_what_was_in_time(taken, statutory=False)


def _coordinate(taken: _Taken, message: Coordinate) -> None:
    clock, _ = taken.at_rest()
    parts = tuple(
        Part(
            agency=plan.agency,
            agency_head=plan.agency_head,
            levels=plan.levels,
            clock=clocks.of_level(plan, plan.levels[0], at=taken.now),
        )
        for plan in taken.plans
    )
    standing = taken.timeline.change(status=Status.COORDINATING, clock=clock, parts=parts, window=None)
    detail = {"agencies": ", ".join(part.agency for part in parts), "reason": message.reason}
    taken.add(message, standing, detail=detail)
    _rescind_what_was_in_time(taken, statutory=False)


def _refer(taken: _Taken, message: Refer) -> None:
    detail = {"addressee": message.addressee, "name": taken.plan.addressees[message.addressee]}
    _settle(taken, message, Status.REFERRED, {**detail, "reason": message.reason})


def _reject(taken: _Taken, message: Reject) -> None:
    _settle(taken, message, Status.REJECTED, {"reason": message.reason})


def _merge(taken: _Taken, message: Merge) -> None:
    _settle(taken, message, Status.MERGED, {"into": message.into})


def _settle(taken: _Taken, message: Message, status: Status, detail: dict[str, str]) -> None:
    """Give the reporter another kind of answer, which can be contested for a while."""
    clock, statutory = taken.at_rest()
    window = taken.window(Kind.CONTEST, taken.plan.handling.review)
    kept = clock if status is Status.MERGED else None
    standing = taken.timeline.change(status=status, clock=kept, statutory=statutory, window=window)
    taken.add(message, standing, detail=detail)
    _rescind_what_was_in_time(taken)
    if window is None:
        close(taken.timeline, taken.at, reason="settled")


def _appeal(taken: _Taken, message: Appeal) -> None:
    above = min(taken.state.level + 1, len(taken.plan.levels) - 1)
    standing = taken.timeline.change(
        status=Status.VERIFYING,
        level=above,
        clock=_fresh(taken.plan, above, taken.now),
        statutory=taken.going_on(),
        window=None,
    )
    taken.add(message, standing, detail={"to": taken.plan.levels[above].holder})


def _unmerge(taken: _Taken, message: Unmerge) -> None:
    taken.add(message, back_to_work(taken.timeline, taken.now))


def _withdraw(taken: _Taken, message: Withdraw) -> None:
    ended = taken.timeline.change(status=Status.WITHDRAWN, clock=None, statutory=None, window=None)
    taken.add(message, ended)
    # The case is over with that; what was in time is put right all the same.
    _rescind_what_was_in_time(taken)


def _reopen(taken: _Taken, message: Reopen) -> None:
    level = _level_after_reopening(taken)
    taken.add(message, _reopened(taken, level), detail={"to": taken.plan.levels[level].holder})


def _level_after_reopening(taken: _Taken) -> int:
    top = len(taken.plan.levels) - 1
    level = taken.state.level
    after = taken.plan.handling.after_reopening
    return {AfterReopening.LOWEST: 0, AfterReopening.SAME: level, AfterReopening.NEXT: min(level + 1, top)}[after]


def _reopened(taken: _Taken, level: int) -> Standing:
    return taken.timeline.change(
        status=Status.ASSIGNED,
        level=level,
        clock=_fresh(taken.plan, level, taken.now),
        statutory=taken.going_on(),
        window=None,
        parts=(),
    )


def _rate(taken: _Taken, message: Rate) -> None:
    taken.add(message, detail={"score": str(message.score)})
    if is_poor(taken.state, message.score) and may_reopen(taken.state):
        above = min(taken.state.level + 1, len(taken.plan.levels) - 1)
        _reopen_by_itself(taken, above, "a poor rating")
    else:
        close(taken.timeline, taken.at, reason="rated")


def _reopen_by_itself(taken: _Taken, level: int, reason: str) -> None:
    detail = {"reason": reason, "to": taken.plan.levels[level].holder}
    taken.timeline.add(TransitionKind.REOPENED, taken.at, _reopened(taken, level), detail=detail)


def is_poor(state: CaseState, score: int) -> bool:
    """Return whether the policy takes a rating for an appeal to the next senior authority (CPGRAMS does)."""
    return state.plan is not None and score <= (state.plan.handling.poor_rating or 0)


def may_reopen(state: CaseState) -> bool:
    """Return whether the case has not been reopened too often yet."""
    bound = state.plan.handling.most_reopenings if state.plan else 0
    return state.counted(TransitionKind.REOPENED) < bound


def _pause(taken: _Taken, message: Pause) -> None:
    clock, _ = taken.at_rest()
    window = taken.window(Kind.HOLD, message.limit)
    standing = taken.timeline.change(status=Status.ON_HOLD, clock=clock, window=window)
    taken.add(message, standing, detail={"reason": message.reason})
    _rescind_what_was_in_time(taken, statutory=False)


def _extend(taken: _Taken, message: Extend) -> None:
    extension = Extension(at=taken.at, by=message.by, reason=message.reason)
    of_level = message.clock is ClockName.LEVEL
    clock = taken.state.clock if of_level else taken.state.statutory
    assert clock is not None
    longer = clocks.extended(taken.plan.calendar, clock, extension)
    standing = taken.timeline.change(**{"clock" if of_level else "statutory": longer})
    detail = {"clock": message.clock.value, "by": str(message.by), "reason": message.reason}
    taken.add(message, standing, detail=detail | _moved(clock, longer))


def _recalculate(taken: _Taken, message: Recalculate) -> None:
    state, calendar, now = taken.state, message.calendar, taken.now
    clock = clocks.recalculated(calendar, state.clock, now)
    statutory = clocks.recalculated(calendar, state.statutory, now)
    parts = tuple(
        part.model_copy(update={"clock": clocks.recalculated(calendar, part.clock, now)}) for part in state.parts
    )
    new_plan = taken.plan.model_copy(update={"calendar": calendar})
    standing = taken.timeline.change(clock=clock, statutory=statutory, parts=parts, plan=new_plan)
    detail = {"policy": message.policy_version, "basis": message.basis}
    detail |= _moved(state.clock, clock) | _moved(state.statutory, statutory, prefix="statutory ")
    taken.add(message, standing, detail=detail)


def _moved(before: Clock | None, after: Clock | None, prefix: str = "") -> dict[str, str]:
    if before is None or after is None or before.due.at == after.due.at:
        return {}
    return {f"{prefix}due": f"{before.due.at.isoformat()} -> {after.due.at.isoformat()}"}


def _disprove(taken: _Taken, message: Disprove) -> None:
    entries = taken.accuse(Trigger.FALSE_ANSWER, "a superior found the answer false")
    taken.add(message, entries=entries)
    if taken.state.status is Status.RESOLVED:
        _reopen_by_itself(taken, _level_after_reopening(taken), "the answer was found false")


def _rescind_what_was_in_time(taken: _Taken, part: str | None = None, *, statutory: bool = True) -> None:
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


_EFFECTS: dict[type[Message], Callable[[_Taken, Any], None]] = {
    Verify: _verify,
    Ask: _ask,
    Provide: _go_on,
    Acknowledge: _acknowledge,
    Note: _note,
    Respond: _respond,
    Transfer: _transfer,
    Coordinate: _coordinate,
    Refer: _refer,
    Reject: _reject,
    Appeal: _appeal,
    Merge: _merge,
    Unmerge: _unmerge,
    Withdraw: _withdraw,
    Reopen: _reopen,
    Rate: _rate,
    Pause: _pause,
    Resume: _go_on,
    Extend: _extend,
    Recalculate: _recalculate,
    Disprove: _disprove,
}
