"""The HTTP interface as a process beside `kawal dev`, started again when it dies like the servers are."""

import sys
from collections.abc import Mapping
from pathlib import Path

import httpx

from local.child import Child
from local.ports import LOOPBACK, require_free
from local.server import Server

_START_LIMIT = 60.0
_CALL_LIMIT = 5.0


class GatewayProcess(Server):
    """The HTTP interface; it counts as started once it answers."""

    def __init__(self, port: int, *, environment: Mapping[str, str], log: Path) -> None:
        super().__init__(Child("the gateway", log=log, grace=15))
        self._port = port
        self._environment = dict(environment)

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://{LOOPBACK}:{self._port}"

    async def _launch(self) -> None:
        require_free({"--gateway-port": self._port})
        command = ("gateway", "--port", str(self._port))
        await self._child.start(sys.executable, "-m", "cli.app", *command, environment=self._environment)
        await self._child.until(self._probe, limit=_START_LIMIT, retry=(httpx.HTTPError,))

    async def _probe(self) -> None:
        async with httpx.AsyncClient(timeout=_CALL_LIMIT) as client:
            (await client.get(f"{self.url}/health")).raise_for_status()
