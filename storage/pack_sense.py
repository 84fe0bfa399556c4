"""What fits together in a policy pack and makes no sense all the same, each with its mend."""

import itertools
from collections.abc import Iterator, Mapping

from schemas.calendar import Limit, Unit
from schemas.policy import Policy
from schemas.sanctions import Trigger
from storage.pack_problems import Problem
from storage.pack_source import SourceFile

_DAY = 24 * 60 * 60
_SECONDS = {
    Unit.SECONDS: 1,
    Unit.MINUTES: 60,
    Unit.HOURS: 60 * 60,
    Unit.DAYS: _DAY,
    Unit.WORKING_HOURS: _DAY / 7.5,
    Unit.WORKING_DAYS: _DAY * 7 / 5,
}


def seconds(limit: Limit) -> float:
    """Return how long a limit takes, roughly: good enough to tell which of two is much longer."""
    return limit.value * _SECONDS[limit.unit]


def nonsense(policy: Policy, sources: Mapping[str, SourceFile]) -> Iterator[Problem]:
    """Yield what cannot be meant."""
    yield from _reminders(policy, sources["ladders"])
    yield from _quiet_hours(policy, sources["policy"])
    if "sanctions" in sources:
        yield from _impossible_rules(policy, sources["sanctions"])


def _reminders(policy: Policy, source: SourceFile) -> Iterator[Problem]:
    for number, ladder in enumerate(policy.ladders):
        if any(seconds(later) < seconds(earlier) for earlier, later in itertools.pairwise(ladder.reminders)):
            pauses = ", ".join(map(str, ladder.reminders))
            what = f"come faster and faster ({pauses}): write the shortest pause first"
            yield source.problem(("ladder", number, "reminders"), what)


def _quiet_hours(policy: Policy, source: SourceFile) -> Iterator[Problem]:
    quiet = policy.quiet_hours
    if quiet is not None and quiet.begins == quiet.ends:
        what = "is when they begin, so that they are empty: correct one of the two or remove [quiet_hours]"
        yield source.problem(("quiet_hours", "ends"), what)


def _impossible_rules(policy: Policy, source: SourceFile) -> Iterator[Problem]:
    for number, rule in enumerate(policy.sanctions):
        if rule.trigger is Trigger.NO_EVIDENCE and policy.handling.evidence_required:
            what = (
                "never comes about, as answers without evidence are refused: remove it, "
                "or write evidence_required = false in policy.toml"
            )
            yield source.problem(("sanction", number), what)
