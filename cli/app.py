"""The command `kawal`."""

import asyncio
import contextlib
import os
import sys
from collections.abc import Callable
from itertools import chain
from pathlib import Path
from typing import Annotated

import typer

import worker as workers
from cli import (
    absences,
    audit,
    batch,
    cases,
    deliveries,
    demo,
    dev,
    gateway,
    inbox,
    keys,
    lapor,
    messages,
    notices,
    policy,
    privacy,
    recalculate,
    reconcile,
    sanctions,
    service_messages,
    services,
    simulate,
    webhooks,
)
from cli.connection import EXPECTED, answering, temporal_client
from cli.output import Json, as_json, clear_errors, say
from cli.prepare import prepare
from runtime import logs, settings, tracing
from storage.policy_pack import load_pack

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Kawal carries public complaints through to their answer, up the ladder if need be.",
)
CASE_COMMANDS: tuple[Callable[..., None], ...] = (cases.submit, cases.show, *chain(*messages.PANELS.values()))
SERVICE_COMMANDS: tuple[Callable[..., None], ...] = (
    *(service_messages.confirm, service_messages.dispute, service_messages.cancel),
    *(batch.batch, reconcile.reconcile),
)
for command in (dev.dev, gateway.gateway, cases.submit, cases.show, inbox.inbox, simulate.simulate):
    app.command()(command)
for panel, commands in messages.PANELS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)
policy.app.command()(recalculate.recalculate)
for of_service in SERVICE_COMMANDS:
    services.app.command()(of_service)
app.add_typer(absences.app, name="absence")
app.add_typer(audit.app, name="audit")
app.add_typer(deliveries.app, name="delivery")
app.add_typer(demo.app, name="demo")
app.add_typer(keys.app, name="key")
app.add_typer(lapor.app, name="lapor")
app.add_typer(notices.contact, name="contact")
app.add_typer(notices.notice, name="notice")
app.add_typer(policy.app, name="policy")
app.add_typer(privacy.app, name="privacy")
app.add_typer(sanctions.app, name="sanction")
app.add_typer(services.app, name="service")
app.add_typer(webhooks.app, name="webhook")


@app.command()
def init(
    policy: Annotated[
        list[Path] | None,
        typer.Option(exists=True, file_okay=False, metavar="FOLDER", help="A policy pack to publish; may be repeated."),
    ] = None,
    json: Json = False,
) -> None:
    """Prepare the database and the Temporal namespace; doing it again changes nothing."""

    async def run() -> None:
        packs = [load_pack(folder) for folder in policy or []]  # first, so that a mistake in one changes nothing
        where = settings.load()
        client = await temporal_client(where.temporal_address)
        async with answering(where.database_url):
            done = await prepare(where.database_url, client, packs)
        if json:
            as_json(done)
            return
        say(f"Migrations applied: {', '.join(done.migrations) or 'none were missing'}")
        say(f"Search attributes added: {', '.join(done.search_attributes) or 'none were missing'}")
        if done.sealed:
            say(f"Sealed: {done.sealed} rows that an older release kept in clear")
        for name, version in done.policies.items():
            say(f"Policy {name} is published as version {version}")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


@app.command()
def worker(
    json: Annotated[bool, typer.Option("--json", metavar="", help="Say as JSON what keeps it from running.")] = False,
) -> None:
    """Run a worker, which carries cases on, until Ctrl-C or SIGTERM. Run as many as you like."""
    logs.configure()
    tracing.configure("worker")
    with clear_errors(json, *EXPECTED):
        asyncio.run(workers.run())


def main(commands: typer.Typer = app) -> None:
    """Run the command line, or another one made of its commands."""
    logs.forward_native_logs()
    status = _run(commands)
    tracing.flush()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(BrokenPipeError):
            stream.flush()
    os._exit(status)  # the SDK's native threads can abort an orderly interpreter exit after all work is done


def _run(commands: typer.Typer) -> int:
    """Run one command and return its exit status; with --json, wrong usage is reported as JSON, too."""
    json_wanted = "--json" in sys.argv
    try:
        return commands(standalone_mode=not json_wanted) or 0
    except typer.TyperException as error:
        as_json({"error": error.format_message()})
        return error.exit_code
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0 if end.code is None else 1


if __name__ == "__main__":
    main()
