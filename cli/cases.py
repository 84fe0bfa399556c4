"""Commands around one case: submit, show, acknowledge, respond, withdraw."""

import asyncio
import secrets
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Column, Table
from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError

from cli.connection import EXPECTED, AwayError, records, starter
from cli.output import Json, as_json, clear_errors, moment, say, to_people
from domain.ledger import broken_at, head_of
from domain.routing import route
from domain.view import view
from gateway.starter import NotFoundError
from runtime import settings
from schemas.case import CaseState, CaseView, TriageReason
from schemas.complaint import Complaint, Intake
from schemas.ledger import LedgerEntry
from schemas.messages import Acknowledge, Message, Respond, Role, Withdraw
from storage import case_records, intake, policies
from storage.database import Pool

_RECEIPT_LIMIT = 10.0
"""Seconds; a worker that runs takes a message within one."""


def _something(text: str) -> str:
    if not text.strip():
        raise typer.BadParameter("is empty: write what was said")
    return text


def aware(text: str) -> datetime:
    """Read a moment that says its time zone. Raises `typer.BadParameter` with the mend."""
    try:
        given = datetime.fromisoformat(text)
    except ValueError:
        given = None
    if given is None or given.tzinfo is None:
        raise typer.BadParameter("write date, time and time zone, as in 2026-12-31T16:00:00+07:00")
    return given


CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="The case's id, as kawal submit printed it.")]
ActorOption = Annotated[
    str,
    typer.Option("--actor", metavar="ACCOUNT", help="Reference to the sender's account; never a name or number."),
]
AgencyOption = Annotated[
    str | None, typer.Option("--agency", metavar="CODE", help="The agency that the sender works for.")
]
MessageIdOption = Annotated[
    str | None,
    typer.Option("--message-id", metavar="ID", help="Repeat a message under its id and it still takes effect once."),
]


def submit(
    category: Annotated[str, typer.Option(metavar="CODE", help="What it is about: a category of the policy.")],
    text: Annotated[
        str,
        typer.Option(metavar="TEXT", callback=_something, help="What the reporter wrote. Kept in the database alone."),
    ],
    region: Annotated[str | None, typer.Option(metavar="CODE", help="Where: a region of the policy.")] = None,
    channel: Annotated[str, typer.Option(metavar="CODE", help="Where it came in.")] = "counter",
    external_id: Annotated[
        str | None, typer.Option(metavar="ID", help="The channel's own id; makes a repeat harmless.")
    ] = None,
    promised_at: Annotated[
        datetime | None,
        typer.Option(
            parser=aware, metavar="MOMENT", help="A due moment promised elsewhere, as 2026-12-31T16:00:00+07:00."
        ),
    ] = None,
    policy: Annotated[
        str | None, typer.Option(metavar="NAME", help="The policy's name, if more than one is in force.")
    ] = None,
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
            triage_reason = await _triage_reason(kawal.pool, complaint)
        if json:
            as_json(complaint)
            return
        say(f"Accepted. The case is [bold]{complaint.case_id}[/bold].")
        if triage_reason:
            say(f"It goes to triage, where somebody decides who is in charge: {triage_reason}.")
        say(f"Follow it with: kawal show {complaint.case_id}")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


async def _triage_reason(pool: Pool, complaint: Complaint) -> TriageReason | None:
    policy = await policies.version(pool, complaint.policy_version)
    found = route(policy, complaint.category, complaint.region) if policy else None
    return found if isinstance(found, TriageReason) else None


def acknowledge(
    case: CaseArgument,
    actor: ActorOption = "operator",
    agency: AgencyOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Say that the agency works on a case. Moves no deadline."""
    _send(Acknowledge, case, json, actor=_actor(actor, Role.OPERATOR, agency), message_id=message_id)


def respond(
    case: CaseArgument,
    text: Annotated[
        str,
        typer.Option(
            metavar="TEXT", callback=_something, help="The answer to the reporter. Kept in the database alone."
        ),
    ],
    actor: ActorOption = "operator",
    agency: AgencyOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Answer a case for its agency and close it."""
    _send(Respond, case, json, actor=_actor(actor, Role.OPERATOR, agency), message_id=message_id, text=text)


def withdraw(
    case: CaseArgument, actor: ActorOption = "reporter", message_id: MessageIdOption = None, json: Json = False
) -> None:
    """Take a complaint back, for its reporter."""
    _send(Withdraw, case, json, actor=_actor(actor, Role.REPORTER), message_id=message_id)


def _actor(account: str, role: Role, agency: str | None = None) -> dict[str, object]:
    """Return an actor that is still to be checked, so that an error names the place as actor.id."""
    return {"id": account, "role": role, "agency": agency}


def _send(
    kind: type[Message],
    case_id: str,
    json: bool,
    *,
    actor: dict[str, object],
    message_id: str | None,
    text: str | None = None,
) -> None:
    async def run() -> None:
        message = kind.model_validate({"actor": actor, "message_id": message_id or f"cli-{secrets.token_hex(8)}"})
        async with starter() as kawal:
            try:
                async with asyncio.timeout(_RECEIPT_LIMIT):
                    receipt = await kawal.send(case_id, message, text=text)
            except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
                raise AwayError(
                    f"no worker took the message within {_RECEIPT_LIMIT:g} seconds. Start one with kawal worker, "
                    f"then repeat the command with --message-id {message.message_id}"
                ) from error
        if json:
            as_json(receipt)
        else:
            say(f"Done: case {case_id} is [bold]{receipt.status}[/bold] (transition {receipt.seq}).")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


def show(case: CaseArgument, json: Json = False) -> None:
    """Show how a case stands, its timeline and its sanction ledger."""

    async def run() -> None:
        async with records(settings.load().database_url) as pool:
            standing = await case_records.case(pool, case) or await _not_routed_yet(pool, case)
            timeline = await case_records.timeline(pool, case)
            ledger = await case_records.ledger(pool, case)
        broken = broken_at(ledger)
        if broken is None and (len(ledger), head_of(ledger)) != (standing.ledger_length, standing.ledger_head):
            broken = len(ledger) + 1  # it holds, but what the case counts after it is gone
        if json:
            as_json({"case": standing, "timeline": timeline, "ledger": ledger, "ledger_holds": broken is None})
        else:
            _print_case(standing)
            _print_timeline(timeline)
            _print_ledger(ledger, broken)

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


async def _not_routed_yet(pool: Pool, case_id: str) -> CaseView:
    """Return how a case stands that was accepted, and that no worker has taken up yet."""
    complaint = await intake.accepted(pool, case_id)
    if complaint is None:
        raise NotFoundError(f"case: there is none with the id {case_id}")
    return view(CaseState(complaint=complaint))


def _print_case(case: CaseView) -> None:
    table = Table(show_header=False, box=None)
    rows = {
        "case": case.case_id,
        "status": str(case.status),
        "about": f"{case.category} in {case.region or 'no place given'}",
        "queue": case.queue if not case.triage_reason else f"{case.queue} ({case.triage_reason})",
        "level": f"{case.level}: {case.level_title}, {case.holder}" if case.holder else None,
        "due": moment(case.due.at) if case.due else None,
        "because": "; ".join(case.due.steps) if case.due else None,
        "next": None if case.status.final else _next(case),
        "on time": "yes" if case.on_time else "no",
        "closed": moment(case.closed_at) if case.closed_at else None,
    }
    for name, value in rows.items():
        if value is not None:
            table.add_row(f"[dim]{name}[/dim]", escape(value))
    to_people.print(table)


def _next(case: CaseView) -> str:
    if case.queue is None:
        return "a worker routes it; if that takes long, is one running? (kawal worker)"
    return f"{case.what_next.kind} at {moment(case.what_next.at)}" if case.what_next else "nothing by time alone"


def _print_timeline(timeline: list[dict[str, Any]]) -> None:
    if not timeline:
        return
    table = Table("#", "when (UTC)", "what", "who", "level", "due (UTC)", title="Timeline", title_justify="left")
    for line in timeline:
        due = f"{line['due_at']:%Y-%m-%d %H:%M:%S}" if line["due_at"] else ""
        at = f"{line['at']:%Y-%m-%d %H:%M:%S}"
        table.add_row(str(line["seq"]), at, line["kind"], escape(line["actor"]), str(line["level"]), due)
    to_people.print(table)


def _print_ledger(ledger: list[LedgerEntry], broken: int | None) -> None:
    if not ledger:
        return
    about = Column("about", overflow="fold")  # a name cut short names nobody
    table = Table("#", "what", "rule", about, "sanction", "points", title="Sanction ledger", title_justify="left")
    for entry in ledger:
        said = (entry.kind, entry.rule, entry.subject, entry.sanction)
        table.add_row(str(entry.entry), *map(escape, said), str(entry.points))
    to_people.print(table)
    state = "[green]the chain holds[/green]" if broken is None else f"[red]the chain breaks at entry {broken}[/red]"
    say(f"Proposals only: a superior decides. {state}")
