"""An agency's register through the real workflow, on a real server and database."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import (
    Client,
    Interceptor,
    OutboundInterceptor,
    StartWorkflowInput,
    WorkflowFailureError,
    WorkflowHandle,
)
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer

from domain.periods import month_ends, month_of
from domain.register_chain import broken_at
from domain.register_state import effects, evolve_all, governed
from domain.scorecard import GRACE, ItemReceived, decide_all
from gateway.refusals import NotFoundError, RefusedError
from gateway.scorecards import Scorecards
from runtime import temporal
from schemas.messages import Actor, Role
from schemas.policy import Policy
from schemas.scorecard import (
    LedgerItem,
    Outcome,
    RegisterCommit,
    RegisterCommitResult,
    RegisterEntry,
    RegisterKind,
    Scorecard,
    ScorecardStart,
)
from storage import intake, policies, scorecard_feed, scorecards
from tests import making, registers
from tests.kawal import Kawal
from tests.registers import decision, late_again, low_share, objection
from workflows.scorecard import ScorecardWorkflow, workflow_id

DAY = timedelta(days=1)


@dataclass
class Register:
    """One agency's register as tests drive it: cases tell it of things that never happened."""

    kawal: Kawal
    policy: Policy
    agency: str
    scorecards: Scorecards

    @property
    def operator(self) -> str:
        return f"operator@{self.agency}"

    @property
    def division(self) -> str:
        return f"head-of-division@{self.agency}"

    @property
    def handle(self) -> WorkflowHandle[ScorecardWorkflow, None]:
        return self.scorecards.handle(self.agency)

    def late(self, case_id: str, *, at: datetime, number: int = 1) -> Any:
        return registers.entry(
            f"{self.agency}-{case_id}",
            number,
            at=at,
            agency=self.agency,
            subject=self.operator,
            deciders=(self.division,),
        )

    async def enqueue(self, *entries: Any, **answer: Any) -> None:
        """Queue what one case commits."""
        case_id = entries[0].case_id if entries else answer.pop("case_id")
        request = registers.committed(self.policy, self.agency, *entries, case_id=case_id, **answer)
        async with self.kawal.pool.acquire() as connection, connection.transaction():
            await scorecard_feed.enqueue(connection, request)

    async def entries(self) -> list[RegisterEntry]:
        return await self.scorecards.list(agency=self.agency)

    async def kinds(self) -> list[str]:
        return [str(entry.kind) for entry in await self.entries()]

    async def has(self, number: int) -> list[RegisterEntry]:
        """Wait until the register has so many entries, and check that it is sound."""
        await self.until(lambda: self._has(number))
        entries = await self.entries()
        assert broken_at(entries) is None
        await self.adds_up(entries)
        return entries

    async def _has(self, number: int) -> bool:
        return len(await self.entries()) >= number

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> None:
        """Look again whenever something has happened in the workflow's history."""
        async with asyncio.timeout(60):
            while not await condition():
                async for _ in self.handle.fetch_history_events(wait_new_event=True):
                    if await condition():
                        return

    async def adds_up(self, entries: list[RegisterEntry]) -> None:
        scores = (await self.scorecards.points(agency=self.agency)).get(self.agency, ())
        assert sum(score.points for score in scores) == sum(entry.points for entry in entries)

    def acting(self, office: str, *, account: str = "superior-2", role: Role = Role.SUPERIOR) -> Actor:
        return Actor(id=account, role=role, office=office, agency=office.rpartition("@")[2])

    def objection(self, number: int, message_id: str = "objection-1", **changes: Any) -> Any:
        actor = self.acting(self.operator, account="operator-7", role=Role.OPERATOR)
        return objection(number, message_id=message_id, **({"actor": actor} | changes))

    def decision(self, number: int, outcome: Outcome = Outcome.ANNULLED, **changes: Any) -> Any:
        return decision(number, outcome, **({"actor": self.acting(self.division)} | changes))


Making = Callable[..., Awaitable[Register]]


@pytest.fixture
async def new_register(kawal: Kawal) -> Making:
    """Makes a register of an agency that no other test knows, under rules of its own."""

    async def make(*rules: Any, virtual: bool = False, **changes: Any) -> Register:
        agency = f"AGENCY-OF-{kawal.new_id()}"
        policy = registers.policy(agency, *rules, **changes)
        await policies.publish(kawal.pool, policy)
        client = kawal.skipper.client if virtual else kawal.client
        return Register(kawal, policy, agency, Scorecards(client, kawal.pool, kawal.task_queue))

    return make


def now() -> datetime:
    return datetime.now(UTC)


async def test_an_operator_who_is_late_in_two_cases_is_proposed_for_it_once(new_register: Making) -> None:
    register = await new_register(late_again())
    await register.enqueue(register.late("1", at=now() - 20 * DAY))
    await register.scorecards.deliver()
    await register.enqueue(register.late("2", at=now() - DAY))
    assert await register.scorecards.deliver() >= 1
    entries = await register.has(3)
    assert [entry.kind for entry in entries] == ["received", "received", "proposed"]
    assert (entries[2].subject, entries[2].grounds) == (register.operator, (1, 2))
    assert entries[0].case_hash == register.late("1", at=entries[0].at).hash
    view = await register.handle.query(ScorecardWorkflow.state)
    assert (view.length, view.head, view.standing) == (3, entries[-1].hash, 3)


async def test_twenty_cases_late_at_once_lead_to_nineteen_repeats_under_two_deliverers(new_register: Making) -> None:
    register = await new_register(late_again())
    moment = now() - DAY
    cases = [register.late(str(n), at=moment + timedelta(milliseconds=n)) for n in range(20)]
    await asyncio.gather(*(register.enqueue(entry) for entry in cases), *(deliver_twice(register) for _ in range(5)))
    await deliver_twice(register)
    await register.has(39)
    entries = await register.has(39)
    assert sorted(str(entry.kind) for entry in entries) == ["proposed"] * 19 + ["received"] * 20
    assert len({entry.offence for entry in entries if entry.kind is RegisterKind.PROPOSED}) == 19
    assert await scorecard_feed.waiting(register.kawal.pool) == []


async def deliver_twice(register: Register) -> None:
    await asyncio.gather(*(register.scorecards.deliver() for _ in range(2)))


async def test_a_signal_whose_mark_was_lost_is_sent_again_and_changes_nothing(
    new_register: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    register = await new_register(late_again())
    await register.enqueue(register.late("1", at=now()), register.late("1", at=now(), number=2), answered_at=now())

    class DiedError(Exception):
        pass

    async def die(*_: object) -> None:
        raise DiedError

    with monkeypatch.context() as patch:
        patch.setattr(scorecard_feed, "mark_delivered", die)
        for _ in range(2):
            with pytest.raises(DiedError):
                await register.scorecards.deliver()
    await register.has(3)
    assert await register.scorecards.deliver() >= 3
    await register.enqueue(register.late("2", at=now()))
    await register.scorecards.deliver()
    await register.has(5)
    assert await register.kinds() == ["received", "received", "answered", "received", "proposed"]


async def test_an_annulled_offence_takes_back_the_repeat(new_register: Making) -> None:
    register = await new_register(late_again())
    proposal = register.late("1", at=now())
    await register.enqueue(proposal)
    await register.enqueue(register.late("2", at=now()))
    item = LedgerItem(policy_version="any", opened_at=now(), entry=proposal)
    await register.enqueue(registers.taken_back(item).entry)
    await register.scorecards.deliver()
    entries = await register.has(5)
    assert [entry.kind for entry in entries] == ["received", "received", "proposed", "annulled", "annulled"]
    assert [entry.refers_to for entry in entries[3:]] == [1, 3]
    assert (await register.scorecards.points(agency=register.agency))[register.agency][0].points == 3


async def test_an_objection_within_the_window_is_decided_by_a_superior(new_register: Making) -> None:
    register = await new_register()
    await register.enqueue(register.late("1", at=now() - 13 * DAY))
    await register.scorecards.deliver()
    await register.has(1)
    first = await register.scorecards.send(register.agency, register.objection(1), text="Saya sakit waktu itu.")
    again = await register.scorecards.send(register.agency, register.objection(1), text="Saya sakit waktu itu.")
    assert first == again
    assert (await register.handle.query(ScorecardWorkflow.state)).objected == (1,)
    await register.scorecards.send(register.agency, register.decision(1))
    assert await register.kinds() == ["received", "objected", "annulled"]
    await register.has(3)
    texts = await intake.texts(register.kawal.pool, workflow_id(register.agency))
    assert texts == {"objection-1": "Saya sakit waktu itu."}


async def test_an_objection_after_the_window_is_refused_unless_it_was_accepted_within(new_register: Making) -> None:
    register = await new_register()
    await register.enqueue(register.late("1", at=now() - 15 * DAY))
    await register.scorecards.deliver()
    await register.has(1)
    with pytest.raises(RefusedError, match="accepted_at: proposal 1 could be objected to until"):
        await register.scorecards.send(register.agency, register.objection(1), text="Terlambat.")
    assert not await register.kawal.pool.fetchval(
        "select exists (select from message_texts where case_id = $1)", workflow_id(register.agency)
    )
    await register.scorecards.send(register.agency, register.objection(1, accepted_at=now() - 2 * DAY))
    assert await register.kinds() == ["received", "objected"]


async def test_the_accused_the_objector_and_those_who_are_no_superiors_decide_nothing(new_register: Making) -> None:
    register = await new_register()
    await register.enqueue(register.late("1", at=now()))
    await register.scorecards.deliver()
    await register.has(1)
    await register.scorecards.send(register.agency, register.objection(1))
    wrong = {
        "actor.office": register.acting(register.operator),
        "actor.id": register.acting(register.division, account="operator-7"),
        "actor.role": register.acting(register.division, role=Role.OPERATOR),
    }
    for field, actor in wrong.items():
        with pytest.raises(RefusedError, match=field):
            await register.scorecards.send(register.agency, register.decision(1, Outcome.UPHELD, actor=actor))
    assert await register.kinds() == ["received", "objected"]
    await register.scorecards.send(register.agency, register.decision(1, Outcome.UPHELD))
    assert await register.kinds() == ["received", "objected", "upheld"]


async def test_signals_do_the_same_as_updates_and_whatever_else_comes_is_counted(new_register: Making) -> None:
    register = await new_register()
    await register.enqueue(register.late("1", at=now()))
    await register.scorecards.deliver()
    await register.has(1)
    nonsense: list[tuple[str, list[Any]]] = [
        ("deliver", []),
        ("deliver", [{"items": []}]),
        ("deliver", [{"items": [{"kind": "ledger"}]}]),
        ("deliver", [b"\xff\x00"]),
        ("object", ["one", "two"]),
        ("nobody\x00knows", [{}]),
        ("object", [register.objection(77)]),
    ]
    for name, arguments in nonsense:
        await register.handle.signal(name, args=arguments)
    await register.handle.signal("object", register.objection(1))
    await register.has(2)
    assert await register.kinds() == ["received", "objected"]
    assert (await register.handle.query(ScorecardWorkflow.state)).ignored == len(nonsense)
    assert await no_task_failed(register)


async def no_task_failed(register: Register) -> bool:
    failed = EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED
    return all(event.event_type != failed for event in (await register.handle.fetch_history()).events)


async def test_nobody_can_send_anything_to_a_register_that_is_not_there(kawal: Kawal) -> None:
    registry = Scorecards(kawal.client, kawal.pool, kawal.task_queue)
    for text in (None, "Saya keberatan."):
        with pytest.raises(NotFoundError, match="agency: NOBODY has no register"):
            await registry.send("NOBODY", objection(1), text=text)


async def test_a_register_cannot_be_that_of_another_agency(client: Client, kawal: Kawal) -> None:
    handle = await client.start_workflow(
        ScorecardWorkflow.run, ScorecardStart(agency="ROADS"), id="scorecard-OTHER", task_queue=kawal.task_queue
    )
    with pytest.raises(WorkflowFailureError) as failure:
        await handle.result()
    assert "agency: ROADS" in str(failure.value.cause)


async def test_a_cancellation_ends_no_register(new_register: Making) -> None:
    register = await new_register()
    await register.enqueue(register.late("1", at=now()))
    await register.scorecards.deliver()
    await register.has(1)
    await register.handle.cancel()
    await register.scorecards.send(register.agency, register.objection(1))
    assert await register.kinds() == ["received", "objected"]


async def test_a_month_with_too_few_answers_in_time_is_proposed_for_when_it_has_ended(new_register: Making) -> None:
    register = await new_register(low_share(0.8, at_least=5), virtual=True)
    for n in range(6):
        await register.enqueue(case_id=f"{register.agency}-{n}", answered_at=now(), on_time=n < 2)
    await register.scorecards.deliver()
    await register.has(6)
    month = month_of(now().date())
    left = month_ends(making.calendar(), month) + GRACE - now()
    await register.kawal.skipper.fast_forward(register.handle, left + timedelta(minutes=1))
    entries = await register.has(8)
    assert [(e.kind, e.subject, e.month, e.month_on_time) for e in entries[6:]] == [
        ("month closed", None, month, 2),
        ("proposed", register.agency, month, 2),
    ]
    await register.enqueue(case_id=f"{register.agency}-late", answered_at=now(), on_time=True)
    await register.scorecards.deliver()
    await register.has(9)
    [figures] = await scorecards.months(register.kawal.pool, register.agency)
    assert (figures.month, figures.answered, figures.on_time, figures.came_late) == (month, 6, 2, 1)
    inspector = register.acting("inspector@INSPECTORATE")
    await register.scorecards.send(register.agency, register.decision(8, actor=inspector))


async def test_a_register_goes_on_in_new_histories_and_loses_nothing(new_register: Making) -> None:
    register = await new_register(late_again(3, "300 days"))
    await register.enqueue(register.late("0", at=now() - 3 * DAY))
    await register.scorecards.deliver()
    first_run = (await register.handle.describe()).run_id
    sent = 1
    while (await register.handle.describe()).run_id == first_run:
        await register.enqueue(register.late(str(sent), at=now() - 2 * DAY))
        await register.scorecards.deliver()
        sent += 1
        await register.has(sent + max(0, sent - 2))
    objected = await asyncio.gather(
        *(register.scorecards.send(register.agency, register.objection(n, f"objection-{n}")) for n in (1, 2, 4))
    )
    assert len({receipt.entry for receipt in objected}) == 3
    await register.enqueue(register.late("0", at=now() - 3 * DAY), register.late("last", at=now()))
    await register.scorecards.deliver()
    entries = await register.has(2 * sent - 2 + 3 + 2)
    assert len(entries) == 2 * sent - 2 + 3 + 2
    first_history = await register.kawal.client.get_workflow_handle(
        register.handle.id, run_id=first_run
    ).fetch_history()
    assert 500 < len(first_history.events) < 600
    replayer = Replayer(
        workflows=[ScorecardWorkflow],
        data_converter=temporal.DATA_CONVERTER,
        workflow_runner=temporal.workflow_runner(),
    )
    for history in (first_history, await register.handle.fetch_history()):
        await replayer.replay_workflow(history)


async def test_what_a_lost_task_committed_stands(new_register: Making) -> None:
    register = await new_register(late_again())
    await register.enqueue(register.late("1", at=now()))
    await register.scorecards.deliver()
    await register.has(1)
    lost = register.late("2", at=now() - DAY)
    await commit_as_a_lost_task_would(
        register, LedgerItem(policy_version="x", opened_at=now(), late=lost.subject, entry=lost)
    )
    await register.enqueue(register.late("3", at=now()))
    await register.scorecards.deliver()
    entries = await register.has(5)
    assert [e.case_id for e in entries if e.case_id] == [f"{register.agency}-{n}" for n in (1, 2, 3)]
    await register.enqueue(lost)
    await register.scorecards.deliver()
    await register.scorecards.send(register.agency, register.objection(1))
    assert len(await register.has(6)) == 6


async def commit_as_a_lost_task_would(register: Register, item: LedgerItem) -> None:
    rules = registers.rules(late_again())
    card = governed(Scorecard(agency=register.agency), rules, now())
    told = [ItemReceived(now(), i) for i in (await delivered_items(register), item)]
    card, first = decide_all(card, told[:1])
    _, entries = decide_all(card, told[1:])
    assert first == tuple(await register.entries())
    scores, months = effects(card, entries)
    request = RegisterCommit(agency=register.agency, entries=entries, scores=scores, months=months)
    assert await scorecards.commit(register.kawal.pool, request) == RegisterCommitResult()


async def delivered_items(register: Register) -> LedgerItem:
    body = await register.kawal.pool.fetchval("select body from scorecard_feed where agency = $1", register.agency)
    return LedgerItem.model_validate(body)


async def test_a_register_that_was_terminated_begins_again_from_what_is_committed(new_register: Making) -> None:
    register = await new_register(late_again())
    items = [register.late(str(n), at=now()) for n in range(3)]
    for item in items:
        await register.enqueue(item)
    await register.scorecards.deliver()
    before = await register.has(5)
    await register.handle.terminate()
    await register.enqueue(register.late("new", at=now()))
    await register.scorecards.deliver()
    entries = await register.has(7)
    assert entries[:5] == before
    assert [entry.kind for entry in entries[5:]] == ["received", "proposed"]
    view = await register.handle.query(ScorecardWorkflow.state)
    assert (view.length, view.standing) == (7, 7)


async def test_messages_that_arrive_while_a_history_ends_take_effect_once_each(new_register: Making) -> None:
    register = await new_register()
    number = 200
    for n in range(number):
        await register.enqueue(register.late(str(n), at=now()))
    await register.scorecards.deliver()
    await register.has(number)
    first_run = (await register.handle.describe()).run_id

    async def object_to(n: int) -> int:
        receipt = await register.scorecards.send(register.agency, register.objection(n, f"objection-{n}"))
        return receipt.entry

    async def object_to_some(first: int) -> list[int]:
        return [await object_to(n) for n in range(first, number + 1, 2)]

    receipts = await asyncio.gather(*(object_to_some(first) for first in (1, 2)))
    assert (await register.handle.describe()).run_id != first_run
    assert sorted(n for some in receipts for n in some) == list(range(number + 1, 2 * number + 1))
    assert len(await register.has(2 * number)) == 2 * number


async def test_an_agency_that_cannot_be_reached_keeps_no_other_from_hearing(new_register: Making, kawal: Kawal) -> None:
    first, second = await new_register(), await new_register()
    for register in (first, second):
        await register.enqueue(register.late("1", at=now()))
    config = kawal.client.config()
    config["interceptors"] = [Unreachable(workflow_id(first.agency))]
    flaky = Scorecards(Client(**config), kawal.pool, kawal.task_queue)
    with pytest.raises(RPCError):
        await flaky.deliver()
    await second.has(1)
    assert await scorecard_feed.waiting(kawal.pool) == [first.agency]
    await first.scorecards.deliver()
    await first.has(1)


class Unreachable(Interceptor):
    """Keeps everybody from starting one workflow."""

    def __init__(self, id: str) -> None:  # noqa: A002
        self._id = id

    def intercept_client(self, next: OutboundInterceptor) -> OutboundInterceptor:  # noqa: A002
        unreachable = self._id

        class Refusing(OutboundInterceptor):
            async def start_workflow(self, input: StartWorkflowInput) -> WorkflowHandle[Any, Any]:  # noqa: A002
                if input.id == unreachable:
                    raise RPCError("away", RPCStatusCode.UNAVAILABLE, b"")
                return await super().start_workflow(input)

        return Refusing(next)


async def test_what_a_register_has_forgotten_the_database_still_knows(new_register: Making) -> None:
    register = await new_register(late_again())
    for n in range(3):
        await register.enqueue(register.late(str(n), at=now()), answered_at=now())
    await register.scorecards.deliver()
    entries = await register.has(8)
    await register.handle.terminate()
    empty = governed(Scorecard(agency=register.agency), registers.rules(late_again()), now() - DAY)
    forgetful = evolve_all(empty, entries).model_copy(update={"seen": {}})
    await register.kawal.client.start_workflow(
        ScorecardWorkflow.run,
        ScorecardStart(agency=register.agency, carried=forgetful),
        id=register.handle.id,
        task_queue=register.kawal.task_queue,
    )
    await register.kawal.pool.execute(
        "update scorecard_feed set delivered_at = null where agency = $1", register.agency
    )
    await register.enqueue(register.late("new", at=now()))
    await register.scorecards.deliver()
    assert (await register.has(10))[:8] == entries
    assert [str(entry.kind) for entry in (await register.has(10))[8:]] == ["received", "proposed"]
