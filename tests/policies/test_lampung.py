"""The first real pack: its calendar, its routes and its ladders say what the rules say."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest

from domain.routing import plan_case, route
from domain.working_time import due, hours
from schemas.calendar import Unit, WorkingCalendar, limit
from schemas.case import CasePlan, TriageReason
from schemas.policy import Subject
from storage.time_zone import pin_calendar
from tests.policies.packs import lampung

WIB = timezone(timedelta(hours=7))
REGENCIES = [f"18.{n:02d}" for n in (*range(1, 14), 71, 72)]

PROVINCIAL = {
    "road-province": "BMBK",
    "school-province": "DISDIKBUD",
    "population-coordination": "DISDUKCAPIL",
    "hospital-province": "RSUDAM",
    "hospital-mental": "RSJ",
    "vehicle-tax": "BAPENDA",
    "social-aid-province": "DINSOS",
    "irrigation-province": "PSDA",
    "forest": "DISHUT",
    "permit-province": "DPMPTSP",
    "public-order-province": "SATPOLPP",
    "disaster-province": "BPBD",
    "whistle-blowing": "INSPEKTORAT",
}
LOCAL = {
    "road-regency": "PUPR",
    "school-regency": "DISDIK",
    "population-document": "DISDUKCAPIL",
    "hospital-regency": "RSUD",
    "clinic": "DINKES",
    "social-aid-data": "DINSOS",
    "waste": "DLH",
    "street-light": "DISHUB",
    "market": "DISDAG",
    "irrigation-regency": "PUPR",
    "permit-regency": "DPMPTSP",
    "public-order-regency": "SATPOLPP",
    "disaster-regency": "BPBD",
}
NATIONAL = [
    "road-national",
    "school-madrasah",
    "population-system",
    "health-insurance",
    "vehicle-registration",
    "accident-insurance",
    "social-aid-national",
    "irrigation-national",
    "land",
    "permit-national",
    "crime",
    "disaster-national",
]


def calendar() -> WorkingCalendar:
    return pin_calendar(lampung().calendar, datetime(2026, 3, 13, tzinfo=UTC))


def plan(category: str, region: str) -> CasePlan:
    return plan_case(lampung(), calendar(), category, region)


@pytest.mark.parametrize(
    ("start", "days", "last"),
    [
        ("2026-03-13", 3, "2026-03-25"),
        ("2026-03-13", 5, "2026-03-27"),
        ("2026-03-13", 14, "2026-04-10"),
        ("2026-03-13", 60, "2026-06-24"),
        ("2026-12-18", 3, "2026-12-23"),
        ("2026-12-18", 5, "2026-12-29"),
        ("2026-12-18", 14, "2027-01-13"),
        ("2026-12-18", 60, "2027-03-31"),
        ("2026-11-23", 60, "2027-02-22"),
    ],
)
def test_working_days_end_at_the_close_of_work_of_the_day_that_the_decrees_give(
    start: str, days: int, last: str
) -> None:
    opened = datetime.combine(date.fromisoformat(start), time(10), tzinfo=WIB)

    deadline = due(calendar(), opened, limit(f"{days} working days"))

    assert deadline.at == datetime.combine(date.fromisoformat(last), time(16), tzinfo=WIB)
    assert not deadline.provisional


@pytest.mark.parametrize(("year", "days"), [(2026, 240), (2027, 242)])
def test_a_year_has_the_decreed_number_of_working_days(year: int, days: int) -> None:
    first = date(year, 1, 1)
    year_round = [first + timedelta(days=n) for n in range(365)]

    assert sum(bool(hours(calendar(), day)) for day in year_round) == days


def test_a_deadline_beyond_the_last_decreed_year_is_provisional() -> None:
    assert due(calendar(), datetime(2027, 12, 20, 3, tzinfo=UTC), limit("14 working days")).provisional


def test_friday_breaks_are_half_an_hour_longer() -> None:
    def worked(day: date) -> int:
        return sum(closes - opens for opens, closes in hours(calendar(), day))

    assert (worked(date(2026, 3, 12)), worked(date(2026, 3, 13))) == (450, 420)


@pytest.mark.parametrize(("category", "agency"), PROVINCIAL.items())
@pytest.mark.parametrize("region", ["18", "18.06", "18.71"])
def test_what_the_province_owns_goes_to_its_agency_from_every_place(category: str, agency: str, region: str) -> None:
    assert route(lampung(), category, region) == agency


@pytest.mark.parametrize(("category", "agency"), LOCAL.items())
@pytest.mark.parametrize("region", REGENCIES)
def test_what_a_regency_owns_goes_to_its_own_agency(category: str, agency: str, region: str) -> None:
    assert route(lampung(), category, region) == f"{agency}-{region}"


@pytest.mark.parametrize("category", [*NATIONAL, "road"])
def test_what_nobody_here_owns_goes_to_triage(category: str) -> None:
    found = plan(category, "18.71")

    assert (found.triage_reason, found.queue, found.agency) == (TriageReason.NO_OWNER, "meja-verifikasi", "KOMINFOTIK")
    assert found.levels[0].holder == "verification-officer@KOMINFOTIK"


@pytest.mark.parametrize("category", LOCAL)
def test_what_a_regency_owns_goes_to_triage_while_only_the_province_is_known(category: str) -> None:
    assert route(lampung(), category, "18") is TriageReason.NO_OWNER


@pytest.mark.parametrize(
    ("category", "region", "reason"),
    [
        ("road-province", None, TriageReason.NO_PLACE),
        ("road-province", "31.71", TriageReason.UNKNOWN_PLACE),
        ("moon", "18.71", TriageReason.UNKNOWN_CATEGORY),
    ],
)
def test_triage_knows_why_nobody_is_in_charge(category: str, region: str | None, reason: TriageReason) -> None:
    assert route(lampung(), category, region) is reason


def test_vehicle_tax_and_whistle_blowing_need_no_place() -> None:
    assert route(lampung(), "vehicle-tax", None) == "BAPENDA"
    assert route(lampung(), "whistle-blowing", None) == "INSPEKTORAT"


def test_every_category_is_owned_by_the_province_a_regency_or_nobody() -> None:
    assert {category.code for category in lampung().categories} == {*PROVINCIAL, *LOCAL, *NATIONAL, "road"}


def test_the_province_and_its_fifteen_regencies_are_the_regions() -> None:
    assert [region.code for region in lampung().regions] == ["18", *REGENCIES]


def test_a_provincial_case_climbs_from_the_liaison_officer_to_the_provincial_secretary() -> None:
    assert [level.holder for level in plan("road-province", "18.06").levels] == [
        "liaison-officer@BMBK",
        "head-of-division@BMBK",
        "head-of-agency@BMBK",
        "inspector@INSPEKTORAT",
        "provincial-secretary@SETDA",
    ]


def test_a_regency_case_never_climbs_into_the_province() -> None:
    assert {level.agency for level in plan("road-regency", "18.71").levels} == {"PUPR-18.71"}


@pytest.mark.parametrize("ladder", ["default", "regency", "triage"])
def test_the_limits_of_the_levels_add_up_to_those_of_the_law(ladder: str) -> None:
    levels = next(found for found in lampung().ladders if found.code == ladder).levels
    sums = [sum(level.limit.value for level in levels[: n + 1]) for n in range(len(levels))]

    assert {level.limit.unit for level in levels} == {Unit.WORKING_DAYS}
    assert sums[:4] == [3, 5, 14, 60]


def test_release_from_post_is_proposed_no_sooner_than_90_days_after_the_written_warning() -> None:
    start = datetime(2026, 1, 5, 9, tzinfo=UTC)
    for day in range(180):
        warned = due(calendar(), start + timedelta(days=day), limit("14 working days")).at
        silent = due(calendar(), warned, limit("46 working days")).at
        proposed = due(calendar(), silent, limit("20 working days")).at
        assert proposed - warned > timedelta(days=90)


def test_heavy_consequences_are_for_heads_of_agencies_only() -> None:
    rules = [rule for ladder in lampung().ladders for level in ladder.levels for rule in level.sanctions]

    assert {rule.subject for rule in rules if rule.points >= 10 or not rule.points} == {Subject.AGENCY_HEAD}
    assert all(rule.provisional for rule in rules if rule.basis.startswith("aturan internal"))
