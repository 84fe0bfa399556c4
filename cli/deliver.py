"""The command by which an agency has something carried to somebody as the remedy of a case."""

from contextlib import AbstractAsyncContextManager
from typing import Annotated

import typer

from cli.cases import CaseArgument
from cli.output import Json
from cli.sending import ActorOption, AgencyOption, AgencyRole, MessageIdOption, OfficeOption, new_id, send_given, sender
from gateway import remedies
from gateway.recipients import reference_of
from gateway.starter import Starter
from schemas.messages import Deliver
from schemas.service_request import Recipient


def deliver(
    case: CaseArgument,
    service: Annotated[
        str, typer.Option(metavar="CODE", help="How it is carried: a service of the policy for which nobody pays.")
    ],
    name: Annotated[str, typer.Option(metavar="NAME", help="Who gets it. Kept in the database alone.")],
    address: Annotated[str, typer.Option(metavar="ADDRESS", help="Where. Kept in the database alone.")],
    phone: Annotated[
        str | None, typer.Option(metavar="NUMBER", help="As 0812... or +62812...; the courier calls it.")
    ] = None,
    postal_code: Annotated[str | None, typer.Option(metavar="CODE", help="Five digits.")] = None,
    latitude: Annotated[
        float | None, typer.Option(metavar="DEGREES", help="Where on the map: the nearest office carries it.")
    ] = None,
    longitude: Annotated[float | None, typer.Option(metavar="DEGREES", help="Goes with --latitude.")] = None,
    region: Annotated[
        str | None, typer.Option(metavar="CODE", help="Region of the address, if it is not that of the case.")
    ] = None,
    actor: ActorOption = "operator",
    role: AgencyRole = "operator",
    agency: AgencyOption = None,
    office: OfficeOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Have something carried to somebody as the remedy. Moves no deadline."""
    message_id = message_id or new_id()
    recipient = {
        "name": name,
        "address": address,
        "phone": phone,
        "postal_code": postal_code,
        "latitude": latitude,
        "longitude": longitude,
    }
    reference = reference_of(f"{case} {message_id}")

    def recipient_kept(kawal: Starter) -> AbstractAsyncContextManager[None]:
        return remedies.recipient_kept(kawal, case, reference, Recipient.model_validate(recipient))

    message = {
        "actor": sender(actor, role, agency, office),
        "message_id": message_id,
        "service": service,
        "recipient": reference,
        "region": region,
    }
    send_given(Deliver, case, message, json, within=recipient_kept)
