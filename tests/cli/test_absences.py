"""Who does not hold an office for a while, and who stands in."""

import pytest

from tests.cli.calm import QuickShell
from tests.cli.command import Dev, Shell

OFFICE = "clerk@NOBODY"
CHRISTMAS = ("--from", "2026-12-24T00:00:00+07:00", "--until", "2026-12-29T00:00:00+07:00")


@pytest.fixture
def quick(running: Dev) -> QuickShell:
    return QuickShell(running.shell.folder, running.shell.variables)


async def test_an_absence_is_recorded_corrected_and_listed(shell: Shell, quick: QuickShell) -> None:
    said = await shell.ok("absence", "add", OFFICE, *CHRISTMAS)
    assert f"{OFFICE} is away from 2026-12-23 17:00:00 UTC to 2026-12-28 17:00:00 UTC" in said.out
    assert "whom the ladder names stands in" in said.out

    corrected = await quick.document("absence", "add", OFFICE, *CHRISTMAS, "--deputy", "aide@NOBODY")
    assert corrected == {
        "office": OFFICE,
        "since": "2026-12-23T17:00:00Z",
        "until": "2026-12-28T17:00:00Z",
        "deputy": "aide@NOBODY",
    }
    assert (await quick.document("absence", "list", OFFICE))["absences"] == [corrected]
    everything = await quick.ok("absence", "list")
    assert OFFICE in everything.out
    assert "aide@NOBODY" in everything.out
    assert "There are none" in (await quick.ok("absence", "list", "nobody@NOWHERE")).out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("add", "secretary", *CHRISTMAS), "office: write role@agency, as in head-of-division@BMBK"),
        (("add", OFFICE, *CHRISTMAS, "--deputy", "deputy"), "deputy: write role@agency"),
        (("add", OFFICE, *CHRISTMAS, "--deputy", OFFICE), "deputy: is the office itself: name another one, or none"),
        (("add", OFFICE, "--from", CHRISTMAS[3], "--until", CHRISTMAS[1]), "until: is not after the beginning: write"),
        (("add", OFFICE, "--from", "2026-12-24", "--until", CHRISTMAS[3]), "'--from': write date, time and time zone"),
        (("list", "secretary"), "office: write role@agency"),
    ],
)
async def test_a_mistake_is_named_with_its_mend(quick: QuickShell, arguments: tuple[str, ...], said: str) -> None:
    assert said in (await quick.run("absence", *arguments, "--json")).error
