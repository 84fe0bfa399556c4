"""The installed command, run as people and scripts run it: real processes, their output and their exit status."""

import asyncio
import json
import os
import signal
import sysconfig
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import psutil

from local.leftovers import Identity, descendants

PROGRAM = str(Path(sysconfig.get_path("scripts")) / "kawal")
_LIMIT = 40.0


@dataclass(frozen=True)
class Ended:
    """What a command said, and how it ended."""

    status: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)

    @property
    def error(self) -> str:
        """The message of an error that was asked for as JSON; there is no other output then."""
        assert (self.status != 0, self.err) == (True, "")
        assert list(self.document) == ["error"]
        return str(self.document["error"])


@dataclass(frozen=True)
class Shell:
    """A folder and an environment to run commands in."""

    folder: Path
    variables: Mapping[str, str] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the tests, without where their own servers might be; keys go with a database."""
        inherited = {name: value for name, value in os.environ.items() if not name.startswith(("KAWAL_", "TEMPORAL_"))}
        keys = {"KAWAL_KEYS": os.environ["KAWAL_KEYS"]} if "KAWAL_DATABASE_URL" in self.variables else {}
        return inherited | keys | dict(self.variables)

    def having(self, **variables: str) -> "Shell":
        """Return a shell with more environment variables."""
        return Shell(self.folder, dict(self.variables) | variables)

    async def run(self, *arguments: str) -> Ended:
        """Run one command to its end."""
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            *arguments,
            cwd=self.folder,
            env=self.environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            async with asyncio.timeout(_LIMIT):
                out, err = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
        assert process.returncode is not None
        assert "Traceback" not in err.decode(), err.decode()
        return Ended(process.returncode, out.decode(), err.decode())

    async def ok(self, *arguments: str) -> Ended:
        """Run a command that has to succeed."""
        ended = await self.run(*arguments)
        assert ended.status == 0, ended
        return ended

    async def document(self, *arguments: str) -> Any:
        """Run a command that has to succeed and return its JSON document."""
        return (await self.ok(*arguments, "--json")).document

    async def both(self, *arguments: str) -> tuple[Ended, Ended]:
        """Run a command for people, and with --json."""
        for_people, for_machines = await asyncio.gather(self.run(*arguments), self.run(*arguments, "--json"))
        return for_people, for_machines

    async def happened(self, case_id: str, kind: str) -> None:
        """Wait until something has happened to a case, also while servers are away."""
        async with asyncio.timeout(_LIMIT):
            while True:  # a command takes its time: there is no need for a pause
                ended = await self.run("show", case_id, "--json")
                if ended.status == 0 and kind in [line["kind"] for line in ended.document["timeline"]]:
                    return


@dataclass(frozen=True)
class Dev:
    """A `kawal dev` that starts or runs."""

    process: asyncio.subprocess.Process
    folder: Path

    @cached_property
    def addresses(self) -> dict[str, Any]:
        """Where everything is, once it runs."""
        return dict(json.loads(self.ready_file.read_text()))

    @property
    def ready_file(self) -> Path:
        """The file that is there while it runs."""
        return self.folder / "dev.ready"

    @property
    def out(self) -> str:
        """What it has said on standard output so far."""
        return (self.folder / "dev.out").read_text()

    @property
    def err(self) -> str:
        """What it has said on standard error so far."""
        return (self.folder / "dev.err").read_text()

    @property
    def shell(self) -> Shell:
        """A shell that is told where everything is."""
        return Shell(
            self.folder,
            {
                "KAWAL_DATABASE_URL": self.addresses["database"],
                "TEMPORAL_ADDRESS": self.addresses["temporal"],
                "KAWAL_KEYS": self.addresses["keys"],
            },
        )

    def child(self, words: str) -> int:
        """Return the number of the child whose command line holds these words."""
        children = psutil.Process(self.process.pid).children()
        (found,) = [child.pid for child in children if words in " ".join(child.cmdline())]
        return found

    def everybody(self) -> list[Identity]:
        """Return the identities of all processes: itself, its children, and theirs."""
        return [Identity.of(self.process.pid), *descendants(self.process.pid)]

    async def until(self, condition: Callable[[], bool]) -> None:
        """Wait, while it runs, for something that no event tells."""
        async with asyncio.timeout(_LIMIT):
            while not condition():
                assert self.process.returncode is None, self.err
                await asyncio.sleep(0.05)

    async def ends(self) -> int:
        """Wait until it ends; return its exit status."""
        async with asyncio.timeout(_LIMIT):
            return await self.process.wait()


@asynccontextmanager
async def starting(folder: Path, *arguments: str) -> AsyncIterator[Dev]:
    """Start `kawal dev` in a folder; interrupt it at the end if it still runs."""
    (folder / "dev.ready").unlink(missing_ok=True)  # of one that was killed
    with (folder / "dev.out").open("w") as out, (folder / "dev.err").open("w") as err:
        process = await asyncio.create_subprocess_exec(
            PROGRAM,
            *("dev", "--ready-file", "dev.ready", *arguments),
            cwd=folder,
            env=Shell(folder).environment,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=err,
        )
    try:
        yield (running := Dev(process, folder))
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            await running.ends()


@asynccontextmanager
async def dev(folder: Path, *arguments: str) -> AsyncIterator[Dev]:
    """Run `kawal dev` in a folder, once it is ready to be used."""
    async with starting(folder, *arguments) as running:
        await running.until(running.ready_file.exists)
        assert running.addresses
        yield running


async def all_end(processes: list[Identity]) -> None:
    """Wait until every one of these processes has ended."""
    async with asyncio.timeout(_LIMIT):
        for process in processes:
            await process.ended()
