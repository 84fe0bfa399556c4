"""One `kawal dev --ephemeral` for most tests, and folders where nothing runs."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from cli.examples import WATCH_PACK
from local.scratch import scratch_folder
from tests.cli.command import Dev, Shell, dev


@pytest.fixture(scope="session")
async def running() -> AsyncIterator[Dev]:
    with scratch_folder() as folder:
        async with dev(folder, "--ephemeral") as everything:
            yield everything


@pytest.fixture(scope="session")
def shell(running: Dev) -> Shell:
    """A shell that knows where everything runs."""
    return running.shell


@pytest.fixture
def folder() -> Iterator[Path]:
    with scratch_folder() as path:
        yield path


@pytest.fixture
def nowhere(folder: Path) -> Shell:
    """A shell in an empty folder, that knows of no server."""
    return Shell(folder)


@pytest.fixture
def quick_pack(folder: Path) -> Path:
    """The demonstration's policy, with limits that a test can wait for."""
    pack = folder / "quick"
    pack.mkdir()
    for file in WATCH_PACK.glob("*.toml"):
        text = file.read_text().replace('"20 seconds"', '"4 seconds"').replace('"15 seconds"', '"5 seconds"')
        (pack / file.name).write_text(text)
    return pack


@pytest.fixture
def broken_pack(quick_pack: Path) -> Path:
    """A pack with one mistake: a route to an agency that is not listed."""
    categories = quick_pack / "categories.toml"
    categories.write_text(categories.read_text().replace("DISHUB", "DISHUBX"))
    return quick_pack
