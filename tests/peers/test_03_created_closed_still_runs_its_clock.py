"""A ticket that was created closed or paused ran its clock all the same (seen in alga-psa).

However a case starts (promised in the past, in triage, or handed on by an earlier history in any status), only the
clocks run that have to.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType

from domain.lifecycle import TimeReached
from schemas.case import TriageReason
from schemas.status import SETTLED, WORKING, Status
from tests import making
from tests.kawal import Kawal
from tests.life import Life
from tests.peers.following import DAY, HOUR, carries_on, events, published

Said = list[tuple[str, dict[str, Any]]]

HOW: dict[Status, Said] = {
    Status.VERIFYING: [("reject", {"reason": "not-a-complaint"}), ("appeal", {})],
    Status.ASSIGNED: [],
    Status.IN_PROGRESS: [("acknowledge", {})],
    Status.NEEDS_INFORMATION: [("ask", {})],
    Status.ON_HOLD: [("pause", {"limit": "33 days", "reason": "waits-for-court"})],
    Status.COORDINATING: [("coordinate", {"agencies": ("ROADS", "SCHOOLS")})],
    Status.RESOLVED: [("respond", {"evidence": ("photo-1",)})],
    Status.REFERRED: [("refer", {"addressee": "POLICE"})],
    Status.REJECTED: [("reject", {"reason": "not-a-complaint"})],
    Status.MERGED: [("merge", {"into": "case-of-another"})],
    Status.CLOSED: [("respond", {"evidence": ("photo-1",)}), ("rate", {"score": 5})],
    Status.WITHDRAWN: [("withdraw", {})],
}
"""What is said to a case that is opened for it to stand there. One that was received only has no state to hand on."""

LEVEL = {"warned", "breached", "escalated"}
OF_PARTS = {f"part {kind}" for kind in LEVEL}
STATUTORY = {"statutory warned", "statutory breached"}


def lived(kawal: Kawal, status: Status) -> Life:
    """Return a case that came to stand so, as an earlier history would have left it."""
    life = Life(case_id=kawal.new_id(), accepted_at=datetime.now(UTC))
    for kind, fields in HOW[status]:
        life.says(kind, **fields)
    assert life.state.status is status
    return life


def test_every_status_that_can_be_handed_on_is_tried() -> None:
    assert set(HOW) == set(Status) - {Status.RECEIVED}


async def test_a_case_that_is_handed_on_does_what_it_would_have_done_in_its_old_history(kawal: Kawal) -> None:
    await published(kawal, making.whole_policy())

    async def handed_on(status: Status) -> None:
        life = lived(kawal, status)
        so_far = len(life.kinds)
        case = await carries_on(kawal, life.state)
        life.passes(days=75)
        if status in (Status.CLOSED, Status.WITHDRAWN):
            await case.result()
        else:
            await kawal.skipper.fast_forward(case, timedelta(days=75, minutes=1))
        kinds = await kawal.kinds(case.id)
        assert kinds == life.kinds[so_far:], status
        if status in WORKING:
            assert set(kinds) >= LEVEL | STATUTORY
        if status in SETTLED:
            assert kinds == ["closed"]

    await asyncio.gather(*(handed_on(status) for status in HOW))


@pytest.mark.parametrize(
    ("status", "rests"),
    [
        (Status.NEEDS_INFORMATION, LEVEL | OF_PARTS | STATUTORY),
        (Status.ON_HOLD, LEVEL | OF_PARTS),
        (Status.COORDINATING, LEVEL),
        *((settled, LEVEL | OF_PARTS | STATUTORY) for settled in sorted(SETTLED)),
        *((over, LEVEL | OF_PARTS | STATUTORY) for over in (Status.CLOSED, Status.WITHDRAWN)),
    ],
)
def test_while_a_case_rests_its_clocks_do(status: Status, rests: set[str]) -> None:
    life = Life(making.whole_policy("1 day", information="50 days", reopening="50 days", review="50 days"))
    life.passes(hours=1)
    for kind, fields in HOW[status]:
        life.says(kind, **fields)
    so_far = len(life.kinds)
    life.passes(days=29)
    assert not rests & set(life.kinds[so_far:])


@pytest.mark.parametrize("status", [Status.CLOSED, Status.WITHDRAWN])
async def test_a_case_that_is_handed_on_although_it_is_over_ends_at_once_and_sets_no_timer(
    kawal: Kawal, status: Status
) -> None:
    await published(kawal, making.whole_policy())
    life = lived(kawal, status)
    case = await carries_on(kawal, life.state)
    result = await case.result()
    assert (result.status, result.seq) == (status, life.state.seq)
    assert EventType.EVENT_TYPE_TIMER_STARTED not in [event.event_type for event in await events(case)]
    assert await kawal.kinds(case.id) == []


async def test_a_case_that_was_promised_in_the_past_is_late_once_and_its_superior_has_the_whole_limit(
    kawal: Kawal,
) -> None:
    case = await kawal.open(making.whole_policy(), promised_at=datetime.now(UTC) - 3 * DAY)
    view = await kawal.pass_time(case, HOUR)
    assert await kawal.kinds(case.id) == ["received", "assigned", "warned", "breached", "escalated"]
    assert view.level == 1
    assert view.due is not None
    assert abs(view.due.at - view.opened_at - 10 * DAY) < HOUR

    view = await kawal.pass_time(case, timedelta(days=9))
    assert view.level == 1
    assert (await kawal.kinds(case.id)).count("breached") == 1


async def test_a_case_that_starts_in_triage_runs_the_clock_of_triage(kawal: Kawal) -> None:
    ways: dict[TriageReason, dict[str, Any]] = {
        TriageReason.NO_PLACE: {"region": None},
        TriageReason.UNKNOWN_PLACE: {"region": "atlantis"},
        TriageReason.UNKNOWN_CATEGORY: {"category": "moon"},
        TriageReason.NO_OWNER: {"category": "orphan"},
        TriageReason.OUTSIDE_AUTHORITY: {"category": "police"},
    }

    async def starts(reason: TriageReason, complaint: dict[str, Any]) -> None:
        case = await kawal.open(making.whole_policy(), **complaint)
        view = await kawal.pass_time(case, timedelta(days=10, hours=1))
        assert view.triage_reason is reason
        assert (view.status, view.level) == (Status.VERIFYING, 1)
        assert await kawal.kinds(case.id) == ["received", "triaged", "warned", "breached", "escalated"]

    await asyncio.gather(*(starts(reason, complaint) for reason, complaint in ways.items()))


@pytest.mark.parametrize("after", [timedelta(days=-1), timedelta(), timedelta(seconds=1), timedelta(days=4)])
def test_whatever_moment_was_promised_each_threshold_comes_once_and_in_order(after: timedelta) -> None:
    life = Life(promised_at=making.NOON + after)
    life.passes(days=5)
    assert life.kinds == ["received", "assigned", "warned", "breached", "escalated"]


@pytest.mark.parametrize("late", [0, 7.6, 10.1, 35, 300])
def test_a_case_whose_start_is_heard_of_late_climbs_one_level_at_once_at_most(late: float) -> None:
    life = Life()
    life.now += timedelta(days=late)
    life.happens(TimeReached(life.now))
    assert life.kinds.count("breached") == (late > 10)
    assert life.state.level == (late > 10)
