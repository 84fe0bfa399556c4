"""From a case whose operator is late to the register of the agency, through everything in between."""

from datetime import timedelta

from domain.register_chain import broken_at
from gateway.scorecards import Scorecards
from schemas.scorecard import RegisterEntry
from storage import scorecards
from tests import making, registers
from tests.kawal import Handle, Kawal
from tests.registers import late_again

LIMIT, A_BIT = timedelta(days=10), timedelta(days=1)


async def entries(kawal: Kawal, agency: str, number: int) -> list[RegisterEntry]:
    """Deliver what cases told, and return the register once it has so many entries."""
    registry = Scorecards(kawal.client, kawal.pool, kawal.task_queue)
    await registry.deliver()
    async for _ in registry.handle(agency).fetch_history_events(wait_new_event=True):
        if len(found := await registry.list(agency=agency)) >= number:
            break
    assert broken_at(found) is None
    return found


async def late_case(kawal: Kawal, agency: str) -> Handle:
    case = await kawal.open(registers.policy(agency, late_again(2, "90 days")))
    await kawal.pass_time(case, LIMIT + A_BIT)
    return case


async def test_two_late_cases_make_a_repeat_and_an_answer_that_was_in_time_takes_it_back(kawal: Kawal) -> None:
    agency = f"AGENCY-OF-{kawal.new_id()}"
    first, second = await late_case(kawal, agency), await late_case(kawal, agency)
    received = await entries(kawal, agency, 3)
    assert [entry.kind for entry in received] == ["received", "received", "proposed"]
    ledger = [entry for case in (first, second) for entry in await kawal.ledger(case.id)]
    assert [entry.case_hash for entry in received[:2]] == [entry.hash for entry in ledger]
    assert received[2].deciders == ledger[1].deciders

    due = ledger[1].at
    await kawal.starter.send(second.id, making.respond(accepted_at=due - A_BIT))
    await kawal.starter.send(first.id, making.respond("late", accepted_at=due + A_BIT / 2))
    after = await entries(kawal, agency, 7)
    assert sorted(entry.kind for entry in after[3:]) == ["annulled", "annulled", "answered", "answered"]
    assert {entry.refers_to for entry in after if entry.kind == "annulled"} == {2, 3}
    answers = {entry.case_id: entry.on_time for entry in after if entry.kind == "answered"}
    assert answers == {first.id: False, second.id: True}
    [(_, score)] = await scorecards.points(kawal.pool, agency=agency)
    assert (score.subject, score.points) == (f"operator@{agency}", 5)
