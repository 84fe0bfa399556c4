"""Commands for auditors."""

import asyncio
from logging import ERROR, getLogger
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress
from temporalio.service import RPCError, RPCStatusCode

from audit import replay as replaying
from cli.connection import EXPECTED, temporal_client
from cli.output import Json, as_json, clear_errors, progress_console, say
from gateway.refusals import NotFoundError
from runtime import settings

app: typer.Typer = typer.Typer(no_args_is_help=True, help="Prove that what was decided still follows from the rules.")


@app.callback()
def _group() -> None:
    """Keep `replay` a command of its own, also while it is the only one."""


@app.command()
def replay(
    case: Annotated[str | None, typer.Argument(metavar="CASE", help="One case's id; or say --all.")] = None,
    every: Annotated[
        bool, typer.Option("--all", metavar="", help="All cases that Temporal keeps, open and closed.")
    ] = False,
    json: Json = False,
) -> None:
    """Run histories through the code of today; exit status 1 if any does not hold."""
    if (case is None) == (not every):
        raise typer.BadParameter("name one CASE, or say --all")
    with clear_errors(json, *EXPECTED):
        verdicts = asyncio.run(_replay(case))
    if json:
        as_json({"holds": all(verdict.holds for verdict in verdicts), "cases": verdicts})
    else:
        _print(verdicts)
    if not all(verdict.holds for verdict in verdicts):
        raise typer.Exit(1)


async def _replay(case: str | None) -> list[replaying.Verdict]:
    client = await temporal_client(settings.temporal_address())
    histories = replaying.of_case(client, case) if case else replaying.of_all_cases(client)
    total = 1 if case else await replaying.count(client)
    verdicts = []
    getLogger("temporalio.core").setLevel(ERROR)  # it warns of every history that does not hold; the verdict says so
    try:
        with Progress(console=progress_console, transient=True, disable=not progress_console.is_terminal) as progress:
            task = progress.add_task("Replaying", total=total)
            async for verdict in replaying.replay(histories):
                verdicts.append(verdict)
                progress.advance(task)
    except RPCError as error:
        if case is None or error.status is not RPCStatusCode.NOT_FOUND:
            raise
        raise NotFoundError(f"case: Temporal keeps no history of one with the id {case}") from error
    return verdicts


def _print(verdicts: list[replaying.Verdict]) -> None:
    for verdict in verdicts:
        state = "open: its steps so far" if verdict.open else "closed: its steps and its result"
        word = "[green]holds        [/green]" if verdict.holds else "[red]does not hold[/red]"
        say(f"{word}  {escape(verdict.case_id)}  {verdict.events} events, {state}")
        if verdict.parts_at:
            say(f"    {escape(verdict.parts_at)}")
    held = sum(verdict.holds for verdict in verdicts)
    say(f"{held} of {len(verdicts)} histories hold with the code of today." if verdicts else "There is no case yet.")
