"""Commands around the keys by which systems call: made here, shown once, and revoked here."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer
from rich.markup import escape
from rich.table import Column, Table

from cli.connection import EXPECTED, records
from cli.output import Json, as_json, clear_errors, moment, say, to_people
from cli.sending import ActorOption
from gateway.identity.api_keys import POSSIBLE_SCOPES, USUAL_SCOPES, make
from gateway.refusals import NotFoundError
from runtime import settings
from schemas.access import Action
from storage import api_keys
from storage.api_keys import ApiKey

app = typer.Typer(no_args_is_help=True, help="Keys by which systems call: the super-app, a bridge, a counter.")

_LONGEST_DAYS = 3650


@app.command()
def create(
    name: Annotated[str, typer.Option(metavar="NAME", help="Which system gets it, for those who list keys.")],
    channel: Annotated[
        str, typer.Option(metavar="CODE", help="What it hands in comes in by this channel, and it sees no other.")
    ],
    scope: Annotated[
        list[Action] | None,
        typer.Option(
            metavar="ACTION",
            help=f"What it opens; may be repeated. One of {', '.join(sorted(POSSIBLE_SCOPES))}.",
            show_default=", ".join(sorted(USUAL_SCOPES)),
        ),
    ] = None,
    expires_in_days: Annotated[
        int | None,
        typer.Option(metavar="DAYS", min=1, max=_LONGEST_DAYS, help="When it ends.", show_default="never"),
    ] = None,
    actor: ActorOption = "operator",
    json: Json = False,
) -> None:
    """Make a key, and show it: once, for only its hash is kept."""

    async def run() -> None:
        until = datetime.now(UTC) + timedelta(days=expires_in_days) if expires_in_days else None
        async with records(settings.load().database_url) as pool:
            key, secret = await make(
                pool, name=name, channel=channel, scopes=scope or USUAL_SCOPES, made_by=actor, expires_at=until
            )
        if json:
            as_json(_document(key) | {"key": secret})
            return
        say(f"Made: {key.key_id}, for {escape(key.name)}, by channel {escape(key.channel)}.")
        say(f"It opens {', '.join(sorted(key.scopes))}, {_until(key)}.")
        say(f"The key, which nobody can show again: [bold]{secret}[/bold]")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


@app.command("list")
def list_keys(json: Json = False) -> None:
    """Show all keys that there ever were, the latest first."""

    async def run() -> None:
        async with records(settings.load().database_url) as pool:
            found = await api_keys.listed(pool)
        if json:
            as_json({"keys": [_document(key) for key in found]})
        else:
            _print(found)

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as kawal key list prints it.")],
    json: Json = False,
) -> None:
    """End a key for good: within five seconds, it opens nothing any more."""

    async def run() -> None:
        async with records(settings.load().database_url) as pool:
            key = await api_keys.revoke(pool, key_id, datetime.now(UTC))
        if key is None:
            raise NotFoundError("key: there is none with this id; see kawal key list")
        if json:
            as_json(_document(key))
        else:
            assert key.revoked_at
            say(f"{key.key_id}, of {escape(key.name)}, is revoked since {moment(key.revoked_at)}.")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


def _document(key: ApiKey) -> dict[str, object]:
    return key.model_dump(mode="json") | {"scopes": sorted(key.scopes)}


def _print(found: list[ApiKey]) -> None:
    if not found:
        say("There are none; make one with kawal key create.")
        return
    key_id = Column("id", no_wrap=True)  # a name cut short names nobody
    others = [Column(name, overflow="fold") for name in ("name", "channel", "opens", "last used (UTC)", "state")]
    table = Table(key_id, *others)
    now = datetime.now(UTC)
    for key in found:
        used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never"
        said = (key.key_id, key.name, key.channel, ", ".join(sorted(key.scopes)), used)
        table.add_row(*map(escape, said), _state(key, now))
    to_people.print(table)


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked_at:
        return "[red]revoked[/red]"
    if key.expires_at and key.expires_at <= now:
        return "[yellow]expired[/yellow]"
    return f"good {_until(key)}"


def _until(key: ApiKey) -> str:
    return f"until {moment(key.expires_at)}" if key.expires_at else "until it is revoked"
