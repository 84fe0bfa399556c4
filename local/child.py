"""A supervised child process: logged, recorded, and gone when its parent is."""

import asyncio
import ctypes
import io
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from pathlib import Path

from local.account import Account
from local.leftovers import RECORD_SUFFIX, descendants, end_leftover, forget_child, record_child
from local.trouble import ServerTrouble

_PR_SET_PDEATHSIG = 1
_PROBE_PAUSE = 0.02
_TAIL_LINES = 20


class StartFailed(ServerTrouble):
    """A program ended, or stayed mute, before it was of use; the message carries the end of its log."""


class Child:
    """A program that runs beside this process, in a session of its own, until it is stopped.

    Ctrl-C in the terminal reaches only this process, which so can stop its children in order. When this process
    is killed, Linux passes the stop signal on to them; on any system, the next start ends what is left of them.
    """

    def __init__(
        self, name: str, *, log: Path, stop_signal: signal.Signals = signal.SIGTERM, grace: float = 10.0
    ) -> None:
        """Describe the child; nothing starts yet.

        Args:
            name: what errors call it.
            log: the file that its output is appended to. The record of the running child is kept beside it, so
                no two children that run at the same time may share a log.
            stop_signal: what asks the program to end in good order.
            grace: the seconds it has for that before SIGKILL.
        """
        self.name = name
        self.log = log.absolute()
        self.stop_signal = stop_signal
        self.grace = grace
        self._record = self.log.with_suffix(RECORD_SUFFIX)
        self._process: asyncio.subprocess.Process | None = None
        self._log_start = 0

    @property
    def pid(self) -> int | None:
        """The number of the process last started; None before the first start."""
        return self._process.pid if self._process else None

    @property
    def returncode(self) -> int | None:
        """How the process last started has ended (negative: by that signal); None while it runs."""
        return self._process.returncode if self._process else None

    @property
    def running(self) -> bool:
        """Whether there is a process, and it has not ended."""
        return self._process is not None and self._process.returncode is None

    async def start(
        self, *command: str, account: Account | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        """Start a program, as another account where one is given, once a leftover of it has ended.

        It gets our environment, with the given additions.

        Raises:
            AlreadyRunning: the child of this record runs, and its parent lives.
            OSError: the program cannot be started.
        """
        if threading.current_thread() is not threading.main_thread():
            # To the kernel, the parent is the thread that forks: the child would be stopped when that one ends.
            raise RuntimeError(f"{self.name} has to be started from the main thread")
        await self.end_leftover()
        with _open_log(self.log) as log:
            self._log_start = log.tell()
            self._process = await asyncio.create_subprocess_exec(
                *command,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.log.parent,
                env={**os.environ, "LC_ALL": "C", "TZ": "UTC", **(environment or {})},
                umask=0o077,
                start_new_session=True,
                user=account.uid if account else None,
                group=account.gid if account else None,
                extra_groups=[] if account else None,
                preexec_fn=_stop_with_parent(self.stop_signal),
            )
        record_child(self._record, name=self.name, pid=self._process.pid, stop_signal=self.stop_signal)

    async def end_leftover(self) -> None:
        """End the child of a parent that was killed, if it still runs; `start` does so by itself.

        Raises:
            AlreadyRunning: its parent lives.
        """
        await end_leftover(self._record, grace=self.grace)

    async def until(
        self, probe: Callable[[], Awaitable[None]], *, limit: float, retry: tuple[type[Exception], ...]
    ) -> None:
        """Wait until `probe` returns, trying anew while it raises one of `retry`.

        Raises:
            StartFailed: the child has ended, or `limit` seconds have passed.
        """
        try:
            async with asyncio.timeout(limit):
                while self.running:
                    with suppress(*retry):
                        await probe()
                        return
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_PROBE_PAUSE):
                            await self.wait()
        except TimeoutError:
            raise self._failed(f"did not answer within {limit:g} seconds") from None
        raise self._failed(f"ended with code {self.returncode}")

    async def finish(self, *, limit: float) -> None:
        """Wait for a program that does one thing and ends.

        Raises:
            StartFailed: it failed, or took longer than `limit` seconds.
        """
        try:
            async with asyncio.timeout(limit):
                code = await self.wait()
        except TimeoutError:
            raise self._failed(f"did not end within {limit:g} seconds") from None
        finally:
            await self._kill_with_helpers()
        if code:
            raise self._failed(f"ended with code {code}")

    async def wait(self) -> int:
        """Wait until the child ends, for whatever reason; return its code (negative: by that signal)."""
        if self._process is None:
            raise RuntimeError(f"{self.name} was never started")
        return await self._process.wait()

    async def stop(self) -> None:
        """End the child in good order, or with SIGKILL once its grace has passed. Twice is not an error."""
        if self.running:
            self._send(self.stop_signal)
            with suppress(TimeoutError):
                async with asyncio.timeout(self.grace):
                    await self.wait()
        await self.kill()

    async def kill(self) -> None:
        """End the child with SIGKILL, as a crash would. Twice is not an error."""
        if self.running:
            self._send(signal.SIGKILL)
            await self.wait()
        if self._process:
            forget_child(self._record, self._process.pid)

    async def _kill_with_helpers(self) -> None:
        """Kill a program together with those that it has started: they would go on writing where we clear away."""
        if self._process and self.running:
            helpers = descendants(self._process.pid)
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
            for helper in helpers:
                await helper.ended()
        await self.kill()

    def tail(self) -> str:
        """Return the last lines that the child has written since it was started."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return "\n".join(log.read().decode(errors="replace").splitlines()[-_TAIL_LINES:])

    def _send(self, number: signal.Signals) -> None:
        if self._process:
            with suppress(ProcessLookupError):  # it ended a moment ago
                self._process.send_signal(number)

    def _failed(self, how: str) -> StartFailed:
        return StartFailed(f"{self.name} {how}. The end of {self.log}:\n{self.tail()}")


def _open_log(path: Path) -> io.BufferedWriter:
    path.parent.mkdir(parents=True, exist_ok=True)
    # Servers log the statements and payloads that failed: those are for the eyes of this account only.
    return open(path, "ab", opener=lambda name, flags: os.open(name, flags, 0o600))


def _stop_with_parent(number: signal.Signals) -> Callable[[], None] | None:
    """Return what the child does between fork and exec, so that Linux signals it when its parent dies.

    Everything is looked up before the fork, after which little more than system calls is safe. It runs after the
    change of account, which would clear the wish.
    """
    if sys.platform != "linux":
        return None
    prctl = ctypes.CDLL(None).prctl
    parent = os.getpid()

    def in_child() -> None:
        prctl(_PR_SET_PDEATHSIG, int(number), 0, 0, 0)
        if os.getppid() != parent:  # it died before the wish was made, and the kernel does not look back
            os._exit(1)

    return in_child
