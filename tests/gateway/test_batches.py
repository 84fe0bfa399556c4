"""Ten thousand requests from one file: checked as a whole, then each exactly once, whatever dies meanwhile."""

import asyncio
import csv
import io
import signal
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client, WorkflowExecutionStatus

from gateway import batches
from gateway.batches import BatchFile, BatchFileError
from gateway.refusals import RefusedError
from gateway.service_requests import ServiceRequests
from local.ports import free_port
from local.temporal import TemporalDevServer
from runtime import temporal
from schemas.policy import Policy
from storage.batches import RowStatus
from storage.database import Pool
from storage.policy_pack import load_pack
from tests.cli.command import PROGRAM, Shell
from tests.gateway.batch_making import CASH, HEADER, LAMPUNG, PAPERS, nik, published, row, table

NAME = "batches"


@pytest.fixture(scope="module")
async def policy(pool: Pool) -> Policy:
    return await published(pool, NAME)


@pytest.fixture
def requests(client: Client, pool: Pool) -> ServiceRequests:
    """The edge, and nobody who works: what is started stays as it is."""
    return ServiceRequests(client, pool, "nobody-works-here")


def problems(content: bytes, policy: Policy, service: str = CASH) -> list[str]:
    with pytest.raises(BatchFileError) as refused:
        batches.checked(content, service, policy)
    return [str(problem) for problem in refused.value.problems]


async def in_temporal(client: Client, request_ids: list[str]) -> list[WorkflowExecutionStatus | None]:
    found = await asyncio.gather(*(client.get_workflow_handle(one).describe() for one in request_ids))
    return [one.status for one in found]


async def intakes(pool: Pool, file: BatchFile) -> list[str]:
    rows = await pool.fetch("select request_id from request_intakes where request_id like $1", f"{file.batch_id}-%")
    return sorted(row["request_id"] for row in rows)


# What is wrong with a file is said before anything starts.


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (table(row(1), header=HEADER.replace("phone", "telepon")), "line 1: column 3: has no name that is known"),
        (
            table(row(1), header=HEADER.replace("phone", "region")),
            "line 1: region: is the name of 2 columns: remove all but one",
        ),
        (table("Warga 1", header="name"), "line 1: address: is missing: add the column"),
        (table(), "line 1: there are no rows"),
        (b"", "line 1: name: is missing"),
        (table(row(1), row(2) + ",more"), "line 3: has 8 cells, the header 7: put texts with a separator in quotes"),
        (table(row(1), row(2, name='"Warga')), "line 3: cannot be read (unexpected end of data): check its quotes"),
        (table(row(1)) + b"\xe9", "line 3: is not UTF-8: save the table as CSV in UTF-8"),
        (table(row(1, name="")), "line 2: name: is missing"),
        (table(row(1, national_id="1.87101E+15")), "line 2: national_id: "),
        (table(row(1, phone="0")), "line 2: phone: is no phone number"),
        (table(row(1, region="99.99")), "line 2: region: is not one of the policy's"),
        (table(row(1, amount="300.000")), "line 2: amount: is no whole number of rupiah: write digits alone"),
        (table(row(1, amount="0")), "line 2: amount: Input should be greater than 0"),
        (table(row(1, amount="")), f"line 2: amount: {CASH} needs one"),
        (table(row(1, period="")), f"line 2: period: {CASH} is given once in each month"),
        (table(row(1, national_id="")), f"line 2: national_id: {CASH} is given to each person once"),
        (table(row(1), row(2), row(1)), "line 4: national_id and period: is that of line 2: leave one of them out"),
        (
            table("A,Jalan 1,x-1", "B,Jalan 2,x-1", header="name,address,external_id"),
            "line 3: external_id: is that of line 2: leave one of them out",
        ),
    ],
    ids=lambda given: given[:60] if isinstance(given, str) else "",
)
def test_a_mistake_is_named_by_its_line_and_mend(policy: Policy, content: bytes, said: str) -> None:
    found = problems(content, policy, PAPERS if b"external_id" in content else CASH)

    assert [problem for problem in found if problem.startswith(said)] == found[-1:]


def test_every_mistake_of_a_file_is_named_in_order_and_no_value_is_repeated(policy: Policy) -> None:
    wrong = (row(1, phone="bukan nomor"), row(2), row(3, national_id="abc"), row(2), row(5, amount="gratis"))

    found = problems(table(*wrong), policy)

    assert [problem.split(": ")[0] for problem in found] == ["line 2", "line 4", "line 5", "line 6"]
    for value in ("bukan", "abc", "gratis", nik(2), "Warga", "Mawar"):
        assert value not in "".join(found)


def test_lines_are_counted_as_editors_count_them(policy: Policy) -> None:
    of_two_lines = row(1, address='"Jalan Mawar 1\nRT 2"')

    assert problems(table(of_two_lines, "", row(2, phone="0")), policy)[0].startswith("line 5: phone: ")


@pytest.mark.parametrize("separator", [",", ";"])
def test_a_table_as_spreadsheets_write_it_is_read(policy: Policy, separator: str) -> None:
    text = table(row(1, name='"Siti Aminah"'), row(2)).decode().replace(",", separator)

    file = batches.checked(b"\xef\xbb\xbf" + text.encode(), CASH, policy)

    first = file.intake(1)
    assert (first.recipient.name, first.recipient.national_id, first.amount) == ("Siti Aminah", nik(1), 300_000)
    assert (first.channel, first.external_id) == ("batch", file.request_id(1))


def test_a_service_that_nobody_knows_is_refused_once_and_not_per_row(policy: Policy) -> None:
    with pytest.raises(RefusedError, match="service: bread is not one of the policy's: write one of samsat-papers, "):
        batches.checked(table(row(1)), "bread", policy)


# Every row becomes one request.


async def test_every_row_is_accepted_started_and_accounted_for(
    requests: ServiceRequests, client: Client, pool: Pool, policy: Policy
) -> None:
    file = batches.checked(table(*(row(n) for n in range(100, 140))), CASH, policy)
    seen: list[tuple[int, int]] = []

    outcome = await batches.carry_out(requests, file, policy, lambda *settled: seen.append(settled))

    assert [(one.row, one.status, one.request_id) for one in outcome.rows] == [
        (number, RowStatus.ACCEPTED, f"{file.batch_id}-{number}") for number in range(1, 41)
    ]
    assert (outcome.refused, outcome.not_started) == ((), 0)
    assert seen == [(number, 40) for number in range(41)]
    assert len(await intakes(pool, file)) == 40
    started = await in_temporal(client, [file.request_id(number) for number in range(1, 41)])
    assert set(started) == {WorkflowExecutionStatus.RUNNING}

    again = await batches.carry_out(requests, file, policy)
    assert again == outcome
    assert len(await intakes(pool, file)) == 40


async def test_two_who_carry_out_the_same_file_at_once_start_nothing_twice(
    requests: ServiceRequests, pool: Pool, policy: Policy
) -> None:
    file = batches.checked(table(*(row(n) for n in range(200, 240))), CASH, policy)

    one, other = await asyncio.gather(*(batches.carry_out(requests, file, policy) for _ in range(2)))

    assert one.refused == other.refused == ()
    assert len(await intakes(pool, file)) == 40


async def test_whoever_gets_the_benefit_from_another_request_is_refused_and_nobody_else(
    requests: ServiceRequests, policy: Policy
) -> None:
    first = batches.checked(table(row(301)), CASH, policy)
    await batches.carry_out(requests, first, policy)

    second = batches.checked(table(row(300), row(301), row(302), row(301, period="2026-12")), CASH, policy)
    outcome = await batches.carry_out(requests, second, policy)

    assert [one.status for one in outcome.rows] == ["accepted", "refused", "accepted", "accepted"]
    (refused,) = outcome.refused
    assert (refused.row, refused.request_id) == (2, None)
    assert refused.problem is not None
    assert refused.problem.startswith(f"period: the request {first.request_id(1)} has this benefit")
    assert nik(301) not in refused.problem


async def test_a_row_of_a_corrected_file_is_the_same_request_by_its_external_id_unless_it_asks_for_something_else(
    requests: ServiceRequests, pool: Pool, policy: Policy
) -> None:
    header = "name,address,region,external_id"
    rows = ["Siti,Jalan Mawar 1,18.71,dtks-1", "Budi,Jalan Melati 2,18.71,dtks-2"]
    first = batches.checked(table(*rows, header=header), PAPERS, policy)
    await batches.carry_out(requests, first, policy)

    more = [*rows[:1], "Budi,Jalan Anggrek 3,18.71,dtks-2", "Wati,Jalan Kenanga 4,18.71,dtks-3"]
    second = batches.checked(table(*more, header=header), PAPERS, policy)
    outcome = await batches.carry_out(requests, second, policy)

    assert [one.request_id for one in outcome.rows] == [first.request_id(1), None, second.request_id(3)]
    assert outcome.rows[1].problem == (
        f"external_id: is that of {first.request_id(2)}, which asks for something else: write another"
    )
    assert await intakes(pool, second) == [second.request_id(3)]


async def test_while_temporal_is_away_rows_are_accepted_for_a_sweep_to_start(
    servers_folder: Path, pool: Pool, client: Client, policy: Policy
) -> None:
    file = batches.checked(table(*(row(n) for n in range(400, 420))), CASH, policy)
    async with TemporalDevServer(free_port(), log=servers_folder / "short-lived.log") as server:
        lost = await temporal.connect(server.address)

    outcome = await batches.carry_out(ServiceRequests(lost, pool, "nobody-works-here"), file, policy)

    assert (outcome.refused, outcome.not_started) == ((), 20)
    assert len(await intakes(pool, file)) == 20


# Whatever dies meanwhile.


@pytest.fixture(scope="module")
async def apart(client: Client) -> Client:
    """A client of a namespace of its own: what commands start, no other test's worker takes up."""
    retention = Duration()
    retention.FromTimedelta(timedelta(days=1))
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=NAME, workflow_execution_retention_period=retention)
    )
    return Client(client.service_client, namespace=NAME, data_converter=client.data_converter)


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


class Batch:
    """A command that carries out a file, as a process of its own."""

    def __init__(self, shell: Shell, file: Path, settled: Pool, batch_id: str) -> None:
        self.arguments = ("service", "batch", file.name, "--service", CASH, "--policy", NAME)
        self.shell, self.batch_id, self._pool = shell, batch_id, settled

    async def stopped_after(self, rows: int, by: signal.Signals) -> tuple[int | None, str]:
        """Run it, and send it a signal once so many rows are settled; return its exit status and what it said."""
        process = await asyncio.create_subprocess_exec(
            *(PROGRAM, *self.arguments),
            cwd=self.shell.folder,
            env=self.shell.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(60):
                while await self.settled() < rows:
                    assert process.returncode is None
                process.send_signal(by)
                _, said = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        return process.returncode, said.decode()

    async def settled(self) -> int:
        """Return how many rows are."""
        count: int = await self._pool.fetchval(
            "select count(*) from batch_rows where batch_id = $1 and status <> 'waiting'", self.batch_id
        )
        return count


async def test_a_batch_that_is_killed_again_and_again_goes_on_and_starts_every_row_exactly_once(
    shell: Shell, apart: Client, pool: Pool, policy: Policy
) -> None:
    number = 400
    content = table(*(row(n) for n in range(1000, 1000 + number)))
    file = batches.checked(content, CASH, policy)
    (shell.folder / "penerima.csv").write_bytes(content)
    batch = Batch(shell, shell.folder / "penerima.csv", pool, file.batch_id)

    for rows in (1, 120, 240):
        assert (await batch.stopped_after(rows, signal.SIGKILL))[0] == -signal.SIGKILL
    assert 240 <= await batch.settled() < number
    assert not (shell.folder / "penerima.result.csv").exists()
    done = await shell.document(*batch.arguments)

    assert (done["rows"], done["accepted"], done["refused"]) == (number, number, [])
    ids = [file.request_id(one) for one in range(1, number + 1)]
    assert await intakes(pool, file) == sorted(ids)
    assert set(await in_temporal(apart, ids)) == {WorkflowExecutionStatus.RUNNING}
    assert [line["request_id"] for line in results(shell)] == ids
    held = await pool.fetchval("select count(*) from benefits where request_id = any($1) and freed_at is null", ids)
    assert held == number


async def test_ctrl_c_says_how_to_go_on(shell: Shell, pool: Pool, policy: Policy) -> None:
    content = table(*(row(n) for n in range(2000, 2300)))
    (shell.folder / "penerima.csv").write_bytes(content)
    batch_id = batches.checked(content, CASH, policy).batch_id
    batch = Batch(shell, shell.folder / "penerima.csv", pool, batch_id)

    status, said = await batch.stopped_after(20, signal.SIGINT)

    assert (status, " ".join(said.split())) == (
        130,
        "Stopped: run the same command with the same file to go on; nothing is started twice.",
    )
    assert (await shell.document(*batch.arguments))["accepted"] == 300


async def test_the_result_accounts_for_every_row_and_holds_nothing_personal(shell: Shell, policy: Policy) -> None:
    (shell.folder / "a.csv").write_bytes(table(row(3000)))
    (shell.folder / "b.csv").write_bytes(table(row(3001), row(3000)))
    options = ("--service", CASH, "--policy", NAME)
    first = await shell.document("service", "batch", "a.csv", *options, "--result", "result.csv")
    assert list(results(shell, "result.csv")) == [
        {"row": "1", "status": "accepted", "request_id": f"{first['batch_id']}-1", "problem": ""}
    ]

    ended = await shell.run("service", "batch", "b.csv", *options)

    assert ended.status == 1
    assert "1 accepted, 1 refused" in ended.out
    assert f"row 2: period: the request {first['batch_id']}-1 has this benefit" in " ".join(ended.out.split())
    assert [line["status"] for line in results(shell, "b.result.csv")] == ["accepted", "refused"]
    for personal in ("Warga", "Mawar", nik(3000), "0812"):
        assert personal not in (shell.folder / "b.result.csv").read_text() + ended.out + ended.err


async def test_a_file_with_mistakes_starts_nothing(shell: Shell, pool: Pool) -> None:
    (shell.folder / "penerima.csv").write_bytes(table(row(4000), row(4001, phone="0"), row(4000)))

    for_people, as_json = await shell.both("service", "batch", "penerima.csv", "--service", CASH, "--policy", NAME)

    assert "the file has 2 problems, and nothing was started:\nline 3: phone: " in as_json.error
    assert as_json.error in for_people.err
    beneficiary = pool.ring.fingerprint("national_id", nik(4000))
    assert await pool.fetchval("select count(*) from benefits where beneficiary = $1", beneficiary) == 0


async def test_a_result_never_takes_the_place_of_the_file(shell: Shell) -> None:
    (shell.folder / "penerima.csv").write_bytes(table(row(5000)))

    ended = await shell.run(
        *("service", "batch", "penerima.csv", "--service", CASH, "--policy", NAME, "--json"),
        *("--result", "./penerima.csv"),
    )

    assert ended.error == "result: is the file itself: name another one"


def results(shell: Shell, name: str = "penerima.result.csv") -> list[dict[str, Any]]:
    return list(csv.DictReader(io.StringIO((shell.folder / name).read_text())))


def test_the_example_is_a_batch_without_mistakes() -> None:
    example = LAMPUNG.parent.parent / "examples" / "batches" / f"{CASH}.csv"

    assert len(batches.checked(example.read_bytes(), CASH, load_pack(LAMPUNG)).intakes) == 4
