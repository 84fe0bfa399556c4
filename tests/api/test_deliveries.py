"""Where something is that the post carries: for whoever may see the request or case that had it carried."""

from itertools import count

from schemas.carrier import FailureReason, Scan
from schemas.case import CommitRequest, TransitionKind
from storage import case_records, deliveries, service_requests, tracking
from storage.tracking import Via
from tests.api.house import House
from tests.api.roles import told
from tests.gateway.telling import case, happened
from tests.storage import post_making
from tests.storage.post_making import NOON

_NUMBERS = count(1)


async def carried(house: House, ordered_by: str) -> str:
    """Commit a delivery that failed once, and return its id."""
    delivery_id = f"{ordered_by}-d1"
    failed = post_making.told("e1", Scan.FAILED, 3, reason=FailureReason.NOBODY_THERE)
    for commit in post_making.deliveries(delivery_id, failed, ordered_by=ordered_by):
        await deliveries.commit(house.pool, commit)
    order = f"or-{delivery_id}"
    events = [(post_making.told("e0", Scan.POSTED), {"address": "Jalan Kartini 1"}), (failed, {})]
    await tracking.record(house.pool, delivery_id, order, events, Via.WEBHOOK)
    return delivery_id


async def requested(house: House, account: str) -> str:
    """Commit a request of an account by the super-app; ROADS prepares it."""
    request_id = f"carried-{next(_NUMBERS)}"
    start = await service_requests.accept(
        house.pool,
        request_id,
        post_making.intake(),
        f"rcp-{request_id}",
        await post_making.published(house.pool),
        NOON,
        once_per_period=False,
        requested_by=account,
    )
    for commit in post_making.requests(start):
        await service_requests.commit(house.pool, commit)
    holder = "operator@ROADS"
    standing = case(f"{request_id}-p1", seq=1, agency="ROADS", owners=(holder,), watchers=("desk@WATER", holder))
    assert (
        await case_records.commit(
            house.pool, CommitRequest(case=standing, transitions=(happened(TransitionKind.NOTED),))
        )
    ).written
    return request_id


async def test_a_delivery_says_where_it_is_when_it_is_due_and_why(house: House) -> None:
    delivery_id = await carried(house, await requested(house, "carried-for"))
    me = house.as_("reporter", id="carried-for")
    found = (await house.http.get(f"/v1/deliveries/{delivery_id}", headers=me)).json()
    assert found["delivery"]["due"]["steps"] == ["starts", "over"]
    assert (found["delivery"]["attempts"], found["attempts_allowed"], found["zone"]) == (1, 3, "UTC")
    assert found["reason_words"]
    assert [line["kind"] for line in found["timeline"]][:2] == ["planned", "ordered"]
    in_english = await house.http.get(f"/v1/deliveries/{delivery_id}?language=en", headers=me)
    assert in_english.json()["status_words"] != found["status_words"]

    scans = (await house.http.get(f"/v1/deliveries/{delivery_id}/tracking", headers=me)).json()
    assert [(one["seen"]["scan"], one["seen"]["emsevt"]) for one in scans] == [("posted", "EMA"), ("failed", "EMH")]
    assert all(one["words"] for one in scans)
    assert "Kartini" not in str(scans) + str(found)


async def test_who_may_see_a_request_may_see_its_deliveries(house: House) -> None:
    delivery_id = await carried(house, await requested(house, "carried-to"))
    for headers, status in (
        (house.as_("reporter", id="carried-to"), 200),
        (house.as_("reporter"), 404),
        (house.as_("system", channel="super-app"), 200),
        (house.as_("system", channel="another"), 404),
        (house.as_("operator", agency="ROADS", offices=["operator@ROADS"]), 200),
        (house.as_("operator", agency="WATER", offices=["desk@WATER"]), 200),
        (house.as_("operator", agency="SCHOOLS"), 403),
        (house.as_("auditor"), 200),
        (house.as_("policy-admin"), 403),
        ({}, 401),
    ):
        for path in ("", "/tracking"):
            answer = await house.http.get(f"/v1/deliveries/{delivery_id}{path}", headers=headers)
            assert answer.status_code == status, answer.text
    never = await house.http.get("/v1/deliveries/never-was", headers=house.as_("reporter"))
    hidden = await house.http.get(f"/v1/deliveries/{delivery_id}", headers=house.as_("reporter"))
    assert never.status_code == 404
    assert told(never) == told(hidden)


async def test_what_a_case_had_carried_is_seen_by_whoever_sees_the_case(house: House) -> None:
    case_id = f"remedied-{next(_NUMBERS)}"
    standing = case(case_id, seq=1, agency="ROADS", owners=("operator@ROADS",), watchers=(), bypassed="WATER")
    request = CommitRequest(case=standing, transitions=(happened(TransitionKind.NOTED),))
    assert (await case_records.commit(house.pool, request)).written
    delivery_id = await carried(house, case_id)
    for headers, status in (
        (house.as_("operator", agency="ROADS"), 200),
        (house.as_("operator", agency="WATER"), 404),
        (house.as_("system", channel="counter"), 200),
        (house.as_("reporter"), 404),
        (house.as_("auditor"), 200),
    ):
        answer = await house.http.get(f"/v1/deliveries/{delivery_id}", headers=headers)
        assert answer.status_code == status
        if status == 404:
            assert answer.json()["detail"] == "delivery: there is none with this id"
