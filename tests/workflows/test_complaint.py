"""The life of a complaint through the real workflow, on a real server and database, in virtual time."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.ledger import broken_at, head_of
from gateway.refusals import NotFoundError, RefusedError
from schemas.case import TriageReason
from schemas.ledger import EntryKind
from schemas.status import Status
from tests import making
from tests.kawal import Kawal
from workflows.complaint import ComplaintWorkflow


async def test_an_answered_case_is_closed_in_time_and_says_so_everywhere(kawal: Kawal) -> None:
    case = await kawal.open()
    receipt = await kawal.starter.send(case.id, making.respond())
    result = await case.result()
    stored = await kawal.stored(case.id)
    assert receipt.status == result.status == stored.status == Status.CLOSED
    assert result.on_time
    assert stored.on_time
    assert await kawal.kinds(case.id) == ["received", "assigned", "responded", "closed"]


async def test_an_accepted_message_is_in_the_database_when_its_sender_hears_of_it(kawal: Kawal) -> None:
    case = await kawal.open()
    receipt = await kawal.starter.send(case.id, making.acknowledge())
    stored = await kawal.stored(case.id)
    assert (stored.seq, stored.status) == (receipt.seq, Status.IN_PROGRESS)


async def test_a_case_left_alone_climbs_the_whole_ladder_one_level_per_limit(kawal: Kawal) -> None:
    case = await kawal.open(making.policy("10 days"))
    levels = [(await kawal.pass_time(case, timedelta(days=11))).level for _ in range(5)]
    assert levels == [1, 2, 3, 3, 3]
    assert (await kawal.kinds(case.id)).count("escalated") == 3
    stored = await kawal.stored(case.id)
    assert stored.what_next is None
    assert not stored.on_time


async def test_every_level_that_lets_time_pass_is_warned_once_and_proposed_for_a_sanction_once(kawal: Kawal) -> None:
    case = await kawal.open(making.policy("10 days"))
    await kawal.pass_time(case, timedelta(days=60))
    ledger = await kawal.ledger(case.id)
    assert [(entry.level, entry.rule, entry.subject) for entry in ledger] == [
        (level, f"{role}-late", f"{role}@ROADS") for level, role in enumerate(making.LEVELS)
    ]
    assert broken_at(ledger) is None
    assert (await kawal.kinds(case.id)).count("warned") == 4
    assert (await case.query(ComplaintWorkflow.state)).ledger_head == head_of(ledger)


async def test_the_holder_of_the_case_changes_with_every_climb(kawal: Kawal) -> None:
    case = await kawal.open(making.policy("10 days"))
    assert (await kawal.stored(case.id)).holder == "operator@ROADS"
    await kawal.pass_time(case, timedelta(days=11))
    assert (await kawal.stored(case.id)).holder == "head-of-division@ROADS"


async def test_acknowledging_moves_no_deadline(kawal: Kawal) -> None:
    case = await kawal.open()
    before = (await kawal.stored(case.id)).due
    await kawal.starter.send(case.id, making.acknowledge())
    assert (await kawal.stored(case.id)).due == before


async def test_a_withdrawn_case_ends_and_climbs_no_more(kawal: Kawal) -> None:
    case = await kawal.open()
    await kawal.starter.send(case.id, making.withdraw())
    assert (await case.result()).status is Status.WITHDRAWN
    assert await kawal.ledger(case.id) == []


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"region": None}, TriageReason.NO_PLACE),
        ({"region": "atlantis"}, TriageReason.UNKNOWN_PLACE),
        ({"category": "orphan"}, TriageReason.NO_OWNER),
        ({"category": "school", "region": "south"}, TriageReason.NO_OWNER),
        ({"category": "never heard of"}, TriageReason.UNKNOWN_CATEGORY),
    ],
)
async def test_a_complaint_that_nobody_can_be_put_in_charge_of_waits_in_triage_and_climbs_from_there(
    kawal: Kawal, changes: dict[str, Any], reason: TriageReason
) -> None:
    case = await kawal.open(**changes)
    stored = await kawal.stored(case.id)
    assert (stored.status, stored.queue, stored.triage_reason) == (Status.VERIFYING, "triage", reason)
    assert (await kawal.pass_time(case, timedelta(days=11))).holder == "head-of-division@DESK"
    await kawal.starter.send(case.id, making.respond())
    assert (await case.result()).status is Status.CLOSED


async def test_an_answer_at_the_very_moment_it_is_due_is_in_time_even_if_delivered_later(kawal: Kawal) -> None:
    case = await kawal.open(making.policy("10 days"))
    due = (await kawal.stored(case.id)).due
    assert due is not None
    await kawal.pass_time(case, timedelta(days=12))
    await kawal.starter.send(case.id, making.respond(accepted_at=due.at))
    assert (await case.result()).on_time
    assert [entry.kind for entry in await kawal.ledger(case.id)] == [EntryKind.PROPOSED, EntryKind.ANNULLED]


async def test_a_promised_moment_takes_the_place_of_the_first_limit(kawal: Kawal) -> None:
    promised = datetime.now(UTC) + timedelta(days=2)
    case = await kawal.open(promised_at=promised)
    due = (await kawal.stored(case.id)).due
    assert due is not None
    assert due.at == promised
    assert (await kawal.pass_time(case, timedelta(days=3))).level == 1


async def test_the_same_message_twice_is_one_message_also_after_the_case_has_ended(kawal: Kawal) -> None:
    case = await kawal.open()
    await kawal.starter.send(case.id, making.acknowledge("once"))
    await case.signal("acknowledge", making.acknowledge("once"))
    first = await kawal.starter.send(case.id, making.respond("answer"))
    await case.result()
    assert await kawal.starter.send(case.id, making.respond("answer")) == first
    assert await kawal.kinds(case.id) == ["received", "assigned", "acknowledged", "responded", "closed"]


async def test_an_answer_to_a_closed_case_is_refused_with_its_status_and_date(kawal: Kawal) -> None:
    case = await kawal.open()
    await kawal.starter.send(case.id, making.respond("first"))
    await case.result()
    with pytest.raises(RefusedError, match=f"case {case.id} is closed, since .* UTC: it is over"):
        await kawal.starter.send(case.id, making.respond("second"))


async def test_a_message_to_a_case_that_never_was_is_refused(kawal: Kawal) -> None:
    with pytest.raises(NotFoundError, match="there is none with the id nowhere"):
        await kawal.starter.send("nowhere", making.respond())


async def test_an_agency_cannot_answer_for_another(kawal: Kawal) -> None:
    case = await kawal.open()
    with pytest.raises(RefusedError, match=r"actor\.agency: .* is with ROADS; SCHOOLS cannot respond"):
        await kawal.starter.send(case.id, making.respond(agency="SCHOOLS"))
    await kawal.starter.send(case.id, making.respond(agency="ROADS"))


async def test_starting_the_same_complaint_twice_is_one_case(kawal: Kawal) -> None:
    case = await kawal.open()
    complaint = making.complaint(case.id, accepted_at=datetime.now(UTC))
    again = await kawal.starter.start(complaint)
    assert again.id == case.id
    assert await kawal.kinds(case.id) == ["received", "assigned"]
