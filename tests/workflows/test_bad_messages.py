"""Whatever arrives, the workflow stays healthy, and whoever can hear of an error hears a clear one."""

import asyncio
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from temporalio.api.common.v1 import Payload
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowFailureError, WorkflowUpdateFailedError
from temporalio.common import RawValue
from temporalio.exceptions import ApplicationError

from gateway.refusals import RefusedError
from schemas.messages import MESSAGES, Actor
from schemas.status import Status
from storage import case_records
from tests import making
from tests.kawal import Handle, Kawal

KINDS = ", ".join(MESSAGES)
BAD_SIGNALS: list[tuple[str, list[Any], str]] = [
    ("respond", [{"message_id": "m"}], "actor: is missing"),
    (
        "respond",
        [{"message_id": "m", "actor": {"id": "a"}, "colour": "red"}],
        "colour: is unknown: remove it or correct its name",
    ),
    ("respond", [], "takes one argument, Respond, and got 0"),
    ("respond", ["one", "two"], "takes one argument, Respond, and got 2"),
    ("respond", ["words"], "the whole: Input should be a valid dictionary or instance of Respond"),
    ("respond", [b"\xff\x00"], "the whole: Input should be a valid dictionary or instance of Respond"),
    ("respond", [None], "the whole: Input should be a valid dictionary or instance of Respond"),
    (
        "respond",
        [{"message_id": "m", "actor": {"id": "a"}, "a\x00b": 1}],
        "(a strange name): is unknown: remove it or correct its name",
    ),
    (
        "respond",
        [{"message_id": "m", "actor": {"id": "a"}, "accepted_at": "9999-12-31T23:59:59-07:00"}],
        "accepted_at: lies outside 1971 to 2199: correct the year",
    ),
    ("respnd", [{}], f"no such message; there are {KINDS}"),
    ("respond\x00", [{}], f"no such message; there are {KINDS}"),
]


async def refusals(kawal: Kawal, case: Handle) -> list[dict[str, str]]:
    lines = await case_records.timeline(kawal.pool, case.id)
    return [line["detail"] for line in lines if line["kind"] == "message refused"]


async def test_malformed_signals_are_recorded_with_the_reason_and_the_case_goes_on(kawal: Kawal) -> None:
    case = await kawal.open()
    for name, payloads, _ in BAD_SIGNALS:
        await case.signal(name, args=payloads)
    await kawal.starter.send(case.id, making.acknowledge())
    assert await refusals(kawal, case) == [
        {"message": name.replace("\x00", "?"), "reason": reason} for name, _, reason in BAD_SIGNALS
    ]
    await kawal.starter.send(case.id, making.respond())
    assert (await case.result()).status is Status.CLOSED
    assert await no_task_failed(case)


async def no_task_failed(case: Handle) -> bool:
    failed = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    return all(event.event_type != failed for event in (await case.fetch_history()).events)


async def test_a_payload_in_an_unknown_encoding_is_recorded_too(kawal: Kawal) -> None:
    case = await kawal.open()
    payload = Payload(metadata={"encoding": b"binary/encrypted"}, data=b"?")
    await case.signal("respond", RawValue(payload))
    await kawal.starter.send(case.id, making.acknowledge())
    assert await refusals(kawal, case) == [{"message": "respond", "reason": "its payload cannot be read as JSON"}]


async def test_a_well_formed_signal_that_the_case_refuses_is_recorded_with_the_reason(kawal: Kawal) -> None:
    case = await kawal.open()
    await case.signal("respond", making.respond(agency="SCHOOLS"))
    await kawal.starter.send(case.id, making.acknowledge())
    [detail] = await refusals(kawal, case)
    assert detail["reason"].startswith("actor.agency:")


async def test_signals_do_the_same_as_updates(kawal: Kawal) -> None:
    case = await kawal.open()
    await case.signal("acknowledge", making.acknowledge())
    await case.signal("respond", making.respond())
    assert (await case.result()).status is Status.CLOSED
    assert await kawal.kinds(case.id) == ["received", "assigned", "acknowledged", "responded", "closed"]


async def rejected(case: Handle, name: str, *arguments: Any) -> str:
    with pytest.raises(WorkflowUpdateFailedError) as caught:
        await case.execute_update(name, args=arguments)
    assert isinstance(caught.value.cause, ApplicationError)
    return str(caught.value.cause)


async def test_a_malformed_update_is_rejected_by_field_leaves_no_event_and_repeats_no_value(kawal: Kawal) -> None:
    case = await kawal.open()
    events = len((await case.fetch_history()).events)
    error = await rejected(case, "respond", {"message_id": "m", "actor": {"id": "budi@example.org"}})
    assert "actor.id" in error
    assert "budi" not in error
    assert f"no such message; there are {KINDS}" in await rejected(case, "respnd", {})
    assert "takes one argument, Respond, and got 0" in await rejected(case, "respond")
    description = await case.describe()
    assert description.history_length <= events + 1  # the task of a query or rejected update may be under way


@pytest.mark.parametrize(
    "account", ["1871010101900001", "operator-081234567890", "0812-3456-7890", "budi@example.org", "Budi Santoso"]
)
def test_an_actor_that_looks_like_a_personal_number_or_an_address_is_refused_without_repeating_it(account: str) -> None:
    with pytest.raises(ValueError, match=r"id\n") as caught:
        Actor(id=account)
    assert account not in str(caught.value)


@given(st.uuids())
def test_every_uuid_is_an_account(account: UUID) -> None:
    assert Actor(id=str(account)).id == str(account)


async def test_a_signal_with_a_megabyte_of_nonsense_leaves_one_short_line(kawal: Kawal) -> None:
    case = await kawal.open()
    await case.signal("respond", {f"field_{n}": 1 for n in range(50_000)})
    await kawal.starter.send(case.id, making.respond())
    [detail] = await refusals(kawal, case)
    assert len(detail["reason"]) <= 500


async def test_two_answers_in_one_breath_close_the_case_once_and_the_second_sender_hears_why(kawal: Kawal) -> None:
    case = await kawal.open()

    outcomes = await asyncio.gather(
        *(kawal.starter.send(case.id, making.respond(f"answer-{n}")) for n in range(6)), return_exceptions=True
    )
    refused = [str(outcome) for outcome in outcomes if isinstance(outcome, Exception)]
    assert len(refused) == 5
    assert all(f"case {case.id} is closed" in reason for reason in refused)
    assert (await kawal.kinds(case.id)).count("responded") == 1


async def test_a_refused_message_may_be_sent_again_under_its_id_once_it_is_right(kawal: Kawal) -> None:
    case = await kawal.open()
    with pytest.raises(RefusedError, match=r"actor\.agency"):
        await kawal.starter.send(case.id, making.respond("answer", agency="SCHOOLS"))
    receipt = await kawal.starter.send(case.id, making.respond("answer", agency="ROADS"))
    assert receipt.status == Status.CLOSED


async def test_an_answer_under_the_id_of_an_acknowledgement_is_refused_and_not_taken_for_it(kawal: Kawal) -> None:
    case = await kawal.open()
    await kawal.starter.send(case.id, making.acknowledge("lapor-55"))
    with pytest.raises(RefusedError, match="message_id: lapor-55 was that of an earlier acknowledge"):
        await kawal.starter.send(case.id, making.respond("lapor-55"))
    assert (await kawal.starter.send(case.id, making.respond("lapor-55-answer"))).status == Status.CLOSED


async def test_a_start_under_another_id_than_the_cases_fails_at_once(kawal: Kawal) -> None:
    complaint = kawal.complaint(making.policy())
    handle = await kawal.client.start_workflow("Complaint", complaint, id=kawal.new_id(), task_queue=kawal.task_queue)
    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()
    assert f"case_id: {complaint.case_id} is not the id of its workflow" in str(caught.value.cause)


async def test_a_cancellation_from_outside_does_not_end_a_case(kawal: Kawal) -> None:
    case = await kawal.open()
    await case.cancel()
    await kawal.starter.send(case.id, making.acknowledge())
    await kawal.starter.send(case.id, making.respond())
    assert (await case.result()).status is Status.CLOSED
    assert await no_task_failed(case)


async def test_a_message_to_a_case_whose_workflow_was_terminated_says_whom_to_ask(kawal: Kawal) -> None:
    case = await kawal.open()
    await case.terminate()
    with pytest.raises(RefusedError, match="its workflow is gone: tell those who run Temporal"):
        await kawal.starter.send(case.id, making.respond())


async def test_a_start_with_malformed_input_fails_at_once_naming_the_fields_and_no_value(kawal: Kawal) -> None:
    start = {"case_id": kawal.new_id(), "reporter": "Budi Santoso", "channel": "counter"}
    handle = await kawal.client.start_workflow("Complaint", start, id=kawal.new_id(), task_queue=kawal.task_queue)
    with pytest.raises(WorkflowFailureError) as caught:
        await handle.result()
    error = str(caught.value.cause)
    assert "category\n  Field required" in error
    assert "reporter\n  Extra inputs are not permitted" in error
    assert "Budi" not in error
