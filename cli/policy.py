"""Commands for the people who answer for the rules."""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from cli.cases import aware
from cli.output import Json, as_json, clear_errors, say
from domain import policy_diff, working_time
from gateway.places import How, located
from schemas.calendar import Limit, WorkingCalendar, limit
from schemas.complaint import Place
from schemas.policy import Policy
from storage import pack_check, pack_schema
from storage.pack_problems import Problem
from storage.policy_pack import Pack, PolicyError, load_pack, read_pack
from storage.time_zone import pin_calendar

app: typer.Typer = typer.Typer(no_args_is_help=True, help="Check, compare and question policy packs.")

PackOption = Annotated[
    Path, typer.Option("--policy", exists=True, file_okay=False, metavar="FOLDER", help="The policy pack.")
]


@app.command()
def check(
    packs: Annotated[
        list[Path], typer.Argument(exists=True, file_okay=False, metavar="PACK...", help="Folders of policy packs.")
    ],
    json: Json = False,
) -> None:
    """Name every mistake in policy packs: the file, the line, the place and the mend. Exit status 1 if there is one.

    Several packs of one policy are also held against each other: no two may be in force on the same day. What is
    provisional, and a calendar that runs out, is pointed out without being a mistake.
    """
    read: list[Pack] = []
    problems = defaultdict[Path, list[Problem]](list)
    folders = list(dict.fromkeys(packs))
    for folder in folders:
        try:
            read.append(read_pack(folder))
        except PolicyError as error:
            problems[folder] += error.problems
    for pack, problem in pack_check.overlaps(read):
        problems[pack.folder].append(problem)
    found = {pack.folder: pack for pack in read}
    documents = [_document(folder, found.get(folder), problems[folder]) for folder in folders]
    holds = not any(problems.values())
    if json:
        as_json({"holds": holds, "packs": documents})
    else:
        for document in documents:
            _say_what_was_found(document)
    if not holds:
        raise typer.Exit(1)


def _document(folder: Path, pack: Pack | None, problems: Sequence[Problem]) -> dict[str, Any]:
    """Return all that is to be said about a pack; one that cannot be read has no rules to speak of."""
    document: dict[str, Any] = {"folder": str(folder), "holds": not problems, "problems": problems}
    if pack is None:
        return document | {"warnings": []}
    policy = pack.policy
    return document | {
        "warnings": pack_check.warnings(pack, datetime.now(UTC).date()),
        "name": policy.name,
        "version": policy.version,
        "effective_from": policy.effective_from,
        "effective_to": policy.effective_to,
        "agencies": len(policy.agencies),
        "regions": len(policy.regions),
        "boundaries": len(policy.boundaries),
        "postal_codes": len({code.postal_code for code in policy.postal_codes}),
        "categories": len(policy.categories),
        "to_triage": [category.code for category in policy.categories if category.to_triage],
        "referred": {category.code: category.refer_to for category in policy.categories if category.refer_to},
    }


def _say_what_was_found(document: dict[str, Any]) -> None:
    problems, warnings = document["problems"], document["warnings"]
    if problems:
        say(f"[red]{len(problems)} to mend[/red] in {document['folder']}:")
    else:
        days = _days(document["effective_from"], document["effective_to"])
        say(f"[green]{document['name']} holds together[/green]: version {document['version']}, in effect {days}")
        counted = (
            "agencies",
            "regions",
            "categories",
            *(name for name in ("boundaries", "postal_codes") if document[name]),
        )
        say("  " + ", ".join(f"{document[name]} {name.replace('_', ' ')}" for name in counted))
        if document["to_triage"]:
            say(f"  to triage, as their owner has to be found: {', '.join(document['to_triage'])}", markup=False)
        if document["referred"]:
            say(f"  referred elsewhere: {', '.join(document['referred'])}", markup=False)
    for problem in problems:
        say(f"  {problem}", markup=False)
    if warnings:
        say(f"[yellow]{len(warnings)} to look at[/yellow] in {document['folder']}:")
        for warning in warnings:
            say(f"  {warning}", markup=False)


def _days(first: date, last: date | None) -> str:
    return f"from {first}" + (f" to {last}" if last else "")


@app.command()
def diff(
    before: Annotated[Path, typer.Argument(exists=True, file_okay=False, metavar="BEFORE", help="A policy pack.")],
    after: Annotated[Path, typer.Argument(exists=True, file_okay=False, metavar="AFTER", help="What it becomes.")],
    json: Json = False,
) -> None:
    """Say in words what changes for whom from one policy pack to another."""
    with clear_errors(json, PolicyError):
        old, new = load_pack(before), load_pack(after)
    changes = policy_diff.changes(old, new)
    if json:
        as_json({"equal": not changes, "before": old.version, "after": new.version, "changes": changes})
        return
    if not changes:
        say(f"[green]Equal[/green]: nothing changes for anybody (version {old.version}, then {new.version})")
        return
    for concerned, of_one in policy_diff.by_whom(changes).items():
        say(f"[bold]{concerned}[/bold]")
        for change in of_one:
            say(f"  {change.in_words}", markup=False)


@app.command()
def schema(
    out: Annotated[
        Path | None, typer.Option("--out", file_okay=False, metavar="FOLDER", help="Write a file for each schema here.")
    ] = None,
    json: Json = False,
) -> None:
    """Export JSON Schemas of the files of a pack, with which editors check and complete, and of the resolved policy."""
    schemas = pack_schema.schemas()
    if out is None:
        as_json(schemas)
        return
    with clear_errors(json, OSError):
        written = pack_schema.write(out)
    if json:
        as_json({"written": written})
        return
    for path in written:
        say(str(path), markup=False)


@app.command()
def due(
    pack: PackOption,
    start: Annotated[
        datetime, typer.Option("--from", parser=aware, metavar="MOMENT", help="When the limit starts, with time zone.")
    ],
    limit_in_words: Annotated[str, typer.Option("--limit", metavar="WORDS", help='For example "3 working days".')],
    agency: Annotated[
        str | None, typer.Option("--agency", metavar="CODE", help="Whose clock: some agencies work around the clock.")
    ] = None,
    json: Json = False,
) -> None:
    """Say when a limit runs out under a pack's calendar, and how that comes about."""
    with clear_errors(json, PolicyError, ValueError):
        length: Limit = limit(limit_in_words)
        calendar = _clock(load_pack(pack), agency, start)
        deadline = working_time.due(calendar, start, length)
    local = deadline.at.astimezone(ZoneInfo(calendar.zone))
    if json:
        as_json({"due": local.isoformat(), "provisional": deadline.provisional, "steps": deadline.steps})
        return
    say(f"[bold]{local:%A %Y-%m-%d %H:%M}[/bold] {calendar.zone}")
    for step in deadline.steps:
        say(f"  {step}", markup=False)


@app.command()
def place(
    pack: Annotated[Path, typer.Argument(exists=True, file_okay=False, metavar="PACK", help="A policy pack.")],
    latitude: Annotated[float | None, typer.Option(min=-90, max=90, help="Degrees north, e.g. -5.43.")] = None,
    longitude: Annotated[float | None, typer.Option(min=-180, max=180, help="Degrees east, e.g. 105.26.")] = None,
    postal_code: Annotated[str | None, typer.Option(metavar="CODE", help="As somebody wrote it.")] = None,
    region: Annotated[str | None, typer.Option(metavar="CODE", help="The region that somebody gave.")] = None,
    json: Json = False,
) -> None:
    """Say in which region of a pack a place is, by what that was found, and to whom its reporters are referred."""
    with clear_errors(json, PolicyError):
        policy = load_pack(pack)
        given = {"latitude": latitude, "longitude": longitude}
        degrees = {name: value for name, value in given.items() if value is not None}
        at = Place.model_validate(degrees) if degrees else None
        found = asyncio.run(located(policy, place=at, postal_code=postal_code, region=region))
    if json:
        as_json(found)
        return
    names = {listed.code: listed.name for listed in policy.regions}
    say(f"{names[found.region]} ({found.region})" if found.region else "In no region of the pack", markup=False)
    say(f"  {_FOUND_BY[found.how]}", markup=False)
    if found.differs:
        say(f"  It does not lie in {region}, which was given.", markup=False)
    if found.referral:
        to = next(addressee for addressee in policy.addressees if addressee.code == found.referral)
        say("  " + ": ".join(filter(None, (f"Reporters are referred to {to.name}", to.contact))), markup=False)


_FOUND_BY = {
    How.BOUNDARY: "The place lies within its boundary.",
    How.NEAR_BOUNDARY: "The place lies in no region; this one's boundary is the nearest.",
    How.CENTRE: "Its centre is the nearest: a guess, as no boundary says it.",
    How.POSTAL_CODE: "The postal code is used there.",
    How.GIVEN: "It was given, and nothing says otherwise.",
    How.KEPT: "It was given, and the place lies in the same regency.",
    How.OUTSIDE: "The place lies in none of the pack's regions.",
    How.UNKNOWN: "Nothing that was given says where it is.",
}


def _clock(policy: Policy, agency: str | None, start: datetime) -> WorkingCalendar:
    """Return the calendar by which an agency's limits run. Raises `ValueError` when there is no such agency."""
    calendar = pin_calendar(policy.calendar, start)
    if agency is None:
        return calendar
    found = next((found for found in policy.agencies if found.code == agency), None)
    if found is None:
        raise ValueError(f"agency: {policy.name} has none with the code {agency}: choose one of its agencies.toml")
    return working_time.around_the_clock(calendar) if found.around_the_clock else calendar
