"""`kawal dev`: everything on this machine, with one command, kept running until Ctrl-C."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from temporalio.client import Client

from cli import examples, feed
from cli.connection import EXPECTED
from cli.output import clear_errors, progress_console, to_people
from cli.prepare import prepare
from cli.worker_process import WorkerProcess
from local.leftovers import end_leftovers
from local.ports import free_ports, require_free
from local.postgres import EmbeddedPostgres
from local.scratch import scratch_folder
from local.server import Server
from local.temporal import TemporalDevServer
from runtime import settings, temporal
from starter import Starter
from storage import case_records, database

WATCH_PACK = Path(__file__).parent.parent / "examples" / "policies" / "watch"
DEFAULT_PORTS = {"--temporal-port": 7233, "--ui-port": 8233, "--postgres-port": 54329}

Port = Annotated[int | None, typer.Option(min=1, max=65535, help="Choose another port.")]


def dev(
    ephemeral: Annotated[bool, typer.Option("--ephemeral", help="Free ports, and nothing is kept at the end.")] = False,
    ready_file: Annotated[
        Path | None, typer.Option(help="Write the addresses here, as JSON, once all answers.")
    ] = None,
    policy: Annotated[Path, typer.Option(help="The policy pack to run under.")] = WATCH_PACK,
    temporal_port: Port = None,
    ui_port: Port = None,
    postgres_port: Port = None,
    json: Annotated[bool, typer.Option("--json", help="Print only the addresses, as JSON.")] = False,
) -> None:
    """Run PostgreSQL, Temporal and a worker here, with a few example cases to watch; data stays in .kawal/."""
    given = {"--temporal-port": temporal_port, "--ui-port": ui_port, "--postgres-port": postgres_port}
    with clear_errors(json, *EXPECTED), _folder(ephemeral) as folder:
        asyncio.run(_run(folder, _ports(given, ephemeral), policy, ready_file, ephemeral, json))


def _ports(given: dict[str, int | None], ephemeral: bool) -> dict[str, int]:
    usual = dict(zip(given, free_ports(len(given)), strict=True)) if ephemeral else DEFAULT_PORTS
    return {option: port or usual[option] for option, port in given.items()}


@contextlib.contextmanager
def _folder(ephemeral: bool) -> Iterator[Path]:
    if ephemeral:
        with scratch_folder() as folder:
            yield folder
    else:
        settings.FOLDER.mkdir(exist_ok=True)
        yield settings.FOLDER.resolve()


@dataclass(frozen=True)
class _Running:
    """All servers, up and answering."""

    postgres: EmbeddedPostgres
    temporal: TemporalDevServer
    worker: WorkerProcess
    client: Client

    @property
    def addresses(self) -> dict[str, str]:
        return {
            "temporal": self.temporal.address,
            "temporal_ui": self.temporal.ui_url or "",
            "database": self.postgres.url,
        }


async def _run(
    folder: Path, ports: dict[str, int], pack: Path, ready_file: Path | None, ephemeral: bool, json_wanted: bool
) -> None:
    stop = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    ready_files = [path for path in (ready_file, None if ephemeral else settings.READY_FILE.resolve()) if path]
    async with _everything(folder, ports, pack, durable=not ephemeral) as (running, policy_name):
        pool = await database.connect(running.postgres.url, max_size=3)
        with _ready(ready_files, running.addresses):
            kawal = Starter(running.client, pool)
            if json_wanted:
                to_people.print(json.dumps(running.addresses), soft_wrap=True)
            else:
                await _say_what_to_try(running, kawal, policy_name, anew=pack == WATCH_PACK)
            await _until(stop, running, pool, quiet=json_wanted)
        progress_console.print("Stopping. What was kept goes on at the next start." if not ephemeral else "Stopping.")
        pool.terminate()


@contextlib.asynccontextmanager
async def _everything(
    folder: Path, ports: dict[str, int], pack: Path, *, durable: bool
) -> AsyncIterator[tuple[_Running, str]]:
    """Start all servers in order; at the end, stop them in the opposite order."""
    logs = folder / "logs"
    logs.mkdir(exist_ok=True)
    await end_leftovers(logs)
    require_free(ports)
    postgres = EmbeddedPostgres(
        folder / "postgres", ports["--postgres-port"], log=logs / "postgres.log", durable=durable
    )
    temporal_server = TemporalDevServer(
        ports["--temporal-port"],
        ports["--ui-port"],
        log=logs / "temporal.log",
        db_file=folder / "temporal.db" if durable else None,
    )
    with progress_console.status("") as status:
        async with contextlib.AsyncExitStack() as stack:
            status.update("Starting PostgreSQL ...")
            await stack.enter_async_context(postgres)
            status.update("Starting Temporal ...")
            await stack.enter_async_context(temporal_server)
            status.update("Preparing the tables, search attributes and the policy ...")
            client = await temporal.connect(temporal_server.address)
            prepared = await prepare(postgres.url, client, [pack])
            status.update("Starting a worker ...")
            worker = WorkerProcess(
                client,
                database_url=postgres.url,
                temporal_address=temporal_server.address,
                log=logs / "worker.log",
            )
            await stack.enter_async_context(worker)
            status.stop()
            yield _Running(postgres, temporal_server, worker, client), next(iter(prepared.policies))


@contextlib.contextmanager
def _ready(paths: list[Path], addresses: dict[str, str]) -> Iterator[None]:
    """Keep the addresses in files while everything runs; each appears whole or not at all."""
    for path in paths:
        draft = path.with_name(path.name + ".new")
        draft.touch(mode=0o600)  # the database's address holds its password
        draft.write_text(json.dumps(addresses, indent=2) + "\n")
        draft.replace(path)
    try:
        yield
    finally:
        for path in paths:
            path.unlink(missing_ok=True)


async def _until(stop: asyncio.Event, running: _Running, pool: database.Pool, *, quiet: bool) -> None:
    """Keep the servers running until somebody says stop."""
    tasks = [
        asyncio.create_task(stop.wait()),
        asyncio.create_task(_keep("PostgreSQL", running.postgres)),
        asyncio.create_task(_keep("Temporal", running.temporal)),
        asyncio.create_task(_keep("The worker", running.worker)),
    ]
    if not quiet:
        tasks.append(asyncio.create_task(feed.tell(pool)))
    done, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    await asyncio.gather(*pending, return_exceptions=True)
    for task in done:
        task.result()


async def _keep(name: str, server: Server) -> None:
    while True:
        code = await server.wait()
        progress_console.print(f"[yellow]{name} ended ({_how(code)}). Starting it again.[/yellow]")
        await server.start()


def _how(code: int) -> str:
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit status {code}"


async def _say_what_to_try(running: _Running, kawal: Starter, policy_name: str, *, anew: bool) -> None:
    shown: list[examples.Example] = []
    if anew and await case_records.nothing_ahead(kawal.pool):
        shown = await examples.submit(kawal, policy_name)
    command = f"{Path(os.environ.get('VIRTUAL_ENV', '.venv')).name}/bin/kawal"
    to_people.print("\n[bold]Kawal runs.[/bold] Ctrl-C stops it; the next start goes on where it was.\n")
    to_people.print(f"  Open   {running.addresses['temporal_ui']}   every case, in Temporal's own pages")
    for example in shown:
        to_people.print(f"  Case   {example.case.case_id}   {example.shows}")
    case = shown[1].case.case_id if shown else "CASE"
    to_people.print("\nTry in another terminal, in this folder:\n")
    for line in (
        f"{command} show {case}",
        f'{command} respond {case} --text "Lampu sudah menyala kembali."',
        f'{command} submit --category road-province --region 18.01 --text "Jembatan rusak"',
        f"{command} audit replay --all",
    ):
        to_people.print(f"  {line}", soft_wrap=True)
    to_people.print("\nWhat happens:\n")
