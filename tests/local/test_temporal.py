import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import psutil
import pytest
from temporalio.client import Client, WorkflowExecutionStatus

from local.child import StartFailed
from local.ports import PortsBusy, free_port, free_ports
from local.programs import MissingProgram
from local.temporal import TemporalDevServer


@pytest.fixture
async def temporal(folder: Path) -> AsyncIterator[TemporalDevServer]:
    temporal = TemporalDevServer(
        free_port(),
        log=folder / "temporal.log",
        db_file=folder / "state" / "temporal.db",
    )
    yield temporal
    await temporal.kill()


async def status(temporal: TemporalDevServer, workflow: str) -> WorkflowExecutionStatus | None:
    client = await Client.connect(temporal.address)
    return (await client.get_workflow_handle(workflow).describe()).status


async def test_a_killed_server_comes_back_with_its_workflows(temporal: TemporalDevServer) -> None:
    await temporal.start()
    client = await Client.connect(temporal.address)
    await client.start_workflow("complaint", id="complaint-1", task_queue="nobody-works-here")
    await temporal.kill()
    assert temporal.returncode == -signal.SIGKILL
    await temporal.start()

    assert await status(temporal, "complaint-1") == WorkflowExecutionStatus.RUNNING


async def test_a_stopped_server_comes_back_with_its_workflows(temporal: TemporalDevServer) -> None:
    await temporal.start()
    client = await Client.connect(temporal.address)
    await client.start_workflow("complaint", id="complaint-1", task_queue="nobody-works-here")
    await temporal.stop()
    assert temporal.returncode == 0
    await temporal.start()

    assert await status(temporal, "complaint-1") == WorkflowExecutionStatus.RUNNING


async def test_it_serves_its_pages_and_listens_on_the_loopback_address_only(folder: Path) -> None:
    port, ui_port = free_ports(2)
    temporal = TemporalDevServer(port, ui_port, log=folder / "temporal.log", time_skipping=True)
    await temporal.start()
    try:
        assert temporal.ui_url is not None
        async with httpx.AsyncClient(trust_env=False) as browser:
            assert (await browser.get(temporal.ui_url, follow_redirects=True)).is_success
        connections = psutil.Process(temporal.pid).net_connections()
        listening = {one.laddr[:2] for one in connections if one.status == psutil.CONN_LISTEN}
        assert {("127.0.0.1", port), ("127.0.0.1", ui_port)} < listening
        assert {host for host, _ in listening} == {"127.0.0.1"}
    finally:
        await temporal.kill()


async def test_a_server_that_cannot_start_shows_the_end_of_its_log(folder: Path) -> None:
    (folder / "temporal.db").mkdir()
    temporal = TemporalDevServer(free_port(), log=folder / "temporal.log", db_file=folder / "temporal.db")

    with pytest.raises(StartFailed, match=r"(?s)Temporal ended with code 1.*unable to open database file"):
        await temporal.start()


async def test_busy_ports_are_all_named_at_once(temporal: TemporalDevServer, folder: Path) -> None:
    await temporal.start()
    second = TemporalDevServer(temporal.port, temporal.port, log=folder / "second.log")

    with pytest.raises(PortsBusy, match=rf"Temporal {temporal.port} \(held by temporal, pid {temporal.pid}\)"):
        await second.start()


async def test_a_missing_program_is_named_with_the_mend(
    temporal: TemporalDevServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda *_, **__: None)

    with pytest.raises(MissingProgram, match="make setup"):
        await temporal.start()
