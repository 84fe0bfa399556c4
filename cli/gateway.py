"""`kawal gateway`: Kawal over HTTP."""

import asyncio
from typing import Annotated

import typer

from cli.connection import EXPECTED
from cli.output import clear_errors
from runtime import logs, tracing


def gateway(
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, metavar="PORT")] = 8080,
    json: Annotated[bool, typer.Option("--json", metavar="", help="Say as JSON what keeps it from running.")] = False,
) -> None:
    """Serve HTTP until Ctrl-C or SIGTERM: the API, Open311, webhooks. Run as many as you like; none has a state."""
    from cli.gateway_run import run  # noqa: PLC0415 - it takes long to load, and no other command needs it

    logs.configure()
    tracing.configure("gateway")
    with clear_errors(json, *EXPECTED):
        asyncio.run(run(host, port))
