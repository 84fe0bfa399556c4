"""`kawal gateway`: Kawal over HTTP."""

import asyncio
from typing import Annotated

import typer

from cli.connection import EXPECTED, records, temporal_client
from cli.output import clear_errors
from gateway.app import app
from gateway.serve import serve
from runtime import logs, settings


def gateway(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, metavar="PORT")] = 8080,
    json: Annotated[bool, typer.Option("--json", metavar="", help="Say as JSON what keeps it from running.")] = False,
) -> None:
    """Serve HTTP until Ctrl-C or SIGTERM: the carrier's webhooks. Run as many as you like; none has a state."""

    async def run() -> None:
        where = settings.load()
        post = settings.carrier()
        client = await temporal_client(where.temporal_address)
        async with records(where.database_url, max_size=10) as pool:
            await serve(app(client, pool, post.webhook_secrets if post else ()), host, port)

    logs.configure()
    with clear_errors(json, *EXPECTED):
        asyncio.run(run())
