"""A PostgreSQL server of our own, from the binaries of a Python package: no system service, no container."""

import asyncio
import os
import secrets
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path

import asyncpg

from local.account import Account, Guise, NotReachable, not_as_root
from local.child import Child, StartFailed
from local.ports import LOOPBACK, require_free
from local.programs import postgres_programs
from local.server import Server

USER = DATABASE = "kawal"
_INITDB_LIMIT = 120.0
_START_LIMIT = 60.0
_CONNECT_LIMIT = 5.0
_ORPHANS_LIMIT = 15.0
_ORPHANS_PAUSE = 0.1
_NOT_YET = (
    OSError,  # nobody listens, or (TimeoutError) nobody answers
    asyncpg.CannotConnectNowError,
    asyncpg.ConnectionDoesNotExistError,
)


class EmbeddedPostgres(Server):
    """A PostgreSQL server on the loopback address, with a superuser and a database named kawal.

    Its folder holds `data`, which is PostgreSQL's own, and `password`, for the server's account only to read.
    PostgreSQL refuses to run as root. Started by root, it runs as the owner of its data, who at first is `nobody`;
    where that account may not enter, in a user namespace of its own.
    """

    def __init__(
        self,
        folder: Path,
        port: int,
        *,
        log: Path,
        durable: bool = True,
        port_option: str = "--postgres-port",
    ) -> None:
        """Describe the server; nothing starts yet.

        Args:
            folder: keeps the data and the password; made at the first start.
            port: where it listens.
            log: the file that its output is appended to; its own, as its record is kept beside it.
            durable: whether what is committed survives a power cut. Without, it is faster, and still survives a
                crash of the server: for databases that are thrown away.
            port_option: the command-line option that chooses `port`, for the error when it is taken.
        """
        super().__init__(Child("PostgreSQL", log=log, stop_signal=signal.SIGINT))
        self.folder = folder.resolve()
        self.port = port
        self.durable = durable
        self._port_option = port_option

    @property
    def url(self) -> str:
        """Where clients connect, with the password in it.

        Raises:
            FileNotFoundError: the server was never started.
        """
        return self._url(DATABASE)

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _password(self) -> Path:
        return self.folder / "password"

    def _url(self, database: str) -> str:
        password = self._password.read_text()
        return f"postgresql://{USER}:{password}@{LOOPBACK}:{self.port}/{database}?sslmode=disable"

    async def _launch(self) -> None:
        programs = postgres_programs()
        require_free({self._port_option: self.port})
        guise = self._prepare(programs)
        if not self._data.exists():
            await self._initdb(programs, guise)
        await self._serve(programs, guise)
        await self._create_database()

    def _prepare(self, programs: Path) -> Guise:
        """Make the folder and the password, and find out how to run.

        Raises:
            NotReachable: nobody that PostgreSQL may run as can use the folder or the programs.
            StartFailed: there is data, but no password to open it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        guise = self._guise(programs / "postgres")
        if not self._password.exists():
            if self._data.exists():
                raise StartFailed(f"{self._password} is gone, and nothing else opens {self._data}")
            _write_secret(self._password, secrets.token_urlsafe(24), guise.account)
        return guise

    def _guise(self, program: Path) -> Guise:
        owner = Account.owner_of(self._data) if self._data.exists() else None
        if os.geteuid() == 0:
            return not_as_root(owner, program, self.folder)
        if owner and owner.uid != os.geteuid():
            raise NotReachable(
                f"{self._data} belongs to {owner.name}. Start as the account that made it, or use another folder."
            )
        return Guise()

    async def _initdb(self, programs: Path, guise: Guise) -> None:
        draft = self.folder / "data.new"
        _make_draft(draft, guise.account)
        initdb = Child("initdb", log=self._child.log)
        await initdb.start(
            *guise.prefix,
            str(programs / "initdb"),
            f"--pgdata={draft}",
            f"--username={USER}",
            f"--pwfile={self._password}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C",
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--no-instructions",
            *([] if self.durable else ["--no-sync"]),
            account=guise.account,
        )
        await initdb.finish(limit=_INITDB_LIMIT)
        draft.rename(self._data)  # only now, so that data of this name is never half made

    async def _serve(self, programs: Path, guise: Guise) -> None:
        """Start the server; again, for a while, if the orphans of a killed one still hold its memory."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + _ORPHANS_LIMIT
        while True:
            command = (*guise.prefix, str(programs / "postgres"), *self._arguments())
            await self._child.start(*command, account=guise.account)
            try:
                return await self._child.until(self._probe, limit=_START_LIMIT, retry=_NOT_YET)
            except StartFailed:
                if "pre-existing shared memory block" not in self._child.tail() or clock() > deadline:
                    raise
            # Those orphans are strangers to us, and they leave by themselves: there is nothing to await.
            await asyncio.sleep(_ORPHANS_PAUSE)

    def _arguments(self) -> Iterator[str]:
        yield from ("-D", str(self._data), "-h", LOOPBACK, "-p", str(self.port), "-k", "")
        if not self.durable:
            yield from ("-c", "fsync=off", "-c", "synchronous_commit=off", "-c", "full_page_writes=off")

    async def _probe(self) -> None:
        connection = await asyncpg.connect(self._url("postgres"), timeout=_CONNECT_LIMIT)
        await connection.close()

    async def _create_database(self) -> None:
        connection = await asyncpg.connect(self._url("postgres"), timeout=_CONNECT_LIMIT)
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
                await connection.execute(f"CREATE DATABASE {DATABASE}")
        finally:
            await connection.close()


def _make_draft(folder: Path, account: Account | None) -> None:
    """Make an empty folder for initdb, in the place of what an interrupted one left."""
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(mode=0o700)
    if account:
        account.own(folder)


def _write_secret(path: Path, secret: str, account: Account | None) -> None:
    """Write a file that only its owner can read: whole, or not at all."""
    draft = path.with_name(path.name + ".new")
    draft.unlink(missing_ok=True)
    draft.touch(mode=0o600)
    draft.write_text(secret)
    if account:
        account.own(draft)
    draft.replace(path)
