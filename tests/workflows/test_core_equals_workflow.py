"""The workflow on its servers does what the pure core says, and nothing else: lives at random, played through both.

A failing script is printed as what it takes to play it again: put it among the `KNOWN` ones.
"""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from pydantic import BaseModel
from temporalio.api.enums.v1 import EventType
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer, UnsandboxedWorkflowRunner

import worker
from audit.replay import of_case
from domain.ledger import broken_at, head_of
from domain.lifecycle import (
    Event,
    MessageReceived,
    Opened,
    TimeReached,
    Unreadable,
    decide_all,
    evolve_all,
    next_moment,
)
from domain.refusal import refusal, took_effect
from domain.remedies import word_of
from domain.view import result, view
from gateway.refusals import RefusedError
from runtime import temporal
from schemas.calendar import Unit
from schemas.case import Absence, CaseResult, CaseState, CaseView, Clock, Transition
from schemas.complaint import Complaint
from schemas.delivery import DeliveryResult
from schemas.messages import Carried, Message
from storage import absences
from tests import making
from tests.kawal import Handle, Kawal
from tests.workflows.post import post_that_carries_nothing
from tests.workflows.script import (
    COMPLAINTS,
    POLICIES,
    Mumbles,
    Passes,
    Says,
    Script,
    planned,
    received,
    scripts,
)
from workflows import complaint as workflow_module
from workflows.complaint import ComplaintWorkflow

LATENCY = timedelta(minutes=2)
"""The clock of a case goes on while it is at work, so that what begins when it wakes begins a little late."""
AT_A_TIME = 16

KNOWN: tuple[Script, ...] = ()
"""Lives that were once played differently, and some that are worth it."""


def _at_random(number: int) -> list[Script]:
    """Return so many scripts, the same ones every time."""
    found: list[Script] = []

    @settings(
        max_examples=10 * number,
        phases=[Phase.generate],
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(script=scripts())
    def collect(script: Script) -> None:
        kinds = {step.kind for step in script.steps if isinstance(step, Says)}
        if len(kinds) >= 4 and script not in found:
            found.append(script)

    collect()
    return found[:number]


# ---- Playing a script on the servers -------------------------------------------------------------------------------


@dataclass
class Heard:
    """What was said to a case at which moment of its clock, and what the sender heard."""

    at: datetime
    said: Message | Unreadable
    by_signal: bool
    answer: str | None = None
    """Why it was refused; None: it was not, or nobody was told."""
    by_house: bool = False
    """Whether no script said it: a delivery told its end."""


@dataclass
class Played:
    """A script as it was played: everything that there is to see from outside."""

    script: Script
    complaint: Complaint
    heard: list[Heard] = field(default_factory=list)
    ended_at: datetime | None = None
    timeline: tuple[Transition, ...] = ()
    view: CaseView | None = None
    result: CaseResult | None = None
    absences: tuple[Absence, ...] = ()


async def play(kawal: Kawal, script: Script, merge_target: str) -> Played:
    """Play a script on the servers, in virtual time, and collect what came of it."""
    case = await kawal.open(POLICIES[script.policy], **COMPLAINTS[script.complaint])
    opened = await kawal.stored(case.id)
    about = {"case_id": case.id, "accepted_at": opened.opened_at, "policy_version": opened.policy_version}
    latest = kawal.starter.handle(case.id)
    played = Played(script, kawal.complaint(POLICIES[script.policy], **{**COMPLAINTS[script.complaint], **about}))
    for step in script.steps:
        over = (await kawal.stored(case.id)).closed_at is not None
        match step:
            case Passes() if not over:
                await kawal.skipper.fast_forward(latest, step.time)
            case Says() if not (over and step.signal):
                played.heard.append(await _say(kawal, latest, _in_place(step, case.id, merge_target)))
            case Mumbles() if not over:
                now = await kawal.skipper.get_current_time(latest)
                await latest.signal(step.name, "hm")
                number = sum(heard.by_signal for heard in played.heard) + 1
                unreadable = Unreadable(now, f"(signal {number})", step.name, "")
                played.heard.append(Heard(now, unreadable, by_signal=True))
        await _asleep(latest)
        played.heard += await _ends_of_deliveries(kawal, latest, played)
    played.ended_at = await kawal.skipper.get_current_time(latest)
    played.view = await kawal.stored(case.id)
    played.result = await latest.result() if played.view.closed_at else None
    rows = await kawal.pool.fetch("select body from timeline where case_id = $1 order by seq", case.id)
    played.timeline = tuple(Transition.model_validate(row["body"]) for row in rows)
    played.absences = tuple(sorted(await absences.listed(kawal.pool), key=lambda absence: absence.since))
    assert await kawal.ledger(case.id) == [entry for line in played.timeline for entry in line.ledger]
    return played


async def _ends_of_deliveries(kawal: Kawal, case: Handle, played: Played) -> list[Heard]:
    """Wait until what the case has ordered has ended; return what it heard of that, which the script does not say."""
    known = {heard.said.delivery for heard in played.heard if isinstance(heard.said, Carried) and heard.by_house}
    heard = []
    for remedy in (await kawal.stored(case.id)).remedies:
        if remedy.delivery_id not in known:
            delivery = kawal.client.get_workflow_handle(remedy.delivery_id, result_type=DeliveryResult)
            word = word_of(await delivery.result())
            heard.append(Heard(await kawal.skipper.get_current_time(case), word, by_signal=True, by_house=True))
            await _asleep(case)
    return heard


async def _asleep(case: Handle) -> None:
    """Wait until a case has dealt with all that came: queries are answered after it."""
    while True:
        try:
            await case.query(ComplaintWorkflow.state)
        except RPCError as error:
            if error.status is not RPCStatusCode.FAILED_PRECONDITION:
                raise
        else:
            return
        async for event in case.fetch_history_events(wait_new_event=True):  # of a history that has just begun
            if event.HasField("workflow_task_completed_event_attributes"):
                break


def _in_place(says: Says, case_id: str, merge_target: str) -> Says:
    """Return what is said, with cases that there are in place of those that the script names."""
    cases = {"case-1": case_id, "case-2": merge_target, "case-3": "no-such-case"}
    there = {
        name: re.sub(r"^case-\d", lambda named: cases[named[0]], value)
        for name, value in says.fields.items()
        if name in ("into", "delivery")
    }
    return replace(says, fields=dict(says.fields) | there)


async def _say(kawal: Kawal, case: Handle, says: Says) -> Heard:
    now = await kawal.skipper.get_current_time(case)
    heard = Heard(now, says.message(now), by_signal=says.signal)
    if says.signal:
        await case.signal(says.kind, heard.said)
        return heard
    try:
        await kawal.starter.send(case.id, heard.said)  # type: ignore[arg-type]
    except RefusedError as error:
        heard.answer = str(error)
    return heard


# ---- The same through the core -------------------------------------------------------------------------------------


@dataclass
class Mirrored:
    """What the core makes of the same life, with its engine awake all along."""

    state: CaseState
    timeline: list[Transition] = field(default_factory=list)
    answers: list[str | None] = field(default_factory=list)

    def happens(self, event: Event) -> None:
        self.state, added = decide_all(self.state, [event])
        self.timeline += added

    def awake_until(self, end: datetime) -> None:
        while (moment := next_moment(self.state)) is not None and moment <= end:
            self.happens(TimeReached(moment))


def mirror(played: Played) -> Mirrored:
    """Let the core live what was played, at the moments of the case's clock at which it was said."""
    policy, state = POLICIES[played.script.policy], _unopened(played)
    mirrored = Mirrored(state)
    mirrored.happens(Opened(played.complaint.accepted_at))
    for heard in played.heard:
        mirrored.awake_until(heard.at)
        answer = None
        if isinstance(heard.said, Unreadable):
            mirrored.happens(heard.said)
        else:
            event = _known_to_records(received(policy, mirrored.state, heard.said, heard.at))
            reason = refusal(mirrored.state, heard.said)
            if heard.by_signal or not reason:
                mirrored.happens(event)
            if not heard.by_signal and not took_effect(mirrored.state, heard.said):
                answer = reason or event.problem
        mirrored.answers.append(answer)
    assert played.ended_at is not None
    mirrored.awake_until(played.ended_at)
    return mirrored


def _unopened(played: Played) -> CaseState:
    plan = planned(POLICIES[played.script.policy], played.complaint)
    return CaseState(complaint=played.complaint, plan=plan, absences=played.absences)


def _known_to_records(event: MessageReceived) -> MessageReceived:
    """Return an event with what the database has against it."""
    if event.message.kind == "merge" and event.message.into == "no-such-case":
        return MessageReceived(event.at, event.message, problem="into: there is no case no-such-case")
    return event


def differences(played: Played, mirrored: Mirrored) -> list[str]:
    """Return what the workflow did otherwise than the core."""
    found = []
    there, here = [_line(line) for line in played.timeline], [_line(line) for line in mirrored.timeline]
    for number, (one, other) in enumerate(zip(there, here, strict=False), start=1):
        if one != other:
            found.append(f"transition {number}: the workflow has {one}, the core {other}")
            break
    if not found and len(there) != len(here):
        found.append(f"the workflow goes on with {there[len(here) :]}, the core with {here[len(there) :]}")
    for line, other_line in zip(played.timeline, mirrored.timeline, strict=False):
        for name in ("clock", "statutory"):
            found += _clock_differs(f"{name} of {line.seq}", getattr(line, name), getattr(other_line, name))
    for heard, answer in zip(played.heard, mirrored.answers, strict=True):
        over = mirrored.state.over and heard.answer is not None and "it is over" in heard.answer
        if heard.answer != answer and not (over and answer is not None and "it is over" in answer):
            found.append(f"{heard.said}: was told {heard.answer!r}, the core says {answer!r}")
    expected = result(mirrored.state) if mirrored.state.over else None
    found += _result_differs(played.result, expected)
    return found


def _line(line: Transition) -> dict[str, Any]:
    """Return what of a transition does not depend on the latency of servers."""
    said = line.model_dump(
        include={"seq", "kind", "actor", "message_id", "status", "level", "breached_level", "breach", "evidence"}
    )
    ledger = [
        (e.entry, e.kind, e.level, e.rule, e.subject, e.points, e.part, e.round, e.refers_to, e.deciders)
        for e in line.ledger
    ]
    parts = [(part.agency, part.level, part.clock is None, part.answered_at is None) for part in line.parts]
    window = line.window and (line.window.kind, line.window.back_to)
    plan = line.plan and (line.plan.agency, line.plan.category, line.plan.case_class, len(line.plan.levels))
    said |= {"ledger": ledger, "parts": parts, "window": window, "plan": plan}
    if line.kind == "message refused" and not line.message_id.startswith("("):  # type: ignore[union-attr]
        said["detail"] = line.detail
    return said


def _clock_differs(name: str, one: Clock | None, other: Clock | None) -> list[str]:
    if one is None or other is None:
        return [] if one is other else [f"{name}: {one} and {other}"]
    same = ("warned", "breached", "paused", "limits")
    if any(getattr(one, field_name) != getattr(other, field_name) for field_name in same):
        return [f"{name}: {one} and {other}"]
    whole = not one.pauses and not one.extensions and all(limit.unit is Unit.WORKING_DAYS for limit in one.limits)
    off = abs(one.due.at - other.due.at)
    return [f"{name}: due {one.due.at} and {other.due.at}"] if off > (timedelta() if whole else LATENCY) else []


def _result_differs(one: CaseResult | None, other: CaseResult | None) -> list[str]:
    if one is None or other is None:
        return [] if one is other else [f"ended with {one}, and {other} in the core"]
    without_seals = [each.model_copy(update={"ledger_head": ""}) for each in (one, other)]
    return [] if without_seals[0] == without_seals[1] else [f"ended with {one}, and {other} in the core"]


# ---- What an auditor reconstructs ----------------------------------------------------------------------------------


Lived = Event | tuple[Transition, ...]
"""An event, or transitions that a lost workflow task had committed and that the case adopted."""


@dataclass
class _Decided:
    """One time that the workflow asked the core, as its history has it."""

    seq: int
    events: Sequence[Lived]
    to_be_written: bool


async def lived(kawal: Kawal, case_id: str, monkeypatch: pytest.MonkeyPatch) -> list[Lived]:
    """Return what a case lived, with its exact moments and plans, out of its histories alone."""
    decided: list[_Decided] = []

    def deciding(state: CaseState, events: Sequence[Event]) -> tuple[CaseState, tuple[Transition, ...]]:
        outcome = decide_all(state, events)
        if state.complaint.case_id == case_id:
            decided.append(_Decided(state.seq, list(events), bool(outcome[1])))
        return outcome

    def adopting(state: CaseState, transitions: tuple[Transition, ...]) -> CaseState:
        if state.complaint.case_id == case_id and transitions:
            decided[-1].to_be_written = False
            decided[-1].events = [transitions]
        return evolve_all(state, transitions)

    with monkeypatch.context() as patch:
        patch.setattr(workflow_module, "decide_all", deciding)
        patch.setattr(workflow_module, "evolve_all", adopting)
        replayer = Replayer(
            workflows=[ComplaintWorkflow],
            data_converter=temporal.DATA_CONVERTER,
            workflow_runner=UnsandboxedWorkflowRunner(),
        )
        async for history in of_case(kawal.client, case_id):
            await replayer.replay_workflow(history)
    written = [
        one
        for one, after in zip(decided, [*decided[1:], None], strict=True)
        if not (one.to_be_written and after is not None and after.seq == one.seq)
    ]
    return [event for one in written for event in one.events]


async def reconstruction_differs(kawal: Kawal, played: Played, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return in what the core, told the exact events, comes to something else than the database has."""
    events = await lived(kawal, played.complaint.case_id, monkeypatch)
    state, timeline = _unopened(played), list[Transition]()
    for event in events:
        if isinstance(event, tuple):
            state, added = evolve_all(state, event), event
        else:
            state, added = decide_all(state, [event])
        timeline += added
    found = [
        f"transition {there.seq}, {there.kind}, as it is stored and reconstructed: {_changed(there, here)}"
        for there, here in zip(played.timeline, timeline, strict=False)
        if there != here
    ][:1]
    if len(timeline) != len(played.timeline):
        found.append(f"{len(timeline)} transitions in the reconstruction, {len(played.timeline)} in the database")
    if view(state) != played.view:
        found.append(f"how the case stands, as it is stored and reconstructed: {_changed(played.view, view(state))}")
    if state.over and result(state) != played.result:
        found.append(f"ended with {played.result}, and {result(state)} in the reconstruction")
    sent = [heard.said for heard in played.heard if not isinstance(heard.said, Unreadable)]
    heard = [event.message for event in events if isinstance(event, MessageReceived)]
    if any(message not in sent for message in heard):
        found.append("the histories have messages that nobody sent")
    return found


def _changed(one: BaseModel | None, other: BaseModel) -> str:
    """Return in which fields two models differ."""
    if one is None:
        return f"nothing, {other}"
    names = [name for name in type(other).model_fields if getattr(one, name) != getattr(other, name)]
    return "; ".join(f"{name}: {getattr(one, name)} -> {getattr(other, name)}" for name in names)


# ---- Tests ---------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
async def lives(kawal: Kawal) -> list[Played]:
    async with post_that_carries_nothing(kawal, kawal.task_queue):
        return await all_played(kawal, [*KNOWN, *_at_random(30)])


async def all_played(kawal: Kawal, played: Sequence[Script]) -> list[Played]:
    """Play scripts, a few at a time, each on a case with a clock of its own."""
    target = await kawal.open()
    free = asyncio.Semaphore(AT_A_TIME)

    async def one(script: Script) -> Played:
        async with free:
            return await play(kawal, script, target.id)

    return await asyncio.gather(*(one(script) for script in played))


def report(found: Sequence[tuple[Played, list[str]]]) -> str:
    """Return every script that was played differently, as it can be played again, and what differs."""
    return "\n\n".join(
        "\n".join([repr(played.script), *(f"    {line}" for line in differs)]) for played, differs in found if differs
    )


async def test_every_life_is_the_same_in_the_workflow_and_in_the_core(lives: list[Played]) -> None:
    found = report([(played, differences(played, mirror(played))) for played in lives])
    assert not found, found


async def test_an_auditor_who_has_only_the_histories_comes_to_the_same_timeline_and_ledger_to_the_letter(
    kawal: Kawal, lives: list[Played], monkeypatch: pytest.MonkeyPatch
) -> None:
    found = report([(played, await reconstruction_differs(kawal, played, monkeypatch)) for played in lives])
    assert not found, found


async def test_a_life_that_goes_on_in_new_histories_is_the_same_life(
    short_histories: Kawal, monkeypatch: pytest.MonkeyPatch
) -> None:
    lives = await all_played(short_histories, [*KNOWN, *_at_random(8)])
    found = report([(played, await reconstruction_differs(short_histories, played, monkeypatch)) for played in lives])
    assert not found, found
    histories = [
        len([history async for history in of_case(short_histories.client, played.complaint.case_id)])
        for played in lives
    ]
    assert max(histories) > 2


async def test_seals_hold_whatever_moment_a_replay_takes_a_step_to_have_been_at(kawal: Kawal) -> None:
    """A worker picks up a due case together with a question about it, and answers that before the commit is done.

    The history then has one task more, which a replay joins with the first: to it, the step was at the later moment.
    Here that happens to a case whose task before changed nothing. What was committed has to stand all the same.
    """
    own = Kawal(kawal.client, kawal.skipper, kawal.pool, "changing workers", 200_000)
    async with worker.build(kawal.client, kawal.pool, task_queue=own.task_queue):
        case = await own.open(making.policy("4 seconds", warn_share=0.999), real_time=True)
        for _ in range(2):
            await case.signal("acknowledge", making.acknowledge())
            await _asleep(case)
    await _events(case, EventType.EVENT_TYPE_TIMER_FIRED)
    question = asyncio.create_task(case.query(ComplaintWorkflow.state))
    await asyncio.sleep(0.5)  # nobody can see that a question has reached the server
    async with kawal.pool.acquire() as connection, connection.transaction():
        await connection.execute("select pg_advisory_xact_lock(hashtextextended($1, 0))", case.id)
        slow = worker.build(kawal.client, kawal.pool, task_queue=own.task_queue)
        running = asyncio.create_task(slow.run())
        await question
    await _asleep(case)
    await slow.shutdown()
    await running
    async with worker.build(kawal.client, kawal.pool, task_queue=own.task_queue):
        await _events(
            case, EventType.EVENT_TYPE_UPSERT_WORKFLOW_SEARCH_ATTRIBUTES, 4
        )  # opened, taken up, climbed twice
        await own.in_real_time.send(case.id, making.respond())
        result = await case.result()
    ledger = await kawal.ledger(case.id)
    assert len(ledger) == 2
    assert broken_at(ledger) is None
    assert result.ledger_head == head_of(ledger)


async def _events(case: Handle, kind: "EventType.ValueType", number: int = 1) -> None:
    """Wait until a history has so many events of a kind."""
    async for event in case.fetch_history_events(wait_new_event=True):
        number -= event.event_type == kind
        if number == 0:
            return
