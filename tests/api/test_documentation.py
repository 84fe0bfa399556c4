"""Every route of complaints and cases says what it takes, what it answers, and how it fails."""

from typing import Any

import pytest

from tests.api.house import House

ROUTES = {
    ("post", "/v1/complaints"): "submitComplaint",
    ("get", "/v1/cases"): "listCases",
    ("get", "/v1/cases/{case_id}"): "getCase",
    ("get", "/v1/cases/{case_id}/timeline"): "getTimeline",
    ("get", "/v1/cases/{case_id}/ledger"): "getLedger",
    ("get", "/v1/cases/{case_id}/text"): "getText",
    ("get", "/v1/cases/{case_id}/reporter"): "getReporter",
    ("post", "/v1/cases/{case_id}/messages"): "sendMessage",
    ("get", "/v1/cases/{case_id}/events"): "followCase",
    ("get", "/v1/events"): "followAgency",
}


async def documented(house: House) -> dict[str, Any]:
    document: dict[str, Any] = (await house.http.get("/openapi.json")).json()
    return document


@pytest.mark.parametrize(("route", "name"), ROUTES.items(), ids=ROUTES.values())
async def test_a_route_is_documented(house: House, route: tuple[str, str], name: str) -> None:
    method, path = route
    said = (await documented(house))["paths"][path][method]
    assert said["operationId"] == name
    assert said["summary"]
    assert said["description"]
    assert {"401", "403"} <= set(said["responses"])
    for status, response in said["responses"].items():
        if int(status) >= 400:
            assert "application/problem+json" in response["content"], status


async def test_every_post_says_that_it_needs_a_key(house: House) -> None:
    document = await documented(house)
    for method, path in ROUTES:
        if method == "post":
            named = {given["name"]: given for given in document["paths"][path]["post"]["parameters"]}
            assert named["Idempotency-Key"]["required"]


async def test_messages_are_told_apart_by_their_kind(house: House) -> None:
    document = await documented(house)
    body = document["paths"]["/v1/cases/{case_id}/messages"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"]["discriminator"]["propertyName"] == "kind"
    assert len(body["schema"]["oneOf"]) == 22
