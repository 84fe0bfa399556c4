"""Commands around personal data: what is kept of somebody, erasing it, and the keys that it is sealed under."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from cli.connection import EXPECTED, records
from cli.output import Json, as_json, clear_errors, progress_console, say
from gateway import privacy
from gateway.recipients import e164
from gateway.refusals import RefusedError
from local.private_file import write_private
from privacy.ring import RingError, new_ring, read_ring, with_new_key
from runtime import settings
from runtime.evidence import evidence as evidence_settings
from storage import objects, person_records, webhook_secrets
from storage.database import Pool

app = typer.Typer(no_args_is_help=True, help="What is kept of somebody, erasing it, and the keys that seal it.")

NationalId = Annotated[str | None, typer.Option("--nik", metavar="NIK", help="Who: by national identity number.")]
Phone = Annotated[str | None, typer.Option(metavar="NUMBER", help="Who: by phone number.")]
Email = Annotated[str | None, typer.Option(metavar="ADDRESS", help="Who: by e-mail address.")]
Account = Annotated[str | None, typer.Option(metavar="ACCOUNT", help="Who: by account at the identity provider.")]
Case = Annotated[str | None, typer.Option(metavar="ID", help="Who: whom this case or service request is about.")]
Person = Annotated[str | None, typer.Option(metavar="PERSON", help="Who: by the reference that export shows.")]


async def _who(pool: Pool, **ways: str | None) -> tuple[str, ...]:
    given = {kind: value for kind, value in ways.items() if value}
    if len(given) != 1:
        raise RefusedError("who? Name one of --nik, --phone, --email, --account, --case, --person")
    [(kind, value)] = given.items()
    return await privacy.persons_by(pool, kind, e164("--phone", value) if kind == "phone" else value)


@app.command()
def export(
    out: Annotated[Path, typer.Option(metavar="FILE", dir_okay=False, help="Where to write it; only you may read it.")],
    nik: NationalId = None,
    phone: Phone = None,
    email: Email = None,
    account: Account = None,
    case: Case = None,
    person: Person = None,
    json: Json = False,
) -> None:
    """Write all that is kept of a person, for the person, as JSON. Check who asks before you hand it out."""

    async def run() -> None:
        async with records(settings.load().database_url) as pool:
            ways = {"national_id": nik, "phone": phone, "email": email, "account": account, "case": case}
            people = await _who(pool, **ways, person=person)
            found = [await person_records.everything(pool, one) for one in people]
        written = ",\n".join(one.model_dump_json(indent=2) for one in found)
        write_private(out, f"[{written}]\n".encode())
        if json:
            as_json({"persons": people, "file": str(out)})
            return
        for one in found:
            number, texts, homes = len(one.complaints), len(one.texts), len(one.recipients)
            say(f"{one.person}: {number} complaints, {texts} texts, {homes} addresses")
        say(f"Written to {out}")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


@app.command()
def erase(
    nik: NationalId = None,
    phone: Phone = None,
    email: Email = None,
    account: Account = None,
    case: Case = None,
    person: Person = None,
    even_unfinished: Annotated[
        bool, typer.Option("--even-unfinished", metavar="", help="Also while cases or deliveries are under way.")
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", metavar="", help="Do not ask.")] = False,
    json: Json = False,
) -> None:
    """Erase a person for good: nobody reads what was kept of them again. Histories and ledgers still hold."""

    async def run() -> None:
        async with records(settings.load().database_url) as pool:
            ways = {"national_id": nik, "phone": phone, "email": email, "account": account, "case": case}
            people = await _who(pool, **ways, person=person)
            if json and not yes:
                raise RefusedError("--yes: is needed with --json, for nobody can be asked, and nothing is taken back")
            if not yes:
                typer.confirm(f"Erase {', '.join(people)}? This cannot be taken back.", abort=True)
            store = objects.opened(evidence_settings())
            done = [await privacy.erase(pool, store, one, even_unfinished=even_unfinished) for one in people]
        if json:
            as_json({"erased": [one.model_dump(mode="json") for one in done]})
            return
        for one in done:
            say(f"{one.person} is erased: {one.complaints} complaints, {one.texts} texts, {one.recipients} addresses.")
        say("What backups hold opens again with them: exchange the ring's key soon, and let old backups go.")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


@app.command()
def rotate(json: Json = False) -> None:
    """Wrap everybody's key under the newest key of KAWAL_KEYS. What is sealed stays as it is; killed, it goes on."""

    async def run() -> None:
        async with records(settings.load().database_url) as pool:
            total, done = await person_records.wrapped_by_others(pool), 0
            with Progress(console=progress_console, transient=True) as progress:
                task = progress.add_task("Wrapping keys", total=total)
                while number := await person_records.rewrap(pool):
                    done += number
                    progress.update(task, completed=done)
            secrets = await webhook_secrets.reseal(pool)
            left = await person_records.wrapped_by_others(pool)
        if json:
            as_json({"rewrapped": done, "webhook_secrets": secrets, "left": left, "newest": pool.ring.newest})
            return
        say(f"Under {pool.ring.newest} now: {done} keys of persons and {secrets} secrets of webhooks; {left} are not.")
        say("Older keys of the ring are needed only for payloads of Temporal that were sealed under them.")

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


@app.command()
def new_key(
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="What the key is called.", show_default="today's date")
    ] = None,
    json: Json = False,
) -> None:
    """Print KAWAL_KEYS with a new key before those that are set, or with first keys. Keep them apart from backups."""
    with clear_errors(json, *EXPECTED):
        chosen = name or f"{datetime.now(UTC):%Y-%m-%d}"
        if ":" in chosen or not chosen.isprintable() or " " in chosen:
            raise RingError("--name: is no name for a key: leave out blanks and colons")
        ring = with_new_key(settings.key_ring(), chosen) if settings.has_keys() else new_ring(chosen)
        written = ring.written()
        assert read_ring(written) == ring
        if json:
            as_json({"KAWAL_KEYS": written, "newest": ring.newest})
            return
        typer.echo(written)
