"""Learning who is in charge of what and where from complaints of which that is known."""

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from simulation.reading import Matter

ENOUGH = (1, 2, 3, 5, 8)
"""How many complaints of a category in a place may be asked for before the place gets a route of its own."""
_PARTS = 4


class Scope(NamedTuple):
    """A category in a place, by their codes; None is everywhere."""

    category: str
    region: str | None


Routes = dict[Scope, str]
"""The agency in charge, by scope."""


class Split(NamedTuple):
    """Complaints to learn from, and others to test with. Neither holds any whose agency nobody knows."""

    training: list[Matter]
    held_out: list[Matter]


def split(matters: Iterable[Matter], train_share: float, seed: int) -> Split:
    """Share out the complaints whose agency is known at random; the same seed shares them out alike."""
    known = [matter for matter in matters if matter.agency]
    random.Random(f"split {seed}").shuffle(known)  # noqa: S311 - it has to be the same for everybody
    size = round(len(known) * train_share)
    return Split(known[:size], known[size:])


def learn(training: Sequence[Matter]) -> Routes:
    """Return routes that say no more than they must: a place has one of its own only where it differs.

    How much evidence is enough is learnt, too: what would have routed most complaints of one part of the training by
    the other parts. Nothing else is ever looked at.
    """
    parts = [training[n::_PARTS] for n in range(_PARTS)]
    right: Counter[int] = Counter()
    for tested in parts:
        votes = _count(matter for part in parts if part is not tested for matter in part)
        for enough in ENOUGH:
            routes = _routes(votes, enough)
            right[enough] += sum(_in_charge(routes, matter) == matter.agency for matter in tested)
    best = max(ENOUGH, key=lambda enough: (right[enough], enough))
    return _routes(_count(training), best)


def learn_by_category(training: Iterable[Matter]) -> dict[str, str]:
    """Return the agency that most complaints of each category went to, wherever they came from."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for matter in training:
        if matter.agency:
            counts[matter.category][matter.agency] += 1
    return {category: _majority(agencies) for category, agencies in counts.items()}


class _Votes(NamedTuple):
    agencies: Mapping[Scope, Counter[str]]
    wider: Mapping[Scope, Scope]
    """The scope around each, for all but those that are everywhere."""


def _count(training: Iterable[Matter]) -> _Votes:
    agencies: defaultdict[Scope, Counter[str]] = defaultdict(Counter)
    wider: dict[Scope, Scope] = {}
    for matter in training:
        around: Scope | None = None
        for region in (None, *matter.places):
            scope = Scope(matter.category, region)
            if matter.agency:
                agencies[scope][matter.agency] += 1
            if around is not None:
                wider[scope] = around
            around = scope
    return _Votes(agencies, wider)


def _routes(votes: _Votes, enough: int) -> Routes:
    """Return the routes by the votes, where a wider scope always stands before those within it."""
    routes: Routes = {}
    for scope, agencies in votes.agencies.items():
        majority, around = _majority(agencies), votes.wider.get(scope)
        while around is not None and around not in routes:
            around = votes.wider[around]
        if around is None or (agencies.total() >= enough and agencies[majority] > agencies[routes[around]]):
            routes[scope] = majority
    return routes


def _in_charge(routes: Routes, matter: Matter) -> str | None:
    scopes = (Scope(matter.category, region) for region in (*reversed(matter.places), None))
    return next((routes[scope] for scope in scopes if scope in routes), None)


def _majority(agencies: Counter[str]) -> str:
    return min(agencies, key=lambda agency: (-agencies[agency], agency))
