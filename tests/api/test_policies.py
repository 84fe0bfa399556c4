"""The rules are open to everybody who calls; one role publishes them, whole or not at all."""

import json
from datetime import UTC, datetime
from typing import Any

import httpx

from schemas.access import CallerRole
from schemas.policy import Policy
from storage import policies
from tests import making
from tests.api.house import House
from tests.api.roles import anybody


def sound(name: str) -> dict[str, Any]:
    """Return a policy as JSON that can be published: the tests' own, but for its category that nobody owns."""
    body: dict[str, Any] = making.whole_policy(name=name).model_dump(mode="json")
    return body | {"categories": [one for one in body["categories"] if one["code"] != "orphan"]}


async def published(house: House, name: str, **changes: Any) -> Policy:
    policy = Policy.model_validate({**making.whole_policy(name=name).model_dump(mode="json"), **changes})
    await policies.publish(house.pool, policy)
    return policy


async def test_everybody_reads_the_rules_in_force(house: House) -> None:
    policy = await published(house, "api-open")
    for role in CallerRole:
        listed = (await house.http.get("/v1/policies", headers=anybody(house, role))).json()
        [line] = [line for line in listed if line["name"] == "api-open"]
        assert line == {
            "name": "api-open",
            "title": policy.title,
            "version": policy.version,
            "effective_from": "2020-01-01",
            "effective_to": None,
        }
    me = house.as_("reporter")
    whole = await house.http.get("/v1/policies/api-open", headers=me)
    assert Policy.model_validate(whole.json()) == policy
    categories = (await house.http.get("/v1/policies/api-open/categories", headers=me)).json()
    assert [line["code"] for line in categories] == [category.code for category in policy.categories]
    found = {line["code"]: line for line in categories}
    assert found["police"]["referred"] is True
    assert found["report"] | {"place_required": False, "confidential": True, "referred": False} == found["report"]
    regions = (await house.http.get("/v1/policies/api-open/regions", headers=me)).json()
    assert {"code": "north/hill", "name": "Hill", "parent": "north"} in regions


async def test_a_version_is_its_etag_and_stays_readable(house: House) -> None:
    old = await published(house, "api-tags")
    new = await published(house, "api-tags", title="Another title")
    me = house.as_("auditor")
    now = await house.http.get("/v1/policies/api-tags", headers=me)
    assert now.headers["etag"] == f'"{new.version}"'
    assert now.json()["title"] == "Another title"
    for tag in (f'"{new.version}"', f'"other", W/"{new.version}"', "*"):
        unchanged = await house.http.get("/v1/policies/api-tags", headers=me | {"If-None-Match": tag})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["etag"] == f'"{new.version}"'
    stale = await house.http.get("/v1/policies/api-tags", headers=me | {"If-None-Match": f'"{old.version}"'})
    assert stale.status_code == 200

    before = await house.http.get(f"/v1/policies/api-tags/versions/{old.version}", headers=me)
    assert before.json()["title"] == old.title
    assert "immutable" in before.headers["cache-control"]
    again = before.headers["etag"]
    kept = await house.http.get(f"/v1/policies/api-tags/versions/{old.version}", headers=me | {"If-None-Match": again})
    assert kept.status_code == 304


async def test_what_was_never_published_is_not_there(house: House) -> None:
    policy = await published(house, "api-there")
    me = house.as_("reporter")
    for path in (
        "/v1/policies/nowhere",
        "/v1/policies/nowhere/categories",
        "/v1/policies/nowhere/regions",
        "/v1/policies/api-there/versions/0000000000000000",
        f"/v1/policies/nowhere/versions/{policy.version}",
    ):
        answer = await house.http.get(path, headers=me)
        assert (answer.status_code, answer.json()["status"]) == (404, 404), path
        assert (await house.http.get(path)).status_code == 401
    assert (await house.http.get("/v1/policies/api-there/versions/%00", headers=me)).status_code == 422


async def publish(house: House, body: Any, role: CallerRole = CallerRole.POLICY_ADMIN) -> httpx.Response:
    return await house.http.post("/v1/policies", headers=anybody(house, role), json=body)


async def test_a_policy_is_published_whole_and_takes_effect(house: House) -> None:
    body = sound("api-new")
    policy = Policy.model_validate(body)
    answer = await publish(house, body)
    assert answer.status_code == 201, answer.text
    assert answer.json()["version"] == policy.version
    assert answer.headers["location"] == f"/v1/policies/api-new/versions/{policy.version}"
    assert (await policies.in_force(house.pool, datetime.now(UTC)))["api-new"].version == policy.version
    assert (await publish(house, body)).status_code == 201
    count = "select count(*) from policy_publications where version = $1"
    assert await house.pool.fetchval(count, policy.version) == 1

    later = await publish(house, body | {"effective_from": "2190-01-01", "title": "Later"})
    assert later.status_code == 201
    assert (await policies.in_force(house.pool, datetime.now(UTC)))["api-new"].version == policy.version


async def test_a_policy_with_mistakes_is_told_all_of_them_and_leaves_nothing(house: House) -> None:
    body = sound("api-wrong")
    lost = [{"category": "road", "agency": "NOBODY"}, {"category": "nothing", "agency": "ROADS"}]
    orphan = {"code": "orphan", "name": "Owned by nobody"}
    for wrong, said in (
        ({"name": "api-wrong"}, ["title", "calendar", "agencies"]),
        (body | {"routes": body["routes"] + lost}, ["NOBODY", "nothing"]),
        (body | {"calendar": body["calendar"] | {"zone": "Nowhere/Atall"}}, ["calendar.zone", "Nowhere/Atall"]),
        (body | {"surprise": 1}, ["surprise"]),
        (body | {"title": "A \0 title"}, ["NUL"]),
        (body | {"categories": [*body["categories"], orphan]}, ["orphan is owned by nobody"]),
    ):
        answer = await publish(house, wrong)
        assert answer.status_code == 422, answer.text
        for word in said:
            assert word in json.dumps(answer.json()["errors"]), answer.text
    assert await house.pool.fetchval("select count(*) from policy_versions where name = 'api-wrong'") == 0


async def test_nobody_else_publishes_and_a_no_comes_before_the_body_is_read(house: House) -> None:
    for role in set(CallerRole) - {CallerRole.POLICY_ADMIN}:
        assert (await publish(house, {"nonsense": True}, role)).status_code == 403
    assert (await house.http.post("/v1/policies", json={})).status_code == 401
    huge = b'{"title": "' + b"x" * 5_000_000 + b'"}'
    too_much = await house.http.post("/v1/policies", headers=house.as_("policy-admin"), content=huge)
    assert too_much.status_code == 413
