"""Rows of LAPOR! become cases exactly once, however often a file comes, and whatever dies meanwhile."""

import asyncio
import csv
import io
import signal
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from google.protobuf.duration_pb2 import Duration
from structlog.testing import capture_logs
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client, WorkflowExecutionStatus

from gateway.channels import lapor
from gateway.channels.lapor import Fate, Outcome
from gateway.channels.lapor_rows import Report
from gateway.starter import Starter
from local.ports import free_port
from local.temporal import TemporalDevServer
from runtime import temporal
from runtime.namespace import register_search_attributes
from schemas.policy import Policy
from storage import intake
from storage.database import Pool
from tests.channels import lapor_making as making
from tests.channels.lapor_making import as_csv, as_xlsx, mapping, row
from tests.cli.command import PROGRAM, Shell
from tests.gateway.batch_making import published
from workflows.search_attributes import KEYS

NAME = "lapor-imports"


@pytest.fixture(scope="module")
async def policy(pool: Pool) -> AsyncIterator[Policy]:
    found = await published(pool, NAME)
    yield found
    await making.forget_left_behind(pool, found)


@pytest.fixture
def cases(client: Client, pool: Pool) -> Starter:
    """The edge, and nobody who works: what is started stays as it is."""
    return Starter(client, pool, "nobody-works-here")


def reports(policy: Policy, *rows: dict[str, object]) -> list[Report]:
    return lapor.checked(as_csv(*rows), mapping(), policy, datetime.now(UTC))


async def number_of(pool: Pool, beginning: str) -> int:
    count: int = await pool.fetchval(
        "select count(*) from complaints where channel = 'lapor' and external_id like $1", f"{beginning}-%"
    )
    return count


async def running(client: Client, outcome: Outcome) -> bool:
    ids = [one.case_id for one in outcome.rows if one.case_id]
    found = await asyncio.gather(*(client.get_workflow_handle(one).describe() for one in ids))
    return {one.status for one in found} == {WorkflowExecutionStatus.RUNNING}


async def test_every_row_is_accepted_started_and_accounted_for_once(
    cases: Starter, client: Client, pool: Pool, policy: Policy
) -> None:
    rows = [row(f"once-{number}") for number in range(30)]
    rows[7]["Status"] = "Selesai"
    seen: list[tuple[int, int]] = []

    first = await lapor.carry_out(cases, reports(policy, *rows), policy, lambda *settled: seen.append(settled))
    again = await lapor.carry_out(cases, reports(policy, *rows), policy)

    assert [one.tracking_id for one in first.rows] == [f"once-{number}" for number in range(30)]
    assert [one.line for one in first.rows] == [*range(2, 32)]
    assert [first.count(fate) for fate in Fate] == [29, 0, 0, 1, 0]
    assert [again.count(fate) for fate in Fate] == [0, 29, 0, 1, 0]
    assert [one.case_id for one in again.rows] == [one.case_id for one in first.rows]
    assert seen == [(number, 30) for number in range(31)]
    assert await number_of(pool, "once") == 29
    assert await running(client, first)


async def test_what_was_handed_in_is_kept_as_it_was(cases: Starter, pool: Pool, policy: Policy) -> None:
    given = reports(policy, row("kept-1"))
    (result,) = (await lapor.carry_out(cases, given, policy)).rows

    assert result.case_id is not None
    assert await intake.original(pool, result.case_id) == given[0].intake


async def test_a_row_that_says_something_else_under_a_known_id_changes_nothing_and_is_named(
    cases: Starter, pool: Pool, policy: Policy
) -> None:
    first = await lapor.carry_out(cases, reports(policy, row("other-1"), row("other-2")), policy)
    changed = reports(policy, row("other-1", Isi_Laporan="Kusuma!", No_HP="0811-2222-3333"), row("other-2"))

    second = await lapor.carry_out(cases, changed, policy)

    one, other = second.rows
    assert (one.fate, one.case_id) == (Fate.DIFFERS, first.rows[0].case_id)
    assert one.note == "differs in text, reporter from what was accepted: nothing was changed"
    assert (other.fate, other.note) == (Fate.KNOWN, None)
    assert one.case_id is not None
    original = await intake.original(pool, one.case_id)
    assert original is not None
    assert original.text.endswith(making.TEXT)


async def test_a_report_that_is_found_by_its_coordinates_alone_is_the_same_when_it_comes_again(
    cases: Starter, pool: Pool, policy: Policy
) -> None:
    given = reports(policy, row("found-1", Lokasi=""), row("found-2", Lokasi="18.01", Lintang="", Bujur=""))

    first = await lapor.carry_out(cases, given, policy)
    second = await lapor.carry_out(cases, given, policy)
    elsewhere = reports(policy, row("found-2", Lokasi="18.02", Lintang="", Bujur=""))

    assert [first.count(Fate.ACCEPTED), second.count(Fate.KNOWN)] == [2, 2]
    regions = await pool.fetch("select region from complaints where external_id like 'found-_' order by external_id")
    assert [one["region"] for one in regions] == ["18.71", "18.01"]
    (moved,) = (await lapor.carry_out(cases, elsewhere, policy)).rows
    assert moved.note is not None
    assert moved.note.startswith("differs in region from what was accepted")


async def test_two_who_import_the_same_file_at_once_accept_every_row_once(
    cases: Starter, pool: Pool, policy: Policy
) -> None:
    given = reports(policy, *(row(f"both-{number}") for number in range(30)))

    one, other = await asyncio.gather(*(lapor.carry_out(cases, given, policy) for _ in range(2)))

    assert one.count(Fate.ACCEPTED) + other.count(Fate.ACCEPTED) == 30
    assert one.count(Fate.KNOWN) + other.count(Fate.KNOWN) == 30
    assert await number_of(pool, "both") == 30


async def test_while_temporal_is_away_rows_are_accepted_for_a_sweep_to_start(
    servers_folder: Path, pool: Pool, client: Client, policy: Policy
) -> None:
    async with TemporalDevServer(free_port(), log=servers_folder / "lapor-short-lived.log") as server:
        lost = await temporal.connect(server.address)
    given = reports(policy, *(row(f"away-{number}") for number in range(12)))

    outcome = await lapor.carry_out(Starter(lost, pool, "nobody-works-here"), given, policy)

    assert (outcome.count(Fate.ACCEPTED), outcome.not_started) == (12, 12)
    assert await number_of(pool, "away") == 12


async def test_no_log_holds_what_people_wrote(cases: Starter, policy: Policy) -> None:
    with capture_logs() as logs:
        await lapor.carry_out(cases, reports(policy, row("quiet-1"), row("quiet-2", Status="Selesai")), policy)

    assert making.nothing_planted_in(str(logs))


# The commands


@pytest.fixture(scope="module")
async def apart(client: Client) -> Client:
    """A client of a namespace of its own: what commands start, no other test's worker takes up."""
    retention = Duration()
    retention.FromTimedelta(timedelta(days=1))
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=NAME, workflow_execution_retention_period=retention)
    )
    found = Client(client.service_client, namespace=NAME, data_converter=client.data_converter)
    await register_search_attributes(found, KEYS)
    return found


@pytest.fixture
def shell(tmp_path: Path, database_url: str, temporal_server: TemporalDevServer, apart: Client) -> Shell:
    return Shell(
        tmp_path,
        {
            "KAWAL_DATABASE_URL": database_url,
            "TEMPORAL_ADDRESS": temporal_server.address,
            "TEMPORAL_NAMESPACE": apart.namespace,
        },
    )


def command(file: str, what: str = "import") -> tuple[str, ...]:
    return ("lapor", what, file, "--mapping", str(making.MAPPING_FILE), "--policy", NAME)


def results(shell: Shell, name: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO((shell.folder / name).read_text(encoding="utf-8-sig"))))


async def test_a_file_is_imported_by_a_command_and_its_result_holds_nothing_that_people_wrote(
    shell: Shell, policy: Policy
) -> None:
    rows = (row("shell-1"), row("=shell-2"), row("shell-3", Status="Diarsipkan"))
    (shell.folder / "lapor.xlsx").write_bytes(as_xlsx(*rows[:1]))
    (shell.folder / "more.csv").write_bytes(as_csv(*rows, separator=";"))
    done = await shell.document(*command("lapor.xlsx"))
    assert (done["rows"], done["accepted"], done["known"]) == (1, 1, 0)

    said = await shell.ok(*command("more.csv"))

    assert "3 rows: 1 accepted, 1 known, 0 differs, 1 passed over, 0 refused." in said.out
    lines = results(shell, "more.result.csv")
    assert [(line["line"], line["fate"]) for line in lines] == [("2", "known"), ("3", "accepted"), ("4", "passed over")]
    assert lines[1]["tracking_id"] == "'=shell-2"
    assert lines[0]["case_id"] == results(shell, "lapor.result.csv")[0]["case_id"]
    assert making.nothing_planted_in((shell.folder / "more.result.csv").read_text() + said.out + said.err)


async def test_a_file_with_mistakes_accepts_nothing(shell: Shell, pool: Pool, policy: Policy) -> None:
    (shell.folder / "wrong.csv").write_bytes(as_csv(row("wrong-1"), row("wrong-2", Email="Kusuma")))

    for what in ("check", "import"):
        for_people, for_machines = await shell.both(*command("wrong.csv", what))
        assert "nothing was accepted:\nline 3, column Email: email: is no e-mail address" in for_machines.error
        assert for_machines.error in for_people.err
        assert making.nothing_planted_in(for_people.err + for_people.out)
    assert await number_of(pool, "wrong") == 0


async def test_checking_accepts_nothing(shell: Shell, pool: Pool, policy: Policy) -> None:
    (shell.folder / "fine.csv").write_bytes(as_csv(row("fine-1"), row("fine-2", Status="Selesai")))

    assert await shell.document(*command("fine.csv", "check")) == {"rows": 2, "passed_over": 1}
    assert (
        "2 rows without a mistake; 1 of them would be passed over"
        in (await shell.ok(*command("fine.csv", "check"))).out
    )
    assert await number_of(pool, "fine") == 0


async def test_a_file_is_imported_while_temporal_is_away(shell: Shell, pool: Pool, policy: Policy) -> None:
    (shell.folder / "alone.csv").write_bytes(as_csv(*(row(f"alone-{number}") for number in range(10))))

    said = await shell.having(TEMPORAL_ADDRESS=f"127.0.0.1:{free_port()}").ok(*command("alone.csv"))

    assert "10 accepted" in said.out
    assert "Temporal is away: 10 are accepted and safe, but not started yet" in said.out
    assert await number_of(pool, "alone") == 10


async def test_a_result_never_takes_the_place_of_the_file(shell: Shell) -> None:
    (shell.folder / "same.csv").write_bytes(as_csv(row("same-1")))

    ended = await shell.run(*command("same.csv"), "--result", "./same.csv", "--json")

    assert ended.error == "result: is the file itself: name another one"


async def test_an_import_that_is_killed_again_and_again_goes_on_and_accepts_every_row_exactly_once(
    shell: Shell, apart: Client, pool: Pool, policy: Policy
) -> None:
    number = 300
    (shell.folder / "many.csv").write_bytes(as_csv(*(row(f"many-{one}") for one in range(number))))

    for rows in (1, 80, 160):
        await _killed_after(rows, shell, pool)
    assert 160 <= await number_of(pool, "many") < number
    assert not (shell.folder / "many.result.csv").exists()
    done = await shell.document(*command("many.csv"))

    assert done["accepted"] + done["known"] == done["rows"] == number
    assert (done["accepted"], done["refused"], done["noted"]) == (number - done["known"], 0, [])
    assert done["known"] >= 160
    assert await number_of(pool, "many") == number
    lines = results(shell, "many.result.csv")
    assert len({line["case_id"] for line in lines}) == number
    started = [line["case_id"] for line in lines if line["fate"] == "accepted"]
    statuses = await asyncio.gather(*(apart.get_workflow_handle(one).describe() for one in started))
    assert {one.status for one in statuses} == {WorkflowExecutionStatus.RUNNING}


async def _killed_after(rows: int, shell: Shell, pool: Pool) -> None:
    """Run the import, and kill it once so many rows are accepted."""
    process = await asyncio.create_subprocess_exec(
        *(PROGRAM, *command("many.csv")),
        cwd=shell.folder,
        env=shell.environment,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    async with asyncio.timeout(60):
        while await number_of(pool, "many") < rows:
            assert process.returncode is None
        process.send_signal(signal.SIGKILL)
        assert await process.wait() == -signal.SIGKILL
