"""What remembers the servers of a parent that was killed, and ends them before the next start.

A process number alone says little: the kernel hands it out again. A process is therefore known here by its
number together with the moment it was created. One that differs in either is somebody else's, and left alone.
"""

import asyncio
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple, Self

import psutil

from local.trouble import ServerTrouble

RECORD_SUFFIX = ".child.json"
_PAUSE = 0.02


class AlreadyRunning(ServerTrouble):
    """The recorded server runs, and is not ours to end."""


class Identity(NamedTuple):
    """One process, as no later process can be."""

    pid: int
    created: float
    """Seconds since the epoch, as the operating system tells it."""

    @classmethod
    def of(cls, pid: int) -> Self:
        """Take the identity of a running process.

        Raises:
            psutil.NoSuchProcess: there is none of this number.
        """
        return cls(pid, psutil.Process(pid).create_time())

    def process(self) -> psutil.Process | None:
        """Find the process; None when it has ended, even if its number lives on in another."""
        try:
            process = psutil.Process(self.pid)
            # A zombie has ended, and in a container whose first process reaps none, it stays for ever. But while
            # threads of it are left, its ports are too.
            ended = process.status() == psutil.STATUS_ZOMBIE and process.num_threads() <= 1
            return process if process.create_time() == self.created and not ended else None
        except psutil.NoSuchProcess:
            return None

    async def ended(self) -> None:
        """Wait until the process has ended.

        It is not our child, so no event tells us; and psutil's own wait never returns for a zombie.
        """
        while self.process():  # noqa: ASYNC110 - see above
            await asyncio.sleep(_PAUSE)


def descendants(pid: int) -> list[Identity]:
    """Return the processes that a process has started, and theirs, as far as they still run."""
    found = []
    with suppress(psutil.NoSuchProcess):
        for process in psutil.Process(pid).children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                found.append(Identity.of(process.pid))
    return found


class Record(NamedTuple):
    """What the next start needs to know about a child of this one."""

    name: str
    child: Identity
    parent: Identity
    stop_signal: int

    def write(self, path: Path) -> None:
        """Keep the record: whole, or not at all."""
        draft = path.with_name(f"{path.name}.new")
        draft.write_text(json.dumps(self._asdict()))
        draft.replace(path)

    @classmethod
    def read(cls, path: Path) -> Self | None:
        """Read the record back; None when there is none, or none that a power cut left legible."""
        try:
            fields = json.loads(path.read_text())
            return cls(
                name=str(fields["name"]),
                child=Identity(*fields["child"]),
                parent=Identity(*fields["parent"]),
                stop_signal=int(fields["stop_signal"]),
            )
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None


def record_child(path: Path, *, name: str, pid: int, stop_signal: int) -> None:
    """Record a child of this very process. One that has ended already needs no record."""
    with suppress(psutil.NoSuchProcess):
        Record(name, Identity.of(pid), Identity.of(os.getpid()), stop_signal).write(path)


def forget_child(path: Path, pid: int) -> None:
    """Remove the record of a child that has ended, but not that of one started since in its place."""
    record = Record.read(path)
    if record and record.child.pid == pid:
        path.unlink()


async def end_leftover(path: Path, *, grace: float = 10.0) -> str | None:
    """End the recorded child of a parent that is gone: in good order, or with SIGKILL after `grace` seconds.

    Returns:
        The name of the server that was ended; None when there was nothing to end.

    Raises:
        AlreadyRunning: its parent lives, or it belongs to another account.
    """
    record = Record.read(path)
    process = record.child.process() if record else None
    if record and process:
        if record.parent.process():
            raise AlreadyRunning(
                f"{record.name} runs already (pid {process.pid}): process {record.parent.pid} started it. "
                f"Stop that one first, or use another folder."
            )
        try:
            await _end(record, process, grace)
        except psutil.AccessDenied as error:
            raise AlreadyRunning(
                f"{record.name} still runs (pid {process.pid}), left by another account. "
                f"End it as that account: kill -{record.stop_signal} {process.pid}"
            ) from error
    _remove(path)
    return record.name if record and process else None


async def end_leftovers(folder: Path, *, grace: float = 10.0) -> list[str]:
    """End every leftover that is recorded in a folder, so that its ports are free to ask about.

    Returns:
        The names of the servers that were ended.

    Raises:
        AlreadyRunning: see `end_leftover`.
    """
    return [name for path in _records(folder) if (name := await end_leftover(path, grace=grace))]


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)


def _records(folder: Path) -> list[Path]:
    return sorted(folder.glob(f"*{RECORD_SUFFIX}"))


async def _end(record: Record, process: psutil.Process, grace: float) -> None:
    with suppress(psutil.NoSuchProcess):  # it may end by itself at any moment
        process.send_signal(record.stop_signal)
        try:
            async with asyncio.timeout(grace):
                await record.child.ended()
        except TimeoutError:
            process.kill()
            await record.child.ended()
