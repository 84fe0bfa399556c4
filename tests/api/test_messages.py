"""Messages over HTTP: from whoever the token says, taking effect once, on the case as its sender saw it."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
from temporalio.client import Client

from gateway.api import messages
from gateway.api.message_bodies import BODIES
from local.ports import LOOPBACK, free_port
from runtime import temporal
from schemas.complaint import Intake
from schemas.messages import MESSAGES
from storage import case_records, intake, policies, recipients
from tests.api.handing_in import POLICY, Headers, case_of, done, hand_in, operator, say, superior
from tests.api.house import House, house_on, key
from tests.kawal import Kawal


async def test_everything_that_people_send_can_be_sent() -> None:
    assert set(BODIES) == set(MESSAGES) - {"carried"}
    for body in BODIES.values():
        assert not {"message_id", "actor", "accepted_at", "seen"} & set(body.model_fields)


async def test_an_answer_takes_effect_and_its_text_is_kept_apart(house: House) -> None:
    case_id = await case_of(house, house.as_("reporter"))
    answer = await say(
        house, operator(house, id="answers"), case_id, "respond", text="It was filled.", evidence=["photo-1"]
    )
    assert answer.status_code == 200
    receipt = answer.json()
    assert (receipt["case_id"], receipt["seq"], receipt["status"]) == (case_id, 3, "resolved")
    *_, responded = await case_records.timeline(house.pool, case_id)
    assert (responded["kind"], responded["actor"]) == ("responded", "answers")
    assert await intake.texts(house.pool, case_id) == {receipt["message_id"]: "It was filled."}


async def test_the_same_key_again_gives_the_same_receipt_once_and_after_the_end(house: House) -> None:
    me, mine = house.as_("reporter"), key()
    case_id = await case_of(house, me)
    first = await say(house, me, case_id, "withdraw", with_key=mine)
    again = await say(house, me, case_id, "withdraw", with_key=mine)
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()
    assert Counter(await house.kawal.kinds(case_id))["withdrawn"] == 1


async def test_the_same_key_with_something_else_to_say_is_refused_by_the_headers_name(house: House) -> None:
    who, mine = operator(house), key()
    case_id = await case_of(house, house.as_("reporter"))
    await done(house, who, case_id, "note", with_key=mine, text="One.")
    for kind, text in (("note", "Two."), ("acknowledge", "One.")):
        answer = await say(house, who, case_id, kind, with_key=mine, text=text)
        assert answer.status_code == 422
        assert [error["field"] for error in answer.json()["errors"]] == ["Idempotency-Key"]


async def test_the_same_key_of_another_caller_is_another_message(house: House) -> None:
    mine = key()
    case_id = await case_of(house, house.as_("reporter"))
    for _ in range(2):
        await done(house, operator(house), case_id, "note", with_key=mine)
    assert Counter(await house.kawal.kinds(case_id))["noted"] == 2


async def test_a_refused_message_leaves_nothing_and_may_come_again_under_its_key(house: House) -> None:
    me, mine = house.as_("reporter"), key()
    case_id = await case_of(house, me)
    refused = await say(house, me, case_id, "provide", with_key=mine, text="Here.")
    assert refused.status_code == 409
    assert "is assigned: nobody can provide it now" in refused.json()["detail"]
    assert await intake.texts(house.pool, case_id) == {}
    await done(house, operator(house), case_id, "ask")
    await done(house, me, case_id, "provide", with_key=mine, text="Here, then.")
    assert list((await intake.texts(house.pool, case_id)).values()) == ["Here, then."]


async def test_a_refusal_of_a_field_names_it(house: House) -> None:
    case_id = await case_of(house, house.as_("reporter"))
    answer = await say(house, operator(house), case_id, "refer", addressee="NOBODY")
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["addressee"]


@pytest.mark.parametrize(
    "body",
    [
        {"kind": "note", "actor": {"id": "somebody-else"}},
        {"kind": "note", "message_id": "mine"},
        {"kind": "note", "seen": 2},
        {"kind": "note", "text": " "},
        {"kind": "carried", "delivery": "K-1-d1", "outcome": "delivered"},
        {"kind": "rate"},
        {"kind": "rate", "score": 6},
        {},
    ],
)
async def test_a_message_that_cannot_be_read_is_refused(house: House, body: dict[str, object]) -> None:
    case_id = await case_of(house, house.as_("reporter"))
    answer = await house.http.post(f"/v1/cases/{case_id}/messages", headers=operator(house) | key(), json=body)
    assert answer.status_code == 422
    assert "somebody-else" not in answer.text


async def test_a_message_needs_a_key(house: House) -> None:
    answer = await house.http.post("/v1/cases/K-1/messages", headers=operator(house), json={"kind": "note"})
    assert answer.status_code == 400


async def test_who_may_send_what(house: House) -> None:
    me, app = house.as_("reporter", id="speaker"), house.as_("system")
    case_id = await case_of(house, app, reporter={"account": "speaker"})
    at_work, elsewhere = operator(house), operator(house, role="clerk")
    attempts: list[tuple[Headers, str, dict[str, Any], int]] = [
        (me, "note", {}, 403),
        (app, "note", {}, 403),
        (at_work, "withdraw", {}, 403),
        (at_work, "extend", {"by": "1 day", "reason": "flood"}, 403),
        (elsewhere, "note", {}, 403),
        (operator(house, "SCHOOLS"), "note", {}, 403),
        (house.as_("auditor"), "note", {}, 403),
        (house.as_("policy-admin"), "note", {}, 403),
        (house.as_("reporter"), "withdraw", {}, 404),
        (superior(house), "note", {}, 200),
        (app, "withdraw", {}, 200),
    ]
    for who, kind, fields, expected in attempts:
        answer = await say(house, who, case_id, kind, **fields)
        assert answer.status_code == expected, (kind, answer.text)


async def test_a_new_calendar_comes_from_policy_administrators_alone(house: House) -> None:
    case_id = await case_of(house, house.as_("system"))
    calendar = {
        "zone": "UTC",
        "week": POLICY.calendar.week.model_dump(mode="json"),
        "valid_to": "2030-12-31",
        "offsets": [{"since": "2020-01-01T00:00:00Z", "minutes": 0}],
    }
    decree: dict[str, Any] = {"policy_version": "v2", "calendar": calendar, "basis": "Decree 7/2026"}
    for who, expected in ((superior(house), 403), (house.as_("system"), 403)):
        assert (await say(house, who, case_id, "recalculate", **decree)).status_code == expected
    await done(house, house.as_("policy-admin"), case_id, "recalculate", **decree)


async def test_the_sender_is_the_office_that_has_the_case(house: House) -> None:
    case_id = await case_of(house, house.as_("reporter"))
    await done(house, operator(house), case_id, "coordinate", agencies=["ROADS", "SCHOOLS"])
    both = house.as_("operator", agency="SCHOOLS", offices=["clerk@SCHOOLS", "operator@SCHOOLS"])
    await done(house, both, case_id, "respond", text="Our part.")
    *_, line = await case_records.timeline(house.pool, case_id)
    assert (line["kind"], line["detail"]["agency"]) == ("part answered", "SCHOOLS")


async def test_a_message_before_anybody_started_its_case_finds_it(house: House) -> None:
    me = house.as_("reporter", id="in-a-hurry")
    given = Intake(channel="api", category="road", region="north", text="A hole.")
    await policies.publish(house.pool, POLICY)
    complaint = await house.gateway.cases.accept(given, policy_name="api", reported_by="in-a-hurry")
    await done(house, me, complaint.case_id, "withdraw")


async def test_a_decision_about_a_case_that_has_moved_on_is_refused(house: House) -> None:
    case_id = await case_of(house, house.as_("reporter"))
    first, second = operator(house), operator(house)
    mine = key()
    await done(house, first, case_id, "note", seen=2, with_key=mine)
    stale = await say(house, second, case_id, "respond", seen=2, text="Done.")
    assert stale.status_code == 412
    assert [error["field"] for error in stale.json()["errors"]] == ["If-Match"]
    assert await intake.texts(house.pool, case_id) == {}
    again = await say(house, first, case_id, "note", seen=2, with_key=mine)  # which took effect: it is no new decision
    assert (again.status_code, again.json()["seq"]) == (200, 3)
    await done(house, second, case_id, "respond", seen=3, text="Done.")


async def test_of_two_who_decide_at_once_upon_the_same_case_exactly_one_does(house: House) -> None:
    case_id = await case_of(house, house.as_("reporter"))
    one, another = operator(house), operator(house)
    for _ in range(8):
        seen = (await house.kawal.stored(case_id)).seq
        answers = await asyncio.gather(
            *(say(house, who, case_id, "note", seen=seen, text="Mine.") for who in (one, another, one))
        )
        assert sorted(answer.status_code for answer in answers) == [200, 412, 412]
    assert Counter(await house.kawal.kinds(case_id))["noted"] == 8
    assert len(await intake.texts(house.pool, case_id)) == 8


@pytest.mark.parametrize("tag", ["3", 'W/"3"', '"3", "4"', '"three"', ""])
async def test_an_etag_that_is_none_is_refused(house: House, tag: str) -> None:
    case_id = await case_of(house, house.as_("reporter"))
    headers = operator(house) | key() | {"If-Match": tag}
    answer = await house.http.post(f"/v1/cases/{case_id}/messages", headers=headers, json={"kind": "note"})
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == ["If-Match"]


async def test_any_state_of_the_case_will_do_for_a_star(house: House) -> None:
    case_id = await case_of(house, house.as_("reporter"))
    headers = operator(house) | key() | {"If-Match": "*"}
    answer = await house.http.post(f"/v1/cases/{case_id}/messages", headers=headers, json={"kind": "note"})
    assert answer.status_code == 200


@pytest.fixture
async def without_workers(kawal: Kawal, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[House]:
    """A house for whose cases there is no worker, and that waits for none for long."""
    monkeypatch.setattr(messages, "PATIENCE_SECONDS", 0.5)
    idle = Kawal(kawal.client, kawal.skipper, kawal.pool, f"nobody-{key()['Idempotency-Key']}")
    async with house_on(idle) as house:
        yield house


async def test_when_no_worker_answers_the_caller_is_asked_to_repeat(without_workers: House) -> None:
    me = without_workers.as_("reporter")
    case_id = (await hand_in(without_workers, me)).json()["case_id"]
    await without_workers.gateway.starting.settle()
    answer = await say(without_workers, me, case_id, "withdraw")
    assert (answer.status_code, answer.headers["Retry-After"]) == (504, "5")
    await without_workers.kawal.in_real_time.handle(case_id).terminate()


GETS_IT = {"name": "Siti Rahma", "address": "Jalan Mawar 5", "phone": "0812 3456 7890"}


async def test_whoever_gets_something_is_kept_apart_from_the_message_that_orders_it(house: House) -> None:
    case_id = await case_of(house, house.as_("reporter"))
    answer = await say(house, operator(house), case_id, "deliver", service="papers", recipient=GETS_IT)
    assert answer.status_code == 200, answer.text
    *_, ordered = await case_records.timeline(house.pool, case_id)
    kept = await recipients.find(house.pool, ordered["detail"]["recipient"])
    assert kept is not None
    assert (kept.name, kept.phone) == ("Siti Rahma", "+6281234567890")


async def test_nobody_is_kept_when_the_delivery_is_refused(house: House) -> None:
    case_id = await case_of(house, house.as_("reporter"))
    kept = await house.pool.fetchval("select count(*) from recipients")
    answer = await say(house, operator(house), case_id, "deliver", service="cash", recipient=GETS_IT)
    assert answer.status_code == 422
    wrong = GETS_IT | {"phone": "none"}
    answer = await say(house, operator(house), case_id, "deliver", service="papers", recipient=wrong)
    assert [error["field"] for error in answer.json()["errors"]] == ["recipient.phone"]
    assert await house.pool.fetchval("select count(*) from recipients") == kept


@pytest.fixture
async def cut_off(kawal: Kawal) -> AsyncIterator[House]:
    """A house behind which Temporal was never there."""
    nobody = await Client.connect(f"{LOOPBACK}:{free_port()}", lazy=True, data_converter=temporal.DATA_CONVERTER)
    async with house_on(Kawal(nobody, kawal.skipper, kawal.pool, kawal.task_queue)) as house:
        yield house


async def test_while_temporal_was_never_there_the_caller_is_asked_to_come_back(house: House, cut_off: House) -> None:
    account = f"patient-{key()['Idempotency-Key']}"
    routed = await case_of(house, house.as_("reporter", id=account))
    me = cut_off.as_("reporter", id=account)
    waiting = (await hand_in(cut_off, me)).json()["case_id"]
    for case_id in (routed, waiting):
        answer = await say(cut_off, me, case_id, "withdraw")
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5"), answer.text
