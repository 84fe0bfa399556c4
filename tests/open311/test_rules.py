"""Every route answers as GeoReport v2 says, in JSON and in XML, and says the same in both."""

import pytest

from tests.open311.door import HERE, JURISDICTION, V2, Door
from tests.open311.rules import ENTRIES, as_texts, checked, parsed


@pytest.mark.parametrize("path", ["/open311/discovery", f"{V2}/discovery"])
async def test_discovery_says_where_the_interface_is_and_what_it_speaks(door: Door, path: str) -> None:
    content = checked("discovery", await door.house.http.get(f"{path}.json"))

    assert content["endpoints"][0]["url"] == door.url
    assert parsed("discovery", await door.house.http.get(f"{path}.xml")) == as_texts(content)


async def test_services_are_the_categories_of_the_policy_in_force(door: Door) -> None:
    content = checked("services", await door.get("/services.json"))

    assert [service["service_code"] for service in content] == [category.code for category in door.policy.categories]
    assert content[-1] == {
        "service_code": "hole/road",
        "service_name": "Lubang <di> jalan & trotoar",
        "description": "Holes, large and small",
        "metadata": True,
        "type": "realtime",
        "keywords": "pothole, lubang",
        "group": "Jalan",
    }
    assert parsed("services", await door.get("/services.xml")) == as_texts(content)


async def test_a_service_says_what_it_asks_in_the_order_in_which_it_is_asked(door: Door) -> None:
    content = checked("service_definition", await door.get("/services/hole/road.json"))

    asked = [attribute["code"] for attribute in content["attributes"]]
    assert asked == ["harms", "size", "metres", "since", "sign", "more"]
    assert content["attributes"][1]["values"][1] == {"key": "large", "name": "Large & deep"}
    assert parsed("service_definition", await door.get("/services/hole%2Froad.xml")) == as_texts(content)


async def test_a_service_that_asks_nothing_says_so(door: Door) -> None:
    assert checked("service_definition", await door.get("/services/road.json")) == {
        "service_code": "road",
        "attributes": [],
    }


async def test_a_report_is_given_its_id_at_once(door: Door) -> None:
    written = checked("created", await door.post(account_id="account-7"))

    assert written[0]["account_id"] == "account-7"
    (created,) = parsed("service_requests", await door.post("xml"))
    assert created["service_request_id"]
    assert "token" not in created


async def test_reports_are_listed(door: Door) -> None:
    case_id = await door.report()
    content = checked("service_requests", await door.get("/requests.json", service_request_id=case_id))

    assert [request["service_request_id"] for request in content] == [case_id]
    listed = parsed("service_requests", await door.get("/requests.xml", service_request_id=case_id))
    assert listed == as_texts(content)


async def test_a_report_is_shown_as_a_list_of_one(door: Door) -> None:
    case_id = await door.report()
    content = checked("service_requests", await door.get(f"/requests/{case_id}.json", extensions="true"))

    assert [request["service_request_id"] for request in content] == [case_id]
    assert [note["type"] for note in content[0]["extended_attributes"]["notes"]][:1] == ["received"]
    shown = parsed("service_requests", await door.get(f"/requests/{case_id}.xml", extensions="true"))
    assert shown == as_texts(content)


async def test_an_empty_list_is_a_list(door: Door) -> None:
    assert checked("service_requests", await door.get("/requests.json", service_request_id="K1-NOBODY")) == []
    assert parsed("service_requests", await door.get("/requests.xml", service_request_id="K1-NOBODY")) == []


async def test_the_token_of_a_report_is_its_id(door: Door) -> None:
    case_id = await door.report()
    content = checked("tokens", await door.get(f"/tokens/{case_id}.json"))

    assert content == [{"service_request_id": case_id, "token": case_id}]
    assert parsed("service_requests", await door.get(f"/tokens/{case_id}.xml")) == content


@pytest.mark.parametrize("path", ["/services", "/services/road", "/requests", "/discovery"])
async def test_without_an_ending_it_is_xml(door: Door, path: str) -> None:
    assert (await door.get(path)).headers["content-type"] == "text/xml; charset=utf-8"


async def test_errors_are_told_in_the_format_that_was_asked_for(door: Door) -> None:
    (error,) = checked("errors", await door.get("/services/nothing.json"), 404)

    assert error["code"] == 404
    assert error["description"].startswith("service_code: ")
    assert parsed("errors", await door.get("/services/nothing.xml"), 404) == as_texts([error])


async def test_the_jurisdiction_may_be_named_in_the_query_of_a_post(door: Door) -> None:
    form = {"api_key": door.key, "service_code": "road", **HERE}
    answer = await door.house.http.post(f"{V2}/requests.json?jurisdiction_id={JURISDICTION}", data=form)

    checked("created", answer)


def test_every_list_names_its_entries() -> None:
    assert all(one != many for many, one in ENTRIES.items())
