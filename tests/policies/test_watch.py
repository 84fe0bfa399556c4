"""The pack to watch on a screen: everything happens within seconds, at any hour."""

from datetime import UTC, datetime, timedelta

from domain.routing import plan_case, route
from domain.working_time import working_time
from schemas.calendar import Limit, Unit
from schemas.case import PlanRequest, TriageReason
from storage.time_zone import pin_calendar
from tests import making
from tests.policies.packs import watch

NOW = datetime(2026, 3, 21, 20, tzinfo=UTC)


def test_it_says_that_it_is_a_demonstration() -> None:
    assert "Demonstration" in watch().title


def test_a_whole_escalation_takes_about_a_minute() -> None:
    for ladder in watch().ladders:
        assert {level.limit.unit for level in ladder.levels} == {Unit.SECONDS}
        assert sum(level.limit.value for level in ladder.levels) <= 90


def test_every_level_has_a_consequence() -> None:
    assert all(level.sanctions for ladder in watch().ladders for level in ladder.levels)


def test_it_is_always_open() -> None:
    week = timedelta(days=7)

    assert working_time(pin_calendar(watch().calendar, NOW), NOW, NOW + week) == week


def test_it_shows_routes_of_the_province_of_a_city_and_of_no_place_and_the_triage_queue() -> None:
    assert route(watch(), "road-province", "18.01") == "BMBK"
    assert route(watch(), "road-regency", "18.71") == "PUPR-18.71"
    assert route(watch(), "app", None) == "KOMINFOTIK"
    assert route(watch(), "terminal", "18") == "DISHUB"
    lost = making.complaint(category="road-regency", region="18.01")
    unowned = plan_case(
        watch(),
        pin_calendar(watch().calendar, NOW),
        PlanRequest(complaint=lost, category="road-regency", region="18.01"),
    ).plan
    assert unowned is not None
    assert (unowned.triage_reason, unowned.queue) == (TriageReason.NO_OWNER, "meja-verifikasi")


def test_the_deadline_of_the_class_passes_while_somebody_watches() -> None:
    (case_class,) = watch().classes

    assert [given.unit for given in case_class.statutory] == [Unit.SECONDS]
    assert [rule.rule for rule in watch().sanctions] == ["deadline-passed"]


def test_the_top_is_reminded_and_then_the_ombudsman_is_offered() -> None:
    ladder = next(ladder for ladder in watch().ladders if ladder.code == "default")

    assert [str(pause) for pause in ladder.reminders] == ["30 seconds", "60 seconds"]
    assert [level.offer is not None for level in ladder.levels] == [False, False, False, True]


def test_papers_and_cash_can_be_requested_and_watched_on_their_way_within_two_minutes() -> None:
    limits = [
        limit
        for service in watch().services
        for part in (service, service.delivery)
        for _, limit in part
        if isinstance(limit, Limit)
    ]

    assert [(service.code, service.pays_out) for service in watch().services] == [("papers", False), ("cash", True)]
    assert {limit.unit for limit in (*limits, *(limit for _, limit in watch().post.watch))} == {Unit.SECONDS}
    assert max(limit.value for limit in limits) <= 120


def test_the_services_are_prepared_by_an_agency() -> None:
    assert [route(watch(), service.category, "18.71") for service in watch().services] == [
        "DISDUKCAPIL-18.71",
        "DINSOS",
    ]
