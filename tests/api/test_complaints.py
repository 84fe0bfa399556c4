"""A complaint that was answered with 201 stands in the database, once, whatever else is away."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio.client import Client

from gateway.api.backpressure import Door
from gateway.api.problems import ProblemError
from local.ports import LOOPBACK, free_port
from runtime import temporal
from storage import contacts, database, intake
from storage.database import Pool
from tests.api.handing_in import HOLE, hand_in
from tests.api.house import House, house_on, key
from tests.kawal import Kawal


@pytest.fixture
async def cut_off(kawal: Kawal) -> AsyncIterator[House]:
    """A house behind which Temporal was never there."""
    nobody = await Client.connect(f"{LOOPBACK}:{free_port()}", lazy=True, data_converter=temporal.DATA_CONVERTER)
    alone = Kawal(nobody, kawal.skipper, kawal.pool, kawal.task_queue)
    async with house_on(alone) as house:
        yield house


async def test_what_is_answered_with_201_is_in_the_database_although_temporal_is_away(cut_off: House) -> None:
    me = cut_off.as_("reporter")
    answer = await hand_in(cut_off, me)
    assert answer.status_code == 201
    receipt = answer.json()
    assert answer.headers["Location"] == receipt["links"]["case"] == f"/v1/cases/{receipt['case_id']}"
    stored = await intake.original(cut_off.pool, receipt["case_id"])
    assert stored is not None
    assert (stored.text, stored.channel) == (HOLE["text"], "api")

    case = await cut_off.http.get(receipt["links"]["case"], headers=me)
    assert (case.status_code, case.json()["status"], case.headers["ETag"]) == (200, "received", '"0"')
    mine = (await cut_off.http.get("/v1/cases", headers=me)).json()["cases"]
    assert [one["case_id"] for one in mine] == [receipt["case_id"]]


async def test_the_same_key_again_is_the_same_case(house: House) -> None:
    me, mine = house.as_("reporter"), key()
    first = await hand_in(house, me, with_key=mine)
    again = await hand_in(house, me, with_key=mine)
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json() == again.json()


async def test_calls_at_the_same_time_with_the_same_key_are_one_case(house: House) -> None:
    me, mine = house.as_("reporter"), key()
    answers = await asyncio.gather(*(hand_in(house, me, with_key=mine) for _ in range(6)))
    assert {answer.status_code for answer in answers} <= {200, 201}
    assert len({answer.json()["case_id"] for answer in answers}) == 1


async def test_the_same_key_with_another_complaint_is_refused_by_the_headers_name(house: House) -> None:
    me, mine = house.as_("reporter"), key()
    assert (await hand_in(house, me, with_key=mine)).status_code == 201
    answer = await hand_in(house, me, with_key=mine, text="Another hole.")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["Idempotency-Key"]
    assert answer.headers["Content-Type"] == "application/problem+json"


async def test_the_same_key_of_another_caller_is_another_case(house: House) -> None:
    mine = key()
    answers = [await hand_in(house, house.as_("reporter"), with_key=mine) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert len({answer.json()["case_id"] for answer in answers}) == 2


@pytest.mark.parametrize(
    "given", [{}, {"Idempotency-Key": ""}, {"Idempotency-Key": "a b"}, {"Idempotency-Key": "a" * 101}]
)
async def test_a_call_without_a_sound_key_is_told_so(house: House, given: dict[str, str]) -> None:
    answer = await house.http.post("/v1/complaints", headers=house.as_("reporter") | given, json=HOLE)
    assert answer.status_code == 400
    assert [error["field"] for error in answer.json()["errors"]] == ["Idempotency-Key"]


async def test_the_same_external_id_on_a_channel_is_the_same_case_under_any_key(house: House) -> None:
    app = house.as_("system", channel="super-app")
    external_id = key()["Idempotency-Key"]
    first = await hand_in(house, app, external_id=external_id)
    again = await hand_in(house, app, external_id=external_id)
    elsewhere = await hand_in(house, house.as_("system", channel="lapor"), external_id=external_id)
    assert [answer.status_code for answer in (first, again, elsewhere)] == [201, 200, 201]
    assert first.json()["case_id"] == again.json()["case_id"] != elsewhere.json()["case_id"]


@pytest.mark.parametrize("same", ["key", "external id"])
async def test_a_repeat_ends_what_a_process_that_died_had_begun(house: House, same: str) -> None:
    app, mine = house.as_("system"), key()
    fields = {"external_id": f"died-{mine['Idempotency-Key']}", "reporter": {"email": "planted.reporter@example.id"}}
    case_id = (await hand_in(house, app, with_key=mine, **fields)).json()["case_id"]
    recipient = f"reporter:{case_id}"
    assert await house.pool.execute("delete from contacts where recipient = $1", recipient) == "DELETE 1"

    again = await hand_in(house, app, with_key=mine if same == "key" else key(), **fields)

    assert (again.status_code, again.json()["case_id"]) == (200, case_id)
    assert [one.address for one in await contacts.listing(house.pool, recipient)] == ["planted.reporter@example.id"]


async def test_a_refused_complaint_may_come_again_mended_under_its_key(house: House) -> None:
    me, mine = house.as_("reporter"), key()
    refused = await hand_in(house, me, with_key=mine, policy="nobody-knows-it")
    assert refused.status_code == 422
    assert [error["field"] for error in refused.json()["errors"]] == ["policy"]
    assert (await hand_in(house, me, with_key=mine)).status_code == 201


async def test_a_complaint_that_stands_is_still_found_by_its_key_when_it_would_be_refused_now(house: House) -> None:
    me, mine = house.as_("reporter"), key()
    first = await hand_in(house, me, with_key=mine)
    withdrawn = "update policy_versions set effective_from = '2199-01-01' where name = 'api'"
    async with house.pool.acquire() as connection:
        await connection.execute("set session_replication_role = replica")
        await connection.execute(withdrawn)
        try:
            again = await house.http.post("/v1/complaints", headers=me | mine, json=HOLE)
        finally:
            await connection.execute("update policy_versions set effective_from = '2020-01-01' where name = 'api'")
            await connection.execute("set session_replication_role = origin")
    assert (again.status_code, again.json()["case_id"]) == (200, first.json()["case_id"])


async def test_whoever_reports_in_person_is_the_reporter(house: House) -> None:
    me = house.as_("reporter", id="siti-account")
    answer = await hand_in(house, me, reporter={"name": "Siti Rahma", "phone": "0812 3456 7890"})
    stored = await intake.original(house.pool, answer.json()["case_id"])
    assert stored is not None
    assert stored.reporter is not None
    assert (stored.reporter.account, stored.reporter.phone) == ("siti-account", "+6281234567890")
    assert await intake.reported_by(house.pool, answer.json()["case_id"]) == "siti-account"


async def test_a_reporter_cannot_be_somebody_else(house: House) -> None:
    answer = await hand_in(house, house.as_("reporter"), reporter={"account": "somebody-else"})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["reporter.account"]


async def test_a_reporter_whom_a_system_names_finds_the_case(house: House) -> None:
    answer = await hand_in(house, house.as_("system"), reporter={"account": "budi-account"})
    case = f"/v1/cases/{answer.json()['case_id']}"
    assert (await house.http.get(case, headers=house.as_("reporter", id="budi-account"))).status_code == 200
    assert (await house.http.get(case, headers=house.as_("reporter"))).status_code == 404


@pytest.mark.parametrize("role", ["operator", "superior", "auditor", "policy-admin"])
async def test_only_reporters_and_systems_hand_in(house: House, role: str) -> None:
    claims = {"agency": "ROADS"} if role in ("operator", "superior") else {}
    assert (await hand_in(house, house.as_(role, **claims))).status_code == 403


async def test_nobody_hands_in_without_a_token(house: House) -> None:
    answer = await hand_in(house, {})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": "  "}, "text"),
        ({"category": "3201010101900001"}, "category"),
        ({"reporter": {"national_id": "3201019999990001"}}, "reporter.national_id"),
        ({"reporter": {"phone": "none"}}, "reporter.phone"),
        ({"channel": "lapor"}, "channel"),
        ({"place": {"latitude": 123456.5, "longitude": 1}}, "place.latitude"),
    ],
)
async def test_a_wrong_field_is_named_and_never_repeated(house: House, changes: dict[str, Any], field: str) -> None:
    answer = await hand_in(house, house.as_("reporter"), **changes)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]
    assert not any(told in answer.text for told in ("3201", "123456", "lapor"))


async def test_when_all_connections_are_taken_callers_are_asked_to_come_back(kawal: Kawal, database_url: str) -> None:
    small = await database.connect(database_url, max_size=1)
    async with house_on(kawal, pool=small) as house:
        me, mine = house.as_("reporter"), key()
        async with small.acquire():
            busy = await hand_in(house, me, with_key=mine)
        assert (busy.status_code, busy.headers["Retry-After"]) == (429, "2")
        assert (await hand_in(house, me, with_key=mine)).status_code == 201
        await house.gateway.starting.settle()
    await small.close()


async def test_who_finds_the_door_full_is_sent_away(pool: Pool) -> None:
    door = Door(most_at_once=1, patience=0.05)
    async with door.entered(pool):
        with pytest.raises(ProblemError) as full:
            async with door.entered(pool):
                pytest.fail("two were let in")
    assert full.value.status == 429
    async with door.entered(pool):
        pass  # whoever left made room


async def test_nobody_enters_while_there_is_no_connection_to_be_had(database_url: str) -> None:
    small = await database.connect(database_url, max_size=1)
    door = Door(patience=0.05)
    async with small.acquire():
        with pytest.raises(ProblemError) as busy:
            async with door.entered(small):
                pytest.fail("somebody was let in")
    assert busy.value.status == 429
    async with door.entered(small):
        pass
    await small.close()


async def test_what_times_out_inside_by_itself_is_not_called_busy(pool: Pool) -> None:
    with pytest.raises(TimeoutError):
        async with Door().entered(pool):
            raise TimeoutError
