"""What each kind of message does to a case that takes it: which function of which file."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from domain import answering, passing_on, remedies, resting
from domain.taken import Taken
from domain.timeline import Sender, Timeline
from schemas.case import CasePlan
from schemas.messages import (
    Acknowledge,
    Appeal,
    Ask,
    Carried,
    Coordinate,
    Deliver,
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
from schemas.status import Status


def take(
    timeline: Timeline, message: Message, at: datetime, *, now: datetime, plans: tuple[CasePlan, ...] = ()
) -> None:
    """Let a message that is not refused take effect: accepted at a moment, and delivered now."""
    as_it_goes = tuple(_of_this_case(timeline.plan, plan) for plan in plans)
    taken = Taken(timeline, at, now, Sender(message.actor.id, message.message_id), as_it_goes)
    _EFFECTS[type(message)](taken, message)


def _of_this_case(present: CasePlan, new: CasePlan) -> CasePlan:
    """Return a new plan with what a case keeps for life: its edition, and the calendar that decrees have changed."""
    kept = {
        "edition": present.edition,
        "calendar": present.calendar,
        "possible_duplicates": present.possible_duplicates,
    }
    return new.model_copy(update=kept)


def _acknowledge(taken: Taken, message: Acknowledge) -> None:
    taken.add(message, taken.timeline.change(status=Status.IN_PROGRESS))


def _note(taken: Taken, message: Note) -> None:
    taken.add(message)


_EFFECTS: dict[type[Message], Callable[[Taken, Any], None]] = {
    Verify: passing_on.verify,
    Ask: resting.ask,
    Provide: resting.go_on,
    Acknowledge: _acknowledge,
    Note: _note,
    Respond: answering.respond,
    Transfer: passing_on.transfer,
    Coordinate: passing_on.coordinate,
    Refer: answering.refer,
    Reject: answering.reject,
    Appeal: answering.appeal,
    Merge: answering.merge,
    Unmerge: resting.go_on,
    Withdraw: answering.withdraw,
    Reopen: answering.reopen,
    Rate: answering.rate,
    Pause: resting.pause,
    Resume: resting.go_on,
    Extend: resting.extend,
    Recalculate: resting.recalculate,
    Disprove: answering.disprove,
    Deliver: remedies.deliver,
    Carried: remedies.carried,
}
