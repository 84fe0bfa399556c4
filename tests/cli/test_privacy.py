"""What is kept of somebody, erasing it, and keys, on the command line."""

import json
from collections.abc import AsyncIterator

import pytest

from privacy.ring import read_ring
from tests.cli.calm import Calm, calm
from tests.cli.command import Dev, Shell

NIK = "1871014107900909"


@pytest.fixture(scope="module")
async def here(running: Dev) -> AsyncIterator[Calm]:
    async with calm(running, "privacy") as prepared:
        yield prepared


async def test_new_keys_are_printed_whole_and_come_before_those_that_are_set(nowhere: Shell) -> None:
    first = await nowhere.ok("privacy", "new-key", "--name", "2026")
    ring = read_ring(first.out)
    assert list(ring.keys) == ["2026"]
    second = await nowhere.having(KAWAL_KEYS=first.out.strip()).document("privacy", "new-key", "--name", "2027")
    grown = read_ring(str(second["KAWAL_KEYS"]))
    assert list(grown.keys) == ["2027", "2026"]
    assert (grown.keys["2026"], grown.index) == (ring.keys["2026"], ring.index)


async def refused(shell: Shell, *command: str) -> str:
    """Run a command that has to be refused; return why."""
    return (await shell.run(*command, "--json")).error


async def test_what_is_kept_is_given_out_and_erased_once_the_case_is_over(here: Calm) -> None:
    case, path = await here.road(), here.shell.folder / "theirs.json"
    path.write_text("anybody's")
    path.chmod(0o644)
    exported = await here.shell.document("privacy", "export", "--case", case, "--out", str(path))
    assert path.stat().st_mode & 0o077 == 0
    [kept] = json.loads(path.read_text())
    assert kept["complaints"][0]["text"] == "Jalan berlubang"
    assert exported["persons"] == [kept["person"]]

    shell = here.shell.having(KAWAL_EVIDENCE_URL=(here.shell.folder / "photos").as_uri())
    unfinished = await refused(shell, "privacy", "erase", "--case", case, "--yes")
    assert f"still under way: {case}" in unfinished
    await here.shell.ok("withdraw", case)
    assert "--yes: is needed with --json" in await refused(shell, "privacy", "erase", "--case", case)
    erased = await shell.document("privacy", "erase", "--case", case, "--yes")
    assert erased["erased"][0]["complaints"] == 1
    gone = await refused(here.shell, "privacy", "export", "--case", case, "--out", str(path))
    assert "erased" in gone
    shown = await here.shell.document("show", case)
    assert shown["case"]["status"] == "withdrawn"


async def test_who_is_meant_has_to_be_said_in_one_way(here: Calm) -> None:
    for said in ((), ("--nik", NIK, "--phone", "0812")):
        assert "who? Name one of" in await refused(here.shell, "privacy", "erase", *said, "--yes")
    assert "nobody is known by it" in await refused(here.shell, "privacy", "erase", "--nik", NIK, "--yes")


async def test_keys_are_exchanged_twice_is_once(here: Calm) -> None:
    done = await here.shell.document("privacy", "rotate")
    assert done["left"] == 0
    assert (await here.shell.document("privacy", "rotate"))["rewrapped"] == 0
