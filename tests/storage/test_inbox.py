"""Whoever has to act on a case finds it in the inbox; whoever had it still sees it."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from local.scratch import scratch_folder
from schemas.case import ClockView, CommitRequest, PartView, TransitionKind
from schemas.status import Status
from storage import case_records
from storage.database import Pool
from storage.inbox import Counts, counts, owned_by, seen_by
from tests.cli.command import Shell
from tests.gateway.telling import case, climb, deadline, happened, office
from tests.making import NOON

HOUR = timedelta(hours=1)


async def stands(pool: Pool, case_id: str, *, seq: int = 1, **changes: Any) -> None:
    """Commit how a case stands."""
    request = CommitRequest(case=case(case_id, seq=seq, **changes), transitions=(happened(TransitionKind.NOTED, seq),))
    assert (await case_records.commit(pool, request)).written


async def test_after_a_climb_the_superior_owns_the_case_and_the_subordinate_still_sees_it(pool: Pool) -> None:
    operator, head = office("operator", "inbox-1"), office("head", "inbox-1")
    await stands(pool, "inbox-1", level=0, holder=operator, owners=(operator,), watchers=(operator,))
    assert [line.case_id for line in await owned_by(pool, operator, NOON)] == ["inbox-1"]
    assert await seen_by(pool, head, NOON) == []

    assert (await case_records.commit(pool, climb("inbox-1", seq=2))).written
    assert await owned_by(pool, operator, NOON) == []
    [seen] = await seen_by(pool, operator, NOON)
    assert (seen.case_id, seen.yours, seen.owners, seen.level) == ("inbox-1", False, (head,), 1)
    [owned] = await owned_by(pool, head, NOON)
    assert (owned.yours, owned.due_at, owned.overdue) == (True, NOON + timedelta(days=2), False)
    assert await counts(pool, operator, NOON) == Counts(owned=0, overdue=0, seen=1)
    assert await counts(pool, head, NOON) == Counts(owned=1, overdue=0, seen=0)


async def test_overdue_cases_come_first_then_the_deadline_decides_and_resting_ones_are_last(pool: Pool) -> None:
    mine: dict[str, Any] = {"owners": ("head@ORDER",), "watchers": ("head@ORDER",)}
    await stands(pool, "inbox-later", due=deadline(NOON + 2 * HOUR), **mine)
    await stands(pool, "inbox-rests", status=Status.ON_HOLD, **mine)
    await stands(pool, "inbox-soon", due=deadline(NOON + HOUR), **mine)
    await stands(pool, "inbox-late", due=deadline(NOON - HOUR), **mine)
    await stands(pool, "inbox-late-at-the-top", status=Status.IN_PROGRESS, **mine)  # its clock is gone
    found = await owned_by(pool, "head@ORDER", NOON)
    assert [(line.case_id.removeprefix("inbox-"), line.overdue) for line in found] == [
        ("late-at-the-top", True),
        ("late", True),
        ("soon", False),
        ("later", False),
        ("rests", False),
    ]
    assert await counts(pool, "head@ORDER", NOON) == Counts(owned=5, overdue=2, seen=0)
    assert len(await owned_by(pool, "head@ORDER", NOON, limit=2)) == 2


async def test_an_agency_sees_the_deadline_of_its_own_part(pool: Pool) -> None:
    def view(agency: str, due: timedelta | None, *, answered: bool = False) -> PartView:
        clock = due and ClockView(
            due=deadline(NOON + due), started_at=NOON, warn_at=NOON, warned=False, breached=False, paused_since=None
        )
        answered_at = NOON if answered else None
        return PartView(agency=agency, level=0, holder=f"op@{agency}", clock=clock or None, answered_at=answered_at)

    parts = (
        view("P-ROADS", 3 * HOUR),
        view("P-WATER", -HOUR),
        view("P-POWER", None),
        view("P-PARKS", HOUR, answered=True),
    )
    owners = ("op@P-ROADS", "op@P-WATER", "op@P-POWER")
    watchers = (*owners, "op@P-PARKS")
    await stands(pool, "inbox-parts", status=Status.COORDINATING, parts=parts, owners=owners, watchers=watchers)
    found = {}
    for holder in watchers:
        [line] = await seen_by(pool, holder, NOON)
        found[holder] = (line.yours, line.due_at, line.overdue)
    assert found == {
        "op@P-ROADS": (True, NOON + 3 * HOUR, False),
        "op@P-WATER": (True, NOON - HOUR, True),
        "op@P-POWER": (True, None, True),
        "op@P-PARKS": (False, None, False),
    }


async def test_closed_cases_lie_before_nobody(pool: Pool) -> None:
    await stands(pool, "inbox-open", owners=("head@SHUT",), watchers=("head@SHUT",))
    await stands(pool, "inbox-open", seq=2, status=Status.CLOSED, closed_at=NOON, owners=(), watchers=("head@SHUT",))
    assert await seen_by(pool, "head@SHUT", NOON) == []
    assert await counts(pool, "head@SHUT", NOON) == Counts(owned=0, overdue=0, seen=0)


async def test_the_accused_of_a_whistle_blowing_report_see_nothing_of_it(pool: Pool) -> None:
    accused, head = "operator@ACCUSED", "head@INSPECTORATE"
    await stands(pool, "inbox-whistle", owners=(head,), watchers=(accused, head), bypassed="ACCUSED")
    assert await seen_by(pool, accused, NOON) == []
    assert await counts(pool, accused, NOON) == Counts(owned=0, overdue=0, seen=0)
    assert len(await seen_by(pool, head, NOON)) == 1


async def test_inboxes_are_found_without_reading_every_case(pool: Pool) -> None:
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("set local enable_seqscan = off")
        for column in ("owners", "watchers"):
            plan = await connection.fetch(f"explain select * from cases where {column} @> array['head@X']")
            assert "Bitmap Index Scan" in "\n".join(line[0] for line in plan)


# The command


@pytest.fixture
def shell(database_url: str) -> Iterator[Shell]:
    with scratch_folder() as folder:
        yield shell_in(folder, database_url)


def shell_in(folder: Path, database_url: str) -> Shell:
    return Shell(folder, {"KAWAL_DATABASE_URL": database_url})


async def test_people_and_scripts_see_the_inbox_of_an_office(pool: Pool, shell: Shell) -> None:
    operator, head = office("operator", "inbox-cli"), office("head", "inbox-cli")
    assert (await case_records.commit(pool, climb("inbox-cli"))).written

    told = await shell.ok("inbox", head)
    for word in ("inbox-cli", "1: Head", head, "has to act on 1"):
        assert word in told.out
    document = await shell.document("inbox", head)
    assert [line["case_id"] for line in document["cases"]] == ["inbox-cli"]
    assert document["counts"]["owned"] == 1

    nothing = await shell.ok("inbox", operator)
    assert nothing.out == f"{operator} has to act on 0, 0 of them overdue; it still sees 1 that others have.\n"
    assert [line["yours"] for line in (await shell.document("inbox", operator, "--all"))["cases"]] == [False]


async def test_what_is_no_office_is_refused_with_the_mend(shell: Shell) -> None:
    for_people, for_machines = await shell.both("inbox", "BMBK")
    assert "office: write role@agency" in for_people.err
    assert for_people.status == 1
    assert for_machines.error == for_people.err.strip()
