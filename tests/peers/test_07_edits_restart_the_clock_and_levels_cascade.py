"""Any edit restarted the clock; and the clock was not reset on a climb, so that levels cascaded at once (seen in CCRS).

Words about a case move no deadline, and each level has the whole of its own limit from when the case gets there.
"""

import asyncio
from datetime import timedelta

import pytest

from domain.lifecycle import TimeReached
from tests import making
from tests.kawal import Kawal
from tests.life import Life
from tests.making import NOON
from tests.peers.following import DAY, HOUR, moments, says

WORDS = ("note", "acknowledge", "note", "verify", "note")


async def test_what_is_said_about_a_case_moves_neither_clock(kawal: Kawal) -> None:
    case = await kawal.open(making.whole_policy())
    before = await kawal.stored(case.id)
    assert before.level_clock is not None
    for kind in WORDS:
        await kawal.pass_time(case, timedelta(days=1))
        await says(kawal, case, kind)
        after = await kawal.stored(case.id)
        assert (after.level_clock, after.statutory_clock) == (before.level_clock, before.statutory_clock), kind
    await kawal.starter.send(case.id, making.message("note", "with-words"), text="Sudah dicek di lapangan.")
    assert (await kawal.stored(case.id)).due == before.due


async def test_a_correction_that_leaves_the_case_with_its_holders_moves_no_level_deadline(kawal: Kawal) -> None:
    case = await kawal.open(making.whole_policy())
    due = (await kawal.stored(case.id)).due
    await kawal.pass_time(case, timedelta(days=2))
    await says(kawal, case, "verify", case_class="field")
    await says(kawal, case, "verify", region="south")
    after = await kawal.stored(case.id)
    assert (after.due, after.case_class, after.region) == (due, "field", "south")


async def test_a_case_that_is_talked_about_every_day_climbs_on_the_same_days_as_a_silent_one(kawal: Kawal) -> None:
    async def climbs(*, talked_about: bool) -> list[timedelta]:
        case = await kawal.open(making.whole_policy("2 days"))
        opened = (await kawal.stored(case.id)).opened_at
        for _ in range(7):
            if talked_about:
                await says(kawal, case, "note")
            await kawal.pass_time(case, timedelta(days=1, minutes=1))
        return [at - opened for _, at in await moments(kawal, case, "breached")]

    silent, loud = await asyncio.gather(climbs(talked_about=False), climbs(talked_about=True))
    for found in (silent, loud):
        assert [round(after / DAY) for after in found] == [2, 4, 6]
        assert all(abs(after - round(after / DAY) * DAY) < HOUR for after in found)


@pytest.mark.parametrize("slept", [10, 11, 25, 39, 100, 1000])
def test_an_engine_that_slept_through_several_limits_climbs_one_level_and_gives_the_superior_the_whole_limit(
    slept: int,
) -> None:
    life = Life()
    life.now = NOON + timedelta(days=slept)
    life.happens(TimeReached(life.now))
    assert life.kinds.count("escalated") == 1
    assert (life.state.level, life.due) == (1, life.now + 10 * DAY)
    for level in (2, 3):
        life.passes(days=9)
        assert life.state.level == level - 1
        life.passes(days=1)
        assert life.state.level == level


@pytest.mark.parametrize("kind", ["note", "acknowledge", "verify"])
def test_a_word_in_the_very_second_before_a_deadline_does_not_save_the_level(kind: str) -> None:
    life = Life()
    life.passes(days=10, seconds=-1)
    life.says(kind)
    life.passes(seconds=1)
    assert (life.kinds.count("breached"), life.state.level) == (1, 1)
