"""`kawal simulate`: complaints of the past through the real workflow, in virtual time."""

import asyncio
import statistics
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from simulation.derived_policy import derive
from simulation.examination import Findings, examine
from simulation.laboratory import Laboratory, laboratory
from simulation.learning import learn, split
from simulation.mapping import Mapping, Verdict, load_mapping
from simulation.reading import Skipped, course, matter
from simulation.report import Disagreement, EventsPerCase, Loss, Report, RoutingScore
from simulation.routing_score import Router, score
from simulation.table import Row, draw, read_table
from simulation.virtual_case import Lived, Lost, Past, live

Progress = Callable[[int, int], None]
"""Told after every case: how many have ended, and of how many."""

IN_FLIGHT = 48
"""Cases at a time. Most only wait: the server fires a virtual timer about a second after it was set."""


async def simulate(cases: Path, mapping: Path, *, limit: int, seed: int, progress: Progress | None = None) -> Report:
    """Run complaints of the past through the engine, on servers of their own that end with it.

    Args:
        cases: the table, CSV in UTF-8 with a heading, packed with gzip or not.
        mapping: what its columns mean, TOML.
        limit: how many rows to draw at random; all, if there are fewer.
        seed: the same seed draws the same rows and shares out the same ones for learning the routes.
        progress: told after every case.

    Raises:
        MappingError, TableError: what was given cannot be used; the text names the field and the mend.
        ServerTrouble: a server cannot run here.
    """
    if limit < 1:
        raise ValueError(f"limit: must be 1 or more (not {limit})")
    began = time.monotonic()
    rules = load_mapping(mapping)
    rows = read_table(cases, rules, mapping)
    matters = [matter(row, rules) for row in rows]
    parts = split(matters, rules.routing.train_share, seed)
    policy = derive(rules, matters, learn(parts.training))
    pasts, skipped = _prepare(draw(rows, limit, seed), rules)
    async with laboratory(policy) as lab:
        ends = await _live_all(lab, pasts, progress or _silent)
        findings = await examine(lab.pool)
    routing = _with_what_ran(score(policy, matters, parts), ends, Router(policy))
    return _report(ends, skipped, findings, routing, seconds=time.monotonic() - began)


def _silent(ended: int, of: int) -> None:
    pass


def _prepare(rows: Iterable[Row], rules: Mapping) -> tuple[list[Past], Counter[str]]:
    pasts, skipped = list[Past](), Counter[str]()
    for row in rows:
        went = course(row, rules)
        if isinstance(went, Skipped):
            skipped[went.reason] += 1
        else:
            pasts.append(Past(row.number, row.cells[rules.columns.id].strip(), matter(row, rules), went))
    return pasts, skipped


async def _live_all(lab: Laboratory, pasts: Sequence[Past], progress: Progress) -> list[Lived | Lost]:
    """Live all cases through, some at a time; what each comes to, in the order of the cases."""
    ends: dict[int, Lived | Lost] = {}
    waiting = iter(pasts)

    async def one_after_another() -> None:
        for past in waiting:
            ends[past.number] = await live(lab, past)
            progress(len(ends), len(pasts))

    async with asyncio.TaskGroup() as group:
        for _ in range(min(IN_FLIGHT, len(pasts))):
            group.create_task(one_after_another())
    return [ends[past.number] for past in pasts]


def _with_what_ran(routing: RoutingScore, ends: Iterable[Lived | Lost], router: Router) -> RoutingScore:
    lived = [end for end in ends if isinstance(end, Lived)]
    # What the workflow did with a case is its agency, or the reason for triage.
    did = [(end.past.matter, end.view.triage_reason or end.view.agency) for end in lived]
    return routing.model_copy(
        update={
            "ran": sum(about.agency is not None for about, _ in did),
            "ran_right": sum(agency == about.agency for about, agency in did if about.agency),
            "ran_otherwise": sum(agency != router(about) for about, agency in did),
        }
    )


def _report(
    ends: Sequence[Lived | Lost], skipped: Counter[str], findings: Findings, routing: RoutingScore, *, seconds: float
) -> Report:
    lived = [end for end in ends if isinstance(end, Lived)]
    lost = [end for end in ends if isinstance(end, Lost)]
    judged = [(end, end.past.course.verdict, _verdict(end)) for end in lived if end.past.course.verdict]
    disagreements = tuple(
        Disagreement(id=end.past.source_id, source=source, engine=engine)
        for end, source, engine in judged
        if source is not engine
    )
    return Report(
        cases=len(ends),
        agree=len(judged) - len(disagreements),
        disagree=len(disagreements),
        on_time=sum(end.view.on_time for end in lived),
        overdue=sum(not end.view.on_time for end in lived),
        skipped=dict(sorted(skipped.items())),
        events_per_case=_events([end.events for end in lived]),
        seconds=round(seconds, 1),
        lost=len(lost),
        triaged=sum(end.view.triage_reason is not None for end in lived),
        routing=routing,
        disagreements=disagreements,
        losses=tuple(Loss(id=end.past.source_id, reason=end.reason) for end in lost),
        **findings.model_dump(),
    )


def _verdict(end: Lived) -> Verdict:
    return Verdict.ON_TIME if end.view.on_time else Verdict.OVERDUE


def _events(lengths: Sequence[int]) -> EventsPerCase:
    return EventsPerCase(p50=statistics.median_low(lengths or [0]), max=max(lengths, default=0))
