"""A decree adds days off: open cases reckon anew, after a look at what would move."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from local.scratch import scratch_folder
from tests.cli.calm import Calm, calm, decreed
from tests.cli.command import Dev

RECALCULATE = ("policy", "recalculate", "--policy", "calm", "--basis", "SKB Tiga Menteri")


@pytest.fixture(scope="module")
async def here(running: Dev) -> AsyncIterator[Calm]:
    async with calm(running, "recalculate") as everything:
        yield everything


async def due(here: Calm, case: str) -> datetime:
    shown = await here.shell.document("show", case)
    return datetime.fromisoformat(shown["case"]["due"]["at"])


async def test_a_decree_moves_the_deadlines_of_open_cases_once(here: Calm) -> None:
    shell = here.shell
    first, second, ended = [await here.road() for _ in range(3)]
    await shell.ok("withdraw", ended)
    before = await due(here, first)
    assert "reckons by the calendar of calm" in (await shell.ok(*RECALCULATE)).out

    today = datetime.now(UTC).date()
    with scratch_folder() as folder:
        pack = decreed(folder / "pack", today + timedelta(days=2), today + timedelta(days=3))
        await shell.ok("init", "--policy", str(pack))
    foreseen = await shell.document(*RECALCULATE, "--dry-run")
    assert foreseen["counts"] == {"moved": 2, "stayed": 0, "closed meanwhile": 0, "refused": 0, "no answer": 0}
    assert "Of 2 open cases" in (would := (await shell.ok(*RECALCULATE, "--dry-run")).out)
    assert "2 would move" in would
    assert "level deadlines: 2, 2 days, 0:00:00 later to 2 days, 0:00:00 later" in would
    assert await due(here, first) == before

    one = await shell.document(*RECALCULATE, "--case", first)
    assert one["cases"] == [case for case in foreseen["cases"] if case["case_id"] == first]
    assert await due(here, first) == before + timedelta(days=2)
    rest = await shell.ok(*RECALCULATE)
    assert "Of 1 open cases" in rest.out
    assert "1 moved" in rest.out
    assert (await shell.document(*RECALCULATE))["cases"] == []

    line = (await shell.document("show", second))["timeline"][-1]
    assert (line["kind"], line["detail"]["basis"]) == ("recalculated", "SKB Tiga Menteri")
    assert line["message_id"] == f"recalculate-{one['version']}"
    assert "it is over" in (await shell.run(*RECALCULATE, "--case", ended, "--json")).error


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--policy", "other", "--basis", "x"), "policy: none named other is in force; publish one with kawal init"),
        (("--policy", "calm", "--basis", " "), "'--basis': name the decree, in 1 to 200 letters"),
        (("--policy", "calm", "--basis", "x", "--case", "nobody"), "case: there is none with the id nobody"),
        (("--policy", "calm"), "'--basis'"),
    ],
)
async def test_a_mistake_is_named_with_its_mend(here: Calm, options: tuple[str, ...], said: str) -> None:
    assert said in (await here.shell.run("policy", "recalculate", *options, "--json")).error
