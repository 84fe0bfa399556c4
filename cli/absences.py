"""Commands around absences: who does not hold an office for a while, and who stands in."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError
from rich.markup import escape
from rich.table import Column, Table

from cli.cases import aware
from cli.connection import EXPECTED, records
from cli.output import Json, as_json, clear_errors, moment, say, to_people
from gateway.refusals import RefusedError
from runtime import settings
from schemas.case import Absence
from schemas.messages import Office
from storage import absences

app = typer.Typer(no_args_is_help=True, help="Who does not hold an office for a while, and who stands in.")

_OFFICE: TypeAdapter[str] = TypeAdapter(Office)


@app.command()
def add(
    office: Annotated[str, typer.Argument(metavar="OFFICE", help="role@agency, e.g. head-of-division@BMBK.")],
    since: Annotated[
        datetime,
        typer.Option("--from", parser=aware, metavar="MOMENT", help="When it begins, as 2026-12-24T00:00:00+07:00."),
    ],
    until: Annotated[datetime, typer.Option("--until", parser=aware, metavar="MOMENT", help="When it is over.")],
    deputy: Annotated[
        str | None,
        typer.Option(metavar="OFFICE", help="Who stands in.", show_default="whom the ladder names"),
    ] = None,
    json: Json = False,
) -> None:
    """Record an absence; the same office and beginning again corrects its end and deputy."""

    async def run() -> None:
        _require_offices(office=office, deputy=deputy)
        if until <= since:
            raise RefusedError("until: is not after the beginning: write a later moment than that of --from")
        absence = Absence(office=office, since=since, until=until, deputy=deputy)
        async with records(settings.load().database_url) as pool:
            await absences.record(pool, absence)
        if json:
            as_json(absence)
            return
        say(
            f"Recorded: {escape(office)} is away from {moment(absence.since)} to {moment(absence.until)}; "
            f"{escape(deputy) if deputy else 'whom the ladder names'} stands in."
        )
        say("A case learns of it with the next thing that happens to it.")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


@app.command("list")
def list_absences(
    office: Annotated[str | None, typer.Argument(metavar="OFFICE", help="Only of this office.")] = None,
    json: Json = False,
) -> None:
    """Show recorded absences, the latest first."""

    async def run() -> None:
        _require_offices(office=office)
        async with records(settings.load().database_url) as pool:
            found = await absences.listed(pool, office)
        if json:
            as_json({"absences": found})
        else:
            _print(found)

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


def _require_offices(**given: str | None) -> None:
    for name, office in given.items():
        try:
            if office is not None:
                _OFFICE.validate_python(office)
        except ValidationError:
            raise RefusedError(f"{name}: write role@agency, as in head-of-division@BMBK") from None
    if given["office"] is not None and given["office"] == given.get("deputy"):
        raise RefusedError("deputy: is the office itself: name another one, or none")


def _print(found: list[Absence]) -> None:
    if not found:
        say("There are none; record one with kawal absence add.")
        return
    now = datetime.now(UTC)
    office, deputy = Column("office", overflow="fold"), Column("deputy", overflow="fold")  # a part names nobody
    table = Table(office, "from (UTC)", "until (UTC)", "now", deputy)
    for absence in found:
        days = [f"{at:%Y-%m-%d %H:%M}" for at in (absence.since, absence.until)]
        table.add_row(escape(absence.office), *days, _now(absence, now), escape(absence.deputy or "of the ladder"))
    to_people.print(table)


def _now(absence: Absence, now: datetime) -> str:
    if now < absence.since:
        return "to come"
    return "[yellow]away[/yellow]" if now < absence.until else "over"
