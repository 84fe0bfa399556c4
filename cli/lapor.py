"""`kawal lapor`: files of the national platform SP4N-LAPOR! in, and how their reports stand out."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.connection import EXPECTED, records
from cli.lapor_export import export, require_folder
from cli.output import Json, as_json, clear_errors, progress_console, say
from gateway.channels import lapor
from gateway.channels.lapor import Fate, Outcome, RowResult
from gateway.channels.lapor_mapping import load_mapping
from gateway.channels.table_writing import as_csv
from gateway.in_force import policy_in_force
from gateway.refusals import RefusedError
from gateway.starter import Starter
from local.private_file import write_private
from runtime import settings, temporal
from schemas.policy import Policy

app = typer.Typer(no_args_is_help=True, help="Exchange files with the national platform SP4N-LAPOR!.")

_MOST_LINES = 20
_INTERRUPTED = 130
_HOW_TO_GO_ON = "run the same command with the same file to go on; nothing is accepted twice"

FileArgument = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="CSV in UTF-8, or XLSX, as LAPOR! gives it.")
]
MappingOption = Annotated[
    Path,
    typer.Option("--mapping", dir_okay=False, metavar="FILE", help="What columns mean: examples/mappings/lapor.toml."),
]
PolicyOption = Annotated[
    str | None, typer.Option("--policy", metavar="NAME", help="The policy's name, if more than one is in force.")
]


@app.command("check")
def check(file: FileArgument, mapping: MappingOption, policy: PolicyOption = None, json: Json = False) -> None:
    """Say what is wrong with a file, by line and column. Nothing is accepted."""

    async def rules() -> Policy:
        async with records(settings.load().database_url) as pool:
            return await policy_in_force(pool, datetime.now(UTC), policy)

    with clear_errors(json, *EXPECTED):
        words = load_mapping(mapping)
        reports = lapor.checked(file.read_bytes(), words, asyncio.run(rules()), datetime.now(UTC))
    passed_over = sum(report.intake is None for report in reports)
    if json:
        as_json({"rows": len(reports), "passed_over": passed_over})
    else:
        say(f"{len(reports)} rows without a mistake; {passed_over} of them would be passed over.")


@app.command("import")
def import_file(
    file: FileArgument,
    mapping: MappingOption,
    policy: PolicyOption = None,
    result: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            metavar="FILE",
            help="Where to write what became of each row; holds nothing that people wrote.",
            show_default="FILE.result.csv, beside it",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Accept the reports of a file: checked as a whole first, then accepted and started row by row.

    May be stopped and repeated with the same file: nothing is accepted twice. Exit status 1 if a row was refused.
    """
    to = result or file.with_suffix(".result.csv")
    with clear_errors(json, *EXPECTED):
        _require_another_file(to, file)
        try:
            outcome = asyncio.run(_import(file.read_bytes(), mapping, policy))
        except KeyboardInterrupt:
            _say_how_to_go_on(json)
            raise typer.Exit(_INTERRUPTED) from None
        write_private(to, as_csv(list(RowResult.model_fields), map(_cells, outcome.rows)))
    if json:
        as_json(_document(outcome, to))
    else:
        _print(outcome, to)
    if outcome.count(Fate.REFUSED):
        raise typer.Exit(1)


async def _import(content: bytes, mapping: Path, policy_name: str | None) -> Outcome:
    words, where, now = load_mapping(mapping), settings.load(), datetime.now(UTC)
    async with records(where.database_url) as pool:
        cases = Starter(await temporal.connect(where.temporal_address, lazy=True), pool)  # it may be away
        policy = await policy_in_force(pool, now, policy_name)
        reports = lapor.checked(content, words, policy, now)
        with _progress() as progress:
            return await lapor.carry_out(cases, reports, policy, progress)


@contextmanager
def _progress() -> Iterator[Callable[[int, int], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=progress_console, transient=True) as bar:
        task = bar.add_task("accepting and starting", total=None)
        yield lambda settled, of: bar.update(task, completed=settled, total=of)


def _say_how_to_go_on(json: bool) -> None:
    if json:
        as_json({"error": f"stopped: {_HOW_TO_GO_ON}"})
    else:
        progress_console.print(f"Stopped: {_HOW_TO_GO_ON}.", soft_wrap=True)


def _require_another_file(result: Path, file: Path) -> None:
    if result.resolve() == file.resolve():
        raise RefusedError("result: is the file itself: name another one")
    require_folder("result", result)


def _cells(row: RowResult) -> list[str]:
    return ["" if said is None else str(said) for said in dict(row).values()]


def _document(outcome: Outcome, to: Path) -> dict[str, Any]:
    counts = {fate.replace(" ", "_"): outcome.count(fate) for fate in Fate}
    return {
        "rows": len(outcome.rows),
        **counts,
        "not_started": outcome.not_started,
        "noted": [row for row in outcome.rows if row.fate in (Fate.REFUSED, Fate.DIFFERS)],
        "result": str(to),
    }


def _print(outcome: Outcome, to: Path) -> None:
    say(f"{len(outcome.rows)} rows: " + ", ".join(f"{outcome.count(fate)} {fate}" for fate in Fate) + ".")
    noted = [row for row in outcome.rows if row.fate in (Fate.REFUSED, Fate.DIFFERS)]
    for row in noted[:_MOST_LINES]:
        say(f"line {row.line}: {escape(row.note or '')}")
    if len(noted) > _MOST_LINES:
        say(f"... and {len(noted) - _MOST_LINES} more")
    if outcome.not_started:
        say(
            f"Temporal is away: {outcome.not_started} are accepted and safe, but not started yet. "
            "A worker starts them within minutes of its return."
        )
    say(f"What became of each row: {escape(str(to))}")


app.command("export")(export)
