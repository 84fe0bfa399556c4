"""The first real pack: its calendar, its routes and its ladders say what the rules say."""

from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest

from domain.points import Points
from domain.routing import plan_case, route
from domain.working_time import due, hours
from schemas.calendar import Unit, WorkingCalendar, limit
from schemas.case import CasePlan, PlanRequest, TriageReason
from schemas.policy import Service
from schemas.post import PointKind, Proof, Temperatures
from schemas.sanctions import Subject, Trigger
from schemas.status import Status
from storage.time_zone import pin_calendar
from tests import making
from tests.policies.packs import lampung

WIB = timezone(timedelta(hours=7))
REGENCIES = [f"18.{n:02d}" for n in (*range(1, 14), 71, 72)]
NEIGHBOURS = ["16", "17", "31", "36"]
ISLANDS = {"18.01.sebesi": "18.01", "18.09.legundi": "18.09", "18.09.pahawang": "18.09"}

PROVINCE = """
    INSPEKTORAT BAPPEDA BPKAD BAPENDA BKD BPSDM BPBD KESBANGPOL SETWAN DISDIKBUD DINKES DINSOS DISHUB DISBUN DISHUT BMBK
    DISPERINDAG DISPORA KOMINFOTIK DLH DISDUKCAPIL DKPTPH DPK PPPA PMDT DISNAKKESWAN PKPCK KUKM PAREKRAF DPMPTSP RSUDAM
    PSDA DKP ESDM DISNAKER SATPOLPP BRIDA RSJ
"""
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
    "alms": "SETDA",
    "food-shipment": "DKPTPH",
    "app": "KOMINFOTIK",
    "information": "KOMINFOTIK",
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
    "local-tax": "BPPRD",
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
    "corruption",
    "bank-loss",
    "disaster-national",
]
TO_TRIAGE = ["road", "aspiration"]


def calendar() -> WorkingCalendar:
    return pin_calendar(lampung().calendar, datetime(2026, 3, 13, tzinfo=UTC))


def plan(category: str, region: str, respondent: str | None = None) -> CasePlan:
    complaint = making.complaint(category=category, region=region, respondent=respondent)
    found = plan_case(lampung(), calendar(), PlanRequest(complaint=complaint, category=category, region=region)).plan
    assert found is not None
    return found


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
    close = time(15) if last == "2027-02-22" else time(16)  # in Ramadan work ends an hour earlier

    deadline = due(calendar(), opened, limit(f"{days} working days"))

    assert deadline.at == datetime.combine(date.fromisoformat(last), close, tzinfo=WIB)
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

    assert (worked(date(2026, 5, 7)), worked(date(2026, 5, 8))) == (450, 420)
    assert (worked(date(2026, 3, 12)), worked(date(2026, 3, 13))) == (390, 360), "in Ramadan"


@pytest.mark.parametrize(("category", "agency"), PROVINCIAL.items())
@pytest.mark.parametrize("region", ["18", "18.06", "18.71"])
def test_what_the_province_owns_goes_to_its_agency_from_every_place(category: str, agency: str, region: str) -> None:
    assert route(lampung(), category, region) == agency


@pytest.mark.parametrize(("category", "agency"), LOCAL.items())
@pytest.mark.parametrize("region", REGENCIES)
def test_what_a_regency_owns_goes_to_its_own_agency(category: str, agency: str, region: str) -> None:
    assert route(lampung(), category, region) == f"{agency}-{region}"


@pytest.mark.parametrize("category", NATIONAL)
def test_what_is_outside_the_authority_goes_to_triage_with_whom_to_refer_to(category: str) -> None:
    found = plan(category, "18.71")

    assert (found.triage_reason, found.queue) == (TriageReason.OUTSIDE_AUTHORITY, "meja-verifikasi")
    assert found.suggested_addressee in found.addressees
    assert found.levels[0].holder == "verification-officer@KOMINFOTIK"


@pytest.mark.parametrize("category", TO_TRIAGE)
def test_whose_owner_has_to_be_found_goes_to_triage(category: str) -> None:
    found = plan(category, "18.71")

    assert (found.triage_reason, found.queue, found.agency) == (TriageReason.NO_OWNER, "meja-verifikasi", "KOMINFOTIK")


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
    assert {category.code for category in lampung().categories} == {*PROVINCIAL, *LOCAL, *NATIONAL, *TO_TRIAGE}


def test_the_province_its_fifteen_regencies_and_three_islands_are_the_regions() -> None:
    parents = {region.code: region.parent for region in lampung().regions}

    own = {"18": None} | dict.fromkeys(REGENCIES, "18") | ISLANDS
    assert parents == own | dict.fromkeys((*NEIGHBOURS, "elsewhere"))


@pytest.mark.parametrize("region", [*NEIGHBOURS, "elsewhere"])
@pytest.mark.parametrize("category", ["road-province", "road-national", "whistle-blowing", "app", "road", "moon"])
def test_beyond_the_province_nothing_is_its_agencies_and_the_place_says_whose_it_is(category: str, region: str) -> None:
    found = plan(category, region)

    assert (found.triage_reason, found.queue) == (TriageReason.OUTSIDE_AUTHORITY, "meja-verifikasi")
    assert found.suggested_addressee == ("LAPOR" if region == "elsewhere" else f"LAPOR-{region}")
    assert found.suggested_addressee in found.addressees


def test_every_regency_has_a_centre() -> None:
    assert [region.code for region in lampung().regions if region.centre and region.parent] == REGENCIES


@pytest.mark.parametrize(("category", "agency"), LOCAL.items())
@pytest.mark.parametrize(("island", "regency"), ISLANDS.items())
def test_an_island_is_its_regencys(category: str, agency: str, island: str, regency: str) -> None:
    assert route(lampung(), category, island) == f"{agency}-{regency}"


@pytest.mark.parametrize(("category", "agency"), PROVINCIAL.items())
def test_an_island_is_the_provinces_in_what_the_province_owns(category: str, agency: str) -> None:
    assert route(lampung(), category, "18.09.legundi") == agency


def test_the_province_has_its_38_agencies_and_the_secretariat() -> None:
    of_the_province = [agency.code for agency in lampung().agencies if agency.government == "18"]

    assert sorted(of_the_province) == sorted([*PROVINCE.split(), "SETDA"])
    assert len(of_the_province) == 38 + 1


@pytest.mark.parametrize("region", REGENCIES)
def test_every_regency_has_its_own_inspectorate_and_secretariat(region: str) -> None:
    kinds = {agency.kind: agency for agency in lampung().agencies if agency.government == region and agency.kind}

    assert {kind: agency.code for kind, agency in kinds.items()} == {
        "inspectorate": f"INSPEKTORAT-{region}",
        "secretariat": f"SETDA-{region}",
    }
    assert all(place.name in kinds["inspectorate"].name for place in lampung().regions if place.code == region)


def test_hospitals_disaster_and_order_units_work_around_the_clock() -> None:
    awake = {agency.code.partition("-18.")[0] for agency in lampung().agencies if agency.around_the_clock}

    assert awake == {"RSUDAM", "RSJ", "RSUD", "BPBD", "SATPOLPP"}


def test_a_provincial_case_climbs_from_the_liaison_officer_to_the_provincial_secretary() -> None:
    assert [level.holder for level in plan("road-province", "18.06").levels] == [
        "liaison-officer@BMBK",
        "head-of-division@BMBK",
        "head-of-agency@BMBK",
        "inspector@INSPEKTORAT",
        "provincial-secretary@SETDA",
    ]


def test_a_regency_case_climbs_to_its_own_inspectorate_and_secretary() -> None:
    assert [level.holder for level in plan("road-regency", "18.71").levels] == [
        "liaison-officer@PUPR-18.71",
        "head-of-division@PUPR-18.71",
        "head-of-agency@PUPR-18.71",
        "inspector@INSPEKTORAT-18.71",
        "regency-secretary@SETDA-18.71",
    ]


def test_whistle_blowing_stays_with_the_inspectorate_and_goes_to_the_secretariat_when_that_is_accused() -> None:
    assert {level.agency for level in plan("whistle-blowing", "18.71", "BMBK").levels} == {"INSPEKTORAT"}
    assert {level.agency for level in plan("whistle-blowing", "18.71", "INSPEKTORAT").levels} == {"SETDA"}


@pytest.mark.parametrize("ladder", ["default", "regency", "triage"])
def test_the_lowest_levels_add_up_to_the_limits_for_first_answers_and_for_complaints_without_a_check(
    ladder: str,
) -> None:
    levels = next(found for found in lampung().ladders if found.code == ladder).levels
    sums = [sum(level.limit.value for level in levels[: n + 1]) for n in range(len(levels))]

    assert {level.limit.unit for level in levels} == {Unit.WORKING_DAYS}
    assert sums[:3] == [3, 5, 14]


def test_an_extension_makes_the_time_of_a_complaint_with_a_check_in_the_field() -> None:
    longest = lampung().handling.longest_extension
    assert longest is not None
    assert 14 + longest.value == 60


@pytest.mark.parametrize("ladder", ["default", "regency", "triage"])
def test_the_ombudsman_is_offered_only_after_the_agency_and_its_superior(ladder: str) -> None:
    levels = next(found for found in lampung().ladders if found.code == ladder).levels
    (offering,) = [number for number, level in enumerate(levels) if level.offer]

    assert levels[offering].agency or levels[offering].agency_kind, "held above the agency itself"
    assert all(level.agency is None and level.agency_kind is None for level in levels[:offering])


@pytest.mark.parametrize(
    ("category", "limits"),
    [
        ("information", ["5 working days"]),
        ("population-document", ["5 working days"]),
        ("school-province", ["14 working days", "60 days"]),
        ("road-province", ["60 working days", "60 days"]),
        ("aspiration", []),
    ],
)
def test_the_laws_deadline_is_that_of_the_class(category: str, limits: list[str]) -> None:
    statutory = plan(category, "18.71").statutory

    assert [str(given) for given in (statutory.limits if statutory else ())] == limits


def test_the_sanctions_are_those_of_the_table() -> None:
    rules = {rule.trigger: rule for rule in lampung().sanctions}

    assert set(rules) == set(Trigger), "each trigger leads to something"
    assert (rules[Trigger.STATUTORY_LATE].subject, rules[Trigger.STATUTORY_LATE].points) == (Subject.AGENCY_HEAD, 10)
    assert (str(rules[Trigger.NOT_CURED].after), rules[Trigger.NOT_CURED].cures) == ("90 days", "class-deadline")
    assert (rules[Trigger.LATE_AGAIN].times, str(rules[Trigger.LATE_AGAIN].within)) == (2, "30 days")
    assert (rules[Trigger.LATE_AGAIN].points, rules[Trigger.LOW_SHARE].share) == (5, 0.8)
    for trigger in (Trigger.NO_EVIDENCE, Trigger.FALSE_ANSWER):
        assert (rules[trigger].subject, rules[trigger].sanction) == (Subject.OPERATOR, "pelimpahan kepada Inspektorat")


@pytest.mark.parametrize("ladder", ["default", "regency", "triage"])
def test_late_first_answers_are_the_operators(ladder: str) -> None:
    levels = next(found for found in lampung().ladders if found.code == ladder).levels
    rules = [rule for level in levels for rule in level.sanctions]

    assert [(rule.rule, rule.points) for rule in rules] == [("verification-late", 1), ("first-response-late", 3)]
    assert {rule.subject for rule in rules} == {Subject.OPERATOR}


def test_what_rests_on_an_internal_rule_is_provisional() -> None:
    late = [rule for ladder in lampung().ladders for level in ladder.levels for rule in level.sanctions]

    assert all(rule.provisional for rule in (*late, *lampung().sanctions) if "internal" in rule.basis)


def test_people_read_the_words_that_they_know() -> None:
    schemes = {scheme.code: scheme.labels for scheme in lampung().schemes}

    assert {
        status: (schemes["jaki"][status].id, schemes["jaki"][status].colour)
        for status in (Status.RECEIVED, Status.COORDINATING, Status.ASSIGNED, Status.IN_PROGRESS, Status.RESOLVED)
    } == {
        Status.RECEIVED: ("Menunggu", "red"),
        Status.COORDINATING: ("Koordinasi", "orange"),
        Status.ASSIGNED: ("Disposisi", "orange"),
        Status.IN_PROGRESS: ("Proses", "yellow"),
        Status.RESOLVED: ("Selesai", "green"),
    }
    assert "lapor" in schemes


def test_identity_papers_and_cash_go_to_their_owner_alone() -> None:
    handed = {service.code: service.handed_to.value for service in lampung().services}

    assert {code for code, to in handed.items() if to == "owner"} == {"population-documents", "social-aid-cash"}
    assert len(handed) == 8


def service(code: str) -> Service:
    return next(service for service in lampung().services if service.code == code)


def test_every_regency_has_its_post_office_and_every_island_an_agent_and_more_time() -> None:
    serving = {point.region: point.kind for point in lampung().post.points if point.kind is not PointKind.HUB}

    assert {region for region, kind in serving.items() if kind is PointKind.OFFICE and region} == set(REGENCIES)
    assert {region for region, kind in serving.items() if kind is PointKind.AGENT} == set(ISLANDS)
    assert {place.region: str(place.more) for place in lampung().post.slow_places} == dict.fromkeys(ISLANDS, "2 days")


@pytest.mark.parametrize(
    ("code", "place", "point"),
    [
        ("population-documents", (-5.43, 105.26), "35200"),
        ("population-documents", (-5.96, 105.48), "agen-sebesi"),
        ("medicine", (-5.96, 105.48), "35500"),
        ("social-aid-cash", (-4.1, 105.4), "34697"),
        ("food-consignment", (-6.2, 106.8), "14000"),
    ],
)
def test_somebody_is_served_by_the_nearest_point_that_is_able_for_it(
    code: str, place: tuple[float, float], point: str
) -> None:
    found, _ = next(Points(lampung().post.points).nearest(place, service(code).delivery.carriage))

    assert found.code == point


def test_medicine_stays_cold_and_comes_within_a_day() -> None:
    terms = service("medicine").delivery

    assert terms.temperatures == Temperatures(lowest=2, highest=8)
    assert (str(terms.within), str(terms.held_for)) == ("1 day", "1 day")
    assert Proof.TEMPERATURE in terms.proofs


def test_cash_is_paid_out_once_in_a_period_to_its_owner_with_every_proof_even_without_a_network() -> None:
    cash = service("social-aid-cash")

    assert cash.pays_out
    assert cash.once_per_period
    assert set(cash.delivery.proofs) == {Proof.ID_MATCH, Proof.SIGNATURE, Proof.FACE_PHOTO, Proof.PLACE}
    assert str(cash.delivery.proofs_within) == "7 days"
    assert [other.code for other in lampung().services if other.pays_out or other.once_per_period] == [cash.code]


def test_what_is_paid_before_delivery_is_given_back_unless_it_was_a_tax_or_a_gift() -> None:
    paid = {
        service.code: (service.payment.due.value, service.payment.refunded)
        for service in lampung().services
        if service.payment
    }

    assert paid == {
        "samsat-papers": ("before delivery", True),
        "local-tax-receipts": ("before delivery", False),
        "alms-receipts": ("before delivery", False),
        "food-consignment": ("on delivery", True),
    }


def test_food_goes_by_way_of_panjang_and_tanjung_priok() -> None:
    hubs = {point.code: point.name for point in lampung().post.points if point.kind is PointKind.HUB}

    assert [hubs[leg.to] for leg in service("food-consignment").delivery.legs] == [
        "Pelabuhan Panjang",
        "Pelabuhan Tanjung Priok",
    ]
