"""The simulated carrier, running as the separate program that it is."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local.child import Child
from local.ports import LOOPBACK, free_port
from local.scratch import scratch_folder

_ROOT = Path(__file__).parent.parent.parent
_KEY = "key-of-the-tests"
_PATIENCE = 60.0
_PAUSE = 0.02


@dataclass
class RunningCarrier:
    """A carrier in a process of its own.

    `control` is a client that authorizes; it reaches the customers' calls under `/v1` as well.
    """

    child: Child
    port: int
    data: Path
    control: httpx.AsyncClient
    key: str = _KEY

    @property
    def url(self) -> str:
        """Where its API is, without `/v1`."""
        return f"http://{LOOPBACK}:{self.port}"

    async def start(self) -> None:
        """Start it, and return once it answers; after a kill it goes on from its data."""
        command = ("--port", str(self.port), "--key", self.key, "--data", str(self.data))
        await self.child.start(
            *(sys.executable, "-m", "simulators.carrier", *command), environment={"PYTHONPATH": str(_ROOT)}
        )
        await self.child.until(self._answers, limit=_PATIENCE, retry=(httpx.HTTPError,))

    async def kill(self) -> None:
        """End it as a crash would (`kill -9`)."""
        await self.child.kill()

    async def set(self, **settings: Any) -> None:
        """Change some of its settings."""
        (await self.control.put("/control/settings", json=settings)).raise_for_status()

    async def facts(self) -> dict[str, Any]:
        """Ask it what it knows to have happened."""
        answer = (await self.control.get("/control/facts")).raise_for_status()
        found: dict[str, Any] = answer.json()
        return found

    async def until(self, condition: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """Wait until the facts fulfil a condition; return them."""
        async with asyncio.timeout(_PATIENCE):
            while not condition(facts := await self.facts()):  # noqa: ASYNC110 - it is another process
                await asyncio.sleep(_PAUSE)
        return facts

    async def until_quiet(self) -> dict[str, Any]:
        """Wait until nothing more is to happen and no webhook is to be sent; return the facts."""
        return await self.until(lambda facts: facts["open_events"] == facts["webhooks"]["waiting"] == 0)

    async def _answers(self) -> None:
        (await self.control.get("/control/health")).raise_for_status()


@asynccontextmanager
async def carrier_running(*, speed: float = 1, **settings: Any) -> AsyncIterator[RunningCarrier]:
    """Run a carrier on a free port for as long as this lasts.

    Args:
        speed: how many times faster shipments move; 86400: a day lasts a second.
        settings: more of `simulators.settings.Settings`, e.g. `webhook_url`, `scenarios`, `drop`.
    """
    port = free_port()
    async with httpx.AsyncClient(
        base_url=f"http://{LOOPBACK}:{port}", headers={"Authorization": f"Bearer {_KEY}"}, timeout=_PATIENCE
    ) as control:
        with scratch_folder() as folder:
            child = Child("the carrier", log=folder / "carrier.log")
            carrier = RunningCarrier(child, port, folder / "carrier.sqlite", control)
            try:
                await carrier.start()
                await carrier.set(speed=speed, **settings)
                yield carrier
            finally:
                await child.stop()
