"""Temporal's development server: one process, kept in one SQLite file or in memory."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from local.child import Child
from local.ports import LOOPBACK, require_free
from local.programs import temporal_program
from local.server import Server

NAMESPACE = "default"
_START_LIMIT = 60.0
_RPC_LIMIT = timedelta(seconds=5)


class TemporalDevServer(Server):
    """A Temporal server on the loopback address, with the namespace `default`."""

    def __init__(
        self,
        port: int,
        ui_port: int | None = None,
        *,
        log: Path,
        db_file: Path | None = None,
        time_skipping: bool = False,
        port_option: str = "--temporal-port",
        ui_port_option: str = "--ui-port",
    ) -> None:
        """Describe the server; nothing starts yet.

        Args:
            port: where it listens for clients and workers.
            ui_port: where it shows its web pages; None for no pages.
            log: the file that its output is appended to; its own, as its record is kept beside it.
            db_file: keeps everything over a restart; without it, everything is lost at the end.
            time_skipping: lets workflows be started whose clock skips the time in which nothing happens.
            port_option: the command-line option that chooses `port`, for the error when it is taken.
            ui_port_option: likewise for `ui_port`.
        """
        super().__init__(Child("Temporal", log=log))
        self.port = port
        self.ui_port = ui_port
        self.db_file = db_file.absolute() if db_file else None
        self.time_skipping = time_skipping
        self._wanted = {port_option: port} | ({ui_port_option: ui_port} if ui_port else {})

    @property
    def address(self) -> str:
        """Where clients and workers connect, as `host:port`."""
        return f"{LOOPBACK}:{self.port}"

    @property
    def ui_url(self) -> str | None:
        """The address of the web pages; None when there are none."""
        return f"http://{LOOPBACK}:{self.ui_port}" if self.ui_port else None

    async def _launch(self) -> None:
        program = temporal_program()
        require_free(self._wanted)
        if self.db_file:
            _make_folder(self.db_file.parent)
        await self._child.start(str(program), *self._arguments())
        await self._child.until(self._probe, limit=_START_LIMIT, retry=(RuntimeError, RPCError))

    def _arguments(self) -> Iterator[str]:
        yield from ("server", "start-dev", "--ip", LOOPBACK, "--port", str(self.port), "--log-level", "warn")
        if self.ui_port:
            yield from ("--ui-ip", LOOPBACK, "--ui-port", str(self.ui_port), "--ui-disable-news-fetch")
        else:
            yield "--headless"
        if self.db_file:
            yield from ("--db-filename", str(self.db_file))
            yield from ("--sqlite-pragma", "journal_mode=wal", "--sqlite-pragma", "synchronous=normal")
        # Without it, the server may not know a search attribute that was added a moment ago.
        yield from ("--dynamic-config-value", "system.forceSearchAttributesCacheRefreshOnRead=true")
        if self.time_skipping:
            yield from ("--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true")
            # Timers are looked at so often; with the second that is usual, every skip takes that second.
            yield from ("--dynamic-config-value", 'history.timerProcessorMaxTimeShift="10ms"')

    async def _probe(self) -> None:
        client = await Client.connect(self.address, namespace=NAMESPACE)
        await client.workflow_service.describe_namespace(
            DescribeNamespaceRequest(namespace=NAMESPACE), timeout=_RPC_LIMIT
        )


def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
