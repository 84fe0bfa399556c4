"""The HTTP server, whose connections the simulation can cut."""

import asyncio

import uvicorn
from fastapi import FastAPI
from uvicorn.protocols.http.h11_impl import H11Protocol


class _Cuttable(H11Protocol):
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.app_state = {**self.app_state, "hang_up": transport.abort}


def serve(app: FastAPI, *, port: int) -> None:
    """Serve on this machine alone until a signal ends it."""
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        http=_Cuttable,
        log_level="warning",
        access_log=False,
        proxy_headers=False,
        timeout_graceful_shutdown=1,
    )
