"""`kawal dev`: everything on this machine, with one command, kept running until Ctrl-C."""

import asyncio
import contextlib
import json
import os
import signal
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer

from cli import feed, servers, welcome
from cli.connection import EXPECTED
from cli.examples import WATCH_PACK
from cli.output import as_json, clear_errors, progress_console
from gateway.starter import Starter
from local.leftovers import end_leftovers
from local.ports import free_ports, require_free
from local.private_file import write_private
from local.scratch import scratch_folder
from runtime import settings
from schemas.policy import Policy
from storage import database
from storage.policy_pack import load_pack

DEFAULT_PORTS = {
    "--temporal-port": 7233,
    "--ui-port": 8233,
    "--postgres-port": 54329,
    "--gateway-port": 8080,
    "--carrier-port": 8099,
}
A_DAY_IN_TWO_SECONDS = 43_200.0


def _in_a_folder(path: Path | None) -> Path | None:
    if path and not path.parent.is_dir():
        raise typer.BadParameter(f"there is no folder {path.parent}: make it first")
    return path


def _port(of_what: str, option: str) -> typer.models.OptionInfo:
    port: typer.models.OptionInfo = typer.Option(
        option,
        min=1,
        max=65535,
        metavar="PORT",
        help=f"Where {of_what} listens.",
        show_default=f"{DEFAULT_PORTS[option]}, or any free one with --ephemeral",
    )
    return port


def dev(
    ephemeral: Annotated[
        bool, typer.Option("--ephemeral", metavar="", help="Take free ports, and keep nothing at the end.")
    ] = False,
    ready_file: Annotated[
        Path | None,
        typer.Option(
            metavar="FILE",
            dir_okay=False,
            callback=_in_a_folder,
            help="Write the addresses to this file, as JSON, once everything answers.",
        ),
    ] = None,
    policy: Annotated[
        Path,
        typer.Option(
            exists=True,
            file_okay=False,
            metavar="FOLDER",
            help="The policy pack to run under.",
            show_default="an example with limits in seconds",
        ),
    ] = WATCH_PACK,
    temporal_port: Annotated[int | None, _port("Temporal", "--temporal-port")] = None,
    ui_port: Annotated[int | None, _port("Temporal's web page", "--ui-port")] = None,
    postgres_port: Annotated[int | None, _port("PostgreSQL", "--postgres-port")] = None,
    gateway_port: Annotated[int | None, _port("Kawal's HTTP interface", "--gateway-port")] = None,
    carrier_port: Annotated[int | None, _port("the simulated carrier", "--carrier-port")] = None,
    carrier_speed: Annotated[
        float | None,
        typer.Option(
            min=0.001,
            metavar="TIMES",
            help="How many times faster the simulated carrier's shipments move.",
            show_default="43200, a day in two seconds, with the example policy; else 1",
        ),
    ] = None,
    json: Annotated[
        bool, typer.Option("--json", metavar="", help="Print only the addresses, as JSON, once everything answers.")
    ] = False,
) -> None:
    """Run everything here, with example cases to watch, until Ctrl-C. Data stays in .kawal/."""
    given = {
        "--temporal-port": temporal_port,
        "--ui-port": ui_port,
        "--postgres-port": postgres_port,
        "--gateway-port": gateway_port,
        "--carrier-port": carrier_port,
    }
    with_examples = policy.resolve() == WATCH_PACK
    with clear_errors(json, *EXPECTED):
        pack = load_pack(policy)
        _forget_other_servers()
        with _folder(ephemeral) as folder:
            plan = _Plan(
                folder=folder,
                durable=not ephemeral,
                ports=_ports(given, ephemeral),
                policy=pack,
                with_examples=with_examples,
                carrier_speed=carrier_speed or (A_DAY_IN_TWO_SECONDS if with_examples else 1.0),
                ready_files=tuple(_ready_files(ready_file, ephemeral)),
                json_wanted=json,
            )
            asyncio.run(_until_told_to_stop(_serve(plan)))


@dataclass(frozen=True)
class _Plan:
    """What was asked for."""

    folder: Path
    durable: bool
    ports: dict[str, int]
    policy: Policy
    with_examples: bool
    carrier_speed: float
    ready_files: tuple[Path, ...]
    json_wanted: bool


def _forget_other_servers() -> None:
    """Leave aside what Temporal's own settings say: a namespace or key of elsewhere opens nothing here."""
    for name in [name for name in os.environ if name.startswith("TEMPORAL_")]:
        del os.environ[name]
    os.environ["TEMPORAL_CONFIG_FILE"] = os.devnull


def _ports(given: dict[str, int | None], ephemeral: bool) -> dict[str, int]:
    usual = dict(zip(given, free_ports(len(given)), strict=True)) if ephemeral else DEFAULT_PORTS
    return {option: port or usual[option] for option, port in given.items()}


def _ready_files(wanted: Path | None, ephemeral: bool) -> Iterator[Path]:
    if wanted:
        yield wanted.absolute()
    if not ephemeral:
        yield settings.READY_FILE.absolute()  # where the other commands look


@contextlib.contextmanager
def _folder(ephemeral: bool) -> Iterator[Path]:
    if ephemeral:
        with scratch_folder() as folder:
            yield folder
    else:
        settings.FOLDER.mkdir(exist_ok=True)
        yield settings.FOLDER.resolve()


async def _until_told_to_stop(serving: Coroutine[None, None, None]) -> None:
    """Run until it fails, or SIGINT or SIGTERM comes: at any moment, also while it starts."""
    task = asyncio.create_task(serving)
    stopping = False

    def stop() -> None:
        nonlocal stopping
        if not stopping:  # a second Ctrl-C must not disturb the end of the first
            stopping = True
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _serve(plan: _Plan) -> None:
    since = datetime.now(UTC)
    logs = plan.folder / "logs"
    logs.mkdir(exist_ok=True)
    await end_leftovers(logs)
    require_free(plan.ports)
    for path in plan.ready_files:
        path.unlink(missing_ok=True)  # a killed predecessor could not take it away
    async with servers.everything(
        plan.folder, plan.ports, plan.policy, durable=plan.durable, carrier_speed=plan.carrier_speed
    ) as running:
        pool = await database.connect(running.postgres.url, max_size=3, ring=running.ring)
        try:
            with _ready(plan.ready_files, running.addresses):
                await _keep_and_tell(plan, running, Starter(running.client, pool), since)
        finally:
            pool.terminate()
            goodbye = "Stopping. The next start goes on from here." if plan.durable else "Stopping."
            progress_console.print(goodbye)


async def _keep_and_tell(plan: _Plan, running: servers.Running, kawal: Starter, since: datetime) -> None:
    if plan.json_wanted:
        as_json(running.addresses)
        await running.keep()
        return
    await welcome.say_what_to_try(
        running.addresses, kawal, plan.policy, with_examples=plan.with_examples, durable=plan.durable
    )
    await running.keep(feed.Feed(kawal.pool, since=since).tell())


@contextlib.contextmanager
def _ready(paths: tuple[Path, ...], addresses: dict[str, Any]) -> Iterator[None]:
    """Keep the addresses in files while everything runs; each appears whole or not at all."""
    for path in paths:
        write_private(path, f"{json.dumps(addresses, indent=2)}\n".encode())  # passwords, keys and tokens are in it
    try:
        yield
    finally:
        for path in paths:
            path.unlink(missing_ok=True)
