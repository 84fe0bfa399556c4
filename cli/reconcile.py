"""`kawal service reconcile`: the carrier's books of a day against ours."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Column, Table

from carriers.http_carrier import HttpCarrier
from carriers.protocol import CarrierAwayError, CarrierRefusedError, CarrierUnreadableError
from cli.connection import EXPECTED, AwayError, starter
from cli.output import Json, as_json, clear_errors, say, to_people
from cli.service_page import rupiah
from gateway import reconciliation
from gateway.reconciliation import CARRIER_ZONE, Report
from runtime import settings
from schemas.money import SettlementLine
from storage.time_zone import zone_named


def _a_day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter("write a date, as in 2026-11-23") from None


def reconcile(
    day: Annotated[date, typer.Argument(parser=_a_day, metavar="DAY", help="As the carrier counts days: 2026-11-23.")],
    json: Json = False,
) -> None:
    """Compare the carrier's books of a day with ours, and bring payments that we never heard of to their requests.

    May be repeated. Exit status 1 if somebody has to look.
    """

    async def run() -> Report:
        post = settings.carrier()
        if post is None:
            raise settings.SettingsError(
                "no carrier is set: set KAWAL_CARRIER_URL, KAWAL_CARRIER_KEY and KAWAL_CARRIER_WEBHOOK_SECRETS"
            )
        async with starter() as kawal, HttpCarrier(post.url, post.key) as carrier:
            try:
                return await reconciliation.reconcile(kawal.client, kawal.pool, carrier, day)
            except CarrierAwayError as away:
                raise AwayError(f"the carrier is away ({away}): try again later") from away

    with clear_errors(json, *EXPECTED, CarrierRefusedError, CarrierUnreadableError):
        report = asyncio.run(run())
    if json:
        as_json(_document(report))
    else:
        _print(report)
    if report.needs_people:
        raise typer.Exit(1)


def _document(report: Report) -> dict[str, Any]:
    return report.model_dump(mode="json") | {"left": report.left, "needs_people": report.needs_people}


def _print(report: Report) -> None:
    books = report.books
    matched = sum(line.amount for line in books.matched)
    say(f"{books.day} ({books.zone}): {len(books.matched)} match, {rupiah(matched)} together.")
    if datetime.now(UTC) < _end(books.day):
        say("The day is not over: what is missing there may still come.")
    if found := list(_lines(report)):
        numbers = Column("receipt\nof", no_wrap=True)  # a number cut short finds nothing
        table = Table("what", numbers, Column("amount", no_wrap=True), "what is done")
        for cells in found:
            table.add_row(*map(escape, cells))
        to_people.print(table)
    for payout in report.double_payouts:
        what = f"{payout.service} of {payout.period}" if payout.service else "one request"
        say(
            f"[red]Paid out more than once[/red]: {escape(what)}, {rupiah(payout.amount)} together, "
            f"requests {', '.join(payout.request_ids)}, receipts {', '.join(payout.receipts)}"
        )
    for line in report.conflicts:
        say(f"[red]Told otherwise[/red]: receipt {line.receipt} once more as {line.kind} of {rupiah(line.amount)}")
    say("Somebody has to look." if report.needs_people else "Nobody has to look.")


def _end(day: date) -> datetime:
    return datetime.combine(day, datetime.max.time(), zone_named(CARRIER_ZONE))


def _lines(report: Report) -> Iterator[tuple[str, ...]]:
    books, deeds = report.books, {done.line.receipt: str(done.deed) for done in report.done}
    missing = {line.receipt for line in books.missing_here}
    for line in books.missing_here:
        yield _line("missing here", line, deeds.get(line.receipt, "look"))
    for line in books.missing_there:
        yield _line("missing there", line, "ask the carrier")
    for one in books.differing:
        both = f"{rupiah(one.there.amount)}\nhere {one.here.kind} {rupiah(one.here.amount)}"
        yield _line("differing", one.there, "ask the carrier", both)
    for twice in books.double:
        yield f"double\n{twice.kind}", "\n".join((*twice.receipts, twice.reference_id)), "", "look"
    for done in report.done:
        if done.line.receipt not in missing:
            yield _line("never taken", done.line, str(done.deed))


def _line(what: str, line: SettlementLine, deed: str, amount: str | None = None) -> tuple[str, ...]:
    return f"{what}\n{line.kind}", f"{line.receipt}\n{line.reference_id}", amount or rupiah(line.amount), deed
