"""Sending one message to a case from a command: who sends it, and how long to wait for its receipt."""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Annotated, Literal

import typer

from cli.cases import something
from cli.connection import EXPECTED, AwayError, starter
from cli.output import as_json, clear_errors, say
from gateway.refusals import NoAnswerError
from gateway.starter import Starter
from schemas.messages import Message

_PATIENCE = 10.0
"""Seconds; a worker that runs takes a message within one."""

_ROLE_HELP = "In what capacity the message is sent."

ActorOption = Annotated[
    str,
    typer.Option("--actor", metavar="ACCOUNT", help="Reference to the sender's account; never a name or number."),
]
MessageIdOption = Annotated[
    str | None,
    typer.Option("--message-id", metavar="ID", help="Repeat a message under its id and it still takes effect once."),
]
ReporterRole = Annotated[Literal["reporter", "system"], typer.Option("--role", help=_ROLE_HELP)]
AgencyRole = Annotated[Literal["operator", "superior", "system"], typer.Option("--role", help=_ROLE_HELP)]
SuperiorRole = Annotated[Literal["superior", "system"], typer.Option("--role", help=_ROLE_HELP)]
AnyRole = Annotated[Literal["reporter", "operator", "superior", "system"], typer.Option("--role", help=_ROLE_HELP)]
AgencyOption = Annotated[
    str | None, typer.Option("--agency", metavar="CODE", help="The agency that the sender works for.")
]
OfficeOption = Annotated[
    str | None,
    typer.Option("--office", metavar="OFFICE", help="role@agency that the sender acts as; it says the agency, too."),
]
_TEXT_OPTION = typer.Option(
    "--text", metavar="TEXT", callback=something, help="What there is to say. Kept in the database alone."
)
Text = Annotated[str, _TEXT_OPTION]
TextOption = Annotated[str | None, _TEXT_OPTION]


def sender(account: str, role: str, agency: str | None = None, office: str | None = None) -> dict[str, object]:
    """Return an actor that is still to be checked, so that an error names the place as actor.id."""
    of_office = office.rpartition("@")[2] if office else None
    return {"id": account, "role": role, "agency": agency or of_office or None, "office": office}


def new_id() -> str:
    """Return an id that no message has."""
    return f"cli-{secrets.token_hex(8)}"


def send(
    kind: type[Message],
    case_id: str,
    actor: dict[str, object],
    message_id: str | None,
    json: bool,
    *,
    text: str | None = None,
    **fields: object,
) -> None:
    """Send a message of this kind and say what came of it; its fields are still to be checked."""
    given = {"actor": actor, "message_id": message_id or new_id(), **fields}
    send_given(kind, case_id, given, json, text=text)


def send_given(
    kind: type[Message],
    case_id: str,
    given: Mapping[str, object],
    json: bool,
    *,
    text: str | None = None,
    within: Callable[[Starter], AbstractAsyncContextManager[None]] | None = None,
) -> None:
    """Send what is given as a message of this kind, once it is checked, within what prepares it and clears up."""

    async def run() -> None:
        message = kind.model_validate(given)
        async with starter() as kawal, within(kawal) if within else nullcontext():
            try:
                receipt = await kawal.send_within(_PATIENCE, case_id, message, text=text)
            except NoAnswerError as error:
                raise AwayError(
                    f"{error}. Start one with kawal worker, "
                    f"then repeat the command with --message-id {message.message_id}"
                ) from error
        if json:
            as_json(receipt)
        else:
            say(f"Done: case {case_id} is [bold]{receipt.status}[/bold] (transition {receipt.seq}).")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())
