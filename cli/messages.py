"""One command for each kind of message that people send to a case, by who may send it."""

from collections.abc import Callable
from typing import Annotated

import typer

from cli.cases import CaseArgument
from cli.deliver import deliver
from cli.output import Json
from cli.sending import (
    ActorOption,
    AgencyOption,
    AgencyRole,
    AnyRole,
    MessageIdOption,
    OfficeOption,
    ReporterRole,
    SuperiorRole,
    Text,
    TextOption,
    send,
    sender,
)
from schemas.messages import (
    Acknowledge,
    Appeal,
    Ask,
    ClockName,
    Coordinate,
    Disprove,
    Extend,
    Merge,
    Note,
    Pause,
    Provide,
    Rate,
    Refer,
    Reject,
    Reopen,
    Respond,
    Resume,
    Transfer,
    Unmerge,
    Verify,
    Withdraw,
)

_REASON = typer.Option("--reason", metavar="CODE", help="A short code in lower case, e.g. wrong-agency.")
Reason = Annotated[str, _REASON]
Category = Annotated[
    str | None, typer.Option("--category", metavar="CODE", help="What it really is about: a category of the policy.")
]


def provide(
    case: CaseArgument,
    text: TextOption = None,
    actor: ActorOption = "reporter",
    role: ReporterRole = "reporter",
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Provide what the agency asked for; the case goes on."""
    send(Provide, case, sender(actor, role), message_id, json, text=text)


def appeal(
    case: CaseArgument,
    text: TextOption = None,
    actor: ActorOption = "reporter",
    role: ReporterRole = "reporter",
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Have a superior look at a rejection or referral."""
    send(Appeal, case, sender(actor, role), message_id, json, text=text)


def reopen(
    case: CaseArgument,
    text: TextOption = None,
    actor: ActorOption = "reporter",
    role: ReporterRole = "reporter",
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Contest an answer; the case goes on."""
    send(Reopen, case, sender(actor, role), message_id, json, text=text)


def rate(
    case: CaseArgument,
    score: Annotated[int, typer.Option("--score", min=1, max=5, help="5 is best.")],
    text: TextOption = None,
    actor: ActorOption = "reporter",
    role: ReporterRole = "reporter",
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Rate an answer, which ends the case; a poor rating may reopen it."""
    send(Rate, case, sender(actor, role), message_id, json, text=text, score=score)


def withdraw(
    case: CaseArgument,
    actor: ActorOption = "reporter",
    role: ReporterRole = "reporter",
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Take a complaint back."""
    send(Withdraw, case, sender(actor, role), message_id, json)


def verify(
    case: CaseArgument,
    category: Category = None,
    region: Annotated[str | None, typer.Option(metavar="CODE", help="Where it really is.")] = None,
    case_class: Annotated[
        str | None, typer.Option("--class", metavar="CODE", help="What kind of request it is: a class of the policy.")
    ] = None,
    assign: Annotated[
        str | None, typer.Option("--assign", metavar="AGENCY", help="Put this agency in charge, whatever routes say.")
    ] = None,
    actor: ActorOption = "operator",
    role: AgencyRole = "operator",
    agency: AgencyOption = None,
    office: OfficeOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Confirm what a complaint is about, or correct it."""
    corrections = {"category": category, "region": region, "case_class": case_class, "agency": assign}
    send(Verify, case, sender(actor, role, agency, office), message_id, json, **corrections)


def acknowledge(
    case: CaseArgument,
    actor: ActorOption = "operator",
    role: AgencyRole = "operator",
    agency: AgencyOption = None,
    office: OfficeOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Say that the agency works on a case. Moves no deadline."""
    send(Acknowledge, case, sender(actor, role, agency, office), message_id, json)


def ask(
    case: CaseArgument,
    text: Text,
    actor: ActorOption = "operator",
    role: AgencyRole = "operator",
    agency: AgencyOption = None,
    office: OfficeOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Ask the reporter for something; the clock rests until it comes."""
    send(Ask, case, sender(actor, role, agency, office), message_id, json, text=text)


def note(
    case: CaseArgument,
    text: Text,
    actor: ActorOption = "operator",
    role: AgencyRole = "operator",
    agency: AgencyOption = None,
    office: OfficeOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Add a word on the progress. Moves no deadline."""
    send(Note, case, sender(actor, role, agency, office), message_id, json, text=text)


def respond(
    case: CaseArgument,
    text: Text,
    evidence: Annotated[
        list[str] | None,
        typer.Option(metavar="REFERENCE", help="A stored photo or document; may be repeated."),
    ] = None,
    part: Annotated[
        str | None,
        typer.Option(metavar="AGENCY", help="Whose part of a coordinated case it answers, if not the sender's own."),
    ] = None,
    actor: ActorOption = "operator",
    role: AgencyRole = "operator",
    agency: AgencyOption = None,
    office: OfficeOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Answer a case for its agency, or the agency's part of it."""
    actor_of = sender(actor, role, agency, office)
    send(Respond, case, actor_of, message_id, json, text=text, evidence=evidence or (), part=part)


def transfer(
    case: CaseArgument,
    to: Annotated[str, typer.Option("--to", metavar="AGENCY", help="The agency that takes it over.")],
    reason: Reason,
    category: Category = None,
    text: TextOption = None,
    actor: ActorOption = "operator",
    role: AgencyRole = "operator",
    agency: AgencyOption = None,
    office: OfficeOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Pass a case on to the agency that it belongs to."""
    fields = {"agency": to, "reason": reason, "category": category}
    send(Transfer, case, sender(actor, role, agency, office), message_id, json, text=text, **fields)


def coordinate(
    case: CaseArgument,
    agencies: Annotated[
        list[str], typer.Option("--with", metavar="AGENCY", help="An agency that has to answer its part; repeat it.")
    ],
    reason: Reason = "several-agencies",
    actor: ActorOption = "operator",
    role: AgencyRole = "operator",
    agency: AgencyOption = None,
    office: OfficeOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Give several agencies a part each, with its own clock."""
    send(Coordinate, case, sender(actor, role, agency, office), message_id, json, agencies=agencies, reason=reason)


def refer(
    case: CaseArgument,
    addressee: Annotated[str, typer.Option(metavar="CODE", help="Whom the reporter is sent to: one of the policy's.")],
    reason: Reason = "outside-authority",
    text: TextOption = None,
    actor: ActorOption = "operator",
    role: AgencyRole = "operator",
    agency: AgencyOption = None,
    office: OfficeOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Send the reporter to somebody outside the government's authority."""
    fields = {"addressee": addressee, "reason": reason}
    send(Refer, case, sender(actor, role, agency, office), message_id, json, text=text, **fields)


def reject(
    case: CaseArgument,
    reason: Reason,
    text: Text,
    actor: ActorOption = "operator",
    role: AgencyRole = "operator",
    agency: AgencyOption = None,
    office: OfficeOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Reject what cannot be dealt with; the reporter may appeal."""
    send(Reject, case, sender(actor, role, agency, office), message_id, json, text=text, reason=reason)


def merge(
    case: CaseArgument,
    into: Annotated[str, typer.Option("--into", metavar="CASE", help="The case that goes on for both.")],
    actor: ActorOption = "operator",
    role: AgencyRole = "operator",
    agency: AgencyOption = None,
    office: OfficeOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Say that a case is the same as another, which goes on."""
    send(Merge, case, sender(actor, role, agency, office), message_id, json, into=into)


def unmerge(
    case: CaseArgument,
    actor: ActorOption = "operator",
    role: AnyRole = "operator",
    agency: AgencyOption = None,
    office: OfficeOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Take a merge back; the reporter may do so, too."""
    send(Unmerge, case, sender(actor, role, agency, office), message_id, json)


def pause(
    case: CaseArgument,
    limit: Annotated[
        str, typer.Option("--limit", metavar="LIMIT", help='How long at most, e.g. "20 days" or "5 working days".')
    ],
    reason: Reason,
    text: TextOption = None,
    actor: ActorOption = "operator",
    role: AgencyRole = "operator",
    agency: AgencyOption = None,
    office: OfficeOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Put a case on hold until something outside has happened."""
    fields = {"limit": limit, "reason": reason}
    send(Pause, case, sender(actor, role, agency, office), message_id, json, text=text, **fields)


def resume(
    case: CaseArgument,
    actor: ActorOption = "operator",
    role: AgencyRole = "operator",
    agency: AgencyOption = None,
    office: OfficeOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Go on with a case before its pause is over."""
    send(Resume, case, sender(actor, role, agency, office), message_id, json)


def extend(
    case: CaseArgument,
    by: Annotated[str, typer.Option("--by", metavar="LIMIT", help='How much longer, e.g. "5 working days".')],
    reason: Reason,
    clock: Annotated[ClockName, typer.Option(help="The level's, or the law's.")] = ClockName.LEVEL,
    text: TextOption = None,
    actor: ActorOption = "superior",
    role: SuperiorRole = "superior",
    agency: AgencyOption = None,
    office: OfficeOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Give a running clock more time."""
    fields = {"by": by, "reason": reason, "clock": clock}
    send(Extend, case, sender(actor, role, agency, office), message_id, json, text=text, **fields)


def disprove(
    case: CaseArgument,
    text: TextOption = None,
    of: Annotated[
        str | None, typer.Option(metavar="AGENCY", help="Whose answer it was, when several agencies answered.")
    ] = None,
    actor: ActorOption = "superior",
    role: SuperiorRole = "superior",
    agency: AgencyOption = None,
    office: OfficeOption = None,
    message_id: MessageIdOption = None,
    json: Json = False,
) -> None:
    """Say that an answer was found false."""
    send(Disprove, case, sender(actor, role, agency, office), message_id, json, text=text, agency=of)


PANELS: dict[str, tuple[Callable[..., None], ...]] = {
    "Reporter": (provide, appeal, reopen, rate, withdraw),
    "Agency": (
        verify,
        acknowledge,
        ask,
        note,
        respond,
        deliver,
        transfer,
        coordinate,
        refer,
        reject,
        merge,
        unmerge,
        pause,
        resume,
    ),
    "Superior": (extend, disprove),
}
"""The commands by who sends the message, as `kawal --help` shows them."""
