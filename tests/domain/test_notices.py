"""Who hears of what, and when nobody is disturbed."""

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from domain.notices import not_before, notices
from domain.working_time import hours
from schemas.calendar import Hours, OffsetChange, Season, Week, WorkingCalendar
from schemas.case import ENGINE, CaseView, Transition, TransitionKind, WindowKind
from schemas.notices import REPORTER, Notice, What
from schemas.policy import QuietHours
from schemas.status import Status
from tests import making
from tests.gateway.telling import case, climb, clock, happened, part, wib, window
from tests.making import NOON

HEAD, OPERATOR = "head@told-1", "operator@told-1"
Kind = TransitionKind


def heard(kind: TransitionKind, standing: CaseView | None = None, **changes: Any) -> list[tuple[str, What]]:
    """Return who hears what of something that happened."""
    found = notices(standing or case(), happened(kind, **changes))
    return [(notice.recipient, notice.what) for notice in found]


def only(kind: TransitionKind, standing: CaseView | None = None, **changes: Any) -> Notice:
    """Return the one notice that something leads to."""
    [notice] = notices(standing or case(), happened(kind, **changes))
    return notice


@pytest.mark.parametrize(
    ("kind", "detail", "expected"),
    [
        (Kind.ASSIGNED, {"queue": "ROADS", "agency": "ROADS"}, [(HEAD, What.ASSIGNED_TO_YOU)]),
        (Kind.TRIAGED, {"queue": "triage", "reason": "no place"}, [(HEAD, What.TRIAGED_TO_YOU)]),
        (Kind.TRANSFERRED, {"from": "x@OTHER", "to": HEAD}, [(HEAD, What.TRANSFERRED_TO_YOU)]),
        (Kind.WARNED, {"holder": HEAD}, [(HEAD, What.DUE_SOON)]),
        (Kind.REMINDED, {"holder": HEAD}, [(HEAD, What.STILL_OVERDUE)]),
        (Kind.STATUTORY_WARNED, {"holder": HEAD}, [(HEAD, What.STATUTORY_DUE_SOON)]),
        (Kind.STATUTORY_BREACHED, {"holder": HEAD}, [(HEAD, What.STATUTORY_OVERDUE)]),
        (Kind.PROVIDED, {}, [(HEAD, What.PROVIDED)]),
        (Kind.APPEALED, {"to": HEAD}, [(HEAD, What.APPEALED)]),
        (Kind.UNMERGED, {}, [(HEAD, What.UNMERGED)]),
        (Kind.REOPENED, {"to": HEAD}, [(HEAD, What.REOPENED_FOR_YOU), (REPORTER, What.REOPENED)]),
        (Kind.ASKED, {}, [(REPORTER, What.ASKED)]),
        (Kind.RESPONDED, {}, [(REPORTER, What.ANSWERED)]),
        (Kind.REFERRED, {"addressee": "PLN", "name": "PLN Lampung"}, [(REPORTER, What.REFERRED)]),
        (Kind.REJECTED, {"reason": "no-complaint"}, [(REPORTER, What.REJECTED)]),
        (Kind.MERGED, {"into": "other-1"}, [(REPORTER, What.MERGED)]),
        (Kind.CLOSED, {"reason": "answered"}, [(REPORTER, What.CLOSED)]),
        (Kind.OFFERED, {"route": "Ombudsman"}, [(REPORTER, What.OTHER_ROUTE)]),
    ],
)
def test_everybody_whom_an_event_concerns_hears_of_it(
    kind: TransitionKind, detail: dict[str, str], expected: list[tuple[str, What]]
) -> None:
    assert heard(kind, detail=detail) == expected


@pytest.mark.parametrize(
    "kind",
    [Kind.RECEIVED, Kind.ACKNOWLEDGED, Kind.NOTED, Kind.NOT_CURED, Kind.PART_ANSWERED, Kind.RESCINDED,
     Kind.PAUSED, Kind.RESUMED, Kind.EXTENDED, Kind.RECALCULATED, Kind.RATED, Kind.DISPROVED, Kind.REFUSED],
)  # fmt: skip
def test_what_concerns_nobody_is_told_to_nobody(kind: TransitionKind) -> None:
    assert heard(kind, detail={"holder": HEAD, "to": HEAD}) == []


def test_a_correction_is_told_to_whoever_gets_the_case_by_it_and_else_to_nobody() -> None:
    assert heard(Kind.VERIFIED, detail={"to": HEAD}) == [(HEAD, What.ASSIGNED_TO_YOU)]
    assert heard(Kind.VERIFIED, detail={}) == []


def test_a_climb_tells_the_late_one_and_the_superior_once_each() -> None:
    request = climb("told-1")
    found = [notice for transition in request.transitions for notice in notices(request.case, transition)]
    assert [(one.recipient, one.what) for one in found] == [(OPERATOR, What.OVERDUE), (HEAD, What.ESCALATED_TO_YOU)]
    assert found[0].owners == (HEAD,)
    assert request.case.due is not None
    assert found[1].due_at == request.case.due.at


def test_who_was_late_at_the_top_still_has_the_case_and_hears_it_once() -> None:
    assert heard(Kind.BREACHED, clock=None, detail={"holder": HEAD}) == [(HEAD, What.OVERDUE)]


def test_a_warning_that_was_slept_through_is_for_the_level_that_was_late() -> None:
    assert heard(Kind.WARNED, level=0, detail={"holder": OPERATOR}) == [(OPERATOR, What.DUE_SOON)]


def test_every_agency_of_a_coordinated_case_hears_of_its_own_part() -> None:
    parts = (
        part("operator@ROADS", clock=clock(NOON + timedelta(days=5))),
        part("operator@WATER", clock=clock(NOON + timedelta(days=9))),
    )
    standing = case(status=Status.COORDINATING, owners=("operator@ROADS", "operator@WATER"))
    coordinated = happened(Kind.COORDINATED, parts=parts, detail={"agencies": "ROADS, WATER"})
    assert [(one.recipient, one.what, one.due_at) for one in notices(standing, coordinated)] == [
        ("operator@ROADS", What.PART_FOR_YOU, NOON + timedelta(days=5)),
        ("operator@WATER", What.PART_FOR_YOU, NOON + timedelta(days=9)),
    ]


@pytest.mark.parametrize(
    ("kind", "detail", "expected"),
    [
        (Kind.PART_WARNED, {"holder": "operator@ROADS"}, ("operator@ROADS", What.DUE_SOON)),
        (Kind.PART_BREACHED, {"holder": "operator@ROADS"}, ("operator@ROADS", What.OVERDUE)),
        (Kind.PART_ESCALATED, {"from": "operator@ROADS", "to": "head@ROADS"}, ("head@ROADS", What.ESCALATED_TO_YOU)),
        (Kind.PART_WARNED, {}, ("operator@ROADS", What.DUE_SOON)),
    ],
)
def test_what_happens_to_a_part_is_told_to_those_who_have_it(
    kind: TransitionKind, detail: dict[str, str], expected: tuple[str, What]
) -> None:
    due = NOON + timedelta(days=5)
    parts = (part("operator@ROADS", clock=clock(due)), part("operator@WATER", clock=clock()))
    notice = only(kind, case(owners=("operator@ROADS", "operator@WATER")), parts=parts,
                  detail={"agency": "ROADS"} | detail)  # fmt: skip
    assert ((notice.recipient, notice.what), notice.due_at) == (expected, due)


def test_a_reminder_goes_to_every_part_that_still_waits() -> None:
    standing = case(owners=("head@ROADS", "head@WATER"))
    both = [("head@ROADS", What.STILL_OVERDUE), ("head@WATER", What.STILL_OVERDUE)]
    assert heard(Kind.REMINDED, standing, detail={"holder": "head@ROADS, head@WATER"}) == both


def test_a_withdrawal_is_told_to_everybody_who_was_at_work() -> None:
    parts = (part("operator@ROADS"), part("operator@WATER", answered_at=NOON))
    standing = case(status=Status.WITHDRAWN, owners=(), closed_at=NOON)
    found = heard(Kind.WITHDRAWN, standing, status=Status.WITHDRAWN, clock=None, parts=parts)
    assert found == [(HEAD, What.WITHDRAWN), ("operator@ROADS", What.WITHDRAWN)]


def test_a_notice_names_the_deadline_that_it_is_about() -> None:
    law, soon = NOON + timedelta(days=60), NOON + timedelta(days=1)
    assert only(Kind.STATUTORY_WARNED, statutory=clock(law)).due_at == law
    assert only(Kind.WARNED, statutory=clock(law), clock=clock(soon)).due_at == soon
    assert only(Kind.ASKED, clock=clock(soon), window=window(WindowKind.INFORMATION, law)).due_at == law
    assert only(Kind.RESPONDED, clock=clock(soon), window=window(WindowKind.CONTEST, law)).due_at == law
    assert only(Kind.CLOSED, clock=None).due_at is None
    assert only(Kind.OFFERED, clock=clock(soon), window=window(WindowKind.REMINDER, law)).due_at is None


def test_a_reporter_is_told_where_else_to_go() -> None:
    assert only(Kind.OFFERED, detail={"route": "Ombudsman RI", "basis": "UU 37/2008"}).whereto == "Ombudsman RI"
    assert only(Kind.REFERRED, detail={"addressee": "PLN", "name": "PLN Lampung"}).whereto == "PLN Lampung"
    assert only(Kind.REFERRED, case(referred_to="PLN Lampung")).whereto == "PLN Lampung"


def test_units_that_work_day_and_night_are_told_at_once() -> None:
    assert only(Kind.WARNED, clock=clock(around_the_clock=True), detail={"holder": HEAD}).around_the_clock
    assert not only(Kind.RESPONDED, clock=clock(around_the_clock=True)).around_the_clock


def test_the_identity_of_a_notice_is_that_of_its_event() -> None:
    def identity(seq: int, standing: CaseView) -> str:
        return notices(standing, happened(Kind.ASKED, seq))[0].identity

    assert identity(3, case()) == identity(3, case(seq=9))
    assert len({identity(3, case()), identity(4, case()), identity(3, case("told-2"))}) == 3


def test_everything_that_anybody_hears_of_can_happen() -> None:
    parts = (part("operator@ROADS", clock=clock()),)
    said = {what for kind in Kind for _, what in heard(kind, parts=parts, detail={"agency": "ROADS", "route": "x"})}
    assert said == set(What)


def test_a_transition_without_any_detail_is_told_to_whoever_has_the_case() -> None:
    for kind in Kind:
        assert {recipient for recipient, _ in heard(kind, actor=ENGINE)} <= {HEAD, REPORTER}


# Quiet hours

NIGHT = QuietHours.model_validate({"begins": "20:00", "ends": "06:00"})
NIGHT_AND_WEEKEND = NIGHT.model_copy(update={"on_days_off": True})
LUNCH = QuietHours.model_validate({"begins": "12:00", "ends": "13:00"})
OFFICE = making.calendar(making.office_week(), minutes=7 * 60, holidays={date(2026, 11, 25): "A Wednesday off"})


@pytest.mark.parametrize(
    ("quiet", "at", "expected"),
    [
        (None, wib(23, 3), wib(23, 3)),
        (NIGHT, wib(23, 19, 59), wib(23, 19, 59)),
        (NIGHT, wib(23, 20), wib(24, 6)),
        (NIGHT, wib(23, 23, 59), wib(24, 6)),
        (NIGHT, wib(24, 0), wib(24, 6)),
        (NIGHT, wib(24, 5, 59), wib(24, 6)),
        (NIGHT, wib(24, 6), wib(24, 6)),
        (NIGHT, wib(28, 12), wib(28, 12)),  # a Saturday
        (NIGHT_AND_WEEKEND, wib(27, 21), wib(30, 6)),  # Friday night to Monday
        (NIGHT_AND_WEEKEND, wib(28, 12), wib(30, 6)),
        (NIGHT_AND_WEEKEND, wib(29, 23), wib(30, 6)),
        (NIGHT_AND_WEEKEND, wib(25, 0), wib(26, 6)),  # the holiday
        (NIGHT_AND_WEEKEND, wib(24, 20), wib(26, 6)),
        (LUNCH, wib(23, 12, 30), wib(23, 13)),
        (LUNCH, wib(23, 11, 59), wib(23, 11, 59)),
    ],
)
def test_notices_wait_until_it_is_not_quiet(quiet: QuietHours | None, at: datetime, expected: datetime) -> None:
    assert not_before(OFFICE, quiet, at) == expected


def test_seasons_have_their_own_days_off() -> None:
    sundays_only = Week(sunday=(Hours(opens=480, closes=720),))
    season = Season(name="fair", first=date(2026, 11, 23), last=date(2026, 11, 29), week=sundays_only)
    assert not_before(OFFICE.model_copy(update={"seasons": (season,)}), NIGHT_AND_WEEKEND, wib(23, 12)) == wib(29, 6)


def test_quiet_hours_end_by_the_clocks_of_their_day() -> None:
    forward = datetime(2026, 3, 29, 1, tzinfo=UTC)  # clocks go from 02:00 to 03:00
    offsets = (OffsetChange(since=NOON - timedelta(days=700), minutes=60), OffsetChange(since=forward, minutes=120))
    calendar = OFFICE.model_copy(update={"offsets": offsets})
    evening, morning = datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 3, 29, 4, tzinfo=UTC)
    assert not_before(calendar, NIGHT, evening) == morning


@pytest.mark.parametrize(("begins", "ends"), [("00:00", "00:00"), ("20:00", "20:00"), ("00:00", "24:00")])
def test_hours_that_are_never_or_always_quiet_hold_up_nothing(begins: str, ends: str) -> None:
    quiet = QuietHours.model_validate({"begins": begins, "ends": ends})
    assert not_before(OFFICE, quiet, wib(23, 3)) == wib(23, 3)


def test_a_calendar_without_days_of_work_to_come_holds_up_nothing() -> None:
    days = {date(2026, 1, 1) + timedelta(days=n): "closed" for n in range(1200)}
    assert not_before(OFFICE.model_copy(update={"holidays": days}), NIGHT_AND_WEEKEND, wib(23, 3)) == wib(23, 3)


def quiet_by_hand(calendar: WorkingCalendar, quiet: QuietHours, at: datetime) -> bool:
    """Look at one moment alone."""
    local = at + timedelta(hours=7)
    minute = local.hour * 60 + local.minute
    if quiet.begins <= quiet.ends:
        within = quiet.begins <= minute < quiet.ends
    else:
        within = minute >= quiet.begins or minute < quiet.ends
    return within or (quiet.on_days_off and not hours(calendar, local.date()))


minutes = some.integers(0, 24 * 60)
walks = some.builds(QuietHours, begins=minutes, ends=minutes, on_days_off=some.booleans())


@settings(deadline=None, max_examples=60)
@given(quiet=walks, at=some.integers(0, 10 * 24 * 60))
def test_the_first_moment_is_the_one_that_a_walk_minute_by_minute_finds(quiet: QuietHours, at: int) -> None:
    start = wib(20, 0) + timedelta(minutes=at)
    walk = (start + timedelta(minutes=n) for n in itertools.count())
    always = (quiet.begins, quiet.ends) == (0, 24 * 60)
    expected = start if always else next(moment for moment in walk if not quiet_by_hand(OFFICE, quiet, moment))
    assert not_before(OFFICE, quiet, start) == expected


def test_transitions_of_the_past_can_be_read_without_new_fields() -> None:
    old = Transition(seq=4, kind=Kind.ESCALATED, at=NOON, status=Status.ASSIGNED, level=1, clock=None)
    assert [notice.recipient for notice in notices(case(owners=()), old)] == [HEAD]
