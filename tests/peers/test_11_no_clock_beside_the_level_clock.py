"""No uninterrupted clock ran beside that of the level: a case that moved was never late as a whole (seen in CCRS).

Two clocks run at once. The level's begins anew with each holder; that of the law never does, whoever has the case. Both
are shown, and both are enforced.
"""

import asyncio
from datetime import timedelta
from typing import Any

from tests import making
from tests.kawal import Kawal
from tests.life import Life
from tests.making import NOON
from tests.peers.following import DAY, HOUR, moments, reaches, says


async def test_both_clocks_are_shown_in_the_view_and_in_the_database(kawal: Kawal) -> None:
    case = await kawal.open(making.whole_policy())
    view = await kawal.stored(case.id)
    assert view.level_clock is not None
    assert view.statutory_clock is not None
    assert view.level_clock.due.at == view.opened_at + 10 * DAY
    assert view.statutory_clock.due.at == view.opened_at + 60 * DAY
    assert view.statutory_clock.due.steps
    row = await kawal.pool.fetchrow("select due_at, statutory_due_at from cases where case_id = $1", case.id)
    assert row is not None
    assert (row["due_at"], row["statutory_due_at"]) == (view.level_clock.due.at, view.statutory_clock.due.at)


async def test_whatever_happens_to_the_level_clock_the_law_s_goes_on_and_passes_on_its_day(kawal: Kawal) -> None:
    courses: dict[str, list[tuple[str, dict[str, Any]]]] = {
        "climbs alone": [],
        "passed on": [
            ("transfer", {"agency": "SCHOOLS", "reason": "wrong-agency"}),
            ("transfer", {"agency": "ROADS", "reason": "wrong-agency"}),
        ],
        "on hold": [("pause", {"limit": "90 days", "reason": "waits-for-court"})],
        "with several": [("coordinate", {"agencies": ("ROADS", "SCHOOLS")})],
        "given more time": [("extend", {"by": "5 days", "reason": "parts-ordered"})],
    }

    async def lives(name: str, messages: list[tuple[str, dict[str, Any]]]) -> None:
        case = await kawal.open(making.whole_policy())
        opened = (await kawal.stored(case.id)).opened_at
        for number, (kind, fields) in enumerate(messages, start=1):
            await reaches(kawal, case, opened + number * 8 * DAY)
            await says(kawal, case, kind, **fields)
            view = await kawal.stored(case.id)
            assert view.statutory_clock is not None
            assert view.statutory_clock.due.at == opened + 60 * DAY, name
        await reaches(kawal, case, opened + 61 * DAY)
        [(_, warned), (_, breached)] = await moments(kawal, case, "statutory warned", "statutory breached")
        assert abs(warned - opened - 45 * DAY) < HOUR, name
        assert abs(breached - opened - 60 * DAY) < HOUR, name
        assert [entry.rule for entry in await kawal.ledger(case.id)].count("statutory-late") == 1, name

    await asyncio.gather(*(lives(name, messages) for name, messages in courses.items()))


async def test_the_head_of_the_agency_answers_for_the_law_s_deadline_whoever_has_the_case(kawal: Kawal) -> None:
    case = await kawal.open(making.whole_policy("100 days"))
    await kawal.pass_time(case, timedelta(days=61))
    assert [(entry.rule, entry.level, entry.subject) for entry in await kawal.ledger(case.id)] == [
        ("statutory-late", 0, "head-of-agency@ROADS")
    ]
    assert not (await kawal.stored(case.id)).on_time


def test_a_level_s_clock_begins_anew_with_each_climb_and_the_law_s_never() -> None:
    life = Life()
    for level in range(4):
        assert life.state.clock is not None
        assert life.state.clock.started_at == NOON + level * 10 * DAY
        assert life.statutory_due == NOON + 60 * DAY
        life.passes(days=10)


def test_of_two_limits_of_the_law_the_one_that_comes_first_counts_and_the_deadline_says_so() -> None:
    limits = ("60 working days", "60 days")
    policy = making.whole_policy()
    fields = policy.model_dump()
    fields["calendar"] = making.rules(making.office_week())
    fields["classes"][0]["statutory"] = limits
    life = Life(type(policy).model_validate(fields))
    assert life.statutory_due == NOON + 60 * DAY
    assert life.state.statutory is not None
    assert "earlier than 60 working days" in life.state.statutory.due.steps
