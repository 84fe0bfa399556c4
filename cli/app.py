"""The command `kawal`."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

import worker as workers
from cli import audit, cases, dev
from cli.connection import EXPECTED
from cli.output import Json, as_json, clear_errors, to_people
from cli.prepare import prepare
from runtime import settings, temporal

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="Kawal carries public complaints through to their answer, up the ladder if need be.",
)
app.add_typer(audit.app, name="audit")
for command in (cases.submit, cases.acknowledge, cases.respond, cases.withdraw, cases.show):
    app.command()(command)
app.command()(dev.dev)


@app.command()
def init(
    policy: Annotated[list[Path] | None, typer.Option(help="A policy pack to publish; may be repeated.")] = None,
    json: Json = False,
) -> None:
    """Prepare the database and the Temporal namespace; doing it again changes nothing."""

    async def run() -> None:
        where = settings.load()
        client = await temporal.connect(where.temporal_address)
        done = await prepare(where.database_url, client, policy or [])
        if json:
            as_json(done)
            return
        to_people.print(f"Migrations applied: {', '.join(done.migrations) or 'none were missing'}")
        to_people.print(f"Search attributes added: {', '.join(done.search_attributes) or 'none were missing'}")
        for name, version in done.policies.items():
            to_people.print(f"Policy {name} is published as version {version}")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


@app.command()
def worker() -> None:
    """Run a worker until it is told to stop."""
    workers.main()


def main() -> None:
    """Run the command line."""
    app()
