"""`kawal lapor export`: how LAPOR!'s reports stand here, for the platform."""

import asyncio
import json as plain_json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from cli.cases import aware
from cli.connection import EXPECTED, records
from cli.output import Json, as_json, clear_errors, say
from gateway.channels.lapor_export import Exporter
from gateway.channels.lapor_mapping import CHANNEL, Export, load_mapping
from gateway.channels.table_writing import as_csv, as_xlsx
from gateway.refusals import RefusedError
from local.private_file import write_private
from runtime import settings
from storage import channel_cases
from storage.database import Pool

_FORMATS = {".csv": as_csv, ".xlsx": as_xlsx}


def export(
    out: Annotated[
        Path, typer.Option("--out", dir_okay=False, metavar="FILE", help="Where to: a name that ends in .csv or .xlsx.")
    ],
    since: Annotated[
        datetime | None,
        typer.Option(parser=aware, metavar="MOMENT", help="Only what changed after it, as 2026-12-31T16:00:00+07:00."),
    ] = None,
    cursor: Annotated[
        Path | None,
        typer.Option(
            dir_okay=False,
            metavar="FILE",
            help="Keeps up to where was exported: only what changed since. Made if there is none.",
        ),
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option(dir_okay=False, metavar="FILE", help="In which words; none: the policy's.")
    ] = None,
    with_answers: Annotated[
        bool, typer.Option("--with-answers", help="With what reporters were answered or asked; each read is recorded.")
    ] = False,
    json: Json = False,
) -> None:
    """Write how LAPOR!'s reports stand here, in its words. The same again, with nothing changed, is the same file."""

    async def run() -> int:
        words = load_mapping(mapping) if mapping else None
        channel, export = (words.channel, words.export) if words else (CHANNEL, Export())
        async with records(settings.load().database_url) as pool, _going_on(pool, cursor, since) as begin:
            exporter = Exporter(pool, channel, export, with_answers=with_answers)
            rows = [row async for row in exporter.rows(begin)]
            write_private(out, _FORMATS[out.suffix](exporter.heading, rows))
        return len(rows)

    with clear_errors(json, *EXPECTED):
        _require_usable(out, since, cursor)
        number = asyncio.run(run())
    if json:
        as_json({"reports": number, "out": str(out)})
    else:
        say(f"{number} reports: {escape(str(out))}")


def _require_usable(out: Path, since: datetime | None, cursor: Path | None) -> None:
    if out.suffix not in _FORMATS:
        raise RefusedError("out: is neither .csv nor .xlsx: give the file a name that ends so")
    if since is not None and cursor is not None:
        raise RefusedError("cursor: says from when on, and so does since: leave one of them out")
    require_folder("out", out)
    if cursor is not None:
        require_folder("cursor", cursor)


@asynccontextmanager
async def _going_on(pool: Pool, cursor: Path | None, since: datetime | None) -> AsyncIterator[datetime | None]:
    """Yield from when on to export; once that is done, keep up to where it was.

    The file is written before the cursor: whoever dies in between tells something twice, and nothing never.
    """
    if cursor is None:
        yield since
        return
    reached = await channel_cases.safe_moment(pool)
    yield _kept(cursor)
    write_private(cursor, plain_json.dumps({"exported_to": reached.isoformat()}).encode() + b"\n")


def _kept(cursor: Path) -> datetime | None:
    if not cursor.exists():
        return None
    try:
        kept = datetime.fromisoformat(plain_json.loads(cursor.read_text())["exported_to"])
    except (KeyError, TypeError, ValueError):
        kept = None
    if kept is None or kept.tzinfo is None:
        raise RefusedError("cursor: is no file of an export: name another one, or remove it to export everything")
    return kept


def require_folder(option: str, file: Path) -> None:
    """Refuse a file that could not be written for want of its folder."""
    if not file.parent.is_dir():
        raise RefusedError(f"{option}: there is no folder {file.parent}: make it first")
