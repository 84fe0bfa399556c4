"""Commands around deliveries: where something is, and what happened on its way."""

import asyncio
from typing import Annotated

import typer

from cli.connection import EXPECTED, records
from cli.delivery_page import Page, document, print_page
from cli.output import Json, as_json, clear_errors
from cli.services import LanguageOption
from gateway.post_words import Language
from gateway.refusals import NotFoundError
from runtime import settings
from schemas.delivery import DeliveryView
from storage import deliveries, tracking
from storage.database import Pool

app = typer.Typer(no_args_is_help=True, help="Where something is that the post carries.")


@app.callback()
def _group() -> None:
    """Where something is that the post carries."""


@app.command()
def track(
    number: Annotated[
        str, typer.Argument(metavar="NUMBER", help="A delivery's id, a waybill, or the carrier's name of an order.")
    ],
    language: LanguageOption = "id",
    json: Json = False,
) -> None:
    """Show where a delivery is: its status, when it is due and why then, and every scan. Names nobody."""

    async def run() -> None:
        async with records(settings.load().database_url) as pool:
            page = await _page(pool, number, language)
        if json:
            as_json(document(page))
        else:
            print_page(page)

    with clear_errors(json, *EXPECTED):
        asyncio.run(run())


async def _page(pool: Pool, number: str, language: Language) -> Page:
    delivery = await _find(pool, number)
    if delivery is None:
        raise NotFoundError(
            "delivery: there is none under this number: write its id (kawal service show), a waybill or an order"
        )
    return Page(
        delivery=delivery,
        transitions=await deliveries.transitions(pool, delivery.delivery_id),
        scans=await tracking.of_delivery(pool, delivery.delivery_id),
        language=language,
    )


async def _find(pool: Pool, number: str) -> DeliveryView | None:
    """Return a delivery by whatever it is known under."""
    if delivery := await deliveries.find(pool, number):
        return delivery
    known = await deliveries.by_order(pool, number) or await deliveries.by_waybill(pool, number.upper())
    return await deliveries.find(pool, known[0]) if known else None
