"""What a request has to say for its service, and the rules that it and its delivery are pinned to."""

from datetime import timedelta
from typing import Any

import pytest

from domain.service_terms import objections, plan_delivery, plan_request, service_of
from schemas.calendar import limit
from schemas.policy import Policy, Region, Service
from schemas.post import Carriage, DeliveryTerms, PaymentTerms, Point, Post, SlowPlace
from schemas.post import Recipient as HandedTo
from schemas.service_request import Recipient, RequestIntake
from tests import making
from tests.domain import carrying, requesting
from tests.making import NOON

DAY = timedelta(days=1)
NIK = "1871014107900001"
PAPERS = Service(
    code="papers", name="Papers", category="road", prepared_within=limit("3 days"), handed_to=HandedTo.OWNER
)
TAX = PAPERS.model_copy(update={"code": "tax", "payment": PaymentTerms()})
TOLL = PAPERS.model_copy(update={"code": "toll", "payment": PaymentTerms(amount=25_000)})
AID = PAPERS.model_copy(
    update={
        "code": "aid",
        "pays_out": True,
        "once_per_period": True,
        "delivery": DeliveryTerms(carriage=Carriage.CASH, within=limit("2 days")),
    }
)
ISLES = (
    Region(code="north/isle", name="Isle", parent="north"),
    Region(code="north/isle/far", name="Far End", parent="north/isle"),
    Region(code="north/isle/near", name="Near End", parent="north/isle"),
)
SLOW = (
    SlowPlace(region="north/isle", more=limit("2 days")),
    SlowPlace(region="north/isle/far", more=limit("3 days")),
)


def policy(*, office: bool = False) -> Policy:
    bare = making.policy()
    calendar = making.rules(making.office_week()) if office else bare.calendar
    return Policy.model_validate(
        dict(bare)
        | {
            "services": (PAPERS, TAX, TOLL, AID),
            "regions": (*bare.regions, *ISLES),
            "post": Post(slow_places=SLOW),
            "calendar": calendar,
        }
    )


POLICY = policy()


def intake(service: str, *, national_id: str | None = None, **said: Any) -> RequestIntake:
    person = Recipient(name="Siti Aminah", national_id=national_id, address="Jalan Kartini 1")
    return RequestIntake(channel="counter", service=service, recipient=person, **said)


# ---- What a request has to say -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "good",
    [
        intake("papers"),
        intake("papers", region="north/isle"),
        intake("tax", amount=450_000),
        intake("toll"),
        intake("toll", amount=25_000),
        intake("aid", amount=600_000, period="2026-11", national_id=NIK),
    ],
    ids=lambda given: given.service,
)
def test_what_says_all_that_its_service_needs_is_accepted(good: RequestIntake) -> None:
    assert objections(POLICY, good) == []


@pytest.mark.parametrize(
    ("given", "objection"),
    [
        (intake("visa"), "service: is not one of the policy's: write one of papers, tax, toll, aid"),
        (intake("tax"), "amount: tax needs one: write the rupiah to be paid"),
        (intake("toll", amount=1), "amount: toll costs 25000: leave it out"),
        (intake("papers", amount=1), "amount: papers costs nothing: leave it out"),
        (intake("papers", region="moon"), "region: is not one of the policy's: write the code of a region"),
        (
            intake("aid", period="2026-11", national_id=NIK),
            "amount: aid needs one: write the rupiah to be paid out",
        ),
        (
            intake("aid", amount=1, national_id=NIK),
            "period: aid is given once in each month: name it so: 2026-11",
        ),
        (
            intake("aid", amount=1, period="2026-11"),
            "recipient.national_id: aid is given to each person once: write the NIK, 16 digits",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else value.service,
)
def test_an_objection_names_the_field_and_the_mend(given: RequestIntake, objection: str) -> None:
    assert objections(POLICY, given) == [objection]


def test_all_objections_are_named_at_once() -> None:
    assert [said.split(":")[0] for said in objections(POLICY, intake("aid", region="moon"))] == [
        *("amount", "region", "period", "recipient.national_id"),
    ]


def test_a_policy_without_services_says_that_there_are_none() -> None:
    assert objections(making.policy(), intake("papers")) == ["service: is not one of the policy's: write one of none"]


# ---- What a request is pinned to ---------------------------------------------------------------------------------


@pytest.mark.parametrize("period", ["202611", "2026-Nov", "2026.11", "2026-13", "2026-Q4", "2026"])
def test_a_period_has_one_name_so_that_nobody_gets_its_benefit_twice(period: str) -> None:
    [objection] = objections(POLICY, intake("aid", amount=1, period=period, national_id=NIK))
    assert objection.startswith("period: ")


def test_no_request_pays_out_more_than_its_service_allows() -> None:
    services = tuple(s.model_copy(update={"at_most": 600_000}) for s in POLICY.services)
    bounded = POLICY.model_copy(update={"services": services})
    given = intake("aid", amount=600_001, period="2026-11", national_id=NIK)
    assert objections(bounded, given) == ["amount: is more than the 600000 rupiah that a request for aid may name"]
    assert objections(bounded, given.model_copy(update={"amount": 600_000})) == []


@pytest.mark.parametrize(
    ("service", "said", "amount"),
    [("papers", None, None), ("tax", 450_000, 450_000), ("toll", None, 25_000), ("aid", 9, 9)],
)
def test_a_request_is_pinned_to_its_price_or_its_benefit(service: str, said: int | None, amount: int | None) -> None:
    plan = plan_request(POLICY, making.calendar(), requesting.start(service=service, amount=said)).plan
    assert plan is not None
    assert (plan.amount, plan.category, plan.pays_out) == (amount, "road", service == "aid")


@pytest.mark.parametrize(
    ("service", "problem"), [("visa", "service: visa is not one of the policy's"), ("tax", "amount: tax needs one")]
)
def test_a_request_that_cannot_be_pinned_says_why(service: str, problem: str) -> None:
    reply = plan_request(POLICY, making.calendar(), requesting.start(service=service))
    assert (reply.plan, reply.problem) == (None, problem)


# ---- What a delivery is pinned to --------------------------------------------------------------------------------


def due(region: str | None, service: str = "aid") -> timedelta:
    plan = plan_delivery(POLICY, making.calendar(), carrying.start(service=service, region=region), None).plan
    assert plan is not None
    return plan.due.at - NOON


@pytest.mark.parametrize(
    ("region", "days"),
    [
        pytest.param("north", 2, id="on the mainland"),
        pytest.param("north/isle", 4, id="on the island"),
        pytest.param("north/isle/near", 4, id="somewhere on the island"),
        pytest.param("north/isle/far", 5, id="where it takes longest: the narrowest place counts alone"),
        pytest.param("atlantis", 2, id="a place that the policy does not know"),
        pytest.param(None, 2, id="nobody knows where"),
    ],
)
def test_islands_have_more_time(region: str | None, days: int) -> None:
    assert due(region) == days * DAY


def test_more_time_of_an_island_is_explained_in_words() -> None:
    plan = plan_delivery(POLICY, making.calendar(), carrying.start(service="aid", region="north/isle/far"), None).plan
    assert plan is not None
    assert plan.due.steps == (
        "starts Mon 2026-11-23 12:00 UTC",
        "2 days over: Wed 2026-11-25 12:00",
        "more for Far End:",
        "starts Wed 2026-11-25 12:00 UTC",
        "3 days over: Sat 2026-11-28 12:00",
    )


def test_working_days_of_the_service_come_before_the_days_of_the_island() -> None:
    whole = policy(office=True)
    calendar = making.calendar(making.office_week())
    plan = plan_delivery(whole, calendar, carrying.start(region="north/isle"), None).plan
    assert plan is not None
    assert f"{plan.due.at:%a %Y-%m-%d %H:%M}" == "Wed 2026-12-02 17:00", "five working days, and two days"


def test_a_deadline_beyond_the_decreed_holidays_is_provisional_on_an_island_too() -> None:
    calendar = making.calendar(valid_to=(NOON + 3 * DAY).date())
    near, far = (
        plan_delivery(POLICY, calendar, carrying.start(service="aid", region=region), None).plan
        for region in ("north", "north/isle")
    )
    assert near is not None
    assert far is not None
    assert (near.due.provisional, far.due.provisional) == (False, True)


def test_a_delivery_is_pinned_to_the_terms_of_its_service_and_its_point() -> None:
    point = Point(code="35100", name="Office", latitude=-5.4, longitude=105.3)
    plan = plan_delivery(POLICY, making.calendar(), carrying.start(service="aid"), (point, 2.4)).plan
    assert plan is not None
    assert (plan.terms, plan.handed_to, plan.watch) == (AID.delivery, HandedTo.OWNER, POLICY.post.watch)
    assert (plan.point, plan.point_km) == ("35100", 2)


def test_a_delivery_of_a_service_that_is_gone_says_so() -> None:
    reply = plan_delivery(POLICY, making.calendar(), carrying.start(service="visa"), None)
    assert (reply.plan, reply.problem) == (None, "service: visa is not one of the policy's")
    assert service_of(POLICY, "visa") is None
