"""A calendar that a decree changed reaches the open cases of its policy: each once, and no other case."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from gateway import recalculation
from gateway.recalculation import Outcome, Recalculated
from gateway.refusals import NoAnswerError, NotFoundError, RefusedError
from gateway.starter import Starter
from schemas.calendar import limit
from schemas.case import CaseView
from schemas.policy import CaseClass, Policy
from storage import case_records, policies
from tests import making
from tests.kawal import Kawal

DECREE = "SKB Tiga Menteri 2027"
TWO_DAYS = timedelta(days=2)


def days_off(policy: Policy, *days: int) -> Policy:
    """Return a version with so many days from today declared days off."""
    today = datetime.now(UTC).date()
    holidays = {today + timedelta(days=day): "Cuti bersama" for day in days}
    return changed(policy, calendar=policy.calendar.model_copy(update={"holidays": holidays}))


def changed(policy: Policy, **fields: object) -> Policy:
    """Return another version of a policy."""
    return Policy.model_validate({name: getattr(policy, name) for name in Policy.model_fields} | fields)


def working_days(name: str) -> Policy:
    """Return a policy whose levels and law count working days, and in which a case may rest."""
    whole = making.whole_policy("10 working days", name=name)
    classes = (CaseClass(code="complaint", name="Complaint", statutory=(limit("20 working days"),)),)
    return changed(whole, classes=(*classes, *whole.classes[1:]))


async def stored(kawal: Kawal, case_id: str) -> CaseView:
    case = await case_records.case(kawal.pool, case_id)
    assert case is not None
    return case


async def carried_out(kawal: Kawal, name: str, case_id: str | None = None) -> dict[str, Recalculated]:
    plan = await recalculation.prepare(kawal.pool, name, DECREE, case_id)
    return {found.case_id: found async for found in recalculation.carry_out(kawal.in_real_time, plan)}


async def foreseen(kawal: Kawal, name: str) -> dict[str, Recalculated]:
    plan = await recalculation.prepare(kawal.pool, name, DECREE)
    return {found.case_id: found async for found in recalculation.foresee(kawal.pool, plan)}


async def test_all_running_deadlines_move_as_was_foreseen_and_only_once(kawal: Kawal) -> None:
    policy = working_days("moves")
    plain, coordinated, paused = [(await kawal.open(policy, real_time=True)).id for _ in range(3)]
    agencies = ("ROADS", "SCHOOLS")
    await kawal.in_real_time.send(coordinated, making.message("coordinate", agencies=agencies))
    await kawal.in_real_time.send(paused, making.message("pause", limit="20 days", reason="waiting-budget"))
    before = await stored(kawal, plain)
    assert await foreseen(kawal, policy.name) == {}

    await policies.publish(kawal.pool, days_off(policy, 2, 3))
    would_move = await foreseen(kawal, policy.name)
    assert await stored(kawal, plain) == before
    moved = await carried_out(kawal, policy.name)

    assert moved == would_move
    assert {found.outcome for found in moved.values()} == {Outcome.MOVED}
    assert {move.clock: move.by for move in moved[plain].moves} == {"level": TWO_DAYS, "statutory": TWO_DAYS}
    parts = {f"part of {agency}" for agency in agencies}
    assert {move.clock for move in moved[coordinated].moves} >= parts
    after = await stored(kawal, plain)
    assert before.due
    assert after.due
    assert after.due.at - before.due.at == TWO_DAYS
    assert await carried_out(kawal, policy.name) == {}
    assert (await kawal.kinds(plain)).count("recalculated") == 1


async def test_a_version_that_comes_into_force_again_is_reckoned_by_again(kawal: Kawal) -> None:
    policy = working_days("back and forth")
    case = (await kawal.open(policy, real_time=True)).id
    other = days_off(policy, 2, 3)

    moves = []
    for version in (other, policy, other, policy):
        await policies.publish(kawal.pool, version)
        moves.append((await carried_out(kawal, policy.name))[case].moves[0].by)

    assert moves == [TWO_DAYS, -TWO_DAYS, TWO_DAYS, -TWO_DAYS]


async def test_a_version_with_the_same_calendar_moves_nobody_and_is_not_sent(kawal: Kawal) -> None:
    policy = working_days("new title")
    case = (await kawal.open(policy, real_time=True)).id
    await policies.publish(kawal.pool, changed(policy, title="Another title"))

    assert await carried_out(kawal, policy.name) == {}
    assert "recalculated" not in await kawal.kinds(case)


async def test_cases_that_ended_or_refuse_are_told_apart_and_do_not_stop_the_others(kawal: Kawal) -> None:
    policy = working_days("mixed")
    closed, refusing, open_one = [(await kawal.open(policy, real_time=True)).id for _ in range(3)]
    version = days_off(policy, 2)
    await policies.publish(kawal.pool, version)
    plan = await recalculation.prepare(kawal.pool, policy.name, DECREE)
    await kawal.in_real_time.send(closed, making.withdraw())
    await kawal.in_real_time.send(refusing, making.message("note", f"recalculate-{version.version}"))

    found = {one.case_id: one async for one in recalculation.carry_out(kawal.in_real_time, plan)}

    assert [found[case].outcome for case in (closed, refusing, open_one)] == [
        Outcome.CLOSED,
        Outcome.REFUSED,
        Outcome.MOVED,
    ]
    assert "message_id" in (found[refusing].problem or "")


async def test_without_a_worker_it_stops_and_goes_on_later(kawal: Kawal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recalculation, "_PATIENCE", 0.5)
    policy = working_days("nobody works")
    case = (await kawal.open(policy, real_time=True)).id
    await policies.publish(kawal.pool, days_off(policy, 2))
    plan = await recalculation.prepare(kawal.pool, policy.name, DECREE)
    monkeypatch.setattr(Starter, "send", _never)

    with pytest.raises(NoAnswerError, match="no worker took the message within"):
        _ = [found async for found in recalculation.carry_out(kawal.in_real_time, plan)]

    monkeypatch.undo()
    assert (await carried_out(kawal, policy.name))[case].outcome is Outcome.MOVED


async def _never(*_: object, **__: object) -> None:
    await asyncio.sleep(60)


async def test_one_case_may_be_named_and_must_be_an_open_one_of_the_policy(kawal: Kawal) -> None:
    policy, other = working_days("one of many"), working_days("other")
    first, second, closed = [(await kawal.open(policy, real_time=True)).id for _ in range(3)]
    elsewhere = (await kawal.open(other, real_time=True)).id
    await kawal.in_real_time.send(closed, making.withdraw())
    await policies.publish(kawal.pool, days_off(policy, 2))

    assert list(await carried_out(kawal, policy.name, first)) == [first]
    assert list(await foreseen(kawal, policy.name)) == [second]
    with pytest.raises(NotFoundError, match="case: there is none"):
        await carried_out(kawal, policy.name, "nobody")
    with pytest.raises(RefusedError, match="it is over"):
        await carried_out(kawal, policy.name, closed)
    with pytest.raises(RefusedError, match="was opened under other"):
        await carried_out(kawal, policy.name, elsewhere)
    with pytest.raises(RefusedError, match="policy: none named nonesuch is in force"):
        await carried_out(kawal, "nonesuch")
