"""`kawal simulate`: complaints of the past through the real workflow, in virtual time."""

import asyncio
import logging
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.connection import EXPECTED
from cli.output import clear_errors, progress_console, to_people
from simulation.report import Report, render
from simulation.run import simulate as run_simulation


def simulate(
    cases: Annotated[Path, typer.Option(help="The table: CSV, packed with gzip or not.")],
    mapping: Annotated[Path, typer.Option(help="What its columns mean: TOML, see examples/mappings/.")],
    limit: Annotated[int, typer.Option(min=1, help="How many rows to draw at random.")] = 500,
    seed: Annotated[int, typer.Option(help="The same seed draws the same rows.")] = 1,
    json: Annotated[
        Path | None, typer.Option("--json", help="Write the report here, as JSON; - is the screen.")
    ] = None,
) -> None:
    """Run complaints of the past through the real workflow and compare its verdicts with the source's.

    Exit status 1 if one verdict differs, or anything is lost, doubled or broken.
    """
    to_screen = json is not None and str(json) == "-"
    logging.getLogger("temporalio").setLevel(logging.ERROR)  # its warnings would tear the progress bar
    with clear_errors(to_screen, *EXPECTED, ValueError):
        report = asyncio.run(_with_progress(cases, mapping, limit, seed))
        if json is not None and not to_screen:
            json.write_text(report.model_dump_json(indent=2) + "\n")
    if to_screen:
        typer.echo(report.model_dump_json(indent=2))
    else:
        to_people.print(render(report), markup=False, soft_wrap=True)
    if not report.flawless:
        raise typer.Exit(1)


async def _with_progress(cases: Path, mapping: Path, limit: int, seed: int) -> Report:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=progress_console, transient=True) as bar:
        task = bar.add_task("starting the servers", total=None)

        def progress(ended: int, of: int) -> None:
            bar.update(task, description="living cases through", completed=ended, total=of)

        return await run_simulation(cases, mapping, limit=limit, seed=seed, progress=progress)
