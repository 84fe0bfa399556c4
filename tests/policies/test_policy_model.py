"""What the database could not store, the policy model refuses first."""

from typing import Any

import pytest
from pydantic import ValidationError

from schemas.policy import Level, Policy, SanctionRule
from tests import making


def test_one_rule_twice_on_a_level_is_refused() -> None:
    policy = making.policy()
    twice = policy.ladders[0].levels[0].sanctions * 2
    level = policy.ladders[0].levels[0].model_copy(update={"sanctions": twice})
    ladder = policy.ladders[0].model_copy(update={"levels": (level,)})
    with pytest.raises(
        ValidationError, match="ladder default, operator: sanction operator-late is listed 2 times: keep one"
    ):
        Policy.model_validate(dict(policy) | {"ladders": (ladder,)})


def test_more_points_than_any_ledger_counts_are_refused() -> None:
    with pytest.raises(ValidationError, match="points"):
        SanctionRule.model_validate(dict(making.late("operator")) | {"points": 3_000_000_000})


def test_a_limit_of_centuries_is_refused() -> None:
    with pytest.raises(ValidationError, match="limit"):
        Level.model_validate(dict(making.policy().ladders[0].levels[0]) | {"limit": "100000 working days"})


SERVICE = {"code": "aid", "name": "Aid", "category": "road", "prepared_within": "1 day", "handed_to": "owner"}


def test_what_a_later_release_added_changes_no_version() -> None:
    """These are the versions in release 0.2.0, before services had terms and there was a post."""
    with_a_service = Policy.model_validate(making.policy().model_dump() | {"services": [SERVICE]})

    assert (making.policy().version, with_a_service.version) == ("5c9797902639b307", "101dbfeede9d6ec3")


OFFICE = {"code": "office", "name": "Office", "latitude": 1, "longitude": 1}
HUB = OFFICE | {"code": "hub", "kind": "hub"}
DOES_NOT_FIT: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "a point in a region that is not listed": (
        {},
        {"points": [OFFICE | {"region": "moon"}]},
        "point office names the region moon, which is not listed",
    ),
    "a slow place that is not listed": (
        {},
        {"slow_places": [{"region": "moon", "more": "2 days"}]},
        "slow place moon names the region moon, which is not listed",
    ),
    "a point listed twice": ({}, {"points": [OFFICE, OFFICE]}, "point office is listed 2 times: keep one"),
    "a slow place listed twice": (
        {},
        {"slow_places": [{"region": "north", "more": "2 days"}] * 2},
        "slow place north is listed 2 times: keep one",
    ),
    "a leg to a point that is not listed": (
        {"delivery": {"legs": [{"to": "hub", "within": "1 day"}]}},
        {"points": [OFFICE]},
        "service aid goes by way of hub, which is no hub of the post",
    ),
    "a leg to an office": (
        {"delivery": {"legs": [{"to": "office", "within": "1 day"}]}},
        {"points": [OFFICE, HUB]},
        "service aid goes by way of office, which is no hub of the post",
    ),
    "money that is not carried as cash": (
        {"pays_out": True},
        {},
        'service aid pays_out and is not carried as cash: write carriage = "cash" or pays_out = false',
    ),
    "cash for nobody": (
        {"delivery": {"carriage": "cash"}},
        {},
        "service aid is carried as cash and pays nothing out: write pays_out = true",
    ),
    "money both ways": (
        {"delivery": {"carriage": "cash"}, "pays_out": True, "payment": {"due": "on delivery"}},
        {},
        "service aid pays_out and has a payment: whoever is paid",
    ),
    "a class that is not listed": (
        {"case_class": "express"},
        {},
        "service aid names the class express, which is not listed",
    ),
    "what no office or agent carries": (
        {"delivery": {"carriage": "freight"}},
        {"points": [OFFICE, HUB | {"carries": ["freight"]}]},
        "service aid is carried as freight, and no office or agent carries that: let one carry it",
    ),
}


@pytest.mark.parametrize("what", DOES_NOT_FIT)
def test_a_service_and_a_post_that_do_not_fit_are_refused(what: str) -> None:
    service, post, problem = DOES_NOT_FIT[what]

    with pytest.raises(ValidationError) as caught:
        Policy.model_validate(making.policy().model_dump() | {"services": [SERVICE | service], "post": post})

    assert problem in str(caught.value)


def test_as_long_as_no_points_are_listed_the_carrier_is_trusted_with_everything() -> None:
    frozen = {"carriage": "cold", "temperatures": {"lowest": -20, "highest": -10}, "proofs": ["temperature"]}

    Policy.model_validate(making.policy().model_dump() | {"services": [SERVICE | {"delivery": frozen}]})
