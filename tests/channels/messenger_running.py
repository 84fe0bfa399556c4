"""The simulated provider of messages, running as the separate program that it is."""

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local.child import Child
from local.ports import LOOPBACK, free_port
from local.scratch import scratch_folder

TOKEN = "token-of-the-tests"
_ROOT = Path(__file__).parent.parent.parent
_PATIENCE = 60.0


@dataclass
class RunningMessenger:
    """A provider in a process of its own."""

    child: Child
    port: int
    control: httpx.AsyncClient

    @property
    def url(self) -> str:
        """Where messages are posted to."""
        return f"http://{LOOPBACK}:{self.port}/messages"

    async def start(self) -> None:
        """Start it, and return once it answers; it has forgotten everything."""
        command = ("-m", "simulators.messenger", "--port", str(self.port), "--token", TOKEN)
        await self.child.start(sys.executable, *command, environment={"PYTHONPATH": str(_ROOT)})
        await self.child.until(self._answers, limit=_PATIENCE, retry=(httpx.HTTPError,))

    async def stop(self) -> None:
        """End it."""
        await self.child.stop()

    async def behave(self, **how: Any) -> None:
        """Let it behave so from now on, and otherwise as at the beginning."""
        (await self.control.put("/control/behaviour", json=how)).raise_for_status()

    async def begin_anew(self) -> None:
        """Let it forget everything."""
        (await self.control.delete("/control/messages")).raise_for_status()

    async def messages(self) -> list[dict[str, str]]:
        """Return what it took, in order."""
        found: list[dict[str, str]] = (await self._told())["messages"]
        return found

    async def calls(self) -> int:
        """Return how often it was called."""
        return int((await self._told())["calls"])

    async def _told(self) -> dict[str, Any]:
        answer: dict[str, Any] = (await self.control.get("/control/messages")).raise_for_status().json()
        return answer

    async def _answers(self) -> None:
        (await self.control.get("/control/health")).raise_for_status()


@asynccontextmanager
async def messenger_running() -> AsyncIterator[RunningMessenger]:
    """Run a provider on a free port for as long as this lasts."""
    port = free_port()
    headers = {"Authorization": f"Bearer {TOKEN}"}
    async with httpx.AsyncClient(base_url=f"http://{LOOPBACK}:{port}", headers=headers, timeout=_PATIENCE) as control:
        with scratch_folder() as folder:
            messenger = RunningMessenger(Child("the messenger", log=folder / "messenger.log"), port, control)
            try:
                await messenger.start()
                yield messenger
            finally:
                await messenger.stop()
