"""A supervisor saw a complaint that had been overwritten (seen in CCRS).

What came in never changes, and neither does what happened to it: PostgreSQL refuses it, whoever asks. A correction is a
new line of the timeline, after which the old ones still stand.
"""

from datetime import timedelta

import asyncpg
import pytest
from temporalio.api.enums.v1 import EventType

from gateway.refusals import RefusedError
from schemas.complaint import Intake
from storage import case_records, intake
from tests import making
from tests.kawal import Handle, Kawal
from tests.peers.following import published, says

TEXT = "Jalan berlubang di depan sekolah."


async def came_in(kawal: Kawal) -> Handle:
    """Return a case that came in at the door, with its words."""
    policy = await published(kawal, making.whole_policy(name="originals"))
    given = Intake(channel="counter", category="road", region="north", text=TEXT)
    complaint = await kawal.starter.submit(given, policy_name=policy.name, case_id=kawal.new_id())
    case = kawal.starter.handle(complaint.case_id)
    async for event in case.fetch_history_events(wait_new_event=True):
        if event.event_type == EventType.EVENT_TYPE_TIMER_STARTED:
            break
    return case


@pytest.fixture(scope="module")
async def late(kawal: Kawal) -> Handle:
    case = await came_in(kawal)
    await kawal.pass_time(case, timedelta(days=11))
    assert await kawal.ledger(case.id)
    return case


@pytest.mark.parametrize(
    "change",
    [
        "update complaints set body = 'Tidak ada apa-apa.' where case_id = $1",
        "update complaints set sealed = '{}' where case_id = $1",
        "update complaints set sealed = null, body = 'Tidak ada apa-apa.' where case_id = $1",
        "update complaints set cell = null, category = 'advice' where case_id = $1",
        "update complaints set category = 'advice', region = 'south' where case_id = $1",
        "update complaints set accepted_at = now() where case_id = $1",
        "delete from complaints where case_id = $1",
        "update timeline set detail = '{}' where case_id = $1",
        "update timeline set at = now() where case_id = $1",
        "delete from timeline where case_id = $1",
        "update sanction_ledger set points = 0 where case_id = $1",
        "delete from sanction_ledger where case_id = $1",
    ],
)
async def test_the_database_refuses_to_change_what_came_in_or_what_happened(
    kawal: Kawal, late: Handle, change: str
) -> None:
    await refused(kawal, change, late.id)


async def words_of(kawal: Kawal, case_id: str) -> str:
    """Return what a complaint says, as it is kept."""
    original = await intake.original(kawal.pool, case_id)
    assert original is not None
    return original.text


async def refused(kawal: Kawal, change: str, *arguments: str) -> None:
    """Check that PostgreSQL refuses a change, for the right reason; whatever comes of it, it is taken back."""
    async with kawal.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        try:
            with pytest.raises(asyncpg.RestrictViolationError):
                await connection.execute(change, *arguments)
        finally:
            await transaction.rollback()


@pytest.mark.parametrize("table", ["complaints", "timeline", "sanction_ledger"])
async def test_the_database_refuses_to_empty_a_table_of_originals(kawal: Kawal, late: Handle, table: str) -> None:
    await refused(kawal, f"truncate {table} cascade")
    assert await kawal.ledger(late.id)


async def test_a_correction_is_a_new_line_and_the_complaint_stays_as_it_came(kawal: Kawal) -> None:
    case = await came_in(kawal)
    lines = await case_records.timeline(kawal.pool, case.id)
    original = await intake.accepted(kawal.pool, case.id)
    await says(kawal, case, "verify", category="school", region="north/hill", case_class="field")
    await says(kawal, case, "verify", agency="ROADS")

    view = await kawal.stored(case.id)
    assert (view.category, view.region, view.case_class, view.agency) == ("school", "north/hill", "field", "ROADS")
    assert (await case_records.timeline(kawal.pool, case.id))[: len(lines)] == lines
    assert await kawal.kinds(case.id) == ["received", "assigned", "verified", "verified"]
    assert await intake.accepted(kawal.pool, case.id) == original
    assert await words_of(kawal, case.id) == TEXT


async def test_the_same_complaint_handed_in_again_with_other_words_changes_nothing(kawal: Kawal) -> None:
    case = await came_in(kawal)
    other = Intake(channel="counter", category="advice", region="south", text="Semua baik-baik saja.")
    await kawal.starter.submit(other, policy_name="originals", case_id=case.id)
    assert await words_of(kawal, case.id) == TEXT
    assert (await kawal.stored(case.id)).category == "road"


async def test_the_words_of_a_message_that_took_effect_stay_what_they_were(kawal: Kawal) -> None:
    case = await came_in(kawal)
    note = making.message("note", "note-1")
    await kawal.starter.send(case.id, note, text="Sudah dicek.")
    await kawal.starter.send(case.id, note, text="Belum dicek.")
    with pytest.raises(RefusedError, match="message_id: note-1 was that of an earlier note"):
        await kawal.starter.send(case.id, making.message("acknowledge", "note-1"), text="Tidak pernah dicek.")
    assert await intake.texts(kawal.pool, case.id) == {"note-1": "Sudah dicek."}
