from datetime import timedelta

from temporalio import workflow
from temporalio.worker import Worker

from runtime import temporal
from schemas.case import CaseStart
from schemas.complaint import Complaint
from tests.cli.command import Dev, Shell


@workflow.defn(name="Complaint", sandboxed=False)
class AnotherWorkflow:
    """Bears the name of the real one, and decides something else."""

    @workflow.run
    async def run(self, complaint: Complaint) -> str:
        await workflow.sleep(timedelta(milliseconds=1))
        return complaint.case_id


async def test_histories_hold_and_one_that_was_decided_otherwise_does_not(shell: Shell, running: Dev) -> None:
    case = (await shell.document("submit", "--category", "app", "--text", "x"))["case_id"]
    await shell.ok("respond", case, "--text", "y")

    one = await shell.document("audit", "replay", case)
    assert [verdict["case_id"] for verdict in one["cases"]] == [case]
    assert one["holds"] is True
    everything = await shell.ok("audit", "replay", "--all")
    assert case in everything.out
    assert "does not hold" not in everything.out
    assert everything.err == ""

    await _run_another(running, case)
    forged = await shell.run("audit", "replay", "forged")
    assert forged.status == 1
    assert "does not hold  forged" in forged.out
    assert forged.err == ""
    everything_again = await shell.run("audit", "replay", "--all", "--json")
    assert everything_again.status == 1
    assert everything_again.document["holds"] is False
    assert [verdict["case_id"] for verdict in everything_again.document["cases"] if not verdict["holds"]] == ["forged"]


async def _run_another(running: Dev, case_id: str) -> None:
    client = await temporal.connect(running.addresses["temporal"])
    genuine = await client.get_workflow_handle(case_id).fetch_history()
    arguments = genuine.events[0].workflow_execution_started_event_attributes.input.payloads
    complaint = (await client.data_converter.decode(arguments, [CaseStart]))[0].complaint
    async with Worker(client, task_queue="forger", workflows=[AnotherWorkflow]):
        await client.execute_workflow("Complaint", complaint, id="forged", task_queue="forger", result_type=str)
