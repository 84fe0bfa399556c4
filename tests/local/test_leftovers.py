import asyncio
import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import asyncpg
import pytest

from local.leftovers import AlreadyRunning, Identity, Record, end_leftover, end_leftovers, record_child
from local.ports import free_ports
from local.postgres import EmbeddedPostgres
from local.temporal import TemporalDevServer

SLEEPER = "import signal; print('ready', flush=True); signal.pause()"
STUBBORN = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {SLEEPER}"
DEAD = Identity(pid=1, created=1.0)

PARENT = """
import asyncio, json, signal, sys
from pathlib import Path
from local.postgres import EmbeddedPostgres
from local.temporal import TemporalDevServer

async def main():
    folder, ports = Path(sys.argv[1]), [int(port) for port in sys.argv[2:]]
    postgres = EmbeddedPostgres(folder / "postgres", ports[0], log=folder / "postgres.log")
    temporal = TemporalDevServer(ports[1], log=folder / "temporal.log", db_file=folder / "temporal.db")
    async with postgres, temporal:
        print(json.dumps([postgres.pid, temporal.pid]), flush=True)
        await asyncio.Event().wait()

asyncio.run(main())
"""

Spawn = Callable[[str], subprocess.Popen[str]]


@pytest.fixture
def spawn() -> Iterator[Spawn]:
    """Start a program in this Python, and wait for its first line to say that it is ready."""
    started = []

    def start(program: str) -> subprocess.Popen[str]:
        process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def leave(path: Path, process: subprocess.Popen[str]) -> None:
    """Record a process as a parent does that is then killed."""
    Record("the server", Identity.of(process.pid), parent=DEAD, stop_signal=signal.SIGTERM).write(path)


async def test_a_leftover_is_ended_in_good_order_and_forgotten(folder: Path, spawn: Spawn) -> None:
    server = spawn(SLEEPER)
    leave(folder / "server.child.json", server)

    assert await end_leftovers(folder) == ["the server"]
    assert await end_leftovers(folder) == []
    assert server.wait() == -signal.SIGTERM


async def test_a_leftover_that_does_not_stop_is_killed(folder: Path, spawn: Spawn) -> None:
    server = spawn(STUBBORN)
    leave(folder / "server.child.json", server)

    assert await end_leftovers(folder, grace=0.1) == ["the server"]
    assert server.wait() == -signal.SIGKILL


async def test_a_foreign_process_with_the_number_of_a_leftover_is_spared(folder: Path, spawn: Spawn) -> None:
    foreign, path = spawn(SLEEPER), folder / "server.child.json"
    earlier = Identity(foreign.pid, Identity.of(foreign.pid).created - 1)
    Record("the server", earlier, parent=DEAD, stop_signal=signal.SIGTERM).write(path)

    assert await end_leftover(path) is None
    assert foreign.poll() is None
    assert not path.exists()


async def test_a_server_whose_parent_lives_is_no_leftover(folder: Path, spawn: Spawn) -> None:
    server, path = spawn(SLEEPER), folder / "server.child.json"
    record_child(path, name="the server", pid=server.pid, stop_signal=signal.SIGTERM)

    with pytest.raises(AlreadyRunning, match="the server runs already"):
        await end_leftovers(folder)
    assert server.poll() is None
    assert path.exists()


@pytest.mark.parametrize("text", ["", "{", "[]", "7", '{"name": "the server"}', '{"child": 7}'])
async def test_a_record_that_a_power_cut_left_illegible_stops_nobody(folder: Path, text: str) -> None:
    path = folder / "server.child.json"
    path.write_text(text)

    assert await end_leftover(path) is None
    assert not path.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent has died")
async def test_a_killed_parent_leaves_no_servers_and_the_next_start_finds_its_data(folder: Path) -> None:
    ports = free_ports(2)
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, str(folder), *map(str, ports), stdout=asyncio.subprocess.PIPE
    )
    assert parent.stdout is not None
    servers = [Identity.of(pid) for pid in json.loads(await parent.stdout.readline())]
    postgres = EmbeddedPostgres(folder / "postgres", ports[0], log=folder / "postgres.log")
    temporal = TemporalDevServer(ports[1], log=folder / "temporal.log", db_file=folder / "temporal.db")
    connection = await asyncpg.connect(postgres.url)
    await connection.execute("CREATE TABLE kept AS SELECT 7 AS seven")

    parent.kill()
    await parent.wait()

    async with asyncio.timeout(10):
        for server in servers:
            await server.ended()
    connection.terminate()
    async with postgres, temporal:
        connection = await asyncpg.connect(postgres.url)
        assert await connection.fetchval("SELECT seven FROM kept") == 7
        await connection.close()


async def test_a_start_ends_the_server_of_a_killed_parent_that_still_holds_its_port(folder: Path) -> None:
    (port,) = free_ports(1)
    left = TemporalDevServer(port, log=folder / "temporal.log")
    await left.start()
    assert left.pid is not None
    leftover = Identity.of(left.pid)
    Record("Temporal", leftover, DEAD, signal.SIGKILL).write(folder / "temporal.child.json")

    async with TemporalDevServer(port, log=folder / "temporal.log") as following:
        assert leftover.process() is None
        assert following.pid != left.pid
        await left.kill()
        with pytest.raises(AlreadyRunning):
            await end_leftovers(folder)
