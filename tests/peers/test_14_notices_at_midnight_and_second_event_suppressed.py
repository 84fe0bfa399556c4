"""Notices went out at midnight and at weekends, and a second real event of a day was suppressed (seen in Zammad).

Notices wait for the end of the quiet hours of the place, and each event has its own: two of one day are two, and one
that is told twice is one.
"""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.notices import not_before
from gateway.notices import Dispatcher
from schemas.calendar import WorkingCalendar
from schemas.policy import Policy, QuietHours
from storage import contacts, notices
from storage.notices import Line
from tests import making
from tests.gateway.telling import HandClock, Letterbox, forget_everything
from tests.kawal import Handle, Kawal
from tests.peers.following import HOUR, changed, now, reaches, roads_of, says

MINUTE = timedelta(minutes=1)
NIGHT = QuietHours.model_validate({"begins": "20:00", "ends": "06:00", "on_days_off": True})
WIB = 7 * 60


def is_quiet(calendar: WorkingCalendar, quiet: QuietHours, minute: datetime) -> bool:
    """Return whether a minute is quiet, by looking at the wall clock alone."""
    local = minute + calendar.offsets[0].minutes * MINUTE
    name = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")[local.weekday()]
    day_off = local.date() in calendar.holidays or not getattr(calendar.week, name)
    time = local.hour * 60 + local.minute
    if quiet.begins <= quiet.ends:
        asleep = quiet.begins <= time < quiet.ends
    else:
        asleep = time >= quiet.begins or time < quiet.ends
    return asleep or (quiet.on_days_off and day_off)


@settings(deadline=None)
@given(
    st.builds(QuietHours, begins=st.integers(0, 1439), ends=st.integers(0, 1439), on_days_off=st.booleans()),
    st.sets(st.integers(0, 10), max_size=3),
    st.sampled_from([0, WIB, -300]),
    st.integers(0, 14 * 24 * 60),
)
def test_a_notice_waits_for_the_first_minute_that_is_not_quiet_by_the_clock_on_the_wall(
    quiet: QuietHours, days_off: set[int], offset: int, after: int
) -> None:
    holidays = {date(2026, 11, 23) + timedelta(days=day): "A day off" for day in days_off}
    calendar = making.calendar(making.office_week(), minutes=offset, holidays=holidays)
    at = datetime(2026, 11, 23, tzinfo=UTC) + after * MINUTE
    minute = at
    while is_quiet(calendar, quiet, minute):
        minute += MINUTE
    assert not_before(calendar, quiet, at) == minute


def with_quiet_hours(agency: str, quiet: QuietHours, each_level: str = "1 day") -> Policy:
    """Return a policy of Jakarta's clocks with quiet hours, in which roads belong to an agency of its own."""
    calendar = making.rules(making.office_week(), zone="Asia/Jakarta")
    policy = changed(making.whole_policy(each_level, name="quiet"), calendar=calendar, quiet_hours=quiet)
    return roads_of(agency, policy)


async def told(kawal: Kawal, case: Handle) -> list[Line]:
    """Return the notices of a case, the first event first."""
    return list(reversed(await notices.lines(kawal.pool, case_id=case.id)))


def next_time(weekday: int, hour: int) -> datetime:
    """Return when the clocks of Jakarta show this weekday (0: Monday) and hour for the first time from tomorrow on."""
    local = datetime.now(UTC) + WIB * MINUTE
    day = local.date() + timedelta(days=1 + (weekday - local.weekday() - 1) % 7)
    return datetime(day.year, day.month, day.day, hour, tzinfo=UTC) - WIB * MINUTE


async def test_nobody_hears_of_an_escalation_at_night_or_on_a_day_off(kawal: Kawal) -> None:
    async def late(at: datetime, heard_of_after: timedelta) -> None:
        case = await kawal.open(with_quiet_hours("QUIET-NIGHT", NIGHT, "10 days"), promised_at=at)
        await reaches(kawal, case, at + HOUR)
        found = [line for line in await told(kawal, case) if line.what in ("overdue", "escalated-to-you")]
        assert len(found) == 2
        for line in found:
            waits = line.not_before - line.at
            assert heard_of_after - MINUTE < waits <= heard_of_after, line

    await asyncio.gather(
        late(next_time(weekday=5, hour=12), 42 * HOUR),  # from Saturday noon to Monday, 06:00
        late(next_time(weekday=4, hour=23), 55 * HOUR),
        late(next_time(weekday=1, hour=23), 7 * HOUR),
        late(next_time(weekday=2, hour=3), 3 * HOUR),
        late(next_time(weekday=2, hour=10), timedelta()),
    )


async def test_no_notice_of_a_whole_climb_lies_in_quiet_hours_and_none_waits_without_need(kawal: Kawal) -> None:
    case = await kawal.open(with_quiet_hours("QUIET-CLIMB", NIGHT))
    await kawal.pass_time(case, timedelta(days=25))
    calendar = making.calendar(making.office_week(), minutes=WIB)
    found = await told(kawal, case)
    whats = {line.what for line in found}
    assert {"assigned-to-you", "due-soon", "overdue", "escalated-to-you", "still-overdue"} <= whats
    for line in found:
        assert not is_quiet(calendar, NIGHT, line.not_before), line
        assert is_quiet(calendar, NIGHT, line.at) == (line.not_before > line.at), line


async def test_what_waited_over_the_night_comes_in_the_morning_and_not_before(kawal: Kawal) -> None:
    await forget_everything(kawal.pool)
    local = datetime.now(UTC) + WIB * MINUTE
    now_and_for_three_hours = QuietHours(
        begins=(local.hour * 60 + local.minute - 5) % 1440, ends=(local.hour * 60 + local.minute + 180) % 1440
    )
    await contacts.replace(kawal.pool, "operator@QUIET-NOW", ["operator@go.id"], datetime.now(UTC))
    case = await kawal.open(with_quiet_hours("QUIET-NOW", now_and_for_three_hours))
    [assigned] = await told(kawal, case)
    box, clock = Letterbox(), HandClock(assigned.at + HOUR)
    dispatcher = Dispatcher(kawal.pool, [box], clock=clock)
    assert (await dispatcher.one_pass()).sent == 0
    clock.now = assigned.not_before
    assert (await dispatcher.one_pass()).sent == 1
    assert len(box.letters("operator@go.id")) == 1


async def test_two_events_of_one_day_are_two_notices_and_two_letters(kawal: Kawal) -> None:
    await forget_everything(kawal.pool)
    await contacts.replace(kawal.pool, "operator@QUIET-TWICE", ["operator@go.id"], datetime.now(UTC))
    case = await kawal.open(roads_of("QUIET-TWICE", making.whole_policy()))
    for _ in range(2):
        await says(kawal, case, "ask")
        await kawal.pass_time(case, HOUR)
        await says(kawal, case, "provide")
    found = [line.what for line in await told(kawal, case)]
    assert found == ["assigned-to-you", "asked", "provided", "asked", "provided"]

    box = Letterbox()
    dispatcher = Dispatcher(kawal.pool, [box], clock=HandClock(await now(kawal, case)))
    await dispatcher.one_pass()
    await dispatcher.one_pass()
    assert len(box.letters("operator@go.id")) == len(set(box.references("operator@go.id"))) == 3


@pytest.mark.parametrize("times", [2, 5])
async def test_one_event_that_is_told_again_and_again_is_one_notice(kawal: Kawal, times: int) -> None:
    case = await kawal.open(roads_of("QUIET-ONCE", making.whole_policy()))
    at = await now(kawal, case)
    for _ in range(times):
        await kawal.starter.send(case.id, making.message("ask", "question-1", accepted_at=at))
        await case.signal("ask", making.message("ask", "question-1", accepted_at=at))
    await says(kawal, case, "provide")
    assert [line.what for line in await told(kawal, case)] == ["assigned-to-you", "asked", "provided"]
