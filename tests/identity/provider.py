"""An identity provider over HTTP: it publishes keys, counts who asks for them, and goes away when it is stopped."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, Response
from fastapi.responses import JSONResponse

from gateway.serve import serving
from local.ports import LOOPBACK, free_port


class Clock:
    """Seconds that pass when a test says so."""

    def __init__(self) -> None:
        """Begin at a moment that means nothing."""
        self.now = 1000.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now


class Provider:
    """Publishes `keys`, or answers with `nonsense` while there is any; each answer waits until `open` is set."""

    def __init__(self, *keys: dict[str, Any]) -> None:
        """Publish keys, once it runs."""
        self.keys = list(keys)
        self.asked = 0
        self.nonsense: Response | None = None
        self.called = asyncio.Event()
        self.open = asyncio.Event()
        self.open.set()
        self.url = f"http://{LOOPBACK}:{(port := free_port())}"
        self.metadata = {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
        self._port = port
        self._app = FastAPI()
        self._app.add_api_route("/keys", self._keys)
        self._app.add_api_route("/.well-known/openid-configuration", self._metadata)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Answer for as long as this lasts."""
        async with serving(self._app, LOOPBACK, self._port):
            yield

    async def _keys(self) -> Response:
        self.asked += 1
        self.called.set()
        await self.open.wait()
        return self.nonsense or JSONResponse({"keys": self.keys})

    async def _metadata(self) -> Response:
        return JSONResponse(self.metadata)
