"""What the servers of this machine have in common."""

from abc import ABC, abstractmethod
from typing import Self

from local.child import Child


class Server(ABC):
    """A server that is started, supervised and stopped; as a context manager, it runs for the block."""

    def __init__(self, child: Child) -> None:
        self._child = child

    @property
    def pid(self) -> int | None:
        """The number of the server's process last started; None before the first start."""
        return self._child.pid

    @property
    def returncode(self) -> int | None:
        """How the server has ended (negative: by that signal); None while it runs."""
        return self._child.returncode

    async def start(self) -> None:
        """Start the server, once a leftover of it has ended; when this returns, it serves.

        Raises:
            AlreadyRunning: another process that lives runs this very server.
            MissingProgram: it is not installed.
            PortsBusy: somebody else holds its port.
            StartFailed: it ended or stayed mute; the message carries the end of its log.
        """
        await self._child.end_leftover()
        try:
            await self._launch()
        except BaseException:
            await self._child.kill()
            raise

    async def stop(self) -> None:
        """End the server in good order. Twice is not an error."""
        await self._child.stop()

    async def kill(self) -> None:
        """End the server with SIGKILL, as a crash would."""
        await self._child.kill()

    async def wait(self) -> int:
        """Wait until the server ends, for whatever reason; return its code (negative: by that signal)."""
        return await self._child.wait()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    @abstractmethod
    async def _launch(self) -> None:
        """Start the process and wait until it serves; whoever calls ends it if this raises."""
