"""Moments were shown in the wrong time zone (seen in Frappe), and holidays shortened a deadline instead of lengthening
it (seen in django-helpdesk).

Deadlines are those that the decrees give, in working days without the day of the start, and people read them by the
clocks of the place.
"""

from datetime import UTC, date, datetime, time, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.working_time import due
from gateway.words import letter
from schemas.calendar import limit
from schemas.notices import Notice, What
from schemas.status import Status
from storage.time_zone import pin_calendar, zone_named
from tests.kawal import Kawal
from tests.peers.following import now
from tests.policies.packs import lampung

WIB = timezone(timedelta(hours=7))
VECTORS = {
    "2026-03-13": {3: "2026-03-25", 5: "2026-03-27", 14: "2026-04-10", 60: "2026-06-24"},
    "2026-12-18": {3: "2026-12-23", 5: "2026-12-29", 14: "2027-01-13", 60: "2027-03-31"},
}
"""The last of so many working days, the day of the start excluded."""


def wib(day: str, hour: int, minute: int = 0) -> datetime:
    """Return a moment by the clocks of Lampung."""
    return datetime.combine(date.fromisoformat(day), time(hour, minute), tzinfo=WIB)


@pytest.mark.parametrize(
    ("start", "days", "last"), [(start, days, last) for start, ends in VECTORS.items() for days, last in ends.items()]
)
@pytest.mark.parametrize("hour", [0, 6, 7, 10, 16, 23])
def test_deadlines_are_those_of_the_decrees_at_whatever_hour_of_the_local_day_they_begin(
    start: str, days: int, last: str, hour: int
) -> None:
    opened = wib(start, hour, 59)
    deadline = due(pin_calendar(lampung().calendar, opened), opened, limit(f"{days} working days"))
    assert deadline.at == wib(last, 16)
    assert not deadline.provisional


@settings(deadline=None)
@given(st.dates(date(2026, 1, 2), date(2026, 12, 1)), st.integers(1, 20), st.integers(1, 30))
def test_another_day_off_never_brings_a_deadline_forward(start: date, days: int, after: int) -> None:
    rules = lampung().calendar
    opened = datetime.combine(start, time(10), tzinfo=WIB)
    another = rules.model_copy(update={"holidays": {**rules.holidays, start + timedelta(days=after): "Another"}})
    without, with_it = (
        due(pin_calendar(found, opened), opened, limit(f"{days} working days")).at for found in (rules, another)
    )
    assert with_it >= without


async def test_a_case_is_due_when_the_decrees_say_and_its_view_tells_so_by_local_clocks(kawal: Kawal) -> None:
    accepted_at = wib("2026-03-13", 23, 30)
    case = await kawal.open(lampung(), category="road-province", region="18.06", accepted_at=accepted_at)
    lines = await kawal.pool.fetch("select due_at, body from timeline where case_id = $1 order by seq", case.id)
    assert lines[1]["due_at"] == wib("2026-03-25", 16)
    steps = lines[1]["body"]["clock"]["due"]["steps"]
    assert steps[0] == "starts Fri 2026-03-13 23:30 Asia/Jakarta"
    assert steps[-1] == "3 working days over: Wed 2026-03-25 16:00"
    assert sum(step.startswith("skips ") for step in steps) > 1


async def test_the_steps_of_every_deadline_that_a_view_shows_end_with_its_moment_by_local_clocks(kawal: Kawal) -> None:
    case = await kawal.open(lampung(), category="road-province", region="18.06")
    view = await kawal.pass_time(case, timedelta(days=30))
    assert view.level > 0
    assert view.due is not None
    assert view.statutory_clock is not None
    for deadline in (view.due, view.statutory_clock.due):
        local = f"{deadline.at.astimezone(WIB):%a %Y-%m-%d %H:%M}"
        assert any(local in step for step in deadline.steps), deadline
    assert view.due.at > await now(kawal, case)


@pytest.mark.parametrize(
    ("zone", "shown"),
    [
        ("Asia/Jakarta", "2026-12-18 06:30 WIB"),
        ("Asia/Jayapura", "2026-12-18 08:30 WIT"),
        ("UTC", "2026-12-17 23:30 UTC"),
        ("America/New_York", "2026-12-17 18:30 EST"),
    ],
)
def test_letters_tell_moments_in_the_policy_s_zone_and_name_it(zone: str, shown: str) -> None:
    at = datetime(2026, 12, 17, 23, 30, tzinfo=UTC)
    notice = Notice(
        case_id="case-1", seq=1, what=What.OVERDUE, recipient="a@B", at=at, due_at=at, status=Status.ASSIGNED
    )
    body = letter(notice, ZoneInfo(zone)).body
    assert body.count(shown) == 4  # when it happened and until when, in two languages


def test_the_zone_of_lampung_is_one_that_everybody_knows() -> None:
    assert zone_named(lampung().calendar.zone) == ZoneInfo("Asia/Jakarta")
