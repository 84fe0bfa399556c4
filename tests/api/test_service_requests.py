"""Requesting a service over HTTP: durable before it is answered, one however often it is sent, and seen by its own."""

from itertools import count
from typing import Any

import httpx
import pytest

from schemas.service_request import RequestIntake, RequestStatus
from storage import personal_reads, policies, request_pages
from tests import making
from tests.api.house import House, key
from tests.api.roles import told

_NUMBERS = count(1)
POLICY = "api-services"
NIK = "1871014107900001"
RECIPIENT = {"name": "Siti Aminah", "phone": "0812 7234 5678", "address": "Jalan Kartini 1"}


@pytest.fixture(autouse=True)
async def published(house: House) -> None:
    await policies.publish(house.pool, making.whole_policy(name=POLICY))


def papers(**changes: Any) -> dict[str, Any]:
    return {"service": "papers", "region": "north", "recipient": RECIPIENT, "policy": POLICY} | changes


async def post(house: House, headers: dict[str, str], body: dict[str, Any]) -> httpx.Response:
    return await house.http.post("/v1/service-requests", headers=key() | headers, json=body)


async def requested(house: House, headers: dict[str, str], **changes: Any) -> str:
    answer = await post(house, headers, papers(**changes))
    assert answer.status_code == 201, answer.text
    return str(answer.json()["request_id"])


async def preparing(house: House, request_id: str) -> str:
    """Wait until an agency has a request; return the case in which it prepares it."""
    await house.gateway.starting.settle()
    async for event in house.gateway.requests.handle(request_id).fetch_history_events(wait_new_event=True):
        started = event.child_workflow_execution_started_event_attributes.workflow_execution.workflow_id
        if started == f"{request_id}-p1":
            break
    await house.kawal.routed(f"{request_id}-p1")
    return f"{request_id}-p1"


async def test_everybody_sees_what_can_be_requested(house: House) -> None:
    offered = (await house.http.get("/v1/services", headers=house.as_("reporter"))).json()
    found = {line["service"]["code"]: line for line in offered if line["policy"] == POLICY}
    assert set(found) == {"papers", "goods", "tax", "cash", "ration"}
    assert found["papers"]["prepared_by"] == ["ROADS"]
    assert found["papers"]["service"]["prepared_within"] == "3 days"
    assert (await house.http.get("/v1/services")).status_code == 401


async def test_a_request_is_durable_taken_up_and_shown_with_what_comes_next(house: House) -> None:
    me = house.as_("reporter", id="asker-1")
    answer = await post(house, me, papers())
    assert answer.status_code == 201
    request_id = answer.json()["request_id"]
    assert answer.headers["location"] == answer.json()["links"]["request"] == f"/v1/service-requests/{request_id}"
    known = await request_pages.accepted(house.pool, request_id)
    assert known is not None
    assert (known.requested_by, known.start.channel) == ("asker-1", "api")

    case_id = await preparing(house, request_id)
    standing = (await house.http.get(f"/v1/service-requests/{request_id}", headers=me)).json()
    assert standing["request"]["status"] == "preparing"
    assert standing["status_words"]
    assert standing["next"]["says"] == "the agency prepares it"
    assert standing["next"]["until"]["steps"]
    assert standing["preparation"]["case_id"] == case_id
    assert standing["preparation"]["holder"] == "operator@ROADS"
    lines = (await house.http.get(f"/v1/service-requests/{request_id}/timeline", headers=me)).json()
    assert [line["kind"] for line in lines] == ["received"]
    assert "Siti" not in str(standing) + str(lines)


async def test_one_that_no_workflow_has_taken_up_stands_as_requested(house: House) -> None:
    policy = await policies.version(house.pool, making.whole_policy(name=POLICY).version)
    assert policy is not None
    given = {name: value for name, value in papers().items() if name != "policy"} | {"channel": "api"}
    accepted = await house.gateway.requests.accept(
        RequestIntake.model_validate(given),
        policy,
        request_id=f"waits-{next(_NUMBERS)}",
        requested_by="asker-2",
    )
    me = house.as_("reporter", id="asker-2")
    here = f"/v1/service-requests/{accepted.request_id}"
    standing = (await house.http.get(here, headers=me)).json()
    assert (standing["request"]["status"], standing["request"]["seq"]) == ("requested", 0)
    assert standing["next"] == {"says": "it is taken up", "until": None}
    assert (await house.http.get(f"{here}/timeline", headers=me)).json() == []
    [listed] = (await house.http.get("/v1/service-requests", headers=me)).json()["requests"]
    assert (listed["request_id"], listed["status"]) == (accepted.request_id, "requested")
    assert (await house.http.get(here, headers=house.as_("operator", agency="ROADS"))).status_code == 403

    # A message to it starts it: who asked need not wait.
    said = await house.http.post(f"{here}/messages", headers=me | key(), json={"kind": "cancel"})
    assert said.status_code == 200, said.text
    assert said.json()["status"] in ("ending", "cancelled")


async def test_the_same_call_again_is_the_same_request(house: House) -> None:
    me, mine = house.as_("reporter", id="asker-3"), key()
    first, again = [await house.http.post("/v1/service-requests", headers=me | mine, json=papers()) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()
    other = await house.http.post("/v1/service-requests", headers=me | mine, json=papers(region="south"))
    assert other.status_code == 422
    assert other.json()["errors"][0]["field"] == "Idempotency-Key"
    listed = (await house.http.get("/v1/service-requests", headers=me)).json()["requests"]
    assert len(listed) == 1
    assert (await house.http.post("/v1/service-requests", headers=me, json=papers())).status_code == 400


async def test_the_same_external_id_on_a_channel_is_the_same_request(house: House) -> None:
    ids = [await post(house, house.as_("system", channel="app-of-services"), papers(external_id="x-1")) for _ in "ab"]
    assert [answer.status_code for answer in ids] == [201, 200]
    assert ids[0].json()["request_id"] == ids[1].json()["request_id"]
    elsewhere = await post(house, house.as_("system", channel="another-app"), papers(external_id="x-1"))
    assert elsewhere.status_code == 201


async def test_what_a_service_needs_is_asked_for_by_field_and_the_key_is_free_again(house: House) -> None:
    me, mine = house.as_("reporter"), key()
    for body, field in (
        (papers(service="nothing"), "service"),
        (papers(service="cash"), "amount"),
        (papers(service="ration", period="2026-11"), "recipient.national_id"),
        (papers(recipient=RECIPIENT | {"phone": "no number"}), "recipient.phone"),
        (papers(recipient={"name": "Siti"}), "recipient.address"),
        (papers(external_id="x-1"), "external_id"),
        (papers(requested_by="somebody-else"), "requested_by"),
        (papers(channel="forged"), "channel"),
    ):
        answer = await house.http.post("/v1/service-requests", headers=me | mine, json=body)
        assert answer.status_code == 422, answer.text
        assert field in [error["field"] for error in answer.json()["errors"]], answer.text
        assert "no number" not in answer.text
    assert (await house.http.post("/v1/service-requests", headers=me | mine, json=papers())).status_code == 201


async def test_a_benefit_is_claimed_once_however_it_is_asked_for(house: House) -> None:
    aid = papers(service="ration", period="2026-11", recipient=RECIPIENT | {"national_id": NIK})
    me = house.as_("reporter", id="asker-aid")
    first = await post(house, me, aid)
    assert first.status_code == 201
    request_id = first.json()["request_id"]
    for others in (house.as_("system", channel="counter"), house.as_("reporter")):
        second = await post(house, others, aid)
        assert second.status_code in (409, 422)
        assert NIK not in second.text
        assert request_id not in second.text, "who knows a number learns of no request"
    assert request_id in (await post(house, me, aid)).text


async def test_only_its_own_find_a_request(house: House) -> None:
    mine = await requested(house, house.as_("system", channel="desk"), requested_by="asker-4")
    for headers, status in (
        (house.as_("reporter", id="asker-4"), 200),
        (house.as_("reporter", id="asker-5"), 404),
        (house.as_("system", channel="counter"), 404),
        (house.as_("system", channel="desk"), 200),
        (house.as_("auditor"), 200),
        (house.as_("policy-admin"), 403),
        ({}, 401),
    ):
        for path in ("", "/timeline"):
            answer = await house.http.get(f"/v1/service-requests/{mine}{path}", headers=headers)
            assert answer.status_code == status, (headers, answer.text)
    never = await house.http.get("/v1/service-requests/never-was", headers=house.as_("reporter"))
    hidden = await house.http.get(f"/v1/service-requests/{mine}", headers=house.as_("reporter"))
    assert never.status_code == 404
    assert told(never) == told(hidden)


async def test_the_preparing_agency_stands_to_a_request_as_to_its_case(house: House) -> None:
    request_id = await requested(house, house.as_("system", channel="prep-app"))
    await preparing(house, request_id)
    here = f"/v1/service-requests/{request_id}"
    owner = house.as_("operator", agency="ROADS", offices=["operator@ROADS"])
    colleague = house.as_("operator", agency="ROADS", offices=["clerk@ROADS"])
    elsewhere = house.as_("operator", agency="SCHOOLS", offices=["operator@SCHOOLS"])
    for headers, see, recipient in ((owner, 200, 200), (colleague, 200, 403), (elsewhere, 403, 403)):
        assert (await house.http.get(here, headers=headers)).status_code == see
        assert (await house.http.get(f"{here}/recipient", headers=headers)).status_code == recipient
    listed = (await house.http.get("/v1/service-requests", headers=colleague, params={"limit": 200})).json()
    assert request_id in [one["request_id"] for one in listed["requests"]]
    others = (await house.http.get("/v1/service-requests", headers=elsewhere)).json()
    assert request_id not in [one["request_id"] for one in others["requests"]]


async def test_who_gets_it_is_shown_once_it_is_written_down_that_it_was_read(house: House) -> None:
    me = house.as_("reporter", id="asker-6")
    request_id = await requested(house, me)
    answer = await house.http.get(f"/v1/service-requests/{request_id}/recipient", headers=me)
    assert answer.json()["name"] == "Siti Aminah"
    assert answer.json()["phone"] == "+6281272345678"
    [read] = await personal_reads.listing(house.pool, subject=request_id)
    assert (read.caller, read.action, read.fields) == ("asker-6", "read-person", ("address", "name", "phone"))
    for headers, status in ((house.as_("reporter"), 404), (house.as_("auditor"), 403), ({}, 401)):
        refused = await house.http.get(f"/v1/service-requests/{request_id}/recipient", headers=headers)
        assert refused.status_code == status
        assert "Siti" not in refused.text
    assert len(await personal_reads.listing(house.pool, subject=request_id)) == 1

    known = await request_pages.accepted(house.pool, request_id)
    assert known is not None
    await house.pool.execute(
        "update persons set wrapped = null, key_id = null, erased_at = now() where person ="
        " (select person from recipients where reference = $1)",
        known.start.recipient,
    )
    gone = await house.http.get(f"/v1/service-requests/{request_id}/recipient", headers=me)
    assert gone.status_code == 410


async def test_messages_come_from_whoever_calls_and_count_once(house: House) -> None:
    me, outside, mine = house.as_("reporter", id="asker-7"), house.as_("system", channel="desk"), key()
    request_id = await requested(house, outside, requested_by="asker-7")
    await preparing(house, request_id)
    messages = f"/v1/service-requests/{request_id}/messages"
    early = await house.http.post(messages, headers=me | key(), json={"kind": "confirm"})
    assert early.status_code == 409
    assert "nothing was delivered" in early.json()["detail"]
    disputed = {"kind": "dispute", "reason": "not received"}
    assert (await house.http.post(messages, headers=me | key(), json=disputed)).status_code == 409

    cancel = {"kind": "cancel", "reason": "moved-away"}
    receipts = [await house.http.post(messages, headers=me | mine, json=cancel) for _ in range(2)]
    assert [one.status_code for one in receipts] == [200, 200], receipts[1].text
    assert receipts[0].json()["message_id"] == receipts[1].json()["message_id"]
    lines = (await house.http.get(f"/v1/service-requests/{request_id}/timeline", headers=me)).json()
    [line] = [line for line in lines if line["kind"] == "cancelled"]
    assert line["actor"] == "asker-7"
    again = await house.http.post(messages, headers=me | mine, json=cancel | {"reason": "other"})
    assert again.status_code == 422

    seen = (await house.http.get(f"/v1/service-requests/{request_id}/timeline", headers=outside)).json()
    assert [line["actor"] for line in seen if line["kind"] == "cancelled"] == [None]


async def test_messages_that_are_none_are_refused_by_field(house: House) -> None:
    me = house.as_("reporter", id="asker-8")
    request_id = await requested(house, me)
    messages = f"/v1/service-requests/{request_id}/messages"
    for body in ({"kind": "paid"}, {"kind": "dispute"}, {"kind": "cancel", "actor": {"id": "forged"}}, {}):
        assert (await house.http.post(messages, headers=me | key(), json=body)).status_code == 422
    confirm = {"kind": "confirm"}
    assert (await house.http.post(messages, headers=me, json=confirm)).status_code == 400
    for headers, status in ((house.as_("reporter"), 404), (house.as_("auditor"), 403), ({}, 401)):
        assert (await house.http.post(messages, headers=headers | key(), json=confirm)).status_code == status


async def test_lists_hold_ones_own_page_by_page(house: House) -> None:
    me, other = house.as_("system", channel="list-app"), house.as_("system", channel="list-app-2")
    ids = [await requested(house, me, external_id=f"n-{n}", region=("north", "south")[n % 2]) for n in range(5)]
    await requested(house, other)
    found: list[str] = []
    params: dict[str, Any] = {"limit": 2}
    while True:
        page = (await house.http.get("/v1/service-requests", headers=me, params=params)).json()
        found += [one["request_id"] for one in page["requests"]]
        if page["next"] is None:
            break
        params["cursor"] = page["next"]
    assert found == ids[::-1]
    for narrow, expected in (
        ({"region": "south"}, 2),
        ({"service": "goods"}, 0),
        ({"status": RequestStatus.COMPLETED.value}, 0),
    ):
        page = (await house.http.get("/v1/service-requests", headers=me, params=narrow)).json()
        assert len(page["requests"]) == expected
    everybody = await house.http.get("/v1/service-requests", headers=house.as_("auditor"), params={"limit": 200})
    assert set(ids) <= {one["request_id"] for one in everybody.json()["requests"]}
    assert (await house.http.get("/v1/service-requests", headers=house.as_("policy-admin"))).status_code == 403
    assert (await house.http.get("/v1/service-requests")).status_code == 401
