"""What Temporal stores is sealed where that is wanted, opened for auditors, and replayed while keys are kept."""

import base64
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any, NoReturn
from uuid import uuid4

import pytest
from google.protobuf.message import Message
from temporalio import workflow
from temporalio.api.common.v1 import Payload, SearchAttributes
from temporalio.api.enums.v1 import EventType
from temporalio.api.failure.v1 import Failure
from temporalio.client import Client, WorkflowFailureError, WorkflowHistory
from temporalio.exceptions import ApplicationError
from temporalio.testing import TimeSkipper, TimeSkippingConfig
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

import worker
from audit.replay import Verdict, of_case, replay
from local.temporal import TemporalDevServer
from privacy.ring import new_ring, with_new_key
from runtime import settings, temporal
from runtime.codec import ENCODING, PayloadKeyError, SealedPayloads
from runtime.gateway import GatewaySettings
from runtime.temporal import SealedFailures
from schemas.access import CallerRole
from storage import database
from tests import making
from tests.api.house import House, house_on
from tests.api.roles import anybody
from tests.audit.test_replay import STORED, each, stored
from tests.kawal import Kawal

_MARKER = EventType.EVENT_TYPE_MARKER_RECORDED
PAGES = "https://temporal.example"


@pytest.fixture
def sealing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KAWAL_SEAL_PAYLOADS", "1")


@pytest.fixture
async def sealed(
    sealing: None, client: Client, temporal_server: TemporalDevServer, pool: database.Pool
) -> AsyncIterator[Kawal]:
    """Everything together, with payloads sealed and a worker of its own; search attributes are those of `client`."""
    seals = await temporal.connect(temporal_server.address)
    queue = f"sealed-{uuid4()}"
    skipper = TimeSkipper(seals, config=TimeSkippingConfig(enabled=False))
    async with worker.build(seals, pool, task_queue=queue):
        yield Kawal(seals, skipper, pool, task_queue=queue)


async def lived(kawal: Kawal) -> str:
    """Return a case that was breached once and then answered."""
    case_id = f"sealed-{uuid4()}"
    handle = await kawal.open(case_id=case_id)
    await kawal.pass_time(handle, timedelta(days=11))
    await kawal.starter.send(case_id, making.message("respond", "sealed-answer"), text="Filled, says Budi.")
    return case_id


async def verdicts(histories: AsyncIterator[WorkflowHistory]) -> list[Verdict]:
    return [verdict async for verdict in replay(histories)]


def payloads_in(message: Message) -> Iterator[Payload]:
    """Yield every payload of a message; search attributes are there to be searched, and never sealed."""
    if isinstance(message, Payload):
        yield message
    elif not isinstance(message, SearchAttributes):
        for field, value in message.ListFields():
            if field.type == field.TYPE_MESSAGE:
                yield from _inside(value)


def _inside(value: Any) -> Iterator[Payload]:
    if isinstance(value, Message):
        yield from payloads_in(value)
        return
    for part in value.values() if hasattr(value, "values") else value:
        if isinstance(part, Message):
            yield from payloads_in(part)


async def test_nobody_reads_a_case_in_its_history(sealed: Kawal) -> None:
    """In markers, Temporal's core notes by itself, in clear, when an activity ran: nothing of the case."""
    history = await sealed.client.get_workflow_handle(await lived(sealed)).fetch_history()
    found = [(event, payload) for event in history.events for payload in payloads_in(event)]
    assert len(found) > 10
    for event, payload in found:
        sealed_or_noted = payload.metadata["encoding"] == ENCODING or event.event_type == _MARKER
        assert sealed_or_noted, event
        for code in (b"ROADS", b"road", b"north", b"operator", b"respond"):
            assert code not in payload.SerializeToString(), event


async def test_a_sealed_history_holds(sealed: Kawal) -> None:
    found = await verdicts(of_case(sealed.client, await lived(sealed)))
    assert [verdict.holds for verdict in found] == [True], found


async def test_without_its_key_a_history_does_not_hold_and_says_why(
    sealed: Kawal, monkeypatch: pytest.MonkeyPatch
) -> None:
    case_id = await lived(sealed)
    monkeypatch.setenv("KAWAL_KEYS", new_ring("another").written())
    [verdict] = await verdicts(of_case(sealed.client, case_id))
    assert not verdict.holds
    assert verdict.parts_at is not None
    assert "KAWAL_KEYS: lacks the key of-the-tests" in verdict.parts_at


async def test_a_history_holds_after_keys_were_exchanged(sealed: Kawal, monkeypatch: pytest.MonkeyPatch) -> None:
    case_id = await lived(sealed)
    monkeypatch.setenv("KAWAL_KEYS", with_new_key(settings.key_ring(), "newer").written())
    [verdict] = await verdicts(of_case(sealed.client, case_id))
    assert verdict.holds, verdict.parts_at
    [payload] = await _codec().encode([Payload(data=b"x")])
    assert payload.metadata["kawal-key"] == b"newer"


async def test_histories_in_clear_hold_where_payloads_are_sealed(sealing: None) -> None:
    histories = [stored(path) for path in STORED if path.stem in ("answered_in_time", "register")]
    assert all(verdict.holds for verdict in await verdicts(each(*histories)))


@workflow.defn(name="BreaksOverACase")
class BreaksOverACase:
    @workflow.run
    async def run(self, agency: str) -> NoReturn:
        raise ApplicationError(f"{agency} is late", agency) from ValueError(f"says {agency}")


async def test_failures_are_sealed_with_their_causes_and_tell_of_no_files(sealed: Kawal) -> None:
    queue = f"breaks-{uuid4()}"
    started = await sealed.client.start_workflow(BreaksOverACase.run, "ROADS", id=queue, task_queue=queue)
    runner = UnsandboxedWorkflowRunner()
    async with Worker(sealed.client, task_queue=queue, workflows=[BreaksOverACase], workflow_runner=runner):
        with pytest.raises(WorkflowFailureError) as raised:
            await started.result()
    assert str(raised.value.cause) == "ROADS is late"
    history = await started.fetch_history()
    ended = history.events[-1].workflow_execution_failed_event_attributes.failure
    assert (ended.message, ended.cause.message) == ("Encoded failure", "Encoded failure")
    assert not ended.stack_trace
    assert not ended.cause.stack_trace
    assert b"ROADS" not in ended.SerializeToString()
    opened = await _opened(ended)
    assert b"ROADS is late" in opened.SerializeToString()
    assert b"says ROADS" in opened.SerializeToString()
    assert b".py" not in opened.SerializeToString()


def test_a_cause_that_came_in_clear_is_sealed_with_the_failure_that_it_led_to() -> None:
    came = Failure(message="outer", cause=Failure(message="ROADS is late"))
    came.application_failure_info.type, came.cause.application_failure_info.type = "Outer", "Late"
    converter, values = SealedFailures(), temporal.DATA_CONVERTER.payload_converter
    goes = Failure()
    converter.to_failure(converter.from_failure(came, values), values, goes)
    assert (goes.message, goes.cause.message) == ("Encoded failure", "Encoded failure")
    assert b"ROADS is late" in goes.cause.encoded_attributes.data


async def _opened(failure: Failure) -> Failure:
    opened = Failure()
    opened.CopyFrom(failure)
    await _codec().decode_failure(opened)
    return opened


def _codec() -> SealedPayloads:
    return SealedPayloads(settings.key_ring().derived("payloads"), seals=True, strict=True)


async def test_a_payload_that_was_changed_is_not_opened() -> None:
    [payload] = await _codec().encode([Payload(data=b"x" * 40)])
    for changed in (payload.data[:-1], b"", payload.data[:5], payload.data[:20] + b"\0" + payload.data[21:]):
        tampered = Payload(metadata=payload.metadata, data=changed)
        with pytest.raises(PayloadKeyError, match="is not what was sealed under the key of-the-tests"):
            await _codec().decode([tampered])


@pytest.fixture
async def house(sealed: Kawal) -> AsyncIterator[House]:
    async with house_on(sealed, behaviour=GatewaySettings(codec_origins=(PAGES,))) as house:
        yield house


def as_pages_send(*payloads: Payload) -> dict[str, Any]:
    return {
        "payloads": [
            {
                "metadata": {name: base64.b64encode(value).decode() for name, value in payload.metadata.items()},
                "data": base64.b64encode(payload.data).decode(),
            }
            for payload in payloads
        ]
    }


async def test_auditors_have_payloads_opened(house: House) -> None:
    clear = Payload(metadata={"encoding": b"json/plain"}, data=b'"ROADS"')
    [sealed_one] = await _codec().encode([clear])
    answer = await house.http.post("/codec/decode", headers=house.as_("auditor"), json=as_pages_send(sealed_one, clear))
    assert answer.status_code == 200
    assert answer.json() == as_pages_send(clear, clear)


@pytest.mark.parametrize("role", [role for role in CallerRole if role is not CallerRole.AUDITOR])
async def test_nobody_else_has_payloads_opened(house: House, role: CallerRole) -> None:
    answer = await house.http.post("/codec/decode", headers=anybody(house, role), json={"payloads": []})
    assert answer.status_code == 403


async def test_whoever_says_nothing_has_no_payload_opened(house: House) -> None:
    assert (await house.http.post("/codec/decode", json={"payloads": []})).status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {"payloads": "none"},
        {"payloads": [1]},
        {"payloads": [{"metadata": {"encoding": 1}}]},
        {"payloads": {"\ud800": 1}},
        {"\ud800": 1},
        {"payloads": [{}] * 1_001},
        [],
        "\ud800",
    ],
)
async def test_what_is_no_payload_is_refused(house: House, body: Any) -> None:
    headers = house.as_("auditor") | {"Content-Type": "application/json"}
    answer = await house.http.post("/codec/decode", headers=headers, content=json.dumps(body))
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_payload_under_a_key_that_is_missing_is_refused_without_repeating_what_was_sent(house: House) -> None:
    for name, says in ((b"retired", "lacks the key retired,"), (b"<script>" * 99, "lacks the key ?, under")):
        forged = Payload(metadata={"encoding": ENCODING, "kawal-key": name}, data=b"x")
        answer = await house.http.post("/codec/decode", headers=house.as_("auditor"), json=as_pages_send(forged))
        assert answer.status_code == 422
        assert says in answer.json()["detail"]
        assert "script" not in answer.text


@pytest.mark.parametrize(("origin", "allowed"), [(PAGES, PAGES), ("https://evil.example", None)])
async def test_pages_of_the_named_origins_alone_may_ask(house: House, origin: str, allowed: str | None) -> None:
    asked = {
        "Origin": origin,
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type,x-namespace",
    }
    before = await house.http.options("/codec/decode", headers=asked)
    said = await house.http.post(
        "/codec/decode", headers={"Origin": origin} | house.as_("auditor"), json={"payloads": []}
    )
    for answer in (before, said):
        assert answer.headers.get("access-control-allow-origin") == allowed
    elsewhere = await house.http.get("/v1/policies", headers={"Origin": PAGES} | house.as_("auditor"))
    assert "access-control-allow-origin" not in elsewhere.headers


async def test_without_named_origins_no_page_may_ask(kawal: Kawal) -> None:
    async with house_on(kawal) as house:
        answer = await house.http.post(
            "/codec/decode", headers={"Origin": PAGES} | house.as_("auditor"), json={"payloads": []}
        )
    assert answer.status_code == 200
    assert "access-control-allow-origin" not in answer.headers
