"""What a sound pack should still be looked at for, and whether packs of one policy get into each other's way."""

import itertools
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from datetime import date, timedelta

from storage import toml_lines
from storage.pack_problems import Problem
from storage.pack_sense import seconds
from storage.policy_pack import Pack

_PROVISIONAL = re.compile(r"\bprovisional:\s*(.+?)(?=[.]\s+[A-Z]|[.]\s+provisional:|[.]?\s*\Z|[.]?\n\n)", re.DOTALL)
"""In a remark: what is said to be provisional, up to the end of the sentence."""

_ABOUT_A_YEAR = timedelta(days=365)


def warnings(pack: Pack, today: date) -> list[Problem]:
    """Return what holds and needs a look: an old calendar, long limits, what nothing uses, what is provisional."""
    return [*_calendar(pack, today), *_limits(pack), *_unused(pack), *_provisional_rules(pack), *_remarks(pack)]


def overlaps(packs: Sequence[Pack]) -> list[tuple[Pack, Problem]]:
    """Return which packs of the same policy hold on the same days: each with the later of the two."""
    by_name = defaultdict[str, list[Pack]](list)
    for pack in packs:
        by_name[pack.policy.name].append(pack)
    return [
        (later, _overlap(earlier, later))
        for of_one_name in by_name.values()
        for earlier, later in itertools.combinations(sorted(of_one_name, key=_begins), 2)
        if earlier.policy.effective_to is None or later.policy.effective_from <= earlier.policy.effective_to
    ]


def _begins(pack: Pack) -> date:
    return pack.policy.effective_from


def _overlap(earlier: Pack, later: Pack) -> Problem:
    first = later.policy.effective_from
    if first == earlier.policy.effective_from:
        what = f"is that of {earlier.folder} too: give one of them another day, or take it away"
    else:
        to = earlier.policy.effective_to
        still = f"until {to}" if to else "without an end"
        what = (
            f"lies within {earlier.folder}, in force {still}: end that with effective_to = {first - timedelta(days=1)}"
        )
    return later.sources["policy"].problem(("effective_from",), f"{first} {what}")


def _calendar(pack: Pack, today: date) -> Iterator[Problem]:
    valid_to, begins = pack.policy.calendar.valid_to, pack.policy.effective_from
    source = pack.sources["calendar"]
    if valid_to < today:
        yield source.problem(
            ("valid_to",), f"{valid_to} has passed: every new deadline is provisional: add the next years"
        )
    elif valid_to < begins + _ABOUT_A_YEAR:
        yield source.problem(
            ("valid_to",),
            f"{valid_to} is less than a year after effective_from ({begins}): long deadlines are provisional: "
            "add the days off of the next year once they are decreed",
        )


def _limits(pack: Pack) -> Iterator[Problem]:
    for number, ladder in enumerate(pack.policy.ladders):
        for rung, level in enumerate(ladder.levels):
            if seconds(level.limit) > _ABOUT_A_YEAR.total_seconds():
                path = ("ladder", number, "level", rung, "limit")
                yield pack.sources["ladders"].problem(path, f"{level.limit} is more than a year: is it meant?")


def _unused(pack: Pack) -> Iterator[Problem]:
    """Yield the ladders that nothing climbs and the classes that no case is of."""
    policy = pack.policy
    climbed = {"default", policy.triage.ladder, *(agency.ladder for agency in policy.agencies)}
    climbed |= {category.ladder for category in policy.categories}
    for number, ladder in enumerate(policy.ladders):
        if ladder.code not in climbed:
            yield pack.sources["ladders"].problem(("ladder", number), "is climbed by no case: name it or remove it")
    used = {category.case_class for category in policy.categories} | {service.case_class for service in policy.services}
    for number, case_class in enumerate(policy.classes):
        if case_class.code not in used:
            what = "no category and no service is of it: name it or remove it"
            yield pack.sources["classes"].problem(("class", number), what)


def _provisional_rules(pack: Pack) -> Iterator[Problem]:
    for number, rule in enumerate(pack.policy.sanctions):
        if rule.provisional:
            yield _unheld(pack, "sanctions", ("sanction", number))
    for number, ladder in enumerate(pack.policy.ladders):
        for rung, level in enumerate(ladder.levels):
            for place, late in enumerate(level.sanctions):
                if late.provisional:
                    yield _unheld(pack, "ladders", ("ladder", number, "level", rung, "sanction", place))


def _unheld(pack: Pack, stem: str, path: toml_lines.Path) -> Problem:
    what = "is provisional: hold its basis against the source, then remove the field"
    return pack.sources[stem].problem((*path, "provisional"), what, place=pack.sources[stem].in_words(path))


def _remarks(pack: Pack) -> Iterator[Problem]:
    """Yield the remarks that say that something is provisional."""
    for source in pack.sources.values():
        for line, words in toml_lines.remarks(source.text):
            for found in _PROVISIONAL.finditer(words):
                what = f"provisional: {' '.join(found[1].split())}"
                yield Problem(file=source.name, line=line + words.count("\n", 0, found.start()), problem=what)
