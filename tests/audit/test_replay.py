"""Stored histories of every version hold with the code of today, and one that does not is found."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from temporalio.client import WorkflowHistory

from audit.replay import Verdict, of_all_cases, of_case, replay
from domain import proposals, working_time
from tests import making
from tests.kawal import Kawal

HISTORIES = Path(__file__).parent.parent / "histories"
STORED = sorted(HISTORIES.glob("*/*.json"))


def stored(path: Path) -> WorkflowHistory:
    """Return a stored history under the id of its workflow: a case may have several, and a register is no case."""
    history = WorkflowHistory.from_json(path.stem, path.read_text(encoding="utf-8"))
    return replace(history, workflow_id=history.events[0].workflow_execution_started_event_attributes.workflow_id)


async def each(*histories: WorkflowHistory) -> AsyncIterator[WorkflowHistory]:
    for history in histories:
        yield history


async def verdicts(histories: AsyncIterator[WorkflowHistory]) -> list[Verdict]:
    return [verdict async for verdict in replay(histories)]


FIRST = {
    "answered_in_time",
    "climbed_to_the_top_and_open",
    "answered_late_but_accepted_in_time",
    "withdrawn_from_triage",
    "withdrawn_late",
    "refused_messages",
    "database_away",
}
WHOLE = FIRST | {
    "asked_and_closed_by_silence",
    "passed_on_rejected_and_appealed",
    "coordinated_reopened_and_rated",
    "paused_extended_and_recalculated",
    "reminded_at_the_top_and_open",
    "held_by_a_deputy",
    "carried_on_in_a_second_history-1",
    "carried_on_in_a_second_history-2",
    "register",
}
SERVICES = {
    "alms-receipts-failure-1": 2,
    "alms-receipts-good-1": 1,
    "food-consignment-failure-1": 1,
    "food-consignment-good-1": 1,
    "local-tax-receipts-failure-1": 0,
    "local-tax-receipts-failure-2": 2,
    "local-tax-receipts-good-1": 1,
    "medicine-failure-1": 2,
    "medicine-failure-2": 1,
    "medicine-good-1": 1,
    "population-documents-failure-1": 1,
    "population-documents-good-1": 1,
    "samsat-papers-failure-1": 1,
    "samsat-papers-failure-2": 2,
    "samsat-papers-good-1": 1,
    "social-aid-cash-failure-1": 1,
    "social-aid-cash-good-1": 1,
    "social-aid-goods-failure-1": 1,
    "social-aid-goods-failure-2": 1,
    "social-aid-goods-good-1": 1,
}
"""Every service both ways, and how many deliveries each took."""
CARRIED = (
    WHOLE
    | {"had_something_carried"}
    | {f"{way}-request" for way in SERVICES}
    | {f"{way}-delivery-{number}" for way, most in SERVICES.items() for number in range(1, most + 1)}
)
RELEASES = {
    "0.1.0": FIRST | {"flooded_with_nonsense"},
    "0.2.0": WHOLE,
    "0.3.0": CARRIED,
    "0.4.0": CARRIED,
}


@pytest.mark.parametrize("release", RELEASES)
def test_every_kind_of_life_is_stored_for_every_release(release: str) -> None:
    assert {path.stem for path in STORED if path.parent.name == release} == RELEASES[release]


@pytest.mark.parametrize("path", STORED, ids=lambda path: f"{path.parent.name}/{path.stem}")
async def test_a_stored_history_holds_with_the_code_of_today(path: Path) -> None:
    [verdict] = await verdicts(each(stored(path)))
    assert verdict.holds, verdict.parts_at


def test_histories_tell_of_no_files() -> None:
    for path in STORED:
        assert "File " not in path.read_text(), path


async def test_a_history_with_another_step_than_the_code_takes_is_found(tmp_path: Path) -> None:
    path = HISTORIES / "0.1.0" / "answered_in_time.json"
    tampered = json.loads(path.read_text())
    for event in tampered["events"]:
        if event["eventType"] == "EVENT_TYPE_TIMER_STARTED":
            event["eventType"] = "EVENT_TYPE_ACTIVITY_TASK_SCHEDULED"
            event["activityTaskScheduledEventAttributes"] = {
                "activityId": "1",
                "activityType": {"name": "commit"},
                "workflowTaskCompletedEventId": event.pop("timerStartedEventAttributes")[
                    "workflowTaskCompletedEventId"
                ],
            }
    good = stored(path)
    bad = WorkflowHistory.from_json(path.stem, json.dumps(tampered))
    first, second = await verdicts(each(good, bad))
    assert first.holds
    assert not second.holds
    assert second.parts_at
    assert "TMPRL1100" in second.parts_at


@pytest.mark.parametrize("sabotage", ["no proposals", "later deadlines"])
async def test_a_closed_history_that_would_be_decided_otherwise_today_is_found(
    monkeypatch: pytest.MonkeyPatch, sabotage: str
) -> None:
    if sabotage == "no proposals":
        monkeypatch.setattr(proposals, "proposed", lambda *_: ())
    else:
        due = working_time.due
        monkeypatch.setattr(
            working_time, "due", lambda calendar, at, length: due(calendar, at + timedelta(days=400), length)
        )
    [verdict] = await verdicts(each(stored(HISTORIES / "0.1.0" / "withdrawn_late.json")))
    assert not verdict.holds
    assert verdict.parts_at
    assert "ledger_head was" in verdict.parts_at


async def test_running_and_ended_cases_are_fetched_and_hold(kawal: Kawal) -> None:
    ended, running = await kawal.open(), await kawal.open()
    await kawal.starter.send(ended.id, making.respond())
    await ended.result()
    [closed] = await verdicts(of_case(kawal.client, ended.id))
    [still_open] = await verdicts(of_case(kawal.client, running.id))
    assert (closed.holds, closed.open) == (True, False)
    assert (still_open.holds, still_open.open) == (True, True)


async def test_all_cases_that_temporal_keeps_are_found(kawal: Kawal) -> None:
    case = await kawal.open()
    await kawal.starter.send(case.id, making.respond())
    await case.result()
    found = [history.workflow_id async for history in of_all_cases(kawal.client)]
    assert case.id in found
