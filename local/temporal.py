"""Temporal's development server: one process, kept in one SQLite file or in memory."""

import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError

from local.child import Child, StartFailed
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
        search_attributes: Mapping[str, str] | None = None,
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
            search_attributes: the type of each search attribute to have, as `{"CaseState": "Keyword"}`.
            port_option: the command-line option that chooses `port`, for the error when it is taken.
            ui_port_option: likewise for `ui_port`.
        """
        super().__init__(Child("Temporal", log=log))
        self.port = port
        self.ui_port = ui_port
        self.db_file = db_file.absolute() if db_file else None
        self.time_skipping = time_skipping
        self.search_attributes = dict(search_attributes or {})
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
        await self._add_search_attributes()

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

    async def _add_search_attributes(self) -> None:
        """Add those that are missing. The server has an option for it, but heeds that only in a new file."""
        operator = (await Client.connect(self.address, namespace=NAMESPACE)).operator_service
        listing = ListSearchAttributesRequest(namespace=NAMESPACE)
        found = (await operator.list_search_attributes(listing, timeout=_RPC_LIMIT)).custom_attributes
        wanted = {name: _indexed(kind) for name, kind in self.search_attributes.items()}
        for name, kind in wanted.items():
            if found.get(name, kind) != kind:
                raise StartFailed(
                    f"The search attribute {name} is not of type {self.search_attributes[name]} in {self.db_file}, "
                    f"and a type cannot be changed. Remove that file to begin anew."
                )
        missing = {name: kind for name, kind in wanted.items() if name not in found}
        if missing:
            addition = AddSearchAttributesRequest(namespace=NAMESPACE, search_attributes=missing)
            await operator.add_search_attributes(addition, timeout=_RPC_LIMIT)


def _indexed(kind: str) -> IndexedValueType.ValueType:
    """Translate `KeywordList` to `INDEXED_VALUE_TYPE_KEYWORD_LIST`."""
    return IndexedValueType.Value("INDEXED_VALUE_TYPE" + re.sub("(?=[A-Z])", "_", kind).upper())


def _make_folder(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
