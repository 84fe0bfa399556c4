"""The command that shows what lies before an office."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError
from rich.markup import escape
from rich.table import Column, Table

from cli.connection import EXPECTED, records
from cli.output import Json, as_json, clear_errors, say, to_people
from gateway.refusals import RefusedError
from runtime import settings
from schemas.messages import Office
from storage.inbox import Counts, InboxLine, counts, owned_by, seen_by

_OFFICE: TypeAdapter[str] = TypeAdapter(Office)


def inbox(
    office: Annotated[str, typer.Argument(metavar="OFFICE", help="role@agency, e.g. liaison-officer@BMBK.")],
    everything: Annotated[
        bool, typer.Option("--all", help="Also cases that others have to act on now, and that the office still sees.")
    ] = False,
    json: Json = False,
) -> None:
    """Show the open cases that an office has to act on: overdue ones first, then by deadline."""

    async def run() -> None:
        _require_office(office)
        now = datetime.now(UTC)
        async with records(settings.load().database_url) as pool:
            found = await (seen_by if everything else owned_by)(pool, office, now)
            number = await counts(pool, office, now)
        if json:
            as_json({"office": office, "counts": number, "cases": found})
        else:
            _print(office, found, number)

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


def _require_office(given: str) -> None:
    try:
        _OFFICE.validate_python(given)
    except ValidationError:
        raise RefusedError("office: write role@agency, as in liaison-officer@BMBK") from None


def _print(office: str, found: list[InboxLine], number: Counts) -> None:
    if found:
        case_id = Column("case", no_wrap=True)  # a name cut short names nobody
        others = any(not case.yours for case in found)
        table = Table(
            case_id,
            "status",
            "about",
            "level",
            "due (UTC)",
            *([Column("has to act", overflow="fold")] if others else []),
        )
        for case in found:
            about = f"{case.category} in {case.region or 'no place given'}"
            level = f"{case.level}: {case.level_title}" if case.level_title else str(case.level)
            owners = [", ".join(case.owners)] if others else []
            said = map(escape, (case.case_id, case.status, about, level))
            table.add_row(*said, _due(case), *map(escape, owners))
        to_people.print(table)
    say(
        f"{escape(office)} has to act on {number.owned}, {number.overdue} of them overdue;"
        f" it still sees {number.seen} that others have."
    )


def _due(case: InboxLine) -> str:
    at = f"{case.due_at:%Y-%m-%d %H:%M}" if case.due_at else ""
    return f"[red]{f'{at} overdue'.strip()}[/red]" if case.overdue else at or "rests"
