"""A merged ticket escalated, and one went on although the agent had answered (seen in Zammad); the clock ran on after a
conversation was resolved (seen in Chatwoot).

A case that is closed, merged, answered, rejected, referred or withdrawn is silent. All that time still does to it is to
close the window in which it can be contested.
"""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.status import SETTLED, Status
from tests import making
from tests.kawal import Kawal
from tests.life import Life
from tests.peers.following import DAY, now, says

Said = list[tuple[str, dict[str, Any]]]

ENDINGS: dict[str, tuple[Said, Status]] = {
    "answered": ([("respond", {"evidence": ("photo-1",)})], Status.CLOSED),
    "answered and rated": ([("respond", {"evidence": ("photo-1",)}), ("rate", {"score": 4})], Status.CLOSED),
    "answered by all parts": (
        [
            ("coordinate", {"agencies": ("ROADS", "SCHOOLS")}),
            ("respond", {"evidence": ("photo-1",), "actor": making.operator("ROADS")}),
            ("respond", {"evidence": ("photo-1",), "actor": making.operator("SCHOOLS")}),
        ],
        Status.CLOSED,
    ),
    "merged": ([("merge", {"into": "?"})], Status.MERGED),
    "rejected": ([("reject", {"reason": "not-a-complaint"})], Status.REJECTED),
    "referred": ([("refer", {"addressee": "POLICE"})], Status.REFERRED),
    "withdrawn": ([("withdraw", {})], Status.WITHDRAWN),
    "not completed": ([("ask", {})], Status.CLOSED),
}
HAPPENS_BY_TIME = {"warned", "breached", "escalated", "reminded", "statutory warned", "statutory breached", "not cured"}


@pytest.mark.parametrize("after", [0, 23], ids="after {} days".format)
async def test_an_ended_case_is_silent_for_a_year_whenever_it_ended(kawal: Kawal, after: int) -> None:
    other = await kawal.open(making.whole_policy())

    async def ends(messages: Said, status: Status) -> None:
        case = await kawal.open(making.whole_policy())
        if after:
            await kawal.pass_time(case, timedelta(days=after))
        for kind, fields in messages:
            await says(kawal, case, kind, **({"into": other.id} if kind == "merge" else fields))
        before, ledger = await kawal.kinds(case.id), await kawal.ledger(case.id)
        if (await kawal.stored(case.id)).closed_at is None:
            await kawal.skipper.fast_forward(case, timedelta(days=365))
        assert (await case.result()).status is status
        assert set((await kawal.kinds(case.id))[len(before) :]) <= {"closed"}
        assert await kawal.ledger(case.id) == ledger

    await asyncio.gather(*(ends(messages, status) for messages, status in ENDINGS.values()))


async def test_what_was_too_late_for_the_law_is_no_less_silent_once_it_is_answered(kawal: Kawal) -> None:
    case = await kawal.open(making.whole_policy("30 days"))
    await kawal.pass_time(case, timedelta(days=61))
    await says(kawal, case, "respond", evidence=("photo-1",))
    before, ledger = await kawal.kinds(case.id), await kawal.ledger(case.id)
    assert "statutory breached" in before
    await kawal.skipper.fast_forward(case, timedelta(days=365))
    assert await kawal.kinds(case.id) == [*before, "closed"]
    assert await kawal.ledger(case.id) == ledger


@pytest.mark.parametrize("status", sorted(SETTLED))
async def test_no_clock_runs_while_an_answer_can_be_contested(kawal: Kawal, status: Status) -> None:
    ways: dict[Status, tuple[str, dict[str, Any]]] = {
        Status.RESOLVED: ("respond", {"evidence": ("photo-1",)}),
        Status.REFERRED: ("refer", {"addressee": "POLICE"}),
        Status.REJECTED: ("reject", {"reason": "not-a-complaint"}),
        Status.MERGED: ("merge", {"into": (await kawal.open()).id}),
    }
    policy = making.whole_policy("1 day", reopening="300 days", review="300 days")
    case = await kawal.open(policy)
    kind, fields = ways[status]
    await says(kawal, case, kind, **fields)
    so_far = await kawal.kinds(case.id)
    view = await kawal.pass_time(case, timedelta(days=299))
    assert view.status is status
    assert view.due is None
    assert view.owners == ()
    assert await kawal.kinds(case.id) == so_far


async def test_a_merged_case_that_is_not_the_same_after_all_goes_on_with_what_its_clock_had_left(kawal: Kawal) -> None:
    other, case = await kawal.open(making.whole_policy()), await kawal.open(making.whole_policy())
    opened = (await kawal.stored(case.id)).opened_at
    await kawal.pass_time(case, timedelta(days=4))
    merged_at = await now(kawal, case)
    await says(kawal, case, "merge", into=other.id)
    await kawal.pass_time(case, timedelta(days=8))
    await says(kawal, case, "unmerge")
    rested = await now(kawal, case) - merged_at
    view = await kawal.stored(case.id)
    assert view.due is not None
    assert abs(view.due.at - opened - 10 * DAY - rested) < timedelta(minutes=1)
    assert (await kawal.pass_time(case, timedelta(days=7))).level == 1


@settings(deadline=None)
@given(st.sampled_from(sorted(ENDINGS)), st.integers(0, 200 * 24))
def test_at_whatever_hour_a_case_ends_nothing_that_time_does_to_open_cases_follows(ending: str, hours: int) -> None:
    life = Life()
    life.passes(hours=hours)
    messages, status = ENDINGS[ending]
    for kind, fields in messages:
        life.says(kind, **({"into": "case-2"} if kind == "merge" else fields))
    so_far, ledger = len(life.kinds), life.ledger
    life.passes(days=365)
    assert life.state.status is status
    assert life.state.over
    assert not HAPPENS_BY_TIME & set(life.kinds[so_far:])
    assert life.ledger == ledger
