"""A calendar or rule was edited, and running tickets kept the old moments; removed rules kept firing (seen in Zammad).

A case keeps the rules that it was opened under until it is told, in a message that is recorded and replayed, to reckon
anew. From then on only the new moments count.
"""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import pytest

from domain import working_time
from gateway.refusals import RefusedError
from schemas.calendar import WorkingCalendar, limit
from schemas.case import CaseView
from schemas.messages import Role
from schemas.policy import Policy
from storage import case_records
from storage.time_zone import pin_calendar
from tests import making
from tests.kawal import Kawal
from tests.life import Life
from tests.making import NOON
from tests.peers.following import DAY, HOUR, changed, moments, now, published, reaches, replays, says

FIVE_DAYS = limit("5 working days")


def office_policy(**calendar: Any) -> Policy:
    """Return a policy whose limits count the working days of offices."""
    whole = making.whole_policy("5 working days", name="with-decrees")
    return changed(whole, calendar=making.rules(making.office_week(), **calendar))


def decreed(view: CaseView, *, days_off: int = 1) -> Policy:
    """Return the policy after a decree that takes away the day on which a case is due, and maybe days after it."""
    assert view.due is not None
    last = view.due.at.date()
    return office_policy(holidays={last + n * DAY: "A day off by decree" for n in range(days_off)})


def calendar_of(policy: Policy, view: CaseView) -> WorkingCalendar:
    """Return a policy's calendar as a message carries it."""
    return pin_calendar(policy.calendar, view.opened_at)


async def test_a_policy_that_is_published_later_touches_no_running_case(kawal: Kawal) -> None:
    running = await kawal.open(office_policy())
    before = await kawal.stored(running.id)
    assert before.due is not None
    newer = await published(kawal, changed(decreed(before), ladders=making.whole_policy("1 day").ladders))
    later = await kawal.open(newer)
    assert (await kawal.stored(later.id)).policy_version == newer.version != before.policy_version

    await reaches(kawal, running, before.due.at - HOUR)
    await says(kawal, running, "note")
    after = await kawal.stored(running.id)
    assert (after.level, after.due, after.policy_version) == (0, before.due, before.policy_version)
    assert (await reaches(kawal, running, before.due.at + HOUR)).level == 1


async def test_a_recalculation_is_in_the_timeline_with_the_decree_and_the_old_moment_fires_no_more(
    kawal: Kawal,
) -> None:
    case = await kawal.open(office_policy())
    before = await kawal.stored(case.id)
    assert before.due is not None
    newer = decreed(before)
    calendar = calendar_of(newer, before)
    await says(
        kawal, case, "recalculate", policy_version=newer.version, calendar=calendar, basis="Keputusan Bersama 7/2026"
    )
    after = await kawal.stored(case.id)
    assert after.due is not None
    assert after.due.at == working_time.due(calendar, before.opened_at, FIVE_DAYS).at > before.due.at
    assert any("A day off by decree" in step for step in after.due.steps)

    line = (await case_records.timeline(kawal.pool, case.id))[-1]
    assert line["kind"] == "recalculated"
    assert line["actor"] == "system"
    assert line["detail"] == {
        "policy": newer.version,
        "basis": "Keputusan Bersama 7/2026",
        "due": f"{before.due.at.isoformat()} -> {after.due.at.isoformat()}",
    }

    view = await reaches(kawal, case, before.due.at + HOUR)
    assert (view.level, view.on_time) == (0, True)
    view = await reaches(kawal, case, after.due.at + HOUR)
    assert view.level == 1
    [(_, breached)] = await moments(kawal, case, "breached")
    assert abs(breached - after.due.at) < HOUR
    assert await replays(kawal, case)


async def test_a_case_is_recalculated_in_every_status_and_its_history_replays(kawal: Kawal) -> None:
    ways: dict[str, list[tuple[str, dict[str, Any]]]] = {
        "assigned": [],
        "needs information": [("ask", {})],
        "on hold": [("pause", {"limit": "30 days", "reason": "waits-for-court"})],
        "coordinating": [("coordinate", {"agencies": ("ROADS", "SCHOOLS")})],
        "resolved": [("respond", {"evidence": ("photo-1",)})],
        "merged": [("merge", {"into": "?"})],
    }
    other = await kawal.open(office_policy())

    async def lives(status: str, messages: list[tuple[str, dict[str, Any]]]) -> None:
        case = await kawal.open(office_policy())
        for kind, fields in messages:
            await says(kawal, case, kind, **({"into": other.id} if kind == "merge" else fields))
        before = await kawal.stored(case.id)
        newer = office_policy(holidays={before.opened_at.date() + DAY * n: "Closed" for n in range(20)})
        calendar = calendar_of(newer, before)
        await says(kawal, case, "recalculate", policy_version=newer.version, calendar=calendar, basis="Decree 1")
        after = await kawal.stored(case.id)
        assert after.status == before.status == status
        assert (await kawal.kinds(case.id))[-1] == "recalculated"
        for old, new in zip(before.parts, after.parts, strict=True):
            assert old.clock is not None
            assert new.clock is not None
            assert new.clock.due.at > old.clock.due.at
        await kawal.pass_time(case, timedelta(days=40))
        assert await replays(kawal, case), status

    await asyncio.gather(*(lives(status, messages) for status, messages in ways.items()))


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.SUPERIOR, Role.REPORTER])
async def test_nobody_but_a_system_moves_deadlines_by_a_calendar(kawal: Kawal, role: Role) -> None:
    case = await kawal.open(office_policy())
    before = await kawal.stored(case.id)
    actor = making.operator().model_copy(update={"role": role})
    with pytest.raises(RefusedError, match=r"actor\.role: "):
        await says(
            kawal,
            case,
            "recalculate",
            policy_version="v2",
            calendar=calendar_of(decreed(before), before),
            basis="Decree 1",
            actor=actor,
        )
    assert (await kawal.stored(case.id)).due == before.due


async def test_the_same_recalculation_told_twice_is_one(kawal: Kawal) -> None:
    case = await kawal.open(office_policy())
    before = await kawal.stored(case.id)
    message = making.message(
        "recalculate",
        "decree-7",
        policy_version="v2",
        calendar=calendar_of(decreed(before), before),
        basis="Decree 7",
        accepted_at=await now(kawal, case),
    )
    first = await kawal.starter.send(case.id, message)
    assert await kawal.starter.send(case.id, message) == first
    assert (await kawal.kinds(case.id)).count("recalculated") == 1


def test_a_decree_that_is_taken_back_brings_deadlines_forward_and_never_into_the_past() -> None:
    usual = making.calendar(making.office_week())
    closed = making.calendar(making.office_week(), holidays={(NOON + n * DAY).date(): "Closed" for n in range(1, 10)})

    def decreed_and_taken_back_after(days: int) -> tuple[Life, datetime]:
        life = Life(office_policy())
        life.says("recalculate", policy_version="v2", calendar=closed, basis="Decree 8")
        late = life.due
        life.passes(days=days)
        life.says("recalculate", policy_version="v3", calendar=usual, basis="Decree 9")
        return life, late

    life, late = decreed_and_taken_back_after(1)
    assert life.now < life.due < late

    life, late = decreed_and_taken_back_after(9)
    assert (life.due, life.kinds.count("breached")) == (late, 0)
    assert life.state.clock is not None
    assert any(step.startswith("stays: what was changed would put it at") for step in life.state.clock.due.steps)
