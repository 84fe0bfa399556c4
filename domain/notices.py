"""Who has to hear of what happens to a case, and when nobody is to be disturbed."""

from collections.abc import Callable
from datetime import datetime, timedelta

from domain.working_time import after_working_time
from schemas.calendar import MINUTES_PER_DAY, Hours, Week, WorkingCalendar
from schemas.case import CaseView, Clock, Part, Transition, TransitionKind, WindowKind
from schemas.notices import REPORTER, Notice, What
from schemas.policy import QuietHours

_Whom = Callable[[CaseView, Transition], tuple[str, ...]]
_TICK = timedelta(microseconds=1)


def notices(case: CaseView, transition: Transition) -> tuple[Notice, ...]:
    """Return who has to hear of a transition, and what.

    Args:
        case: how the case stands after everything that was committed together with the transition.
        transition: what happened.

    Returns:
        One notice for each recipient and thing to hear, in a fixed order, none twice; nothing for what concerns nobody.
    """
    found = (
        _notice(case, transition, what, recipient)
        for what, whom in _HEARD.get(transition.kind, ())
        for recipient in whom(case, transition)
    )
    return tuple({notice.identity: notice for notice in found}.values())


def not_before(calendar: WorkingCalendar, quiet: QuietHours | None, at: datetime) -> datetime:
    """Return the first moment from `at` on that is not quiet.

    Quiet hours are of the calendar's zone. They may last over midnight (20:00 to 06:00), and end in the minute in
    which they `ends`; those that begin and end in the same minute are none. With `on_days_off`, days on which the
    calendar has no working hours are quiet from 00:00 to 24:00. Where it would be quiet for over a year, quiet hours
    cannot be meant so: nothing waits.
    """
    if quiet is None:
        return at
    try:
        return after_working_time(_audible(calendar, quiet), at, _TICK) - _TICK
    except ValueError:  # it never is: nothing may be lost for that
        return at


def _audible(calendar: WorkingCalendar, quiet: QuietHours) -> WorkingCalendar:
    """Return the calendar of a world that works whenever it is not quiet."""
    loud = tuple(Hours(opens=opens, closes=closes) for opens, closes in _loud_minutes(quiet) if opens < closes)

    def audible(week: Week) -> Week:
        days = zip(Week.model_fields, week.days, strict=True)
        return Week.model_validate({name: () if quiet.on_days_off and not day else loud for name, day in days})

    return calendar.model_copy(
        update={
            "week": audible(calendar.week),
            "seasons": tuple(s.model_copy(update={"week": audible(s.week)}) for s in calendar.seasons),
            "holidays": calendar.holidays if quiet.on_days_off else {},
        }
    )


def _loud_minutes(quiet: QuietHours) -> tuple[tuple[int, int], ...]:
    if quiet.begins == quiet.ends:
        return ((0, MINUTES_PER_DAY),)
    if quiet.begins < quiet.ends:
        return ((0, quiet.begins), (quiet.ends, MINUTES_PER_DAY))
    return ((quiet.ends, quiet.begins),)


def _notice(case: CaseView, transition: Transition, what: What, recipient: str) -> Notice:
    clock = None if recipient == REPORTER else _clock(transition, what, recipient)
    return Notice(
        case_id=case.case_id,
        seq=transition.seq,
        what=what,
        recipient=recipient,
        at=transition.at,
        status=transition.status,
        due_at=_due_at(transition, clock, recipient),
        owners=case.owners,
        whereto=_whereto(case, transition, what),
        around_the_clock=clock is not None and clock.around_the_clock,
    )


def _due_at(transition: Transition, clock: Clock | None, recipient: str) -> datetime | None:
    """Return the deadline that a recipient is told: one that has just passed stands in the transition's detail."""
    if recipient == REPORTER:
        return _reporters_time(transition)
    if clock is not None:
        return clock.due.at
    return datetime.fromisoformat(was_due) if (was_due := transition.detail.get("was_due")) else None


def _clock(transition: Transition, what: What, recipient: str) -> Clock | None:
    """Return the clock that an office is told about: the law's, its part's, or that of the present level."""
    if what in (What.STATUTORY_DUE_SOON, What.STATUTORY_OVERDUE):
        return transition.statutory
    if what is What.PART_FOR_YOU:
        return next((part.clock for part in transition.parts if part.holder == recipient), None)
    part = _part(transition)
    return part.clock if part else transition.clock


def _part(transition: Transition) -> Part | None:
    """Return the part that a transition is about; None when it is about the case as a whole."""
    if transition.kind not in _ABOUT_A_PART:
        return None
    agency = transition.detail.get("agency")
    return next((part for part in transition.parts if part.agency == agency), None)


def _reporters_time(transition: Transition) -> datetime | None:
    """Return until when the reporter can provide something, or contest the answer."""
    window = transition.window
    return window.until.at if window and window.kind in (WindowKind.INFORMATION, WindowKind.CONTEST) else None


def _whereto(case: CaseView, transition: Transition, what: What) -> str | None:
    if what is What.REFERRED:
        return transition.detail.get("name", case.referred_to)
    return transition.detail.get("route") if what is What.OTHER_ROUTE else None


def _reporter(_case: CaseView, _transition: Transition) -> tuple[str, ...]:
    return (REPORTER,)


def _owners(case: CaseView, _transition: Transition) -> tuple[str, ...]:
    """Return who has to act now; where nobody has to any more, whoever holds the level."""
    return case.owners or _offices(case.holder)


def _holder(case: CaseView, transition: Transition) -> tuple[str, ...]:
    """Return the holder that a transition names."""
    return _named(case, transition, "holder")


def _new_holder(case: CaseView, transition: Transition) -> tuple[str, ...]:
    """Return who has it from now on."""
    return _named(case, transition, "to")


def _moved_to(case: CaseView, transition: Transition) -> tuple[str, ...]:
    """Return who has it from now on, if it went to somebody else."""
    return _new_holder(case, transition) if "to" in transition.detail else ()


def _named(case: CaseView, transition: Transition, key: str) -> tuple[str, ...]:
    """Return the offices that a transition names, and whoever acts in their place; if it names none, the owners.

    Who has to act now acts in their place as long as the case is still where the transition left it.
    """
    named = _offices(transition.detail.get(key))
    if part := _part(transition):
        return named or (part.holder,)
    still_there = case.level == transition.level and not transition.parts
    return (*named, *(case.owners if still_there else ())) or _owners(case, transition)


def _everybody_at_work(case: CaseView, transition: Transition) -> tuple[str, ...]:
    """Return who had it in hand until now: the level's holder, and those of the parts that are not answered."""
    return (*_owners(case, transition), *_holders_of_open_parts(transition))


def _part_holders(case: CaseView, transition: Transition) -> tuple[str, ...]:
    return _holders_of_open_parts(transition) or _owners(case, transition)


def _holders_of_open_parts(transition: Transition) -> tuple[str, ...]:
    return tuple(part.holder for part in transition.parts if part.answered_at is None)


def _offices(names: str | None) -> tuple[str, ...]:
    """Return the offices among names that are separated by commas."""
    return tuple(name for name in (names or "").split(", ") if "@" in name)


_ABOUT_A_PART = (TransitionKind.PART_WARNED, TransitionKind.PART_BREACHED, TransitionKind.PART_ESCALATED)

_HEARD: dict[TransitionKind, tuple[tuple[What, _Whom], ...]] = {
    TransitionKind.ASSIGNED: ((What.ASSIGNED_TO_YOU, _new_holder),),
    TransitionKind.TRIAGED: ((What.TRIAGED_TO_YOU, _new_holder),),
    TransitionKind.TRANSFERRED: ((What.TRANSFERRED_TO_YOU, _new_holder),),
    TransitionKind.COORDINATED: ((What.PART_FOR_YOU, _part_holders),),
    TransitionKind.WARNED: ((What.DUE_SOON, _holder),),
    TransitionKind.PART_WARNED: ((What.DUE_SOON, _holder),),
    TransitionKind.BREACHED: ((What.OVERDUE, _holder),),
    TransitionKind.PART_BREACHED: ((What.OVERDUE, _holder),),
    TransitionKind.ESCALATED: ((What.ESCALATED_TO_YOU, _new_holder),),
    TransitionKind.PART_ESCALATED: ((What.ESCALATED_TO_YOU, _new_holder),),
    TransitionKind.REMINDED: ((What.STILL_OVERDUE, _holder),),
    TransitionKind.STATUTORY_WARNED: ((What.STATUTORY_DUE_SOON, _owners),),
    TransitionKind.STATUTORY_BREACHED: ((What.STATUTORY_OVERDUE, _owners),),
    TransitionKind.VERIFIED: ((What.ASSIGNED_TO_YOU, _moved_to),),
    TransitionKind.PROVIDED: ((What.PROVIDED, _owners),),
    TransitionKind.APPEALED: ((What.APPEALED, _new_holder),),
    TransitionKind.UNMERGED: ((What.UNMERGED, _owners),),
    TransitionKind.WITHDRAWN: ((What.WITHDRAWN, _everybody_at_work),),
    TransitionKind.REOPENED: ((What.REOPENED_FOR_YOU, _new_holder), (What.REOPENED, _reporter)),
    TransitionKind.ASKED: ((What.ASKED, _reporter),),
    TransitionKind.RESPONDED: ((What.ANSWERED, _reporter),),
    TransitionKind.REFERRED: ((What.REFERRED, _reporter),),
    TransitionKind.REJECTED: ((What.REJECTED, _reporter),),
    TransitionKind.MERGED: ((What.MERGED, _reporter),),
    TransitionKind.CLOSED: ((What.CLOSED, _reporter),),
    TransitionKind.OFFERED: ((What.OTHER_ROUTE, _reporter),),
}
"""Who hears of what. A level that is left hears that it was late, the one that is reached that it has the case: a climb
is two transitions, and two notices. What is not listed concerns nobody who does not see it anyway."""
