"""`kawal service batch`: many requests from one file."""

import asyncio
import csv
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.connection import EXPECTED
from cli.output import Json, as_json, clear_errors, progress_console, say
from cli.services import PolicyOption, requests
from gateway import batches
from gateway.batches import Outcome
from gateway.in_force import policy_in_force
from gateway.refusals import RefusedError
from storage.batches import BatchRow

_MOST_LINES = 20
_INTERRUPTED = 130
_HOW_TO_GO_ON = "run the same command with the same file to go on; nothing is started twice"


def batch(
    file: Annotated[
        Path,
        typer.Argument(exists=True, dir_okay=False, metavar="FILE", help="CSV in UTF-8; see examples/batches/."),
    ],
    service: Annotated[str, typer.Option(metavar="CODE", help="What every row asks for: kawal service list.")],
    policy: PolicyOption = None,
    result: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            metavar="FILE",
            help="Where to write what became of each row; holds nothing personal.",
            show_default="FILE.result.csv, beside it",
        ),
    ] = None,
    json: Json = False,
) -> None:
    """Request a service for everybody in a file: checked as a whole first, then accepted and started row by row.

    May be stopped and repeated with the same file: nothing is started twice. Exit status 1 if a row was refused.
    """
    to = result or file.with_suffix(".result.csv")
    with clear_errors(json, *EXPECTED):
        _require_another_file(to, file)
        try:
            outcome = asyncio.run(_carry_out(file.read_bytes(), service, policy))
        except KeyboardInterrupt:
            _say_how_to_go_on(json)
            raise typer.Exit(_INTERRUPTED) from None
        _write(to, outcome.rows)
    if json:
        as_json(_document(outcome, to))
    else:
        _print(outcome, to)
    if outcome.refused:
        raise typer.Exit(1)


def _require_another_file(result: Path, file: Path) -> None:
    if result.resolve() == file.resolve():
        raise RefusedError("result: is the file itself: name another one")
    if not result.parent.is_dir():
        raise RefusedError(f"result: there is no folder {result.parent}: make it first")


async def _carry_out(content: bytes, service: str, policy_name: str | None) -> Outcome:
    async with requests() as edge:
        policy = await policy_in_force(edge.pool, datetime.now(UTC), policy_name)
        table = batches.checked(content, service, policy)
        with _progress() as progress:
            return await batches.carry_out(edge, table, policy, progress)


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


def _write(path: Path, rows: Iterable[BatchRow]) -> None:
    """Write what became of each row; the file appears whole or not at all."""
    draft = path.with_name(path.name + ".new")
    with draft.open("w", encoding="utf-8", newline="") as table:
        writer = csv.writer(table)
        writer.writerow(BatchRow.model_fields)
        writer.writerows((row.row, row.status, row.request_id or "", row.problem or "") for row in rows)
    draft.replace(path)


def _document(outcome: Outcome, to: Path) -> dict[str, Any]:
    return {
        "batch_id": outcome.batch_id,
        "rows": len(outcome.rows),
        "accepted": len(outcome.rows) - len(outcome.refused),
        "refused": outcome.refused,
        "not_started": outcome.not_started,
        "result": str(to),
    }


def _print(outcome: Outcome, to: Path) -> None:
    accepted, refused = len(outcome.rows) - len(outcome.refused), outcome.refused
    say(f"Batch [bold]{outcome.batch_id}[/bold]: {accepted} accepted, {len(refused)} refused.")
    for row in refused[:_MOST_LINES]:
        say(f"row {row.row}: {escape(row.problem or '')}")
    if len(refused) > _MOST_LINES:
        say(f"... and {len(refused) - _MOST_LINES} more")
    if outcome.not_started:
        say(
            f"Temporal went away: {outcome.not_started} are accepted and safe, but not started yet. "
            "A worker starts them within minutes of its return."
        )
    say(f"What became of each row: {escape(str(to))}")
