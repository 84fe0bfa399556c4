"""Commands for auditors."""

import asyncio
from typing import Annotated

import typer
from rich.progress import Progress
from temporalio.client import Client
from temporalio.service import RPCError

from audit import replay as replaying
from cli.output import Json, as_json, clear_errors, progress_console, to_people
from runtime import settings, temporal

app = typer.Typer(no_args_is_help=True, help="Prove that what was decided still follows from the rules.")


@app.callback()
def _group() -> None:
    """Keep `replay` a command of its own, also while it is the only one."""


@app.command()
def replay(
    case: Annotated[str | None, typer.Argument(metavar="CASE", help="One case; or --all.")] = None,
    every: Annotated[bool, typer.Option("--all", help="All cases that Temporal keeps, open and closed.")] = False,
    json: Json = False,
) -> None:
    """Run histories through the code of today; exit status 1 if any does not hold."""
    if (case is None) == (not every):
        raise typer.BadParameter("name one CASE, or say --all")
    with clear_errors(json, RuntimeError, RPCError):
        verdicts = asyncio.run(_replay(case))
        if json:
            as_json({"holds": all(v.holds for v in verdicts), "cases": verdicts})
        else:
            _print(verdicts)
    if not all(verdict.holds for verdict in verdicts):
        raise typer.Exit(1)


async def _replay(case: str | None) -> list[replaying.Verdict]:
    client = await temporal.connect(settings.temporal_address())
    histories = replaying.of_case(client, case) if case else replaying.of_all_cases(client)
    verdicts = []
    with Progress(console=progress_console, transient=True) as progress:
        task = progress.add_task("replaying", total=await _total(client, case))
        async for verdict in replaying.replay(histories):
            verdicts.append(verdict)
            progress.advance(task)
    return verdicts


async def _total(client: Client, case: str | None) -> int:
    return 1 if case else await replaying.count(client)


def _print(verdicts: list[replaying.Verdict]) -> None:
    for verdict in verdicts:
        state = "open" if verdict.open else "closed"
        word = "[green]holds[/green]" if verdict.holds else "[red]parts[/red]"
        to_people.print(f"{word}  {verdict.case_id}  {verdict.events} events, {state}")
        if verdict.parts_at:
            to_people.print(f"       {verdict.parts_at}", markup=False)
    held = sum(verdict.holds for verdict in verdicts)
    to_people.print(f"{held} of {len(verdicts)} histories hold with the code of today.")
