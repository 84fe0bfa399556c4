"""A reopened ticket was overdue at once (seen in osTicket), and the unit that took over a ticket got a clock that was
spent (seen in GLPI).

Reopening and passing on start the clocks that the policy names: a fresh one, or what was left, and never a spent one.
"""

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from tests import making
from tests.kawal import Handle, Kawal
from tests.life import Life
from tests.peers.following import DAY, now, says

MINUTE = timedelta(minutes=1)


async def late_and_answered(kawal: Kawal, **handling: Any) -> Handle:
    """Return a case that was answered twelve days after it came, two days after its operator was late."""
    case = await kawal.open(making.whole_policy(**handling))
    await kawal.pass_time(case, timedelta(days=12))
    await says(kawal, case, "respond", evidence=("photo-1",))
    await kawal.pass_time(case, timedelta(days=5))
    return case


async def test_a_reopened_case_has_a_whole_limit_at_the_level_that_the_policy_names(kawal: Kawal) -> None:
    async def reopened(after: str, level: int) -> None:
        case = await late_and_answered(kawal, after_reopening=after)
        so_far = await kawal.kinds(case.id)
        await says(kawal, case, "reopen")
        at, view = await now(kawal, case), await kawal.stored(case.id)
        assert view.level == level, after
        assert view.due is not None
        assert abs(view.due.at - at - 10 * DAY) < MINUTE, after

        await kawal.pass_time(case, timedelta(days=7))
        assert await kawal.kinds(case.id) == [*so_far, "reopened"], after
        view = await kawal.pass_time(case, timedelta(days=3, hours=1))
        assert view.level == level + 1, after
        happened = (await kawal.kinds(case.id))[len(so_far) :]
        assert happened[:4] == ["reopened", "warned", "breached", "escalated"], after

    await asyncio.gather(reopened("lowest level", 0), reopened("same level", 1), reopened("next level", 2))


async def test_whatever_reopens_a_case_or_takes_it_further_it_is_not_overdue_at_once(kawal: Kawal) -> None:
    async def goes_on(first: str, second: str, **fields: object) -> None:
        case = await kawal.open(making.whole_policy())
        await kawal.pass_time(case, timedelta(days=12))
        await says(kawal, case, first, **({"evidence": ("photo-1",)} if first == "respond" else {"reason": "unclear"}))
        await kawal.pass_time(case, timedelta(days=9))
        await says(kawal, case, second, **fields)
        so_far = await kawal.kinds(case.id)
        await kawal.pass_time(case, timedelta(days=7))
        assert await kawal.kinds(case.id) == so_far, second

    await asyncio.gather(
        goes_on("respond", "reopen"),
        goes_on("respond", "rate", score=1),
        goes_on("respond", "disprove"),
        goes_on("reject", "appeal"),
    )


async def test_the_law_s_clock_goes_on_after_reopening_with_what_it_had_left(kawal: Kawal) -> None:
    case = await late_and_answered(kawal)
    before = await kawal.stored(case.id)
    assert before.statutory_clock is not None
    assert before.statutory_clock.paused_since is not None
    await says(kawal, case, "reopen")
    after = await kawal.stored(case.id)
    assert after.statutory_clock is not None
    rested = await now(kawal, case) - before.statutory_clock.paused_since
    assert abs(after.statutory_clock.due.at - after.opened_at - 60 * DAY - rested) < MINUTE


async def test_an_agency_that_takes_a_case_over_has_the_clock_that_the_policy_names(kawal: Kawal) -> None:
    async def passed_on(after: str) -> None:
        case = await kawal.open(making.whole_policy(after_transfer=after))
        opened = (await kawal.stored(case.id)).opened_at
        await kawal.pass_time(case, timedelta(days=9))
        await says(kawal, case, "transfer", agency="SCHOOLS", reason="wrong-agency")
        at, view = await now(kawal, case), await kawal.stored(case.id)
        assert (view.agency, view.level, view.owners) == ("SCHOOLS", 0, ("operator@SCHOOLS",))
        assert view.due is not None
        expected = at + 10 * DAY if after == "fresh clock" else opened + 10 * DAY
        assert abs(view.due.at - expected) < MINUTE, after
        await kawal.pass_time(case, timedelta(days=2))
        assert (await kawal.stored(case.id)).level == (0 if after == "fresh clock" else 1), after

    await asyncio.gather(passed_on("fresh clock"), passed_on("continued clock"))


@pytest.mark.parametrize("after", ["fresh clock", "continued clock"])
@pytest.mark.parametrize("days", [10, 12, 25, 39, 41, 80])
def test_no_agency_is_handed_a_spent_clock_however_late_a_case_is(after: str, days: int) -> None:
    life = Life(making.whole_policy(after_transfer=after))
    life.passes(days=days)
    spent = life.state.clock is None or life.state.clock.breached
    left = None if spent else life.due
    so_far = len(life.kinds)
    life.says("transfer", agency="SCHOOLS", reason="wrong-agency")
    assert life.due > life.now
    assert life.due == (left if left and after == "continued clock" else life.now + 10 * DAY)
    life.passes(seconds=1)
    assert {"breached", "escalated"}.isdisjoint(life.kinds[so_far:])


@pytest.mark.parametrize("days", [5, 12, 41, 100])
def test_several_agencies_each_begin_with_a_whole_limit(days: int) -> None:
    life = Life()
    life.passes(days=days)
    life.says("coordinate", agencies=("ROADS", "SCHOOLS"))
    assert [part.clock.due.at for part in life.state.parts if part.clock] == [life.now + 10 * DAY] * 2
