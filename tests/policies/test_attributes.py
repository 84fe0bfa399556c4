"""What categories ask of whoever reports: it can be answered, nothing is asked twice, and old versions stay."""

from typing import Any

import pytest
from pydantic import ValidationError

from schemas.attributes import Attribute
from schemas.policy import Policy
from storage.policy_pack import load_pack
from tests import making
from tests.policies.packs import JAKARTA, LAMPUNG

SIZE: dict[str, Any] = {
    "code": "size",
    "datatype": "singlevaluelist",
    "order": 1,
    "description": "How large?",
    "values": [{"key": "small", "name": "Small"}],
}


def asking(*attributes: dict[str, Any]) -> Policy:
    """Return a policy whose first category asks for something."""
    whole = making.policy().model_dump()
    whole["categories"][0]["attributes"] = attributes
    return Policy.model_validate(whole)


def test_what_asks_nothing_keeps_its_version() -> None:
    assert making.policy().version == "5c9797902639b307"
    assert asking().version == "5c9797902639b307"
    assert asking(SIZE).version != "5c9797902639b307"


@pytest.mark.parametrize(
    ("changes", "complaint"),
    [
        ({"values": []}, "values: a singlevaluelist needs some"),
        ({"datatype": "number"}, "values: a number is free"),
        ({"code": "address_string"}, "code: address_string stands for something else at the door"),
        ({"code": "a]b"}, "code"),
        ({"order": 0}, "order"),
        ({"description": ""}, "description"),
    ],
)
def test_a_question_that_cannot_be_answered_is_refused(changes: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        Attribute.model_validate(SIZE | changes)


@pytest.mark.parametrize(
    ("attributes", "complaint"),
    [
        ([SIZE, SIZE | {"order": 2}], "category road: attribute size is listed 2 times: keep one"),
        ([SIZE, SIZE | {"code": "other"}], "category road: order 1 is listed 2 times: keep one"),
        ([SIZE | {"values": SIZE["values"] * 2}], "category road, size: key small is listed 2 times: keep one"),
    ],
)
def test_nothing_is_asked_twice(attributes: list[dict[str, Any]], complaint: str) -> None:
    with pytest.raises(ValidationError, match=complaint):
        asking(*attributes)


@pytest.mark.parametrize("pack", [LAMPUNG, JAKARTA], ids=lambda pack: str(pack.name))
def test_the_packs_ask_how_large_a_hole_is(pack: Any) -> None:
    road = next(category for category in load_pack(pack).categories if category.code == "road")

    assert [(asked.code, asked.datatype) for asked in road.attributes] == [
        ("damage-size", "singlevaluelist"),
        ("harms", "multivaluelist"),
    ]
    assert "lubang" in road.keywords
    assert road.group
