"""Commands around one case: submit and show."""

import asyncio
from datetime import datetime
from typing import Annotated, Any, Literal

import typer

from cli.case_page import Page, print_page
from cli.connection import EXPECTED, records, starter
from cli.output import Json, as_json, clear_errors, say
from domain.ledger import broken_at, head_of
from domain.routing import route
from domain.view import view
from gateway.refusals import NotFoundError
from runtime import settings
from schemas.case import CaseState, CaseView, TriageReason
from schemas.complaint import Complaint, Identity, Intake
from schemas.policy import Policy
from storage import case_records, deliveries, duplicates, intake, merges, policies
from storage.database import Pool

_LONGEST_TEXT = 20_000


def something(text: str | None) -> str | None:
    """Return what somebody wrote, if anything. Raises `typer.BadParameter` when it is blank or too long."""
    if text is not None and not text.strip():
        raise typer.BadParameter("is empty: write what was said")
    if text is not None and len(text) > _LONGEST_TEXT:
        raise typer.BadParameter(f"is longer than {_LONGEST_TEXT} letters: shorten it")
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


def submit(
    category: Annotated[str, typer.Option(metavar="CODE", help="What it is about: a category of the policy.")],
    text: Annotated[
        str,
        typer.Option(metavar="TEXT", callback=something, help="What the reporter wrote. Kept in the database alone."),
    ],
    region: Annotated[str | None, typer.Option(metavar="CODE", help="Where: a region of the policy.")] = None,
    latitude: Annotated[
        float | None, typer.Option(metavar="DEGREES", help="Where on the map. Kept in the database alone.")
    ] = None,
    longitude: Annotated[float | None, typer.Option(metavar="DEGREES", help="Goes with --latitude.")] = None,
    identity: Annotated[
        Identity, typer.Option(help="anonymous hides the name from the agency, confidential all from the public.")
    ] = Identity.NAMED,
    respondent: Annotated[
        str | None, typer.Option(metavar="AGENCY", help="The agency that the report accuses, if it accuses one.")
    ] = None,
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
        given = Intake.model_validate(
            {
                "channel": channel,
                "external_id": external_id,
                "category": category,
                "region": region,
                "text": text,
                "promised_at": promised_at,
                "place": _place(latitude, longitude),
                "identity": identity,
                "respondent": respondent,
            }
        )
        async with starter() as kawal:
            complaint = await kawal.submit(given, policy_name=policy)
            rules = await policies.version(kawal.pool, complaint.policy_version)
            alike = await duplicates.of_case(kawal.pool, complaint.case_id, rules.duplicates if rules else None)
        if json:
            as_json(complaint)
            return
        say(f"Accepted. The case is [bold]{complaint.case_id}[/bold].")
        if triage_reason := _triage_reason(rules, complaint):
            say(f"It goes to triage, where somebody decides who is in charge: {triage_reason}.")
        if alike:
            say(f"It may be the same as {', '.join(alike)}.")
        say(f"Follow it with: kawal show {complaint.case_id}")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


def _place(latitude: float | None, longitude: float | None) -> dict[str, float] | None:
    """Return a place that is still to be checked, so that an error names what is wrong or missing."""
    given = {"latitude": latitude, "longitude": longitude}
    return {name: degrees for name, degrees in given.items() if degrees is not None} or None


def _triage_reason(policy: Policy | None, complaint: Complaint) -> TriageReason | None:
    found = route(policy, complaint.category, complaint.region) if policy else None
    return found if isinstance(found, TriageReason) else None


def show(
    case: CaseArgument,
    language: Annotated[
        Literal["id", "en"], typer.Option(help="In which language to say the status as the public channels do.")
    ] = "id",
    json: Json = False,
) -> None:
    """Show how a case stands, its timeline and its sanction ledger."""

    async def run() -> None:
        async with records(settings.load().database_url) as pool:
            page = await _page(pool, case, language)
        if json:
            as_json(_document(page))
        else:
            print_page(page)

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


async def _page(pool: Pool, case_id: str, language: Literal["id", "en"]) -> Page:
    standing = await case_records.case(pool, case_id) or await _not_routed_yet(pool, case_id)
    ledger = await case_records.ledger(pool, case_id)
    broken = broken_at(ledger)
    if broken is None and (len(ledger), head_of(ledger)) != (standing.ledger_length, standing.ledger_head):
        broken = len(ledger) + 1  # it holds, but what the case counts after it is gone
    return Page(
        case=standing,
        timeline=await case_records.timeline(pool, case_id),
        ledger=ledger,
        broken=broken,
        policy=await policies.version(pool, standing.policy_version),
        merged_cases=await merges.merged_into(pool, case_id),
        deliveries=await deliveries.of(pool, case_id),
        language=language,
    )


async def _not_routed_yet(pool: Pool, case_id: str) -> CaseView:
    """Return how a case stands that was accepted, and that no worker has taken up yet."""
    complaint = await intake.accepted(pool, case_id)
    if complaint is None:
        raise NotFoundError(f"case: there is none with the id {case_id}")
    return view(CaseState(complaint=complaint))


def _document(page: Page) -> dict[str, Any]:
    return {
        "case": page.case,
        "status_words": [{"scheme": scheme.code, "name": scheme.name, "words": words} for scheme, words in page.words],
        "merged_cases": page.merged_cases,
        "deliveries": page.deliveries,
        "zone": page.zone.key,
        "timeline": page.timeline,
        "ledger": page.ledger,
        "ledger_holds": page.broken is None,
    }
