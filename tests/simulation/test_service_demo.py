"""Every service of a policy is told of both ways, and comes out as its terms say: on real servers, by the command."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from schemas.delivery_status import DeliveryStatus
from schemas.policy import Policy, Service
from schemas.service_request import RequestStatus
from simulation.demo_report import DemoReport, ToldStory
from simulation.hurry import hurried
from simulation.service_stories import Story, Way, stories
from simulation.story_turns import Sign
from storage.policy_pack import load_pack
from tests.cli.command import PROGRAM, Shell

POLICIES = Path(__file__).parent.parent.parent / "policies"
PACKS = sorted(folder.name for folder in POLICIES.iterdir())


def of(policy: Policy, service: str, way: Way = Way.FAILURE) -> Story:
    return next(story for story in stories(policy) if (story.service, story.way) == (service, way))


def with_service(**terms: Any) -> Policy:
    """Return Lampung's policy with one odd service alone."""
    usual = {"code": "odd", "name": "Odd", "category": "food-shipment", "prepared_within": "1 day"}
    service = Service.model_validate({**usual, "handed_to": "anyone", **terms})
    policy = load_pack(POLICIES / "lampung")
    return Policy.model_validate(dict(policy) | {"services": (service,)})


@pytest.mark.parametrize("pack", PACKS)
def test_every_service_of_every_pack_is_told_of_both_ways(pack: str) -> None:
    policy = load_pack(POLICIES / pack)
    told = {(story.service, story.way) for story in stories(policy)}
    assert told == {(service.code, way) for service in policy.services for way in Way}


@pytest.mark.parametrize("pack", PACKS)
def test_no_failure_is_told_twice_and_each_story_is_somebody_elses(pack: str) -> None:
    told = stories(load_pack(POLICIES / pack))
    failures = [story.title for story in told if story.way is Way.FAILURE]
    assert len(set(failures)) == len(failures)
    assert len({story.intake.recipient.national_id for story in told}) == len(told)
    assert len({story.request_id for story in told}) == len(told)


def test_a_good_end_moves_the_money_that_the_terms_say() -> None:
    policy = load_pack(POLICIES / "lampung")
    ends = {service.code: of(policy, service.code, Way.GOOD).expected for service in policy.services}
    assert {end.status for end in ends.values()} == {RequestStatus.COMPLETED}
    assert {end.deliveries for end in ends.values()} == {(DeliveryStatus.DELIVERED,)}
    paid = {code for code, end in ends.items() if end.paid}
    assert paid == {"samsat-papers", "local-tax-receipts", "alms-receipts", "food-consignment"}
    assert {code for code, end in ends.items() if end.paid_out} == {"social-aid-cash"}


def test_what_goes_wrong_follows_from_a_services_terms() -> None:
    policy = load_pack(POLICIES / "lampung")
    courses = {service.code: of(policy, service.code).course for service in policy.services}
    assert courses == {
        "samsat-papers": "courier_not_found",
        "population-documents": "never_collected",
        "medicine": "spoiled",
        "social-aid-goods": "lost",
        "social-aid-cash": "id_mismatch",
        "local-tax-receipts": "good",  # nobody pays
        "alms-receipts": "lost",
        "food-consignment": "lost_at_hub",
    }
    assert of(policy, "social-aid-cash").signs == {Sign.SECOND_REFUSED}
    assert of(policy, "samsat-papers").expected.refunded == of(policy, "samsat-papers").expected.paid > 0
    assert of(policy, "local-tax-receipts").expected.status is RequestStatus.EXPIRED
    assert of(policy, "food-consignment").expected.deliveries == (DeliveryStatus.CLAIMED,)


def test_another_sent_for_a_lost_one_is_delivered_and_paid_for_at_the_door_once() -> None:
    policy = with_service(
        payment={"due": "on delivery", "amount": 99_000},
        delivery={"carriage": "freight", "reissues": 2, "legs": [{"to": "ID-PRIOK", "within": "2 days"}]},
    )
    story = of(policy, "odd")
    assert (story.course, story.expected.deliveries) == ("lost_at_hub", (DeliveryStatus.DELIVERED,))
    assert (story.expected.paid, story.expected.refunded) == (99_000, 0)
    assert story.signs == {Sign.CLAIMED, Sign.SENT_AGAIN}


def test_cash_without_a_match_of_identities_fails_in_another_way_and_is_never_prepared_again() -> None:
    policy = with_service(pays_out=True, handed_to="household", delivery={"carriage": "cash"})
    story = of(policy, "odd")
    assert (story.course, story.expected.deliveries) == ("lost", (DeliveryStatus.CLAIMED,))
    assert story.expected.status is RequestStatus.UNDELIVERED
    assert story.expected.paid_out == 0
    assert not story.asks_twice


def test_a_policy_without_services_says_what_is_missing() -> None:
    policy = load_pack(POLICIES / "lampung").model_copy(update={"services": ()})
    with pytest.raises(ValueError, match="add them to"):
        stories(policy)


def test_a_story_agrees_only_if_it_ends_as_was_said_and_shows_what_had_to_be_seen() -> None:
    said = of(load_pack(POLICIES / "lampung"), "samsat-papers").expected
    story = ToldStory(
        service="samsat-papers", way=Way.FAILURE, story="any", request_id="demo-1", expected=said, came_out=said
    )
    assert story.agrees
    for flaw in (
        {"came_out": None},
        {"came_out": said.model_copy(update={"refunded": 0})},
        {"missing": (Sign.CLAIMED,)},
        {"problem": "it came to no end"},
    ):
        assert not story.model_copy(update=flaw).agrees


@pytest.mark.parametrize("pack", PACKS)
def test_every_pack_is_still_a_policy_when_its_days_last_a_second(pack: str) -> None:
    assert hurried(load_pack(POLICIES / pack), day=1).name == f"{load_pack(POLICIES / pack).name}-in-a-hurry"


@pytest.mark.timeout(300)
async def test_the_command_delivers_every_service_both_ways_and_does_nothing_twice(tmp_path: Path) -> None:
    """Takes some 30 seconds: weeks pass in it, a second each day."""
    written = tmp_path / "report.json"
    status, out = await command("--policy", str(POLICIES / "lampung"), "--day", "1", "--json", str(written))
    report = DemoReport.model_validate_json(written.read_text())

    assert [told for told in report.stories if not told.agrees] == []
    assert {(told.service, told.way) for told in report.stories} == {
        (service.code, way) for service in load_pack(POLICIES / "lampung").services for way in Way
    }
    totals = report.totals
    assert (totals.shipments_twice, totals.shipments_unknown, totals.payments_twice, totals.payouts_twice) == (0,) * 4
    assert totals.books_differ == 0
    assert totals.webhooks["duplicated"] > 0
    assert totals.webhooks["forged"] > totals.webhooks["forged_accepted"] == 0
    assert any(told.sanctions for told in report.stories if Sign.AGENCY_LATE in told.signs)
    assert all(told.events > 0 and told.timeline for told in report.stories)
    assert (status, report.flawless) == (0, True)
    assert f"{len(report.stories)} ended as said beforehand, 0 otherwise" in out


async def test_what_is_no_policy_pack_is_an_error_and_one_json_document(tmp_path: Path) -> None:
    status, out = await command("--policy", str(tmp_path), "--json", "-")
    assert (status, list(json.loads(out))) == (1, ["error"])


async def command(*arguments: str) -> tuple[int | None, str]:
    """Run `kawal demo services` to its end; return its exit status and what it said."""
    process = await asyncio.create_subprocess_exec(
        *(PROGRAM, "demo", "services", *arguments),
        cwd=POLICIES.parent,
        env=Shell(POLICIES.parent).environment | {"COLUMNS": "160"},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
    )
    try:
        out, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.terminate()
    return process.returncode, out.decode()
