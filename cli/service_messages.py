"""What people say about a request: that they have it, that it is not so, that they want it no more."""

import asyncio
import secrets
from typing import Annotated

import typer
from temporalio.client import WorkflowUpdateRPCTimeoutOrCancelledError

from cli.connection import EXPECTED, AwayError
from cli.output import Json, as_json, clear_errors, say
from cli.sending import (
    ActorOption,
    AgencyOption,
    AnyRole,
    MessageIdOption,
    OfficeOption,
    ReporterRole,
    sender,
)
from cli.services import RequestArgument, requests
from schemas.service_request import Cancel, Confirm, Dispute, DisputeReason

_PATIENCE = 10.0
"""Seconds; a worker that runs takes a message within one."""


def confirm(
    request: RequestArgument,
    actor: ActorOption = "recipient",
    role: ReporterRole = "reporter",
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Say that the recipient has it; the request is over."""
    _send(Confirm, request, sender(actor, role), message_id, json)


def dispute(
    request: RequestArgument,
    reason: Annotated[DisputeReason, typer.Option(help="What is wrong with what was delivered.")],
    actor: ActorOption = "recipient",
    role: ReporterRole = "reporter",
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Say that the recipient does not have it, or not as it should be; the agency looks into it."""
    _send(Dispute, request, sender(actor, role), message_id, json, reason=reason)


def cancel(
    request: RequestArgument,
    reason: Annotated[
        str, typer.Option(metavar="CODE", help="A short code in lower case, e.g. moved-away.")
    ] = "not-wanted",
    actor: ActorOption = "recipient",
    role: AnyRole = "reporter",
    agency: AgencyOption = None,
    office: OfficeOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Say that it is not wanted any more; what was begun is taken back, and money given back."""
    _send(Cancel, request, sender(actor, role, agency, office), message_id, json, reason=reason)


def _send(
    kind: type[Confirm | Dispute | Cancel],
    request_id: str,
    actor: dict[str, object],
    message_id: str | None,
    json: bool,
    **fields: object,
) -> None:
    """Send a message of this kind and say what came of it; its fields are still to be checked."""

    async def run() -> None:
        given = {"actor": actor, "message_id": message_id or f"cli-{secrets.token_hex(8)}", **fields}
        message = kind.model_validate(given)
        async with requests() as edge:
            try:
                async with asyncio.timeout(_PATIENCE):
                    receipt = await edge.send(request_id, message)
            except (TimeoutError, WorkflowUpdateRPCTimeoutOrCancelledError) as error:
                raise AwayError(
                    f"no worker took the message within {_PATIENCE:g} seconds. Start one with kawal worker, "
                    f"then repeat the command with --message-id {message.message_id}"
                ) from error
        if json:
            as_json(receipt)
        else:
            say(f"Done: request {request_id} is [bold]{receipt.status}[/bold].")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())
