"""Commands around notices: who was told what, what did not arrive, and where people are reached."""

import asyncio
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated

import typer
from pydantic import TypeAdapter, ValidationError
from rich.markup import escape
from rich.table import Column, Table

from cli.connection import EXPECTED, records
from cli.output import Json, as_json, clear_errors, moment, say, to_people
from gateway.recipients import reachable_person
from gateway.refusals import NotFoundError, RefusedError
from runtime import settings
from schemas.base import EmailAddress
from schemas.notices import EMAIL, SMS, WHATSAPP, Addressee, Contact, DeliveryState, NoticeState, masked
from schemas.person import Person
from storage import contacts, notices

notice = typer.Typer(no_args_is_help=True, help="Who was told what, and what did not arrive.")
contact = typer.Typer(no_args_is_help=True, help="Where offices and reporters are reached.")

_MOST_LINES = 200
_ADDRESSEE: TypeAdapter[str] = TypeAdapter(Addressee)
_EMAIL: TypeAdapter[str] = TypeAdapter(EmailAddress)
_COLOURS: dict[str, str] = {
    DeliveryState.SENT: "green",
    DeliveryState.DEAD: "red",
    DeliveryState.FAILED: "yellow",
    NoticeState.NOBODY: "yellow",
}


RecipientArgument = Annotated[
    str, typer.Argument(metavar="RECIPIENT", help="An office as role@agency, or a reporter as reporter:CASE.")
]


@notice.command("list")
def list_notices(
    dead: Annotated[bool, typer.Option("--dead", help="Only what was tried in vain for the last time.")] = False,
    case: Annotated[str | None, typer.Option("--case", metavar="CASE", help="Only of this case.")] = None,
    json: Json = False,
) -> None:
    """Show who was told what, or is about to be, the latest first; one line for each destination."""

    async def run() -> None:
        async with records(settings.load().database_url) as pool:
            found = await notices.lines(pool, case_id=case, dead=dead, limit=_MOST_LINES)
        if json:
            as_json({"notices": found})
        else:
            _print_lines(found)

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


def _print_lines(found: list[notices.Line]) -> None:
    if not found:
        say("There are none.")
        return
    case_id = Column("case", no_wrap=True)  # a name cut short names nobody
    others = [Column(name, overflow="fold") for name in ("what, when (UTC)", "to", "state")]
    table = Table("id", case_id, *others)
    for line in found:
        what = f"{line.what}\n{line.at:%Y-%m-%d %H:%M:%S}"
        to = f"{line.recipient}\n{line.address}" if line.address else line.recipient
        table.add_row(str(line.notice), *map(escape, (line.case_id, what, to)), _state(line))
    to_people.print(table)
    if len(found) == _MOST_LINES:
        say(f"These are the latest {_MOST_LINES}; name a case with --case to see all of its own.")


def _state(line: notices.Line) -> str:
    """Return how far it is, and what comes next."""
    colour = _COLOURS.get(line.state, "default")
    return f"[{colour}]{line.state}[/{colour}] {escape(_next(line))}".strip()


def _next(line: notices.Line) -> str:
    if line.state == NoticeState.NOBODY:
        return "until it has a contact"
    if line.state == NoticeState.WAITING:
        return f"until {moment(line.not_before)}"
    if line.sent_at:
        return moment(line.sent_at)
    tries = f"after {line.attempts} tr{'y' if line.attempts == 1 else 'ies'}" if line.attempts else ""
    again = f"next {moment(line.next_attempt_at)}" if line.next_attempt_at else f"kawal notice resend {line.notice}"
    return "; ".join(part for part in (tries, line.last_error, again) if part)


@notice.command("resend")
def resend(
    number: Annotated[int, typer.Argument(metavar="ID", help="The notice's id, as kawal notice list prints it.")],
    json: Json = False,
) -> None:
    """Send a notice again wherever it has not arrived; a worker does so within seconds."""

    async def run() -> None:
        async with records(settings.load().database_url) as pool:
            to = await notices.resend(pool, number, datetime.now(UTC))
        if to is None:
            raise NotFoundError(f"notice: there is none with the id {number}; see kawal notice list")
        if to == 0:
            raise RefusedError(
                f"notice {number} has nowhere to go: it has arrived everywhere, or its recipient has no contact "
                "(kawal notice list; kawal contact set)"
            )
        if json:
            as_json({"notice": number, "destinations": to})
        else:
            say(f"Notice {number} goes out again, to {to} destination{'s' if to > 1 else ''}.")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


class Channel(StrEnum):
    """On which people are reached."""

    EMAIL = EMAIL
    WHATSAPP = WHATSAPP
    SMS = SMS


@contact.command("set")
def set_contact(
    recipient: RecipientArgument,
    addresses: Annotated[
        list[str],
        typer.Argument(metavar="ADDRESS...", help="All its addresses on the channel, in place of those before."),
    ],
    channel: Annotated[
        Channel, typer.Option(help="E-mail addresses, or phone numbers for messages: 0812... or +62812....")
    ] = Channel.EMAIL,
    json: Json = False,
) -> None:
    """Say where somebody is reached on a channel from now on: at these addresses, and no others."""
    _replace(recipient, {channel: addresses}, json)


@contact.command("remove")
def remove_contact(
    recipient: RecipientArgument,
    channel: Annotated[
        Channel | None, typer.Option(help="Only the addresses on this channel.", show_default="all of them")
    ] = None,
    json: Json = False,
) -> None:
    """Forget all addresses of somebody."""
    _replace(recipient, {one: [] for one in ([channel] if channel else Channel)}, json)


def _replace(recipient: str, addresses: dict[Channel, list[str]], json: bool) -> None:
    async def run() -> None:
        if not _is(_ADDRESSEE, recipient):
            raise RefusedError("recipient: write role@agency, as in liaison-officer@BMBK, or reporter:CASE")
        given = {channel: _addresses(channel, said) for channel, said in addresses.items()}
        async with records(settings.load().database_url) as pool:
            for channel, written in given.items():
                await contacts.replace(pool, recipient, written, datetime.now(UTC), channel=channel)
            found = await contacts.listing(pool, recipient)
        _show(found, json, f"{recipient} has no contact any more.")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


def _addresses(channel: Channel, said: list[str]) -> list[str]:
    """Return addresses as the channel has them; what is none is named by its number, and not repeated."""
    return [_address(channel, number, one) for number, one in enumerate(said, start=1)]


def _address(channel: Channel, number: int, said: str) -> str:
    if channel is Channel.EMAIL:
        if not _is(_EMAIL, said):
            raise RefusedError(f"email: number {number} is no address: write it as in name@example.go.id")
        return said
    try:
        return reachable_person(Person(phone=said)).phone or ""
    except (RefusedError, ValidationError):
        mend = "write it as 0812... or +62812..."
        raise RefusedError(f"{channel}: number {number} is no phone number: {mend}") from None


def _is(kind: TypeAdapter[str], given: str) -> bool:
    try:
        kind.validate_python(given)
    except ValidationError:
        return False
    return True


@contact.command("list")
def list_contacts(
    recipient: Annotated[
        str | None, typer.Argument(metavar="RECIPIENT", help="Only of this office, or of reporter:CASE.")
    ] = None,
    json: Json = False,
) -> None:
    """Show who is reached where; addresses are masked, as they are personal data."""

    async def run() -> None:
        async with records(settings.load().database_url) as pool:
            found = await contacts.listing(pool, recipient)
        _show(found, json, "There are none; add one with kawal contact set.")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


def _show(found: list[Contact], json: bool, without: str) -> None:
    shown = [(one.recipient, one.channel, masked(one.address)) for one in found]
    if json:
        as_json({"contacts": [dict(zip(("recipient", "channel", "address"), one, strict=True)) for one in shown]})
    elif not shown:
        say(without, markup=False)
    else:
        table = Table(Column("recipient", overflow="fold"), "channel", "address")
        for one in shown:
            table.add_row(*map(escape, one))
        to_people.print(table)
