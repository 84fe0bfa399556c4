"""Commands around what people request: the services that there are, and the requests for them."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from pydantic import TypeAdapter, ValidationError
from rich.markup import escape
from rich.table import Column, Table

from cli.connection import EXPECTED, records, starter
from cli.output import Json, as_json, clear_errors, say, to_people
from cli.service_page import Page, document, print_page, print_services
from gateway.in_force import policy_in_force
from gateway.post_words import Language
from gateway.refusals import NotFoundError, RefusedError
from gateway.service_requests import ServiceRequests
from runtime import settings
from schemas.service_request import RequestId, RequestIntake, RequestStatus, RequestView
from storage import case_records, deliveries, payments, policies, service_requests
from storage.database import Pool

app = typer.Typer(no_args_is_help=True, help="What people can request, and how their requests stand.")

_MOST_LINES = 200
_REQUEST_ID: TypeAdapter[str] = TypeAdapter(RequestId)

RequestArgument = Annotated[
    str, typer.Argument(metavar="REQUEST", help="The request's id, as kawal service request printed it.")
]
PolicyOption = Annotated[
    str | None, typer.Option("--policy", metavar="NAME", help="The policy's name, if more than one is in force.")
]
LanguageOption = Annotated[Language, typer.Option("--language", help="In which language to say how things stand.")]


@asynccontextmanager
async def requests() -> AsyncIterator[ServiceRequests]:
    """Connect to Temporal and the database for the time of one command. Raises as `starter` does."""
    async with starter() as kawal:
        yield ServiceRequests(kawal.client, kawal.pool)


@app.command("list")
def list_services(policy: PolicyOption = None, json: Json = False) -> None:
    """Say what can be requested: who prepares it, within which time, what it costs, and how it is carried."""

    async def run() -> None:
        async with records(settings.load().database_url) as pool:
            found = await policy_in_force(pool, datetime.now(UTC), policy)
        if json:
            as_json({"policy": found.name, "version": found.version, "services": found.services})
        elif found.services:
            print_services(found)
        else:
            say(f"The policy {escape(found.name)} has none.")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


@app.command()
def request(
    service: Annotated[str | None, typer.Option(metavar="CODE", help="What is asked for: kawal service list.")] = None,
    file: Annotated[
        Path | None,
        typer.Option(
            exists=True,
            dir_okay=False,
            allow_dash=True,
            metavar="FILE",
            help="A request as JSON (- is standard input) in place of options, which a shell may keep.",
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="The recipient's. Kept in the database alone.")
    ] = None,
    address: Annotated[str | None, typer.Option(metavar="TEXT", help="Where to deliver it; kept likewise.")] = None,
    phone: Annotated[str | None, typer.Option(metavar="NUMBER", help="The recipient's; kept likewise.")] = None,
    nik: Annotated[str | None, typer.Option(metavar="NIK", help="The recipient's 16 digits; kept likewise.")] = None,
    postal_code: Annotated[str | None, typer.Option(metavar="DIGITS", help="Five digits.")] = None,
    latitude: Annotated[
        float | None, typer.Option(metavar="DEGREES", help="Finds the nearest point of the post.")
    ] = None,
    longitude: Annotated[float | None, typer.Option(metavar="DEGREES", help="Goes with --latitude.")] = None,
    region: Annotated[str | None, typer.Option(metavar="CODE", help="The recipient's: a region of the policy.")] = None,
    amount: Annotated[int | None, typer.Option(metavar="RUPIAH", help="To be paid, or paid out.")] = None,
    period: Annotated[str | None, typer.Option(metavar="PERIOD", help="Of a benefit, e.g. 2026-11.")] = None,
    channel: Annotated[
        str | None, typer.Option(metavar="CODE", help="Where it came in.", show_default="counter")
    ] = None,
    external_id: Annotated[
        str | None, typer.Option(metavar="ID", help="The channel's own id; makes a repeat harmless.")
    ] = None,
    request_id: Annotated[
        str | None, typer.Option("--id", metavar="ID", help="The request's id; makes a repeat harmless, too.")
    ] = None,
    policy: PolicyOption = None,
    json: Json = False,
) -> None:
    """Request something for somebody: it is made durable, then the agency in charge is to prepare it."""
    recipient = {
        "name": name,
        "national_id": nik,
        "phone": phone,
        "address": address,
        "postal_code": postal_code,
        "latitude": latitude,
        "longitude": longitude,
    }
    options = {
        "service": service,
        "channel": channel,
        "external_id": external_id,
        "region": region,
        "amount": amount,
        "period": period,
        "recipient": _given(recipient) or None,
    }

    async def run() -> None:
        given = _intake(file, _given(options))
        _require_an_id(request_id)
        async with requests() as edge:
            accepted = await edge.submit(given, policy_name=policy, request_id=request_id)
        if json:
            as_json(accepted)
            return
        say(f"Accepted. The request is [bold]{accepted.request_id}[/bold].")
        say(f"Follow it with: kawal service show {accepted.request_id}")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


def _require_an_id(request_id: str | None) -> None:
    try:
        if request_id is not None:
            _REQUEST_ID.validate_python(request_id)
    except ValidationError:
        raise RefusedError("id: write 3 to 56 letters, digits, dots, dashes or underscores, no dash first") from None


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _intake(file: Path | None, options: dict[str, Any]) -> RequestIntake:
    if file is None:
        return RequestIntake.model_validate({"channel": "counter", "recipient": {}} | options)
    if options:
        raise RefusedError(f"file: says all about a request: write {', '.join(options)} there, or leave --file out")
    return RequestIntake.model_validate_json(sys.stdin.read() if str(file) == "-" else file.read_text("utf-8"))


@app.command()
def show(
    request: RequestArgument,
    language: LanguageOption = "id",
    json: Json = False,
) -> None:
    """Show how a request stands, what happens next and when, its money, its case and its deliveries."""

    async def run() -> None:
        async with records(settings.load().database_url) as pool:
            page = await _page(pool, request, language)
        if json:
            as_json(document(page))
        else:
            print_page(page)

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


async def _page(pool: Pool, request_id: str, language: Language) -> Page:
    request = await service_requests.find(pool, request_id)
    if request is None:
        raise NotFoundError(f"request: there is none with the id {request_id}, or no worker has taken it up yet")
    case = await case_records.case(pool, request.case_id) if request.case_id else None
    return Page(
        request=request,
        transitions=await service_requests.transitions(pool, request_id),
        case=case,
        deliveries=await deliveries.of(pool, request_id),
        money=await payments.total(pool, request_id),
        policy=await policies.version(pool, case.policy_version) if case else None,
        language=language,
    )


@app.command("requests")
def list_requests(
    service: Annotated[str | None, typer.Option(metavar="CODE", help="Only for this service.")] = None,
    status: Annotated[RequestStatus | None, typer.Option(help="Only those that stand so.")] = None,
    region: Annotated[str | None, typer.Option(metavar="CODE", help="Only of recipients in this region.")] = None,
    json: Json = False,
) -> None:
    """Show requests, the latest first."""

    async def run() -> None:
        async with records(settings.load().database_url) as pool:
            found = await service_requests.listed(
                pool, service=service, status=status, region=region, limit=_MOST_LINES
            )
        if json:
            as_json({"requests": found})
        else:
            _print(found)

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


def _print(found: list[RequestView]) -> None:
    if not found:
        say("There are none.")
        return
    request_id = Column("request", no_wrap=True)  # a name cut short names nobody
    table = Table(request_id, "service", "region", "status", "accepted (UTC)", "next (UTC)")
    for one in found:
        next_at = f"{one.next_at:%Y-%m-%d %H:%M}" if one.next_at else ""
        said = map(escape, (one.request_id, one.service, one.region or "", one.status))
        table.add_row(*said, f"{one.accepted_at:%Y-%m-%d %H:%M}", next_at)
    to_people.print(table)
    if len(found) == _MOST_LINES:
        say(f"These are the latest {_MOST_LINES}; --service, --status and --region find others.")
