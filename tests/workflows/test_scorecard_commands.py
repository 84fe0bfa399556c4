"""What people see of registers and say to them at a terminal."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.scorecards import Scorecards
from local.scratch import scratch_folder
from local.temporal import TemporalDevServer
from storage import policies, scorecard_feed
from tests import registers
from tests.cli.command import Shell
from tests.kawal import Kawal
from tests.registers import late_again


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch_folder() as path:
        yield path


@pytest.fixture
def shell(folder: Path, database_url: str, temporal_server: TemporalDevServer) -> Shell:
    return Shell(
        folder, {"KAWAL_DATABASE_URL": database_url, "TEMPORAL_ADDRESS": temporal_server.address, "COLUMNS": "200"}
    )


async def told_of_two_late_cases(kawal: Kawal) -> str:
    agency = f"AGENCY-OF-{kawal.new_id()}"
    policy = registers.policy(agency, late_again())
    await policies.publish(kawal.pool, policy)
    for n in (1, 2):
        at = datetime.now(UTC) - timedelta(days=n)
        entry = registers.entry(
            f"{agency}-{n}",
            at=at,
            agency=agency,
            subject=f"operator@{agency}",
            deciders=(f"head-of-division@{agency}",),
        )
        async with kawal.pool.acquire() as connection, connection.transaction():
            request = registers.committed(policy, agency, entry, case_id=entry.case_id)
            await scorecard_feed.enqueue(connection, request)
    registry = Scorecards(kawal.client, kawal.pool, kawal.task_queue)
    await registry.deliver()
    async for _ in registry.handle(agency).fetch_history_events(wait_new_event=True):
        if len(await registry.list(agency=agency)) == 3:
            break
    return agency


async def test_proposals_are_listed_objected_to_decided_and_added_up(kawal: Kawal, shell: Shell) -> None:
    agency = await told_of_two_late_cases(kawal)
    listed = await shell.document("sanction", "list", "--agency", agency)
    assert [entry["kind"] for entry in listed["entries"]] == ["received", "received", "proposed"]
    assert listed["chain_holds"] is True

    objecting = ("sanction", "object", agency, "3", "--reason", "was-ill", "--actor", "operator-7")
    refused = (await shell.run(*objecting, "--office", f"clerk@{agency}", "--json")).error
    assert refused.startswith(f"actor.office: only operator@{agency} can object")
    receipt = await shell.document(*objecting, "--office", f"operator@{agency}", "--text", "Saya sakit")
    assert (receipt["agency"], receipt["entry"]) == (agency, 4)

    deciding = ("sanction", "decide", agency, "3", "annulled", "--reason", "was-ill")
    refused = (await shell.run(*deciding, "--office", f"operator@{agency}", "--json")).error
    assert refused.startswith("actor.office:")
    decided = await shell.ok(*deciding, "--office", f"head-of-division@{agency}")
    assert f"entry 5 of the register of {agency}" in decided.out

    [points] = await shell.document("sanction", "points", "--agency", agency)
    assert (points["subject"], points["points"], points["standing"]) == (f"operator@{agency}", 6, 2)
    for_people = await shell.ok("sanction", "list", "--subject", f"operator@{agency}")
    assert "annulled 3" in for_people.out
    assert "written warning" in for_people.out
    assert f"operator@{agency}" in (await shell.ok("sanction", "points", "--agency", agency)).out


async def test_mistakes_are_told_in_plain_words(kawal: Kawal, shell: Shell) -> None:
    agency = await told_of_two_late_cases(kawal)
    by_operator = ("--reason", "was-ill", "--office", f"operator@{agency}")
    mistakes = {
        "agency: NOBODY has no register": ("object", "NOBODY", "1", *by_operator),
        f"entry: the register of {agency} has no proposal number 99": ("object", agency, "99", *by_operator),
        "reason: ": ("object", agency, "1", "--reason", "I was ill", "--office", f"operator@{agency}"),
        "actor.id: ": ("object", agency, "1", *by_operator, "--actor", "someone@example.org"),
        "period: nothing stands in 1999": ("points", "--agency", agency, "--period", "1999"),
    }
    for said, command in mistakes.items():
        for_people, for_machines = await shell.both("sanction", *command)
        assert for_machines.error.startswith(said)
        assert for_people.status == 1
        assert said in for_people.err
