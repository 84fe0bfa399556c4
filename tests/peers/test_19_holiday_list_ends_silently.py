"""The holidays of the list ended on 2025-12-31, and deadlines went on as before (seen in FixMyStreet Zurich).

A deadline beyond the last decreed day says so, loudly: in the view, in its steps, in the database, until a new calendar
makes it firm.
"""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from schemas.calendar import Deadline
from schemas.policy import Policy
from storage.time_zone import pin_calendar
from tests import making
from tests.kawal import Kawal
from tests.life import Life
from tests.making import NOON
from tests.peers.following import DAY, changed, says
from tests.policies.packs import lampung


def ending(valid_to: date, each_level: str = "10 working days") -> Policy:
    """Return a policy whose holidays are decreed until a day."""
    calendar = making.rules(making.office_week(), valid_to=valid_to)
    return changed(making.whole_policy(each_level, name="ending"), calendar=calendar)


def in_days(days: int) -> date:
    """Return the day so many days from today."""
    return (datetime.now(UTC) + days * DAY).date()


def flagged(due: Deadline | None, valid_to: date) -> bool:
    """Return whether a deadline says that it is provisional, to machines and to people; it must not to one alone."""
    assert due is not None
    in_words = any(step.startswith("provisional") and valid_to.isoformat() in step for step in due.steps)
    assert due.provisional == in_words, due
    return due.provisional


async def test_a_deadline_beyond_the_last_decreed_day_is_flagged_in_the_view_its_steps_and_the_database(
    kawal: Kawal,
) -> None:
    soon, late = in_days(5), in_days(40)

    async def opened(valid_to: date, *, provisional: bool) -> None:
        case = await kawal.open(ending(valid_to))
        view = await kawal.stored(case.id)
        assert flagged(view.due, valid_to) is provisional
        assert await kawal.pool.fetchval("select provisional from cases where case_id = $1", case.id) is provisional
        assert view.due is not None
        assert await kawal.pool.fetchval("select due_steps from cases where case_id = $1", case.id) == list(
            view.due.steps
        )
        assert view.statutory_clock is not None
        assert flagged(view.statutory_clock.due, valid_to)

    await asyncio.gather(opened(soon, provisional=True), opened(late, provisional=False))


async def test_the_deadlines_of_higher_levels_are_flagged_once_they_lie_beyond_the_decrees(kawal: Kawal) -> None:
    valid_to = in_days(9)
    case = await kawal.open(ending(valid_to, "3 working days"))
    assert not flagged((await kawal.stored(case.id)).due, valid_to)
    view = await kawal.pass_time(case, timedelta(days=10))
    assert view.level >= 1
    assert flagged(view.due, valid_to)


async def test_a_new_calendar_makes_a_provisional_deadline_firm(kawal: Kawal) -> None:
    case = await kawal.open(ending(in_days(5)))
    view = await kawal.stored(case.id)
    longer = ending(in_days(400))
    calendar = pin_calendar(longer.calendar, view.opened_at)
    await says(kawal, case, "recalculate", policy_version=longer.version, calendar=calendar, basis="Decree 1/2027")
    after = await kawal.stored(case.id)
    assert not flagged(after.due, in_days(400))
    assert await kawal.pool.fetchval("select provisional from cases where case_id = $1", case.id) is False


MOVES: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "a question": [("ask", {}), ("provide", {})],
    "a pause": [("pause", {"limit": "90 days", "reason": "waits-for-court"}), ("resume", {})],
    "an extension": [("extend", {"by": "5 days", "reason": "parts-ordered"})],
}


@pytest.mark.parametrize("move", MOVES)
def test_a_deadline_that_is_moved_beyond_the_decrees_says_so_as_loudly(move: str) -> None:
    valid_to = (NOON + 12 * DAY).date()
    life = Life()
    known = making.calendar(valid_to=valid_to)
    life.says("recalculate", policy_version="v2", calendar=known, basis="Decree 1/2026")
    assert life.state.clock is not None
    assert not flagged(life.state.clock.due, valid_to)
    for kind, fields in MOVES[move]:
        life.says(kind, **fields)
        life.passes(days=5)
    assert life.due >= NOON + 15 * DAY
    assert flagged(life.state.clock.due, valid_to)


def test_the_pack_of_lampung_says_until_when_its_holidays_are_known() -> None:
    last = lampung().calendar.valid_to
    assert max(lampung().calendar.holidays) <= last
    assert last >= date(2027, 12, 31)
