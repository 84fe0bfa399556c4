"""Commands around one case: submit, acknowledge, respond, withdraw, show."""

import asyncio
import secrets
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.table import Table

from cli.connection import EXPECTED, starter
from cli.output import Json, as_json, clear_errors, to_people
from domain.ledger import broken_at
from schemas.case import CaseView
from schemas.complaint import Intake
from schemas.ledger import LedgerEntry
from schemas.messages import Acknowledge, Actor, Message, Respond, Role, Withdraw
from storage import case_records

CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="The case's id, as `kawal submit` printed it.")]
ActorOption = Annotated[str, typer.Option("--actor", help="Reference to the sender's account; never a name or number.")]
AgencyOption = Annotated[str | None, typer.Option("--agency", help="The agency that the sender works for.")]
MessageIdOption = Annotated[
    str | None, typer.Option("--message-id", help="Repeat a message under its id and it still takes effect once.")
]


def submit(
    category: Annotated[str, typer.Option(help="What it is about: a category of the policy.")],
    text: Annotated[str, typer.Option(help="What the reporter wrote. Kept in the database alone.")],
    region: Annotated[str | None, typer.Option(help="Where: a region of the policy.")] = None,
    channel: Annotated[str, typer.Option(help="Where it came in.")] = "counter",
    external_id: Annotated[str | None, typer.Option(help="The channel's own id; makes a repeat harmless.")] = None,
    promised_at: Annotated[
        datetime | None, typer.Option(help="A due moment promised elsewhere.", formats=["%Y-%m-%dT%H:%M:%S%z"])
    ] = None,
    policy: Annotated[str | None, typer.Option(help="The policy's name, if more than one is in force.")] = None,
    json: Json = False,
) -> None:
    """Submit a complaint: it is made durable, then its case starts."""

    async def run() -> None:
        given = Intake(
            channel=channel,
            external_id=external_id,
            category=category,
            region=region,
            text=text,
            promised_at=promised_at,
        )
        async with starter() as kawal:
            complaint = await kawal.submit(given, policy_name=policy)
        if json:
            as_json(complaint)
        else:
            to_people.print(f"Accepted. The case is [bold]{complaint.case_id}[/bold].")
            to_people.print(f"Follow it with: kawal show {complaint.case_id}")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


def respond(
    case: CaseArgument,
    text: Annotated[str, typer.Option(help="The answer to the reporter. Kept in the database alone.")],
    actor: ActorOption = "operator",
    agency: AgencyOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Answer a case for its agency and close it."""
    message = _checked(Respond, json, Role.OPERATOR, actor, agency, message_id)
    _send(case, message, json, text=text)


def acknowledge(
    case: CaseArgument,
    actor: ActorOption = "operator",
    agency: AgencyOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Say that the agency works on a case. Moves no deadline."""
    _send(case, _checked(Acknowledge, json, Role.OPERATOR, actor, agency, message_id), json)


def withdraw(
    case: CaseArgument, actor: ActorOption = "reporter", message_id: MessageIdOption = None, json: Json = False
) -> None:
    """Take a complaint back, for its reporter."""
    _send(case, _checked(Withdraw, json, Role.REPORTER, actor, None, message_id), json)


def _checked(
    kind: type[Message], json: bool, role: Role, actor: str, agency: str | None, message_id: str | None
) -> Message:
    with clear_errors(json):
        sender = Actor(id=actor, role=role, agency=agency)
        return kind(message_id=message_id or f"cli-{secrets.token_hex(8)}", actor=sender)
    raise AssertionError("clear_errors lets no error pass")


def _send(case_id: str, message: Message, json: bool, *, text: str | None = None) -> None:
    async def run() -> None:
        async with starter() as kawal:
            receipt = await kawal.send(case_id, message, text=text)
        if json:
            as_json(receipt)
        else:
            to_people.print(f"Done: case {case_id} is [bold]{receipt.status}[/bold] (transition {receipt.seq}).")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


def show(case: CaseArgument, json: Json = False) -> None:
    """Show how a case stands, its timeline and its sanction ledger."""

    async def run() -> None:
        async with starter() as kawal:
            standing = await kawal.show(case)
            timeline = await case_records.timeline(kawal.pool, case)
            ledger = await case_records.ledger(kawal.pool, case)
        broken = broken_at(ledger)
        if json:
            as_json({"case": standing, "timeline": timeline, "ledger": ledger, "ledger_holds": broken is None})
        else:
            _print_case(standing)
            _print_timeline(timeline)
            _print_ledger(ledger, broken)

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


def _print_case(case: CaseView) -> None:
    table = Table(show_header=False, box=None)
    rows: dict[str, object] = {
        "case": case.case_id,
        "status": case.status,
        "about": f"{case.category} in {case.region or 'no place given'}",
        "queue": case.queue if not case.triage_reason else f"{case.queue} ({case.triage_reason})",
        "level": f"{case.level}: {case.level_title}, {case.holder}",
        "due": case.due.at if case.due else None,
        "because": "; ".join(case.due.steps) if case.due else None,
        "next": f"{case.what_next.kind} at {case.what_next.at}" if case.what_next else "nothing by time alone",
        "on time": "yes" if case.on_time else "no",
        "closed": case.closed_at,
    }
    for name, value in rows.items():
        if value is not None:
            table.add_row(f"[dim]{name}[/dim]", str(value))
    to_people.print(table)


def _print_timeline(timeline: list[dict[str, Any]]) -> None:
    table = Table("#", "when (UTC)", "what", "who", "level", "due (UTC)", title="Timeline", title_justify="left")
    for line in timeline:
        due = f"{line['due_at']:%Y-%m-%d %H:%M:%S}" if line["due_at"] else ""
        at = f"{line['at']:%Y-%m-%d %H:%M:%S}"
        table.add_row(str(line["seq"]), at, line["kind"], line["actor"], str(line["level"]), due)
    to_people.print(table)


def _print_ledger(ledger: list[LedgerEntry], broken: int | None) -> None:
    if not ledger:
        return
    table = Table("#", "what", "rule", "about", "sanction", "points", title="Sanction ledger", title_justify="left")
    for entry in ledger:
        table.add_row(str(entry.entry), entry.kind, entry.rule, entry.subject, entry.sanction, str(entry.points))
    to_people.print(table)
    state = "[green]the chain holds[/green]" if broken is None else f"[red]the chain breaks at entry {broken}[/red]"
    to_people.print(f"Proposals only: a superior decides. {state}")
