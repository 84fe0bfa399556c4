"""Commands for the people who answer for the rules."""

from datetime import datetime
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from cli.cases import aware
from cli.output import Json, as_json, clear_errors, say
from domain import working_time
from schemas.calendar import Limit, limit
from storage.policy_pack import PolicyError, load_pack
from storage.time_zone import pin_calendar

app: typer.Typer = typer.Typer(no_args_is_help=True, help="Check and question policy packs.")

PackOption = Annotated[
    Path, typer.Option("--policy", exists=True, file_okay=False, metavar="FOLDER", help="The policy pack.")
]


@app.command()
def check(
    pack: Annotated[Path, typer.Argument(exists=True, file_okay=False, metavar="FOLDER", help="The policy pack.")],
    json: Json = False,
) -> None:
    """Read a policy pack and name every mistake: the file, the place and the mend. Exit status 1 if there is one."""
    try:
        policy = load_pack(pack)
    except PolicyError as error:
        if json:
            as_json({"holds": False, "problems": error.problems})
        else:
            say(f"[red]{len(error.problems)} to mend[/red] in {pack}:")
            for problem in error.problems:
                say(f"  {problem}", markup=False)
        raise typer.Exit(1) from error
    unowned = sorted({c.code for c in policy.categories} - {r.category for r in policy.routes})
    if json:
        as_json({"holds": True, "name": policy.name, "version": policy.version, "to_triage": unowned})
        return
    say(
        f"[green]{policy.name} holds together[/green]: version {policy.version}, in effect from {policy.effective_from}"
    )
    say(f"  {len(policy.agencies)} agencies, {len(policy.regions)} regions, {len(policy.categories)} categories")
    if unowned:
        say(f"  to triage, as no agency owns them: {', '.join(unowned)}", markup=False)


@app.command()
def due(
    pack: PackOption,
    start: Annotated[
        datetime, typer.Option("--from", parser=aware, metavar="MOMENT", help="When the limit starts, with time zone.")
    ],
    limit_in_words: Annotated[str, typer.Option("--limit", metavar="WORDS", help='For example "3 working days".')],
    json: Json = False,
) -> None:
    """Say when a limit runs out under a pack's calendar, and how that comes about."""
    with clear_errors(json, PolicyError, ValueError):
        length: Limit = limit(limit_in_words)
        calendar = pin_calendar(load_pack(pack).calendar, start)
        deadline = working_time.due(calendar, start, length)
    local = deadline.at.astimezone(ZoneInfo(calendar.zone))
    if json:
        as_json({"due": local.isoformat(), "provisional": deadline.provisional, "steps": deadline.steps})
        return
    say(f"[bold]{local:%A %Y-%m-%d %H:%M}[/bold] {calendar.zone}")
    for step in deadline.steps:
        say(f"  {step}", markup=False)
