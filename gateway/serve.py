"""Serving HTTP, until somebody says that it is enough; what is under way then may end."""

import asyncio
import contextlib
import signal
import socket
from collections.abc import AsyncIterator, Iterator

import uvicorn
from fastapi import FastAPI

_PATIENCE_SECONDS = 10
"""How long calls that are under way may take to end."""


class _Server(uvicorn.Server):
    """Leaves signals to whoever runs it."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Catch none."""
        yield


@contextlib.asynccontextmanager
async def serving(app: FastAPI, host: str, port: int) -> AsyncIterator[asyncio.Task[None]]:
    """Serve for as long as this lasts; calls may come as soon as it begins. The task ends early only if it breaks.

    Nobody's address or query is logged.

    Raises:
        OSError: the port is taken, or the host is not ours.
    """
    listening = socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    server = _Server(
        uvicorn.Config(
            app,
            access_log=False,
            log_config=None,
            server_header=False,
            timeout_graceful_shutdown=_PATIENCE_SECONDS,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[listening]))
    try:
        yield task
    finally:
        server.should_exit = True
        await task


async def serve(app: FastAPI, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; then let what is under way end.

    Raises:
        OSError: the port is taken, or the host is not ours.
    """
    stop, loop, signals = asyncio.Event(), asyncio.get_running_loop(), (signal.SIGINT, signal.SIGTERM)
    async with serving(app, host, port) as server:
        server.add_done_callback(lambda _: stop.set())  # one that ends by itself has broken
        for number in signals:
            loop.add_signal_handler(number, stop.set)
        try:
            await stop.wait()
        finally:
            for number in signals:
                loop.remove_signal_handler(number)
