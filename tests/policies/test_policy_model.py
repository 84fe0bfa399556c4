"""What the database could not store, the policy model refuses first."""

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
