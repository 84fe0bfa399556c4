"""Who is late again: which offences follow so many others within so much time.

An offence is one lateness of one office: a level of a case, or of an agency's part of it, that let its time pass. It
stands as long as one of the proposals that it led to stands.

An offence is a *repeat* when it makes `times` within `within`, both ends included, together with the standing offences
of the same office before it. Each repeat leads to one proposal, which is known by rule, office and this latest offence,
and names the `times` offences that it rests on. The window slides with every offence: late on the 1st, 10th and 20th,
with twice in 30 days, makes two proposals, one for the 10th (resting on 1st and 10th) and one for the 20th (resting on
10th and 20th). No two rest on the same set.

So defined, what is proposed depends on the set of standing offences alone, in whatever order they are told of, and one
more offence never takes a proposal back. Offences of the same moment are ordered by their names.
"""

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from domain import working_time
from schemas.calendar import Limit, Unit, WorkingCalendar
from schemas.sanctions import TriggeredRule
from schemas.scorecard import Proposal, RegisterKind

_ELAPSED = {
    Unit.SECONDS: timedelta(seconds=1),
    Unit.MINUTES: timedelta(minutes=1),
    Unit.HOURS: timedelta(hours=1),
    Unit.DAYS: timedelta(days=1),
}


class Offence(NamedTuple):
    """One lateness. Sorts by moment, then by name."""

    at: datetime
    name: str
    number: int
    """The first of its received proposals that stand."""
    deciders: tuple[str, ...] | None


@dataclass(frozen=True)
class Record:
    """What a register knows of one office's lateness."""

    offences: list[Offence]
    """Those that stand, in order."""
    repeats: list[Proposal]
    """Proposals for repeats, annulled ones too."""


def record(proposals: Mapping[int, Proposal], subject: str) -> Record:
    """Return what is known of an office's lateness, in one pass: there may be thousands of proposals."""
    offences: dict[str, Offence] = {}
    repeated: list[Proposal] = []
    for number, proposal in proposals.items():
        if proposal.offence is None or proposal.subject != subject:
            continue
        if proposal.kind is RegisterKind.PROPOSED:
            repeated.append(proposal)
        elif not proposal.annulled and proposal.offence not in offences:
            offences[proposal.offence] = Offence(proposal.at, proposal.offence, number, proposal.deciders)
    return Record(sorted(offences.values()), repeated)


def concerned(offences: list[Offence], near: tuple[datetime, str], times: int) -> range:
    """Return the positions of the offences that one offence can make a repeat: itself and the `times` - 1 after it.

    Args:
        offences: those that stand, in order.
        near: moment and name of the offence that came or went; of one that went, it is those after its place.
        times: of the rule.
    """
    first = bisect_left(offences, near)
    return range(first, min(first + times, len(offences)))


def repeat(offences: list[Offence], latest: int, rule: TriggeredRule, calendar: WorkingCalendar) -> tuple[Offence, ...]:
    """Return the offences that the one at this position makes a repeat with, itself last; none if it is no repeat.

    The calendar is for times that count working days.
    """
    assert rule.times is not None
    assert rule.within is not None
    if latest + 1 < rule.times:
        return ()
    group = offences[latest - rule.times + 1 : latest + 1]
    return tuple(group) if _within(calendar, group[0].at, group[-1].at, rule.within) else ()


def _within(calendar: WorkingCalendar, first: datetime, last: datetime, limit: Limit) -> bool:
    if limit.unit in _ELAPSED:
        return last - first <= limit.value * _ELAPSED[limit.unit]
    return last <= working_time.due(calendar, first, limit).at
