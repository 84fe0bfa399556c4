"""Answers of all kinds, and how they are contested: responses, referrals, rejections, merges, ratings."""

from datetime import datetime

from domain import proposals
from domain.passing_time import close, with_part
from domain.taken import Taken, fresh, rescind, rescind_what_was_in_time
from domain.timeline import ENGINE_ITSELF, Sender, Standing
from schemas.case import Answer, CaseState, TransitionKind, WindowKind
from schemas.handling import AfterReopening
from schemas.ledger import LedgerEntry
from schemas.messages import Appeal, Disprove, Merge, Message, Rate, Refer, Reject, Reopen, Respond, Withdraw
from schemas.sanctions import Trigger
from schemas.status import Status


def respond(taken: Taken, message: Respond) -> None:
    """Answer the case, or an agency's part of it; the case is resolved when all parts are answered."""
    number = open_part(taken.state, message)
    if number is None:
        _answered(taken, message)
    else:
        _part_answered(taken, message, number)


def _part_answered(taken: Taken, message: Respond, number: int) -> None:
    part = taken.state.parts[number]
    answered = part.model_copy(update={"clock": None, "answered_at": taken.at})
    no_evidence = proposals.of_part(part, at=taken.at, due_at=taken.at, reason="the answer names no evidence")
    rules = () if message.evidence else proposals.triggered(taken.state, Trigger.NO_EVIDENCE)
    taken.timeline.add(
        TransitionKind.PART_ANSWERED,
        taken.at,
        with_part(taken.timeline, number, answered),
        sender=taken.sender,
        evidence=message.evidence,
        detail={"agency": part.agency, "on_time": _in_time(taken, part.agency, part=True)},
        ledger=proposals.proposed(taken.state, rules, no_evidence),
    )
    rescind_what_was_in_time(taken, part=part.agency)
    resolve_if_all_answered(taken)


def resolve_if_all_answered(taken: Taken) -> None:
    """Resolve a coordinated case once the last of its parts is answered, at the moment of the last answer."""
    answered_at = [part.answered_at for part in taken.state.parts]
    if all(answered_at):
        at = max(moment for moment in answered_at if moment is not None)
        _resolve(taken, at, evidence=taken.state.evidence, sender=ENGINE_ITSELF)
        rescind(taken, lambda breach: breach.statutory, at)
        _close_unless_contestable(taken, at)


def _in_time(taken: Taken, agency: str, *, part: bool) -> str:
    """Return, as yes or no, whether an agency let no deadline pass in this round before its answer was accepted."""
    state = taken.state
    its_own = (b for b in state.breaches if b.agency == agency and b.round == state.round and bool(b.part) == part)
    return "yes" if all(breach.rescinded or taken.at <= breach.due_at for breach in its_own) else "no"


def open_part(state: CaseState, message: Respond) -> int | None:
    """Return the number of the part that a message answers; None where it is not clear, or there is none.

    It is the part that the message names, else that of the sender's agency, else the only one that this agency holds.
    """
    if state.status is not Status.COORDINATING:
        return None
    waiting = [(number, part) for number, part in enumerate(state.parts) if part.answered_at is None]
    named, agency = message.part or message.actor.agency, message.actor.agency
    if found := [number for number, part in waiting if part.agency == named]:
        return found[0]
    held = [number for number, part in waiting if part.levels[part.level].agency == agency]
    return held[0] if len(held) == 1 and message.part is None else None


def _answered(taken: Taken, message: Respond) -> None:
    entries = () if message.evidence else taken.accuse(Trigger.NO_EVIDENCE, "the answer names no evidence")
    detail = {"on_time": _in_time(taken, taken.plan.agency, part=False)}
    _resolve(taken, taken.at, evidence=message.evidence, sender=taken.sender, detail=detail, entries=entries)
    rescind_what_was_in_time(taken)
    _close_unless_contestable(taken, taken.at)


def _resolve(
    taken: Taken,
    at: datetime,
    *,
    evidence: tuple[str, ...],
    sender: Sender,
    detail: dict[str, str] | None = None,
    entries: tuple[LedgerEntry, ...] = (),
) -> None:
    _, statutory = taken.at_rest()
    contest = taken.window(WindowKind.CONTEST, taken.plan.handling.reopening)
    standing = taken.timeline.change(status=Status.RESOLVED, clock=None, statutory=statutory, window=contest)
    taken.timeline.add(
        TransitionKind.RESPONDED, at, standing, sender=sender, evidence=evidence, detail=detail, ledger=entries
    )


def _close_unless_contestable(taken: Taken, at: datetime) -> None:
    if taken.state.window is None:
        close(taken.timeline, at, reason="answered")


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
    stopped = tuple(part.model_copy(update={"clock": None}) for part in taken.state.parts)
    ended = taken.timeline.change(status=Status.WITHDRAWN, clock=None, statutory=None, window=None, parts=stopped)
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
        _reopen_by_itself(taken, above, {"reason": "a poor rating"})
    else:
        close(taken.timeline, taken.at, reason="rated")


def _reopen_by_itself(taken: Taken, level: int, detail: dict[str, str]) -> None:
    whom = {"to": taken.plan.levels[level].holder}
    taken.timeline.add(TransitionKind.REOPENED, taken.at, _reopened(taken, level), detail=detail | whom)


def is_poor(state: CaseState, score: int) -> bool:
    """Return whether the policy takes a rating for an appeal to the next senior authority (CPGRAMS does)."""
    return state.plan is not None and score <= (state.plan.handling.poor_rating or 0)


def may_reopen(state: CaseState) -> bool:
    """Return whether the case has not been reopened too often yet."""
    bound = state.plan.handling.most_reopenings if state.plan else 0
    return state.counted(TransitionKind.REOPENED) < bound


def disprove(taken: Taken, message: Disprove) -> None:
    """Find an answer false: a proposal, and the case is open again."""
    answer = false_answer(taken.state, message)
    assert answer is not None
    rules = proposals.triggered(taken.state, Trigger.FALSE_ANSWER)
    about = proposals.of_answer(taken.state, answer, at=taken.at, reason="a superior found the answer false")
    entries = proposals.proposed(taken.state, rules, about)
    taken.add(message, detail={"agency": answer.agency}, entries=entries)
    if taken.state.status is Status.RESOLVED:
        detail = {"reason": "the answer was found false", "by": "superior"}  # which costs the reporter nothing
        _reopen_by_itself(taken, _level_after_reopening(taken), detail)


def false_answer(state: CaseState, message: Disprove) -> Answer | None:
    """Return the answer that a message finds false; None where there is none, or it does not say which of several."""
    standing = [answer for answer in state.answers if not answer.disproved]
    meant = [answer for answer in standing if message.agency in (None, answer.agency)]
    return meant[0] if len(meant) == 1 else None
