from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from moto.server import ThreadedMotoServer

from local.ports import LOOPBACK, free_port
from runtime.evidence import EvidenceSettings
from storage.objects import Objects, opened
from tests.api.house import House, house_on
from tests.kawal import Kawal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where photos and documents are kept in a test, whose name needs care in an address."""
    return tmp_path / "photos & documents"


@pytest.fixture
def store(folder: Path) -> Objects:
    return opened(EvidenceSettings(folder=folder))


@pytest.fixture
async def house(kawal: Kawal, store: Objects) -> AsyncIterator[House]:
    """The interface over the session's servers, with a folder of its own."""
    async with house_on(kawal) as house:
        house.app.state.evidence = store
        yield house


@pytest.fixture(scope="session")
def s3_endpoint() -> Iterator[str]:
    """Where a server answers that speaks as Amazon's S3 does."""
    port = free_port()
    server = ThreadedMotoServer(LOOPBACK, port, verbose=False)
    server.start()
    yield f"http://{LOOPBACK}:{port}"
    server.stop()
