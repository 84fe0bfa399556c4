import asyncio
import os
import signal
import stat
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from local import account
from local.account import NotReachable
from local.child import StartFailed
from local.ports import PortsBusy, free_port
from local.postgres import EmbeddedPostgres
from local.programs import postgres_programs
from local.scratch import scratch_folder


def nobody_may_enter() -> bool:
    try:
        account.Account.nobody().require_reach(postgres_programs() / "postgres")
    except NotReachable:
        return False
    return True


only_where_nobody_may_enter = pytest.mark.skipif(
    not nobody_may_enter(), reason="the account nobody may not enter the folder of this project"
)
only_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root runs PostgreSQL as another account")


@pytest.fixture
async def postgres(folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    postgres = EmbeddedPostgres(folder / "postgres", free_port(), log=folder / "postgres.log")
    yield postgres
    await postgres.stop()


@pytest.fixture(scope="module")
def used_folder() -> Iterator[Path]:
    with scratch_folder() as path:
        yield path


@pytest.fixture
async def quick(used_folder: Path) -> AsyncIterator[EmbeddedPostgres]:
    """One whose data the tests share, as the making of it takes most of their time."""
    log = used_folder / "postgres.log"
    quick = EmbeddedPostgres(used_folder / "postgres", free_port(), log=log, durable=False)
    yield quick
    await quick.stop()


@asynccontextmanager
async def connected(postgres: EmbeddedPostgres) -> AsyncIterator["asyncpg.Connection[Any]"]:
    connection = await asyncpg.connect(postgres.url)
    try:
        yield connection
    finally:
        connection.terminate()


async def test_the_first_start_makes_a_database_and_a_restart_keeps_its_data(postgres: EmbeddedPostgres) -> None:
    await postgres.start()
    async with connected(postgres) as connection:
        await connection.execute("CREATE TABLE kept AS SELECT 'Pārsūdzība — शिकायत' AS words")
        assert await connection.fetchval("SHOW server_encoding") == "UTF8"
        assert await connection.fetchval("SHOW timezone") == "UTC"
        assert await connection.fetchval("SHOW fsync") == "on"
        assert await connection.fetchval("SHOW password_encryption") == "scram-sha-256"
    await postgres.stop()
    assert postgres.returncode == 0
    await postgres.start()

    async with connected(postgres) as connection:
        assert await connection.fetchval("SELECT words FROM kept") == "Pārsūdzība — शिकायत"


async def test_a_killed_server_comes_back_with_everything_that_was_committed(postgres: EmbeddedPostgres) -> None:
    await postgres.start()
    async with connected(postgres) as connection:
        await connection.execute("CREATE TABLE kept (number int)")
        await connection.executemany("INSERT INTO kept VALUES ($1)", [(number,) for number in range(100)])
        await postgres.kill()
    assert postgres.returncode == -signal.SIGKILL
    await postgres.start()

    async with connected(postgres) as connection:
        assert await connection.fetchval("SELECT count(*) FROM kept") == 100


async def test_a_start_waits_for_the_orphans_of_a_killed_server(quick: EmbeddedPostgres, used_folder: Path) -> None:
    await quick.start()
    orphan = psutil.Process(quick.pid).children()[0]
    orphan.suspend()
    asyncio.get_running_loop().call_later(0.3, orphan.resume)
    await quick.kill()
    await quick.start()

    assert "pre-existing shared memory block" in (used_folder / "postgres.log").read_text()


async def test_whoever_supervises_learns_that_the_server_has_ended(quick: EmbeddedPostgres) -> None:
    await quick.start()
    watch = asyncio.create_task(quick.wait())
    assert quick.pid is not None
    os.kill(quick.pid, signal.SIGINT)

    assert await asyncio.wait_for(watch, timeout=10) == 0


async def test_a_first_start_that_was_interrupted_is_made_anew(postgres: EmbeddedPostgres) -> None:
    half = postgres.folder / "data.new"
    half.mkdir(parents=True)
    (half / "PG_VERSION").write_text("18\n")

    await postgres.start()

    assert not half.exists()


async def test_only_the_password_opens_the_database_and_only_its_owner_reads_it(
    quick: EmbeddedPostgres,
) -> None:
    await quick.start()

    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(quick.url, password="guessed")
    password = quick.folder / "password"
    assert stat.S_IMODE(password.stat().st_mode) == 0o600
    assert password.read_text() in quick.url


async def test_data_without_its_password_is_refused_in_plain_words(postgres: EmbeddedPostgres) -> None:
    (postgres.folder / "data").mkdir(parents=True)

    with pytest.raises(StartFailed, match="password is gone"):
        await postgres.start()


async def test_a_throw_away_server_does_not_wait_for_the_disk(quick: EmbeddedPostgres) -> None:
    await quick.start()

    async with connected(quick) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            assert await connection.fetchval(f"SHOW {setting}") == "off"


async def test_a_server_that_cannot_start_shows_the_end_of_its_log(quick: EmbeddedPostgres) -> None:
    await quick.start()
    await quick.stop()
    settings = quick.folder / "data" / "postgresql.conf"
    sound = settings.read_text()
    settings.write_text(sound + "colour = 'green'\n")

    with pytest.raises(StartFailed, match=r'(?s)PostgreSQL ended with code 1.*parameter "colour"'):
        await quick.start()
    settings.write_text(sound)


async def test_a_busy_port_is_named_before_anything_is_made(folder: Path) -> None:
    async with await asyncio.start_server(lambda *_: None, "127.0.0.1", 0) as other:
        port = other.sockets[0].getsockname()[1]
        postgres = EmbeddedPostgres(folder / "postgres", port, log=folder / "postgres.log")
        with pytest.raises(PortsBusy, match=rf"Postgres {port} .*--postgres-port \d+"):
            await postgres.start()

    assert not postgres.folder.exists()


@only_root
@only_where_nobody_may_enter
async def test_root_runs_it_as_nobody_on_the_loopback_address_only(quick: EmbeddedPostgres) -> None:
    await quick.start()
    server = psutil.Process(quick.pid)

    assert server.username() == "nobody"
    assert server.gids().effective != 0
    listening = [one.laddr for one in server.net_connections(kind="all") if one.status == psutil.CONN_LISTEN]
    assert listening == [("127.0.0.1", quick.port)]


@only_root
@pytest.mark.skipif(not account.namespaces(), reason="this system lets nobody make user namespaces")
async def test_in_a_folder_that_only_root_may_enter_it_runs_in_a_namespace_and_keeps_its_data(folder: Path) -> None:
    home = folder / "home"
    home.mkdir(mode=0o700)
    postgres = EmbeddedPostgres(home / "project" / "postgres", free_port(), log=folder / "postgres.log")
    try:
        await postgres.start()
        async with connected(postgres) as connection:
            await connection.execute("CREATE TABLE kept AS SELECT 'before the crash' AS words")
        await postgres.kill()
        await postgres.start()
        async with connected(postgres) as connection:
            assert await connection.fetchval("SELECT words FROM kept") == "before the crash"
    finally:
        await postgres.stop()

    assert postgres.returncode == 0
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


@only_root
@only_where_nobody_may_enter
async def test_a_folder_that_the_account_cannot_reach_is_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(account, "namespaces", lambda: False)
    home = folder / "home"
    home.mkdir(mode=0o700)
    postgres = EmbeddedPostgres(home / "project" / "postgres", free_port(), log=folder / "postgres.log")

    with pytest.raises(NotReachable) as refusal:
        await postgres.start()

    assert str(refusal.value).startswith(f"{home} is closed to the account nobody (mode 0700)")
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
