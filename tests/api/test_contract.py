"""Every operation keeps what the description of the interface says, whoever calls, whatever they send."""

import asyncio
from collections.abc import AsyncIterator
from types import SimpleNamespace
from typing import Any, cast

import pytest

from gateway.app import app
from gateway.kawal import Kawal as Gateway
from runtime.evidence import EvidenceSettings
from storage.objects import opened
from tests.api.contract import STREAMS, Contract, contract_of
from tests.api.contract_world import world_of
from tests.api.house import House, house_on
from tests.kawal import Kawal

_METHODS = ("get", "post", "put", "patch", "delete")
"""In this order they are tried: what was removed can be called no more."""
_SLOW = frozenset({"publishPolicy"})
"""Whose bodies are large: making one up takes longer than the call."""


def _described() -> dict[str, Any]:
    """Return the description, which is the same whatever stands behind the interface."""
    return app(cast("Gateway", SimpleNamespace(client=None, pool=None))).openapi()


def _operations() -> dict[str, tuple[str, dict[str, Any]]]:
    """Return every operation by its name, with its method."""
    found = [(method, said) for path in _described()["paths"].values() for method, said in path.items()]
    found.sort(key=lambda one: _METHODS.index(one[0]))
    return {said["operationId"]: (method, said) for method, said in found}


OPERATIONS = _operations()
PATHS = {
    said["operationId"]: (method, path) for path, of in _described()["paths"].items() for method, said in of.items()
}


@pytest.fixture(scope="module")
async def house(kawal: Kawal, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    async with house_on(kawal) as house:
        house.app.state.evidence = opened(EvidenceSettings(folder=tmp_path_factory.mktemp("evidence")))
        yield house


@pytest.fixture(scope="module")
async def contract(house: House) -> Contract:
    return await contract_of(house, await world_of(house))


@pytest.mark.parametrize("name", [name for name in OPERATIONS if name not in STREAMS])
async def test_an_operation_does_as_it_says(contract: Contract, name: str) -> None:
    await asyncio.to_thread(contract.hold, name, 1 if name in _SLOW else 5)


async def test_the_house_is_described_as_it_is_here(house: House) -> None:
    assert (await house.http.get("/openapi.json")).json() == _described()


def test_no_two_operations_have_one_name() -> None:
    assert len(OPERATIONS) == sum(len(path) for path in _described()["paths"].values())


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_is_described(name: str) -> None:
    method, said = OPERATIONS[name]
    assert said["summary"]
    assert said["description"]
    assert said["tags"]
    assert said["security"], "says nothing about who may call"
    assert any(status.startswith("2") for status in said["responses"])
    assert method == "get" or "requestBody" in said or said["parameters"]


@pytest.mark.parametrize("name", OPERATIONS)
def test_what_can_go_wrong_is_told_as_a_problem(name: str) -> None:
    _, said = OPERATIONS[name]
    wrong = {status: response for status, response in said["responses"].items() if status >= "4"}
    assert {"401", "403", "413", "429", "503", "504"} <= set(wrong)
    for status, response in wrong.items():
        assert list(response["content"]) == ["application/problem+json"], status
        assert response["content"]["application/problem+json"]["schema"]["$ref"].endswith("/Problem"), status


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_body_comes_with_examples(name: str) -> None:
    """Photos and documents explain themselves."""
    _, said = OPERATIONS[name]
    body = said.get("requestBody", {}).get("content", {}).get("application/json")
    assert body is None or body.get("examples") or body["schema"].get("examples")


@pytest.mark.parametrize("name", OPERATIONS)
def test_a_parameter_is_bounded(name: str) -> None:
    """A text has a form or a length, a number two ends: nothing arrives here that is as large as its sender likes."""
    _, said = OPERATIONS[name]
    for parameter in said.get("parameters", ()):
        for kind in _kinds(parameter["schema"]):
            assert _is_bounded(kind), f"{parameter['name']}: {kind}"


def _kinds(schema: dict[str, Any]) -> list[dict[str, Any]]:
    return [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != "null"]


def _is_bounded(kind: dict[str, Any]) -> bool:
    match kind.get("type"):
        case "integer" | "number":
            return bool({"minimum", "exclusiveMinimum"} & set(kind) and {"maximum", "exclusiveMaximum"} & set(kind))
        case "array":
            return "maxItems" in kind and _is_bounded(kind["items"])
        case "string":
            return _has_an_end(kind)
    return "$ref" in kind or kind.get("type") == "boolean"


def _has_an_end(text: dict[str, Any]) -> bool:
    return bool({"enum", "const", "maxLength", "format"} & set(text) or text.get("pattern", "").endswith("$"))
