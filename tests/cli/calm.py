"""A database and a namespace of their own beside the others', under rules that leave time to talk."""

import asyncio
import io
import os
import shutil
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from unittest.mock import patch

import asyncpg
from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest

from cli import app
from runtime import temporal
from storage import database, intake
from storage.database import Pool
from tests.cli.command import PROGRAM, Dev, Ended, Shell

PACK = Path(__file__).parent / "calm_pack"


def decreed(folder: Path, *days_off: date) -> Path:
    """Write the pack with days off that a decree added; return its folder."""
    shutil.copytree(PACK, folder)
    decrees = [f'[[decree]]\ndate = {day}\nname = "Cuti bersama"\nbasis = "SKB"\nissued = {day}\n' for day in days_off]
    with (folder / "calendar.toml").open("a") as calendar:
        calendar.write("\n" + "\n".join(decrees))
    return folder


class QuickShell(Shell):
    """A shell that runs commands within the process of the tests: starting one takes longer than all that it does."""

    async def run(self, *arguments: str) -> Ended:
        """Run one command to its end; one at a time, for all of a process share its output."""
        async with _one_at_a_time:
            ended = await asyncio.to_thread(self._run, arguments)
        assert "Traceback" not in ended.err, ended.err
        return ended

    def _run(self, arguments: tuple[str, ...]) -> Ended:
        with (
            patch.dict(os.environ, self.environment, clear=True),
            patch.object(sys, "argv", ["kawal", *arguments]),
            redirect_stdout(io.StringIO()) as out,
            redirect_stderr(io.StringIO()) as err,
        ):
            status = app._run(app.app)
        return Ended(status, out.getvalue(), err.getvalue())


_one_at_a_time = asyncio.Lock()


@dataclass(frozen=True)
class Calm:
    """A shell, and the database that its commands write to."""

    shell: QuickShell
    database: Pool

    @property
    def processes(self) -> Shell:
        """A shell that runs every command as a process of its own."""
        return Shell(self.shell.folder, self.shell.variables)

    async def road(self, *more: str) -> str:
        """Submit a complaint about a road and return its case, once it is routed."""
        options = ("--category", "road", "--region", "18.01", "--text", "Jalan berlubang")
        case = str((await self.shell.document("submit", *options, *more))["case_id"])
        await self.shell.happened(case, "assigned")
        return case

    async def stored_texts(self, case_id: str) -> list[str]:
        """Return the texts of a case's messages, oldest first."""
        return list((await intake.texts(self.database, case_id)).values())


@asynccontextmanager
async def calm(running: Dev, name: str) -> AsyncIterator[Calm]:
    """Prepare a database and a namespace of this name on the servers that run, with a worker."""
    connection = await asyncpg.connect(running.addresses["database"])
    await connection.execute(f"create database {name}")
    await connection.close()
    client = await temporal.connect(running.addresses["temporal"])
    retention = Duration()
    retention.FromTimedelta(timedelta(days=1))
    await client.workflow_service.register_namespace(
        RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=retention)
    )
    url = running.addresses["database"].replace("/kawal?", f"/{name}?")
    keys = os.environ["KAWAL_KEYS"]  # which the pool below opens what is personal with, too
    there = running.shell.having(KAWAL_DATABASE_URL=url, TEMPORAL_NAMESPACE=name, KAWAL_KEYS=keys)
    shell = QuickShell(there.folder, there.variables)
    await shell.ok("init", "--policy", str(PACK))
    pool = await database.connect(url, max_size=1)
    worker = await asyncio.create_subprocess_exec(
        PROGRAM, "worker", cwd=shell.folder, env=shell.environment, stderr=asyncio.subprocess.PIPE
    )
    assert worker.stderr
    log = asyncio.create_task(_read_to_the_end(worker.stderr, started := asyncio.Event()))
    try:
        await started.wait()
        yield Calm(shell, pool)
    finally:
        await pool.close()
        worker.terminate()
        try:
            async with asyncio.timeout(20):
                await worker.wait()
        except TimeoutError:
            worker.kill()
        await log


async def _read_to_the_end(log: asyncio.StreamReader, started: asyncio.Event) -> None:
    async for line in log:
        if b"worker started" in line:
            started.set()
