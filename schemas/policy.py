"""A policy: who is in charge of what and where, how long each may take, and what lateness leads to. Data, not code."""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from functools import cached_property
from typing import Self

from pydantic import Field, model_validator

from schemas.base import Code, Model
from schemas.calendar import CalendarRules, Limit


class Agency(Model):
    """A public body (OPD) that answers complaints."""

    code: Code
    name: str


class Region(Model):
    """A place of the administrative tree: province, regency, district or village."""

    code: Code
    name: str
    parent: Code | None = None


class Category(Model):
    """What a complaint is about."""

    code: Code
    name: str
    place_required: bool = Field(default=True, description="without a place nobody can tell who is in charge")
    ladder: Code = "default"


class Route(Model):
    """An agency is in charge of a category within a region and everything below it; no region means everywhere."""

    category: Code
    agency: Code
    region: Code | None = None


class Subject(StrEnum):
    """Whom a sanction proposal is about."""

    HOLDER = "holder"
    AGENCY_HEAD = "agency head"
    AGENCY = "agency"


class SanctionRule(Model):
    """What lateness at one level of the ladder leads to. The engine proposes; a superior imposes."""

    rule: Code
    subject: Subject
    sanction: str = Field(min_length=1)
    points: int = Field(default=0, ge=0, le=1_000_000)
    basis: str = Field(min_length=1, description="the regulation that the proposal rests on")
    provisional: bool = Field(default=False, description="the basis was recalled, not verified in a source")


class Level(Model):
    """One rung of a ladder: who holds the case there, for how long, and what follows when nothing comes."""

    title: str = Field(min_length=1)
    role: Code
    agency: Code | None = Field(default=None, description="the agency whose role this is; none: the case's own")
    limit: Limit
    warn_share: float = Field(default=0.75, gt=0, lt=1, description="share of the limit after which a warning goes out")
    sanctions: tuple[SanctionRule, ...] = ()


class Ladder(Model):
    """The levels that a case climbs when nobody answers, lowest first."""

    code: Code
    levels: tuple[Level, ...] = Field(min_length=1)


class Triage(Model):
    """Where cases go that no route fits; they climb a ladder like all others."""

    queue: Code
    agency: Code
    ladder: Code = "default"


class Policy(Model):
    """All rules of one jurisdiction from one day on. Immutable: any change makes another version."""

    name: Code
    title: str
    effective_from: date
    head_role: Code = Field(default="head-of-agency", description="the role that sanctions of an agency's head name")
    calendar: CalendarRules
    agencies: tuple[Agency, ...] = Field(min_length=1)
    regions: tuple[Region, ...] = ()
    categories: tuple[Category, ...] = Field(min_length=1)
    routes: tuple[Route, ...] = ()
    ladders: tuple[Ladder, ...] = Field(min_length=1)
    triage: Triage

    @cached_property
    def version(self) -> str:
        """The content's hash: two policies with the same version are the same, letter by letter."""
        text = json.dumps(self.model_dump(mode="json"), sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    @model_validator(mode="after")
    def _holds_together(self) -> Self:
        agencies, regions = {a.code for a in self.agencies}, {r.code for r in self.regions}
        categories, ladders = {c.code for c in self.categories}, {ladder.code for ladder in self.ladders}
        problems = [
            *_repeated("agency", (a.code for a in self.agencies)),
            *_repeated("region", (r.code for r in self.regions)),
            *_repeated("category", (c.code for c in self.categories)),
            *_repeated("ladder", (ladder.code for ladder in self.ladders)),
            *(
                problem
                for ladder in self.ladders
                for level in ladder.levels
                for problem in _repeated(
                    f"ladder {ladder.code}, {level.title}: sanction", (s.rule for s in level.sanctions)
                )
            ),
            *_repeated("route", (f"{r.category} in {r.region or 'every region'}" for r in self.routes)),
            *_unknown("region", ((f"region {r.code}", r.parent) for r in self.regions), regions),
            *_unknown("ladder", ((f"category {c.code}", c.ladder) for c in self.categories), ladders),
            *_unknown("category", ((f"route to {r.agency}", r.category) for r in self.routes), categories),
            *_unknown("region", ((f"route of {r.category}", r.region) for r in self.routes), regions),
            *_unknown("agency", ((f"route of {r.category}", r.agency) for r in self.routes), agencies),
            *_unknown(
                "agency",
                ((f"ladder {ladder.code}, {lv.title}", lv.agency) for ladder in self.ladders for lv in ladder.levels),
                agencies,
            ),
            *_unknown("agency", [("triage", self.triage.agency)], agencies),
            *_unknown("ladder", [("triage", self.triage.ladder)], ladders),
            *_circles({r.code: r.parent for r in self.regions}),
        ]
        if problems:
            raise ValueError("; ".join(problems))
        return self


def _repeated(kind: str, codes: Iterable[str]) -> list[str]:
    return [f"{kind} {code} is listed {n} times: keep one" for code, n in Counter(codes).items() if n > 1]


def _unknown(kind: str, mentions: Iterable[tuple[str, str | None]], known: set[str]) -> list[str]:
    return [
        f"{where} names the {kind} {code}, which is not listed: add it or correct the name"
        for where, code in mentions
        if code is not None and code not in known
    ]


def _circles(parents: dict[str, str | None]) -> list[str]:
    problems = []
    for start, parent in parents.items():
        seen, here = {start}, parent
        while here is not None and here not in seen:
            seen.add(here)
            here = parents.get(here)
        if here == start:
            problems.append(f"region {start} lies within itself: correct its parent")
    return problems
