"""A pause that lay across a threshold moved the clock past it, and the threshold never fired (seen in alga-psa).

Wherever a rest lies, every warning and every breach comes exactly once: when its time is consumed, neither sooner nor
never.
"""

import asyncio
from datetime import timedelta
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests import making
from tests.kawal import Kawal
from tests.life import Life
from tests.making import NOON
from tests.peers.following import DAY, HOUR, moments, now, reaches, says

WAYS = {
    "provide": ("ask", {}),
    "resume": ("pause", {"limit": "90 days", "reason": "waits-for-court"}),
}
"""What ends a rest, and what begins it."""


class Threshold(NamedTuple):
    """What fires, after how many days without any rest, and whether a hold lets its clock rest, too."""

    kind: str
    after: timedelta
    level: int
    rests_on_hold: bool


THRESHOLDS = (
    Threshold("warned", timedelta(days=7.5), 0, rests_on_hold=True),
    Threshold("breached", timedelta(days=10), 0, rests_on_hold=True),
    Threshold("statutory warned", timedelta(days=45), 4, rests_on_hold=False),
    Threshold("statutory breached", timedelta(days=60), 4, rests_on_hold=False),
)
LADDER = {"warned": 4, "breached": 4, "escalated": 3, "statutory warned": 1, "statutory breached": 1}
"""What a case left alone meets in the end, and how often."""


@pytest.mark.parametrize("end", WAYS)
async def test_a_rest_across_a_threshold_loses_it_neither_nor_fires_it_twice(kawal: Kawal, end: str) -> None:
    async def across(threshold: Threshold) -> None:
        case = await kawal.open(making.whole_policy())
        opened = (await kawal.stored(case.id)).opened_at
        await kawal.pass_time(case, threshold.after - DAY - (await now(kawal, case) - opened))
        begin, fields = WAYS[end]
        rested_from = await now(kawal, case)
        await says(kawal, case, begin, **fields)
        await kawal.pass_time(case, timedelta(days=3))
        await says(kawal, case, end)
        rested = await now(kawal, case) - rested_from
        fired = [at for kind, at in await moments(kawal, case, threshold.kind)]
        rests = threshold.rests_on_hold or end == "provide"
        assert len(fired) == (0 if rests else 1), f"{threshold.kind} while the case rests"
        await reaches(kawal, case, opened + 70 * DAY)

        kinds = await kawal.kinds(case.id)
        assert {kind: kinds.count(kind) for kind in LADDER} == LADDER
        first = (await moments(kawal, case, threshold.kind))[0][1]
        expected = opened + threshold.after + (rested if rests else timedelta())
        assert abs(first - expected) < HOUR, threshold.kind

    await asyncio.gather(*(across(threshold) for threshold in THRESHOLDS))


@pytest.mark.parametrize("end", WAYS)
@pytest.mark.parametrize("threshold", THRESHOLDS, ids=lambda threshold: threshold.kind)
@pytest.mark.parametrize("begins", [-1, 0, 1], ids=["just before", "at the moment", "just after"])
def test_a_rest_that_begins_within_a_second_of_a_threshold_takes_nothing_away_and_adds_nothing(
    end: str, threshold: Threshold, begins: int
) -> None:
    life = Life()
    life.passes(days=threshold.after / DAY, seconds=begins)
    begin, fields = WAYS[end]
    life.says(begin, **fields)
    life.passes(days=3)
    life.says(end)
    life.passes(days=110)
    assert {kind: life.kinds.count(kind) for kind in LADDER} == LADDER


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(st.sampled_from(sorted(WAYS)), st.integers(0, 20 * 24), st.integers(0, 9 * 24)),
        max_size=6,
    )
)
def test_wherever_rests_lie_every_threshold_fires_once_after_exactly_the_time_that_its_clock_ran(
    rests: list[tuple[str, int, int]],
) -> None:
    life = Life(making.whole_policy(most_holds=6, most_questions=6))
    spans: list[tuple[timedelta, timedelta, str]] = []
    for end, before, hours in rests:
        life.passes(hours=before)
        begin, fields = WAYS[end]
        since = life.now - NOON
        life.says(begin, **fields)
        life.passes(hours=hours)
        life.says(end)
        spans.append((since, timedelta(hours=hours), end))
    life.passes(days=140)

    assert {kind: life.kinds.count(kind) for kind in LADDER} == LADDER
    at = {t.kind.value: t.at - NOON for t in reversed(life.timeline)}
    for threshold in THRESHOLDS:
        rested = timedelta()
        for since, length, end in spans:
            if (threshold.rests_on_hold or end == "provide") and since < at[threshold.kind]:
                rested += length
        assert at[threshold.kind] - rested == threshold.after, threshold.kind
