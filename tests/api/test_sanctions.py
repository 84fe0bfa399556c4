"""Registers over HTTP: seen by those whom they are about, objected to and decided as the core allows."""

from typing import Any

import httpx
import pytest

from schemas.scorecard import RegisterKind
from tests.api.house import House, key
from tests.api.registering import a_name, becomes_a_report_about, told_of_late_cases


@pytest.fixture
async def agency(house: House) -> str:
    """An agency with two proposals from cases and one of its register."""
    name = a_name("SANCTIONED")
    await told_of_late_cases(house, name)
    return name


def operator(house: House, agency: str, office: str = "operator", **claims: Any) -> dict[str, str]:
    return house.as_("operator", agency=agency, offices=[f"{office}@{agency}"], **claims)


def superior(house: House, agency: str, office: str = "head-of-division", **claims: Any) -> dict[str, str]:
    return house.as_("superior", agency=agency, offices=[f"{office}@{agency}"], **claims)


async def listed(house: House, headers: dict[str, str], **params: Any) -> list[tuple[int, str]]:
    answer = await house.http.get("/v1/sanctions", headers=headers, params=params)
    assert answer.status_code == 200, answer.text
    return [(entry["number"], entry["kind"]) for entry in answer.json()["entries"]]


async def say(house: House, headers: dict[str, str], path: str, **body: Any) -> httpx.Response:
    return await house.http.post(f"/v1/sanctions/{path}", headers=headers | key(), json={"reason": "was-ill"} | body)


async def test_people_of_an_agency_see_its_register_and_auditors_all(house: House, agency: str) -> None:
    whole = [(1, "received"), (2, "received"), (3, "proposed")]
    for headers in (operator(house, agency), superior(house, agency)):
        assert await listed(house, headers) == whole
        assert await listed(house, headers, agency=agency) == whole
    auditor = house.as_("auditor")
    assert await listed(house, auditor, agency=agency) == whole
    assert await listed(house, auditor, subject=f"operator@{agency}") == whole
    assert len(await listed(house, auditor, limit=200)) >= 3
    checked = await house.http.get("/v1/sanctions", headers=auditor, params={"agency": agency, "check": True})
    assert checked.json()["chain_holds"] is True
    one = await house.http.get(f"/v1/sanctions/{agency}/3", headers=operator(house, agency))
    assert (one.json()["kind"], one.json()["subject"]) == ("proposed", f"operator@{agency}")


async def test_registers_are_read_page_by_page(house: House, agency: str) -> None:
    params: dict[str, Any] = {"agency": agency, "limit": 2}
    first = (await house.http.get("/v1/sanctions", headers=house.as_("auditor"), params=params)).json()
    rest = await house.http.get(
        "/v1/sanctions", headers=house.as_("auditor"), params=params | {"cursor": first["next"]}
    )
    assert [entry["number"] for page in (first, rest.json()) for entry in page["entries"]] == [1, 2, 3]
    assert rest.json()["next"] is None


async def test_others_see_nothing_of_a_register(house: House, agency: str) -> None:
    elsewhere = operator(house, "ELSEWHERE")
    for headers, params, status in (
        (elsewhere, {"agency": agency}, 403),
        (elsewhere, {"subject": f"operator@{agency}"}, 403),
        (elsewhere, {"subject": agency}, 403),
        (operator(house, agency), {"agency": agency, "subject": "operator@ELSEWHERE"}, 403),
        (operator(house, agency), {"case": "never-was"}, 404),
        (house.as_("reporter"), {"agency": agency}, 404),
        (house.as_("system"), {}, 404),
        (house.as_("policy-admin"), {"agency": agency}, 403),
        ({}, {}, 401),
        (house.as_("auditor"), {"cursor": "e30"}, 422),
    ):
        answer = await house.http.get("/v1/sanctions", headers=headers, params=params)
        assert answer.status_code == status, (params, answer.text)
    assert await listed(house, elsewhere) == []
    for headers, status in ((elsewhere, 403), (house.as_("reporter"), 404), ({}, 401)):
        assert (await house.http.get(f"/v1/sanctions/{agency}/1", headers=headers)).status_code == status
        points = await house.http.get("/v1/sanctions/points", headers=headers, params={"agency": agency})
        assert points.status_code == status
    assert (await house.http.get(f"/v1/sanctions/{agency}/99", headers=house.as_("auditor"))).status_code == 404


async def test_an_objection_and_a_decision_take_effect_once_and_points_follow(house: House, agency: str) -> None:
    points = (await house.http.get("/v1/sanctions/points", headers=operator(house, agency))).json()
    [before] = [line for line in points if line["agency"] == agency]
    assert before["points"] == 56

    me, mine = operator(house, agency, id="late-clerk"), key()
    body = {"reason": "was-ill", "text": "Saya sakit"}
    objections = f"/v1/sanctions/{agency}/3/objections"
    receipts = [await house.http.post(objections, headers=me | mine, json=body) for _ in range(2)]
    assert [one.status_code for one in receipts] == [201, 201], receipts[0].text
    assert receipts[0].json() == receipts[1].json()
    assert receipts[0].json()["entry"] == 4
    other = await house.http.post(objections, headers=me | mine, json=body | {"reason": "was-away"})
    assert other.status_code == 422

    decided = await say(house, superior(house, agency, id="the-head"), f"{agency}/3/decisions", outcome="annulled")
    assert (decided.status_code, decided.json()["entry"]) == (201, 5)
    assert [kind for _, kind in await listed(house, me)][3:] == [RegisterKind.OBJECTED, RegisterKind.ANNULLED]
    found = (await house.http.get(f"/v1/sanctions/{agency}/4", headers=me)).json()
    assert (found["actor"], found["office"]) == ("late-clerk", f"operator@{agency}")
    assert "Saya" not in str(found)
    [after] = (await house.http.get("/v1/sanctions/points", headers=me)).json()
    assert (after["points"], after["standing"]) == (6, 2)


async def test_the_core_says_who_may_and_when(house: House, agency: str) -> None:
    for headers, path, body, field in (
        (operator(house, agency, "clerk"), "1/objections", {}, "actor.office"),
        (operator(house, agency), "1/objections", {"reason": "I was ill"}, "reason"),
        (superior(house, agency, "head-of-agency"), "3/decisions", {"outcome": "annulled"}, "actor.office"),
        (superior(house, agency), "1/decisions", {"outcome": "upheld"}, "outcome"),
        (superior(house, agency), "1/decisions", {"outcome": "forgiven"}, "outcome"),
        (superior(house, agency), "1/decisions", {}, "outcome"),
        (superior(house, agency), "1/decisions", {"outcome": "annulled", "actor": {}}, "actor"),
    ):
        answer = await say(house, headers, f"{agency}/{path}", **body)
        assert answer.status_code == 422, answer.text
        assert answer.json()["errors"][0]["field"] == field, answer.text
    foreign = await say(house, operator(house, agency), f"{agency}/1/objections", office="operator@ELSEWHERE")
    assert (foreign.status_code, foreign.json()["detail"]) == (403, "office: is none that you hold")
    keyless = await house.http.post(
        f"/v1/sanctions/{agency}/1/objections", headers=operator(house, agency), json={"reason": "was-ill"}
    )
    assert keyless.status_code == 400
    assert len(await listed(house, operator(house, agency))) == 3


async def test_a_refused_objection_leaves_no_text_and_its_key_free(house: House, agency: str) -> None:
    mine = key()
    here = f"/v1/sanctions/{agency}/1/objections"
    body = {"reason": "was-ill", "text": "Saya sakit"}
    refused = await house.http.post(here, headers=operator(house, agency, "clerk", id="two-desks") | mine, json=body)
    assert refused.status_code == 422
    count = "select count(*) from message_texts where case_id = $1"
    assert await house.pool.fetchval(count, f"scorecard-{agency}") == 0
    mended = await house.http.post(here, headers=operator(house, agency, id="two-desks") | mine, json=body)
    assert mended.status_code == 201, mended.text


async def test_who_may_not_object_or_decide_is_told_no(house: House, agency: str) -> None:
    for headers, path, status in (
        (operator(house, "ELSEWHERE"), f"{agency}/1/objections", 403),
        (house.as_("auditor"), f"{agency}/1/objections", 403),
        (house.as_("reporter"), f"{agency}/1/objections", 404),
        ({}, f"{agency}/1/objections", 401),
        (operator(house, agency), f"{agency}/1/decisions", 403),
        (superior(house, "ELSEWHERE"), f"{agency}/1/decisions", 403),
        (superior(house, agency), f"{agency}/99/decisions", 404),
        (superior(house, "NO-REGISTER"), "NO-REGISTER/1/decisions", 404),
    ):
        body = {"outcome": "annulled"} if path.endswith("decisions") else {}
        answer = await say(house, headers, path, **body)
        assert answer.status_code == status, (path, answer.text)


async def test_a_superior_of_another_agency_decides_where_the_proposal_names_the_office(house: House) -> None:
    agency = a_name("SANCTIONED")
    await told_of_late_cases(house, agency, cases=1, decider="inspector@ABOVE")
    decision = f"{agency}/1/decisions"
    others = (superior(house, "ABOVE"), superior(house, "ELSEWHERE", "inspector"))
    for headers in others:
        assert (await say(house, headers, decision, outcome="annulled")).status_code == 403
    inspector = superior(house, "ABOVE", "inspector")
    assert (await house.http.get(f"/v1/sanctions/{agency}/1", headers=inspector)).status_code == 200
    assert (await say(house, inspector, decision, outcome="annulled")).status_code == 201


async def test_what_a_report_about_an_agency_led_to_is_not_shown_to_its_people(house: House, agency: str) -> None:
    """A late case that turns out to accuse the agency takes its entries with it, and what rests on them."""
    await becomes_a_report_about(house, f"{agency}-2", accused=agency)
    for headers in (operator(house, agency), superior(house, agency)):
        for params in ({}, {"agency": agency}, {"subject": f"operator@{agency}"}):
            assert await listed(house, headers, **params) == [(1, "received")], params
        hidden = await house.http.get("/v1/sanctions", headers=headers, params={"case": f"{agency}-2"})
        assert hidden.status_code == 404
        for number in (2, 3):
            assert (await house.http.get(f"/v1/sanctions/{agency}/{number}", headers=headers)).status_code == 404
    for headers, standing in ((operator(house, agency), [(3, 1)]), (house.as_("auditor"), [(56, 3)])):
        points = (await house.http.get("/v1/sanctions/points", headers=headers, params={"agency": agency})).json()
        assert [(line["points"], line["standing"]) for line in points] == standing
    assert (await say(house, operator(house, agency), f"{agency}/2/objections")).status_code == 404
    decided = await say(house, superior(house, agency), f"{agency}/2/decisions", outcome="annulled")
    assert decided.status_code == 404
    whole: dict[str, Any] = {"agency": agency, "check": True}
    checked = (await house.http.get("/v1/sanctions", headers=operator(house, agency), params=whole)).json()
    assert (len(checked["entries"]), checked["chain_holds"]) == (1, True)
    assert len(await listed(house, house.as_("auditor"), agency=agency)) == 3
