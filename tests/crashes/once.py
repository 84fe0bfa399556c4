"""What must hold for every case, whatever was killed while it lived."""

from collections import Counter
from pathlib import Path
from typing import Any

from audit import replay
from domain.ledger import broken_at, head_of
from schemas.case import CaseResult, CaseView, TransitionKind
from schemas.ledger import EntryKind, LedgerEntry
from storage import case_records
from tests.crashes.site import Handle, Site
from workflows.complaint import ComplaintWorkflow

_SIGNS_OF_BUGS = ("TMPRL1100", "TMPRL1102", "Nondeterminism", "TimelineConflictError", "unique constraint")
_ONCE_A_CASE = (
    TransitionKind.RECEIVED,
    TransitionKind.ASSIGNED,
    TransitionKind.RESPONDED,
    TransitionKind.CLOSED,
    TransitionKind.WITHDRAWN,
)


async def check(site: Site, case: Handle, *, refusals: int = 0) -> list[dict[str, Any]]:
    """Hold a case's timeline, ledger, row, query, result and history against each other; return the timeline."""
    timeline = await case_records.timeline(site.pool, case.id)
    ledger = await case_records.ledger(site.pool, case.id)
    stored = await site.stored(case.id)
    queried = await case.query(ComplaintWorkflow.state)
    assert queried == stored, f"{case.id}: the workflow and the database differ"
    _each_entry_once(timeline, refusals)
    _each_proposal_once(timeline, ledger)
    assert (stored.ledger_head, stored.ledger_length) == (head_of(ledger), len(ledger))
    assert (stored.seq, stored.status, stored.level) == tuple(timeline[-1][key] for key in ("seq", "status", "level"))
    if stored.closed_at:
        _same(stored, await case.result())
    async for verdict in replay.replay(replay.of_case(site.client, case.id)):
        assert verdict.holds, f"{case.id} parts at {verdict.parts_at}"
    return timeline


def _each_entry_once(timeline: list[dict[str, Any]], refusals: int) -> None:
    assert [line["seq"] for line in timeline] == list(range(1, len(timeline) + 1))
    counted = Counter(kinds(timeline))
    assert counted[TransitionKind.RECEIVED] == counted[TransitionKind.ASSIGNED] == 1, kinds(timeline)
    assert all(counted[kind] <= 1 for kind in _ONCE_A_CASE), kinds(timeline)
    assert counted[TransitionKind.REFUSED] == refusals, kinds(timeline)
    for kind in (TransitionKind.WARNED, TransitionKind.BREACHED, TransitionKind.ESCALATED):
        levels = [line["level"] for line in timeline if line["kind"] == kind]
        assert levels == sorted(set(levels)), f"{kind}: {levels}"
    messages = [line["message_id"] for line in timeline if line["message_id"]]
    assert len(messages) == len(set(messages))


def _each_proposal_once(timeline: list[dict[str, Any]], ledger: list[LedgerEntry]) -> None:
    assert broken_at(ledger) is None
    proposals = [(entry.level, entry.rule) for entry in ledger if entry.kind is EntryKind.PROPOSED]
    assert len(proposals) == len(set(proposals))
    breached = [line["breached_level"] for line in timeline if line["kind"] == TransitionKind.BREACHED]
    assert list(dict.fromkeys(level for level, _ in proposals)) == breached


def _same(stored: CaseView, result: CaseResult) -> None:
    said = result.model_dump()
    assert said.pop("answered") == (stored.answered_at is not None)
    assert stored.model_dump(include=set(said)) == said


def signs_of_bugs(*logs: Path) -> list[str]:
    """Return what workers' logs say that no crash of theirs excuses."""
    return [sign for log in logs for sign in _SIGNS_OF_BUGS if sign in log.read_text()]


def kinds(timeline: list[dict[str, Any]]) -> list[str]:
    """Return what happened, in order."""
    return [line["kind"] for line in timeline]


def opened() -> list[str]:
    """Return how every life begins."""
    return ["received", "assigned"]


def left_alone(*, levels: int) -> list[str]:
    """Return what happens then to a case that nobody answers."""
    return [*["warned", "breached", "escalated"] * (levels - 1), "warned", "breached"]
