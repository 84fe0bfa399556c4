"""A second province is a second folder: Jakarta's pack uses the same engine with other rules."""

from datetime import UTC, date, datetime

import pytest

from domain.routing import plan_case, route
from domain.working_time import due, hours
from schemas.calendar import limit
from schemas.case import CasePlan, PlanRequest, TriageReason
from schemas.sanctions import Subject, Trigger
from schemas.status import Status
from storage.time_zone import pin_calendar
from tests import making
from tests.policies.packs import jakarta, lampung

CITIES = ("31.01", "31.71", "31.72", "31.73", "31.74", "31.75")
OPENED = datetime(2026, 11, 23, 3, tzinfo=UTC)


def plan(category: str, region: str) -> CasePlan:
    complaint = making.complaint(category=category, region=region)
    calendar = pin_calendar(jakarta().calendar, OPENED)
    found = plan_case(jakarta(), calendar, PlanRequest(complaint=complaint, category=category, region=region)).plan
    assert found is not None
    return found


def test_the_province_has_five_cities_and_the_islands() -> None:
    assert [region.code for region in jakarta().regions if region.code.startswith("31")] == ["31", *CITIES]


@pytest.mark.parametrize(
    ("region", "addressee"), [("32.75", "LAPOR-32"), ("36.71", "LAPOR-36"), ("elsewhere", "LAPOR")]
)
@pytest.mark.parametrize("category", ["road", "cleanliness"])
def test_a_city_beside_jakarta_is_that_of_the_province_that_it_lies_in(
    category: str, region: str, addressee: str
) -> None:
    found = plan(category, region)

    assert (found.triage_reason, found.suggested_addressee) == (TriageReason.OUTSIDE_AUTHORITY, addressee)


@pytest.mark.parametrize("region", CITIES)
def test_the_neighbourhood_is_the_lurahs_who_has_24_hours(region: str) -> None:
    levels = plan("cleanliness", region).levels

    assert [level.holder for level in levels] == [
        f"lurah@WALIKOTA-{region}",
        f"camat@WALIKOTA-{region}",
        f"head-of-agency@WALIKOTA-{region}",
        "provincial-secretary@SETDA",
    ]
    assert str(levels[0].limit) == "24 hours"


def test_a_dinas_is_in_charge_in_the_whole_province() -> None:
    assert route(jakarta(), "road", "31.74") == route(jakarta(), "road", "31.01") == "BINAMARGA"


def test_above_a_dinas_stand_the_provinces_inspectorate_and_secretariat() -> None:
    assert [level.agency for level in plan("flood", "31.75").levels][-2:] == ["INSPEKTORAT", "SETDA"]


def test_after_six_days_a_red_mark_and_a_cut_of_the_allowance_are_proposed_for_the_head() -> None:
    statutory = plan("road", "31.71").statutory
    (red,) = [rule for rule in jakarta().sanctions if rule.trigger is Trigger.STATUTORY_LATE]

    assert statutory is not None
    assert [str(given) for given in statutory.limits] == ["6 days"]
    assert red.subject is Subject.AGENCY_HEAD
    assert "pemotongan tambahan penghasilan" in red.sanction


def test_the_names_of_the_slowest_units_are_published() -> None:
    (slowest,) = [rule for rule in jakarta().sanctions if rule.trigger is Trigger.LOW_SHARE]

    assert slowest.subject is Subject.AGENCY
    assert "pengumuman terbuka" in slowest.sanction


def test_people_see_four_steps() -> None:
    (scheme,) = jakarta().schemes
    on_the_way = [Status.RECEIVED, Status.VERIFYING, Status.COORDINATING, Status.ASSIGNED, Status.IN_PROGRESS]
    words = [scheme.labels[status].id for status in (*on_the_way, Status.RESOLVED, Status.CLOSED)]

    assert words == ["Menunggu", "Menunggu", "Koordinasi", "Disposisi", "Proses", "Selesai", "Selesai"]


def test_fridays_end_later_than_in_lampung() -> None:
    friday = date(2026, 11, 27)

    closes = [hours(pin_calendar(policy.calendar, OPENED), friday)[-1][1] for policy in (jakarta(), lampung())]

    assert closes == [16 * 60 + 30, 16 * 60]
    assert due(pin_calendar(jakarta().calendar, OPENED), OPENED, limit("4 working days")).at.hour == 9


def test_an_answer_is_not_contested_here() -> None:
    assert jakarta().handling.reopening is None
    assert jakarta().handling.review is not None
