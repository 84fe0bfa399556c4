"""The simulated carrier as a server of this machine: somebody else's program, steered over HTTP."""

import sys
from pathlib import Path
from typing import Any

import httpx

from local.child import Child
from local.ports import LOOPBACK, require_free
from local.server import Server

_START_LIMIT = 60.0
_CALL_LIMIT = 10.0


class SimulatedCarrier(Server):
    """A carrier whose shipments move as fast as it is told, and come to such ends as it is told."""

    def __init__(self, port: int, *, key: str, log: Path, data: Path, port_option: str = "--carrier-port") -> None:
        """Describe the server; nothing starts yet.

        Args:
            port: where it listens.
            key: what its customers, and those who steer it, authorize with.
            log: the file that its output is appended to; its own, as its record is kept beside it.
            data: the file that it remembers in, through a crash.
            port_option: the command-line option that chooses `port`, for the error when it is taken.
        """
        super().__init__(Child("the simulated carrier", log=log))
        self.port, self.key = port, key
        self._data, self._port_option = data.absolute(), port_option

    @property
    def url(self) -> str:
        """Where its API is, without /v1."""
        return f"http://{LOOPBACK}:{self.port}"

    async def set(self, **settings: Any) -> dict[str, Any]:
        """Change some of its settings, and return all of them."""
        everything: dict[str, Any] = await self.call("PUT", "/control/settings", settings)
        return everything

    async def call(self, method: str, path: str, body: Any = None) -> Any:
        """Steer it, or ask it what happened. Raises `httpx.HTTPError` when it refuses or is away."""
        headers = {"Authorization": f"Bearer {self.key}"}
        async with httpx.AsyncClient(base_url=self.url, headers=headers, timeout=_CALL_LIMIT) as client:
            answer = await client.request(method, path, json=body)
            return answer.raise_for_status().json()

    async def _launch(self) -> None:
        require_free({self._port_option: self.port})
        where = ("--port", str(self.port), "--key", self.key, "--data", str(self._data))
        await self._child.start(sys.executable, "-m", "simulators.carrier", *where)
        await self._child.until(self._probe, limit=_START_LIMIT, retry=(httpx.HTTPError,))

    async def _probe(self) -> None:
        await self.call("GET", "/control/health")
