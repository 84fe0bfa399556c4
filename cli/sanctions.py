"""Commands around the registers of agencies: proposals, objections, decisions, points."""

import asyncio
import secrets
from typing import Annotated, Literal

import typer
from rich.markup import escape
from rich.table import Column, Table
from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError

from cli.connection import EXPECTED, AwayError, records, starter
from cli.output import Json, as_json, clear_errors, say, to_people
from domain.register_chain import broken_at
from gateway.refusals import NotFoundError
from gateway.scorecards import Scorecards
from runtime import settings
from schemas.messages import Role
from schemas.scorecard import Decide, Object, Outcome, RegisterEntry, RegisterKind, RegisterMessage, Score
from storage import scorecards

app: typer.Typer = typer.Typer(
    no_args_is_help=True, help="Sanction proposals: list them, object to them, decide about them."
)

_RECEIPT_LIMIT = 10.0
"""Seconds; a worker that runs takes a message within one."""

AgencyArgument = Annotated[str, typer.Argument(metavar="AGENCY", help="The agency whose register it is.")]
NumberArgument = Annotated[int, typer.Argument(metavar="NUMBER", min=1, help="The proposal's number in the register.")]
ActorOption = Annotated[
    str,
    typer.Option("--actor", metavar="ACCOUNT", help="Reference to the sender's account; never a name or number."),
]
OfficeOption = Annotated[
    str | None, typer.Option("--office", metavar="OFFICE", help="role@agency that the sender acts as.")
]
MessageIdOption = Annotated[
    str | None,
    typer.Option("--message-id", metavar="ID", help="Repeat a message under its id and it still takes effect once."),
]
TextOption = Annotated[
    str | None, typer.Option("--text", metavar="TEXT", help="The reasoning. Kept in the database alone.")
]
ReasonOption = Annotated[str, typer.Option("--reason", metavar="CODE", help="Why, as a short code, e.g. was-ill.")]
AgencyOption = Annotated[str | None, typer.Option("--agency", metavar="CODE", help="Of this agency alone.")]


@app.command("list")
def list_(
    agency: AgencyOption = None,
    subject: Annotated[str | None, typer.Option(metavar="SUBJECT", help="About this role@agency, or agency.")] = None,
    case: Annotated[str | None, typer.Option(metavar="CASE", help="What this case led to.")] = None,
    json: Json = False,
) -> None:
    """List what stands in the registers: proposals, objections, decisions; of an agency, whether its chain holds."""

    async def run() -> None:
        async with records(settings.load().database_url) as pool:
            entries = await scorecards.register(pool, agency=agency, subject=subject, case_id=case)
        whole = agency is not None and subject is None and case is None
        holds = broken_at(entries) is None if whole else None
        if json:
            as_json({"entries": entries, "chain_holds": holds})
            return
        _print_register(entries)
        if holds is not None:
            say("[green]the chain holds[/green]" if holds else f"[red]the chain breaks at {broken_at(entries)}[/red]")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


@app.command("object")
def object_(
    agency: AgencyArgument,
    number: NumberArgument,
    reason: ReasonOption,
    actor: ActorOption = "operator",
    role: Annotated[
        Literal["operator", "superior", "system"], typer.Option("--role", help="In what capacity it is sent.")
    ] = "operator",
    office: OfficeOption = None,
    text: TextOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Object to a proposal about yourself or your agency, while there is time for it."""
    said: dict[str, object] = {"entry": number, "reason": reason, "actor": _sender(actor, role, office)}
    _send(Object, agency, said, text, message_id, json)


@app.command()
def decide(
    agency: AgencyArgument,
    number: NumberArgument,
    outcome: Annotated[Outcome, typer.Argument(help="What is decided.")],
    reason: ReasonOption,
    actor: ActorOption = "superior",
    office: OfficeOption = None,
    text: TextOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Uphold or annul a proposal, as a superior."""
    said = {"entry": number, "outcome": outcome, "reason": reason, "actor": _sender(actor, Role.SUPERIOR, office)}
    _send(Decide, agency, said, text, message_id, json)


@app.command()
def points(
    agency: AgencyOption = None,
    period: Annotated[
        str | None, typer.Option(metavar="PERIOD", help="2026-11, 2026-Q4 or 2026, as the policy adds points up.")
    ] = None,
    json: Json = False,
) -> None:
    """Add up the points of proposals that stand, by subject and period."""

    async def run() -> None:
        async with records(settings.load().database_url) as pool:
            found = await scorecards.points(pool, agency=agency, period=period)
            others = sorted({score.period for _, score in await scorecards.points(pool, agency=agency)})
        if period is not None and not found and others:
            raise NotFoundError(f"period: nothing stands in {period}; there is {', '.join(others)}")
        if json:
            as_json([{"agency": code, **score.model_dump(mode="json")} for code, score in found])
        else:
            _print_points(found)

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


def _sender(account: str, role: str, office: str | None) -> dict[str, object]:
    """Return an actor that is still to be checked, so that an error names the place as actor.id."""
    agency = office.rpartition("@")[2] if office else None
    return {"id": account, "role": role, "agency": agency or None, "office": office}


def _send(
    kind: type[RegisterMessage],
    agency: str,
    said: dict[str, object],
    text: str | None,
    message_id: str | None,
    json: bool,
) -> None:
    async def run() -> None:
        message = kind.model_validate(said | {"message_id": message_id or f"cli-{secrets.token_hex(8)}"})
        async with starter() as kawal:
            registers = Scorecards(kawal.client, kawal.pool)
            try:
                async with asyncio.timeout(_RECEIPT_LIMIT):
                    receipt = await registers.send(agency, message, text=text)
            except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
                raise AwayError(
                    f"no worker took the message within {_RECEIPT_LIMIT:g} seconds. Start one with kawal worker, "
                    f"then repeat the command with --message-id {message.message_id}"
                ) from error
        if json:
            as_json(receipt)
        else:
            say(f"Done: it is entry {receipt.entry} of the register of {agency}.", markup=False)

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


def _print_register(entries: list[RegisterEntry]) -> None:
    for agency in sorted({entry.agency for entry in entries}):
        what, about = Column("what", no_wrap=True), Column("about", overflow="fold")  # a name cut short names nobody
        title = f"Register of {escape(agency)}"
        table = Table("#", what, "rule", about, "sanction", "points", "object until", title=title, title_justify="left")
        for entry in entries:
            if entry.agency == agency and entry.kind not in (RegisterKind.ANSWERED, RegisterKind.POSTPONED):
                table.add_row(*map(escape, _row(entry)))
        to_people.print(table)
    say("Proposals only: a superior decides.")


def _row(entry: RegisterEntry) -> tuple[str, ...]:
    what = entry.kind if entry.refers_to is None else f"{entry.kind} {entry.refers_to}"
    until = f"{entry.until:%Y-%m-%d}" if entry.until else ""
    about = entry.rule or entry.month or "", entry.subject or "", entry.sanction or ""
    return (str(entry.number), what, *about, str(entry.points), until)


def _print_points(found: list[tuple[str, Score]]) -> None:
    table = Table("agency", Column("about", overflow="fold"), "period", "points", "proposals")
    for agency, score in found:
        table.add_row(escape(agency), escape(score.subject), score.period, str(score.points), str(score.standing))
    to_people.print(table)
