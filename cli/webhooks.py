"""Commands around webhooks: whom we tell over HTTP what happens, and what did not arrive."""

import asyncio
import secrets
from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from cli.connection import EXPECTED, records
from cli.output import Json, as_json, clear_errors, moment, say, to_people
from gateway.channels import destinations
from gateway.channels.destinations import ForbiddenDestinationError, UnknownHostError
from gateway.refusals import NotFoundError, RefusedError
from runtime import settings
from schemas.webhooks import Outgoing, OutgoingState, Subscribing, Subscription
from storage import webhook_subscriptions, webhooks_out
from storage.database import Pool

app = typer.Typer(no_args_is_help=True, help="Whom we tell over HTTP what happens, and what did not arrive.")

_OWNER = "command-line"
_MOST_LINES = 200
_COLOURS = {OutgoingState.SENT: "green", OutgoingState.DEAD: "red", OutgoingState.FAILED: "yellow"}

WebhookArgument = Annotated[str, typer.Argument(metavar="ID", help="As kawal webhook list prints it.")]


@app.command("list")
def list_webhooks(
    channel: Annotated[str | None, typer.Option(metavar="CHANNEL", help="Only of this channel.")] = None,
    json: Json = False,
) -> None:
    """Show where events are sent to, and which."""

    async def run() -> None:
        async with records(settings.load().database_url) as pool:
            found = await webhook_subscriptions.listing(pool, channel)
        if json:
            as_json({"webhooks": found})
        else:
            _print_webhooks(found)

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


def _print_webhooks(found: list[Subscription]) -> None:
    if not found:
        say("There are none; add one with kawal webhook add.")
        return
    table = Table(Column("id", no_wrap=True), *(Column(name, overflow="fold") for name in ("of", "to", "state")))
    for one in found:
        kinds = "\n".join(one.kinds or ("everything",))
        table.add_row(one.id, escape(f"{one.channel or 'all channels'}\n{kinds}"), escape(one.url), _standing(one))
    to_people.print(table)


def _standing(one: Subscription) -> str:
    if one.paused_at:
        return f"[yellow]paused[/yellow] since {moment(one.paused_at)}"
    return f"[red]failing[/red] since {moment(one.failing_since)}" if one.failing_since else "[green]works[/green]"


@app.command("add")
def add(
    url: Annotated[str, typer.Argument(metavar="URL", help="Where to, as https://host/path.")],
    channel: Annotated[
        str | None, typer.Option(metavar="CHANNEL", help="Whose events.", show_default="of all channels")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(metavar="TYPE", help="As id.kawal.case.escalated; may be repeated.", show_default="everything"),
    ] = None,
    json: Json = False,
) -> None:
    """Send events to an address from now on. The secret that signs them is printed this once."""

    async def run() -> None:
        asked = Subscribing(url=url, channel=channel, kinds=tuple(kind) if kind else None)
        async with records(settings.load().database_url) as pool:
            made, secret = await _add(pool, asked)
        if json:
            as_json(made.model_dump(mode="json") | {"secret": secret})
        else:
            say(f"Webhook {made.id} is made. Its secret, which nobody can show again: {secret}", markup=False)

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


async def _add(pool: Pool, asked: Subscribing) -> tuple[Subscription, str]:
    try:
        await destinations.from_environment().check(asked.url)
        webhook_id = f"wh-{secrets.token_hex(8)}"
        return await webhook_subscriptions.subscribe(pool, webhook_id, asked, owner=_OWNER, now=datetime.now(UTC))
    except (ForbiddenDestinationError, UnknownHostError) as error:
        raise RefusedError(f"url: {error}") from error
    except webhook_subscriptions.TooManyError as error:
        raise RefusedError(str(error)) from error


@app.command("remove")
def remove(webhook: WebhookArgument, json: Json = False) -> None:
    """Send nothing there any more, and forget what had not arrived yet."""

    async def run() -> None:
        async with records(settings.load().database_url) as pool:
            if not await webhook_subscriptions.remove(pool, webhook):
                raise NotFoundError(f"webhook: there is none with the id {webhook}; see kawal webhook list")
        if json:
            as_json({"removed": webhook})
        else:
            say(f"Nothing is sent to webhook {webhook} any more.", markup=False)

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


@app.command("deliveries")
def deliveries(
    webhook: Annotated[
        str | None, typer.Argument(metavar="ID", help="Only of this webhook, as kawal webhook list prints it.")
    ] = None,
    dead: Annotated[bool, typer.Option("--dead", help="Only what was tried in vain for the last time.")] = False,
    json: Json = False,
) -> None:
    """Show what was sent, or is about to be, the latest first."""

    async def run() -> None:
        state = OutgoingState.DEAD if dead else None
        async with records(settings.load().database_url) as pool:
            found = await webhooks_out.lines(pool, subscription=webhook, state=state, limit=_MOST_LINES)
        if json:
            as_json({"deliveries": found})
        else:
            _print_deliveries(found)

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


def _print_deliveries(found: list[Outgoing]) -> None:
    if not found:
        say("There are none.")
        return
    table = Table(
        "id", Column("to", no_wrap=True), *(Column(name, overflow="fold") for name in ("what", "of", "state"))
    )
    for one in found:
        what = f"{one.type}\n{moment(one.at)}"
        colour = _COLOURS.get(one.state, "default")
        state = f"[{colour}]{one.state}[/{colour}] {escape(_next(one))}".strip()
        table.add_row(str(one.id), *map(escape, (one.subscription, what, one.subject)), state)
    to_people.print(table)


def _next(one: Outgoing) -> str:
    """Return what comes next, or came last."""
    if one.sent_at:
        return moment(one.sent_at)
    tries = f"after {one.attempts} tr{'y' if one.attempts == 1 else 'ies'}" if one.attempts else ""
    again = f"next {moment(one.next_attempt_at)}" if one.next_attempt_at else f"kawal webhook resend {one.id}"
    return "; ".join(part for part in (tries, one.last_error, again) if part)


@app.command("resend")
def resend(
    number: Annotated[int, typer.Argument(metavar="ID", help="As kawal webhook deliveries prints it.")],
    json: Json = False,
) -> None:
    """Send an event again that did not arrive; a worker does so within seconds."""

    async def run() -> None:
        async with records(settings.load().database_url) as pool:
            if await webhooks_out.line(pool, number) is None:
                raise NotFoundError(f"delivery: there is none with the id {number}; see kawal webhook deliveries")
            again = await webhooks_out.resend(pool, number, datetime.now(UTC))
        if again is None:
            raise RefusedError(f"delivery {number} has arrived already, or is being sent at this moment")
        if json:
            as_json(again)
        else:
            say(f"Delivery {number} goes out again.")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())
