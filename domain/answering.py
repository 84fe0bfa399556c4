"""Answers of all kinds, and how they are contested: responses, referrals, rejections, merges, ratings."""

from dataclasses import replace

from domain.passing_time import close, with_part
from domain.taken import Taken, fresh, rescind_what_was_in_time
from domain.timeline import ENGINE_ITSELF, Sender, Standing
from schemas.case import EFFECTS, CaseState, Part, TransitionKind, WindowKind
from schemas.handling import AfterReopening
from schemas.messages import Appeal, Disprove, Merge, Message, Rate, Refer, Reject, Reopen, Respond, Withdraw
from schemas.sanctions import Trigger
from schemas.status import Status


def respond(taken: Taken, message: Respond) -> None:
    """Answer the case, or an agency's part of it; the case is resolved when all parts are answered."""
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
    rescind_what_was_in_time(taken, part=part.agency)
    if all(part.answered_at for part in taken.state.parts):
        _answered(taken, message, taken.state.evidence, ENGINE_ITSELF)


def _in_time(taken: Taken, part: Part) -> bool:
    """Return whether no deadline of a part had passed when its answer was accepted."""
    breaches = (breach for breach in taken.state.breaches if breach.part == part.agency)
    return all(breach.rescinded or taken.at <= breach.due_at for breach in breaches)


def open_part(state: CaseState, agency: str | None) -> int | None:
    """Return the number of the part that an agency still has to answer; None where there is none."""
    if state.status is not Status.COORDINATING:
        return None
    waiting = (n for n, part in enumerate(state.parts) if part.agency == agency and part.answered_at is None)
    return next(waiting, None)


def _answered(taken: Taken, message: Respond, evidence: tuple[str, ...], sender: Sender) -> None:
    _, statutory = taken.at_rest()
    entries = () if evidence else taken.accuse(Trigger.NO_EVIDENCE, "the answer names no evidence")
    standing = taken.timeline.change(status=Status.RESOLVED, clock=None, statutory=statutory, window=None)
    contest = taken.window(WindowKind.CONTEST, taken.plan.handling.reopening)
    standing = replace(standing, window=contest)
    taken.timeline.add(EFFECTS[message.kind], taken.at, standing, sender=sender, evidence=evidence, ledger=entries)
    rescind_what_was_in_time(taken)
    if contest is None:
        close(taken.timeline, taken.at, reason="answered")


def refer(taken: Taken, message: Refer) -> None:
    """Send the reporter to somebody outside the authority."""
    detail = {"addressee": message.addressee, "name": taken.plan.addressees[message.addressee]}
    _settle(taken, message, Status.REFERRED, {**detail, "reason": message.reason})


def reject(taken: Taken, message: Reject) -> None:
    """Turn the complaint down, for a reason."""
    _settle(taken, message, Status.REJECTED, {"reason": message.reason})


def merge(taken: Taken, message: Merge) -> None:
    """Let another case go on in place of this one."""
    _settle(taken, message, Status.MERGED, {"into": message.into})


def _settle(taken: Taken, message: Message, status: Status, detail: dict[str, str]) -> None:
    """Give the reporter another kind of answer, which can be contested for a while."""
    clock, statutory = taken.at_rest()
    window = taken.window(WindowKind.CONTEST, taken.plan.handling.review)
    kept = clock if status is Status.MERGED else None
    standing = taken.timeline.change(status=status, clock=kept, statutory=statutory, window=window)
    taken.add(message, standing, detail=detail)
    rescind_what_was_in_time(taken)
    if window is None:
        close(taken.timeline, taken.at, reason="settled")


def appeal(taken: Taken, message: Appeal) -> None:
    """Have the next level look at a rejection or referral."""
    above = min(taken.state.level + 1, len(taken.plan.levels) - 1)
    standing = taken.timeline.change(
        status=Status.VERIFYING,
        level=above,
        clock=fresh(taken.plan, above, taken.now),
        statutory=taken.going_on(),
        window=None,
    )
    taken.add(message, standing, detail={"to": taken.plan.levels[above].holder})


def withdraw(taken: Taken, message: Withdraw) -> None:
    """Take the complaint back."""
    ended = taken.timeline.change(status=Status.WITHDRAWN, clock=None, statutory=None, window=None)
    taken.add(message, ended)
    # The case is over with that; what was in time is put right all the same.
    rescind_what_was_in_time(taken)


def reopen(taken: Taken, message: Reopen) -> None:
    """Contest an answer."""
    level = _level_after_reopening(taken)
    taken.add(message, _reopened(taken, level), detail={"to": taken.plan.levels[level].holder})


def _level_after_reopening(taken: Taken) -> int:
    top = len(taken.plan.levels) - 1
    level = taken.state.level
    after = taken.plan.handling.after_reopening
    return {AfterReopening.LOWEST: 0, AfterReopening.SAME: level, AfterReopening.NEXT: min(level + 1, top)}[after]


def _reopened(taken: Taken, level: int) -> Standing:
    return taken.timeline.change(
        status=Status.ASSIGNED,
        level=level,
        clock=fresh(taken.plan, level, taken.now),
        statutory=taken.going_on(),
        window=None,
        parts=(),
    )


def rate(taken: Taken, message: Rate) -> None:
    """Rate an answer: the end of the case, or an appeal to the next level."""
    taken.add(message, detail={"score": str(message.score)})
    if is_poor(taken.state, message.score) and may_reopen(taken.state):
        above = min(taken.state.level + 1, len(taken.plan.levels) - 1)
        _reopen_by_itself(taken, above, "a poor rating")
    else:
        close(taken.timeline, taken.at, reason="rated")


def _reopen_by_itself(taken: Taken, level: int, reason: str) -> None:
    detail = {"reason": reason, "to": taken.plan.levels[level].holder}
    taken.timeline.add(TransitionKind.REOPENED, taken.at, _reopened(taken, level), detail=detail)


def is_poor(state: CaseState, score: int) -> bool:
    """Return whether the policy takes a rating for an appeal to the next senior authority (CPGRAMS does)."""
    return state.plan is not None and score <= (state.plan.handling.poor_rating or 0)


def may_reopen(state: CaseState) -> bool:
    """Return whether the case has not been reopened too often yet."""
    bound = state.plan.handling.most_reopenings if state.plan else 0
    return state.counted(TransitionKind.REOPENED) < bound


def disprove(taken: Taken, message: Disprove) -> None:
    """Find an answer false: a proposal, and the case is open again."""
    entries = taken.accuse(Trigger.FALSE_ANSWER, "a superior found the answer false")
    taken.add(message, entries=entries)
    if taken.state.status is Status.RESOLVED:
        _reopen_by_itself(taken, _level_after_reopening(taken), "the answer was found false")
