"""`kawal demo`: shows what the engine does, on servers of its own that end with it."""

import asyncio
import logging
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape
from rich.progress import Progress, SpinnerColumn, TaskID, TextColumn
from rich.table import Column, Table

from cli.connection import EXPECTED
from cli.output import clear_errors, progress_console, say, to_people
from runtime import logs
from schemas.policy import Policy
from simulation.demo_report import DemoReport, ToldStory
from simulation.service_demo import demonstrate
from simulation.service_stories import Story
from storage.policy_pack import load_pack

app = typer.Typer(no_args_is_help=True, help="Shows what the engine does, on servers of its own.")


@app.callback()
def _demonstrations() -> None:
    """Keep the group a group, however many commands it has."""


@app.command()
def services(
    policy: Annotated[
        Path, typer.Option(exists=True, file_okay=False, metavar="FOLDER", help="The policy pack.")
    ] = Path("policies/lampung"),
    day: Annotated[float, typer.Option(min=1, max=600, metavar="SECONDS", help="How long a day lasts.")] = 2.0,
    json: Annotated[
        Path | None, typer.Option("--json", help="Write the report here, as JSON; - is the screen.")
    ] = None,
) -> None:
    """Have every service requested, prepared, paid for, carried and confirmed; and once each, let something go wrong.

    Real PostgreSQL, Temporal, workers and signed webhooks; the carrier is a simulated one that misbehaves. How each
    request has to end is said beforehand. Exit status 1 if one ends otherwise, or anything is done twice.
    """
    to_screen = json is not None and str(json) == "-"
    logs.configure(level=logging.ERROR)  # warnings of forged webhooks are part of the show, and would tear it
    with clear_errors(to_screen, *EXPECTED, ValueError):
        report = asyncio.run(_with_progress(load_pack(policy), day))
        if json is not None and not to_screen:
            json.write_text(report.model_dump_json(indent=2) + "\n")
    if to_screen:
        typer.echo(report.model_dump_json(indent=2))
    else:
        _print(report)
    if not report.flawless:
        raise typer.Exit(1)


async def _with_progress(policy: Policy, day: float) -> DemoReport:
    columns = (SpinnerColumn(finished_text="[green]✓[/green]"), TextColumn("{task.description}"))
    with Progress(*columns, TextColumn("{task.fields[words]}"), console=progress_console, transient=True) as bars:
        return await demonstrate(policy, day=day, watcher=_Screen(bars))


class _Screen:
    """A line for each story."""

    def __init__(self, bars: Progress) -> None:
        self._bars = bars
        self._lines: dict[int, TaskID] = {}

    def stands(self, story: Story, words: str) -> None:
        """Show how a story stands."""
        self._bars.update(self._line(story), words=words)

    def ended(self, story: Story, told: ToldStory) -> None:
        """Show how a story came out."""
        self._bars.update(self._line(story), words=escape(" → ".join(told.path)), completed=1)

    def _line(self, story: Story) -> TaskID:
        if story.number not in self._lines:
            about = f"{escape(story.service)}: {escape(story.title)}"
            self._lines[story.number] = self._bars.add_task(about, total=1, words="")
        return self._lines[story.number]


def _print(report: DemoReport) -> None:
    table = Table(
        Column("Service", overflow="fold"),
        Column("Way", overflow="fold"),
        Column("Prepared → paid → carried", overflow="fold", ratio=1),
        Column("End", overflow="fold"),
        Column("As said", no_wrap=True),
    )
    before = None
    for told in report.stories:
        if before not in (None, told.service):
            table.add_section()
        service = escape(told.service) if told.service != before else ""
        agrees = "[green]yes[/green]" if told.agrees else "[red]no[/red]"
        table.add_row(service, escape(told.story), escape(" → ".join(told.path)), _end(told), agrees)
        before = told.service
    to_people.print(table)
    for told in report.stories:
        if not told.agrees:
            say(f"[red]{escape(told.request_id)}, {escape(told.story)}[/red]: {escape(_why_not(told))}")
    _print_totals(report)


def _end(told: ToldStory) -> str:
    return str(told.came_out.status) if told.came_out else "none"


def _why_not(told: ToldStory) -> str:
    parts = [
        told.problem or "",
        *(f"was not seen: {sign}" for sign in told.missing),
        "" if told.came_out in (None, told.expected) else f"expected {told.expected}, came out {told.came_out}",
    ]
    return "; ".join(part for part in parts if part)


def _print_totals(report: DemoReport) -> None:
    totals, events = report.totals, [told.events for told in report.stories]
    sanctions = sum(told.sanctions for told in report.stories)
    webhooks, calls = totals.webhooks, totals.calls
    money = ", ".join(f"{kind} Rp {amount:,}" for kind, amount in totals.money.items()) or "none"
    say(
        f"{len(report.stories)} requests of {report.services} services in {report.seconds:.0f} s,"
        f" a day lasting {report.day:g} s: {report.agree} ended as said beforehand, {report.disagree} otherwise"
    )
    say(f"Shipments: {totals.shipments}, created twice: {totals.shipments_twice}, unknown: {totals.shipments_unknown}")
    say(
        f"Money: {money}; counted twice: {totals.payments_twice}, paid out twice: {totals.payouts_twice},"
        f" receipts that differ from the carrier's books: {totals.books_differ}"
    )
    say(
        f"Webhooks: {webhooks['sent']} sent, of them {webhooks['duplicated']} twice, {webhooks['reordered']} out of"
        f" order, {webhooks['forged']} forged (accepted of these: {webhooks['forged_accepted']})"
    )
    in_vain = sum(calls.values()) - calls["total"]
    say(f"Calls to the carrier: {calls['total']}, of them {in_vain} refused or never answered")
    say(f"Sanctions proposed: {sanctions}. Events in the histories of a request: {min(events)} to {max(events)}")
