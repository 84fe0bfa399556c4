"""A commit outlives the workflow task that made it. When the task is lost, the case adopts what it had committed."""

from datetime import timedelta

from audit.replay import of_case, replay
from domain.lifecycle import MessageReceived, decide_all, evolve_all
from domain.view import view
from schemas.case import CasePlan, CaseStart, CaseState, CommitRequest, CommitResult, Transition
from schemas.messages import Message
from schemas.status import Status
from storage import case_records
from tests import making
from tests.kawal import Handle, Kawal
from tests.workflows.post import deliveries_begun
from workflows.complaint import ComplaintWorkflow


async def commit_as_a_lost_task_would(
    kawal: Kawal, case: Handle, message: Message, plan: CasePlan | None = None
) -> None:
    """Decide about a message on the case's present state and commit it, without the workflow ever hearing of it."""
    state = await state_of(kawal, case, plan or making.plan())
    after, transitions = decide_all(state, [MessageReceived(state.complaint.accepted_at, message)])
    request = CommitRequest(case=view(after), transitions=transitions)
    assert await case_records.commit(kawal.pool, request) == CommitResult()


async def state_of(kawal: Kawal, case: Handle, plan: CasePlan) -> CaseState:
    """Return the case's state as its workflow has it: opened under a plan, and its transitions from the database."""
    history = await case.fetch_history()
    started = history.events[0].workflow_execution_started_event_attributes
    [start] = await kawal.client.data_converter.decode(started.input.payloads, [CaseStart])
    opened = CaseState(complaint=start.complaint, plan=plan)
    rows = await kawal.pool.fetch("select body from timeline where case_id = $1 order by seq", case.id)
    return evolve_all(opened, [Transition.model_validate(row["body"]) for row in rows])


async def test_an_answer_of_a_lost_task_stands_when_the_deadline_passes(kawal: Kawal) -> None:
    case = await kawal.open(making.policy("10 days"))
    await commit_as_a_lost_task_would(kawal, case, making.respond())
    await kawal.skipper.fast_forward(case, timedelta(days=11))
    result = await case.result()
    assert result.status is Status.CLOSED
    assert result.on_time
    assert await kawal.kinds(case.id) == ["received", "assigned", "responded", "closed"]
    assert result.seq == (await kawal.stored(case.id)).seq
    [verdict] = [verdict async for verdict in replay(of_case(kawal.client, case.id))]
    assert verdict.holds


async def test_whoever_repeats_a_message_of_a_lost_task_gets_its_receipt(kawal: Kawal) -> None:
    case = await kawal.open()
    await commit_as_a_lost_task_would(kawal, case, making.respond("answer"))
    receipt = await kawal.starter.send(case.id, making.respond("answer"))
    assert (receipt.seq, receipt.status) == (3, Status.CLOSED)
    assert (await kawal.kinds(case.id)).count("responded") == 1


async def test_another_message_after_a_lost_task_is_decided_on_what_stands(kawal: Kawal) -> None:
    case = await kawal.open()
    await commit_as_a_lost_task_would(kawal, case, making.acknowledge("lost"))
    await kawal.starter.send(case.id, making.respond("answer"))
    await case.result()
    assert await kawal.kinds(case.id) == ["received", "assigned", "acknowledged", "responded", "closed"]
    assert (await case.query(ComplaintWorkflow.state)).seq == 5


async def test_a_delivery_that_a_lost_task_ordered_is_begun_once_the_case_learns_of_it(kawal: Kawal) -> None:
    policy = making.whole_policy()
    case = await kawal.open(policy, real_time=True)
    order = making.message("deliver", service="papers", recipient="recipient-1")
    await commit_as_a_lost_task_would(kawal, case, order, making.plan_of(policy))
    assert await deliveries_begun(kawal, case.id) == []
    await kawal.in_real_time.send(case.id, order)
    assert await deliveries_begun(kawal, case.id) == [f"{case.id}-d1"]
    assert (await kawal.kinds(case.id)).count("delivery ordered") == 1
