"""A case may live for years and hear thousands of messages: its histories stay short, and nothing is lost between."""

from collections.abc import AsyncIterator

from temporalio.client import WorkflowHistory

from audit.replay import of_case, replay
from schemas.status import Status
from tests import making
from tests.kawal import Kawal
from workflows.complaint import LONGEST_HISTORY, ComplaintWorkflow


async def test_a_case_that_hears_hundreds_of_messages_goes_on_in_new_histories_and_loses_nothing(kawal: Kawal) -> None:
    case = await kawal.open(making.whole_policy(), real_time=True)
    notes = 170
    for number in range(notes):
        await kawal.in_real_time.send(case.id, making.message("note", f"note-{number}"))
    before = await case.query(ComplaintWorkflow.state)
    assert await kawal.in_real_time.send(case.id, making.message("note", "note-0"))  # known from an earlier history
    await kawal.in_real_time.send(case.id, making.message("respond", evidence=("photo-1",)))
    await kawal.in_real_time.send(case.id, making.message("rate", score=5))
    result = await case.result()
    assert (result.status, result.seq) == (Status.CLOSED, before.seq + 3)
    assert (await kawal.kinds(case.id)).count("noted") == notes
    verdicts = [verdict async for verdict in replay(of_case(kawal.client, case.id))]
    assert len(verdicts) > 1
    assert all(verdict.holds for verdict in verdicts), verdicts
    assert all(verdict.events < LONGEST_HISTORY + 50 for verdict in verdicts)
    assert [verdict.open for verdict in verdicts] == [False] * len(verdicts)


async def test_a_state_that_would_be_handed_on_otherwise_today_is_found(kawal: Kawal) -> None:
    case = await kawal.open(making.whole_policy(), real_time=True)
    for number in range(100):
        await kawal.in_real_time.send(case.id, making.message("note", f"note-{number}"))
    histories = [history async for history in of_case(kawal.client, case.id)]
    first = histories[0].events[-1].workflow_execution_continued_as_new_event_attributes
    payload = first.input.payloads[0]
    payload.data = payload.data.replace(b'"round":1', b'"round":2', 1)

    async def tampered() -> AsyncIterator[WorkflowHistory]:
        for history in histories:
            yield history

    verdicts = [verdict async for verdict in replay(tampered())]
    assert not verdicts[0].holds
    assert "round was 2, is 1" in (verdicts[0].parts_at or "")
