import asyncio
import csv
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psutil
import pytest
from temporalio.client import WorkflowHandle, WorkflowUpdateRPCTimeoutOrCancelledError
from temporalio.testing import TimeSkipper

from gateway.starter import Starter
from local.scratch import scratch_folder
from simulation.mapping import Verdict
from simulation.report import Disagreement, Report, render
from simulation.run import simulate

MAPPING = """
name = "small"
title = "A small table"

[columns]
id = "no"
category = "topic"
agency = "office"
place = ["district", "village"]
latitude = "lat"
longitude = "lon"
opened = "opened"
target = "due"
answered = "answered"

[times]
zone = "Asia/Jakarta"
formats = ["%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H:%M:%S.%f"]
snapshot = 2020-03-01T00:00:00

[no_location]
points = [[0.0, 0.0]]

[lateness]
column = "flag"
on_time = ["Y"]
overdue = ["N"]
no_target = ["2099-12-31"]
"""
HEADING = ["no", "topic", "office", "district", "village", "lat", "lon", "opened", "due", "answered", "flag"]
OPENED, DUE = "2020-01-06 08:00:00", "2020-01-09 08:00:00"
TABLE = {
    "on-time": (OPENED, DUE, "2020-01-07 09:30:00.250", "Y"),
    "late": (OPENED, DUE, "2020-01-10 08:00:00", "N"),
    "at-the-target": (OPENED, DUE, DUE, "Y"),
    "a-second-late": (OPENED, DUE, "2020-01-09 08:00:01", "N"),
    "never-answered": (OPENED, DUE, "", "N"),
    "not-yet-due": (OPENED, "2020-04-01 08:00:00", "", "Y"),
    "nowhere": (OPENED, DUE, "2020-01-06 08:05:00", "Y"),
    "due-before-opened": (OPENED, "2020-01-06 00:00:00", "2020-01-06 10:00:00", "N"),
    "answered-before-opened": (OPENED, DUE, "2020-01-06 07:00:00", "Y"),
    "flag-lies": (OPENED, DUE, "2020-01-07 08:00:00", "N"),
    "no-target": (OPENED, "", "2020-01-07 08:00:00", "Y"),
    "some-day": (OPENED, "2099-12-31 00:00:00", "", "Y"),
    "no-flag": (OPENED, DUE, "2020-01-07 08:00:00", " "),
    "illegible": (OPENED, DUE, "yesterday", "N"),
}


def write(folder: Path, table: dict[str, tuple[str, str, str, str]]) -> tuple[Path, Path]:
    cases, mapping = folder / "small.csv", folder / "small.toml"
    mapping.write_text(MAPPING)
    with cases.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADING)
        for name, (opened, due, answered, flag) in table.items():
            point = ("0.0", "0.0") if name == "nowhere" else ("-5.4", "105.2")
            writer.writerow([name, "Roads", "Public Works", "North", "Alley", *point, opened, due, answered, flag])
    return cases, mapping


async def test_every_row_comes_to_its_verdict_or_is_skipped_for_a_reason(tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    report = await simulate(*write(tmp_path, TABLE), limit=99, seed=1, progress=lambda *ended: told.append(ended))

    assert report.losses == ()
    assert report.skipped == {
        "answered: unreadable time": 1,
        "no target": 1,
        "no verdict in the source": 1,
        "placeholder target": 1,
    }
    assert report.cases == len(TABLE) - 4
    assert (report.on_time, report.overdue) == (6, 4)
    assert (report.agree, report.disagree) == (9, 1)
    assert report.disagreements == (Disagreement(id="flag-lies", source=Verdict.OVERDUE, engine=Verdict.ON_TIME),)
    # Late, a second late and due before opened climb once; what is never answered climbs to the top and is late there.
    assert (report.escalations, report.sanctions) == (1 + 1 + 1 + 2, 1 + 1 + 1 + 3)
    assert (report.without_row, report.timeline_gaps, report.sanctions_twice, report.broken_chains) == (0, 0, 0, 0)
    assert report.triaged == 1
    assert (report.routing.ran, report.routing.ran_right, report.routing.ran_otherwise) == (10, 9, 0)
    assert report.routing.trained_on + report.routing.tested_on == len(TABLE)
    assert report.events_per_case.p50 <= report.events_per_case.max
    assert told == [(n, 10) for n in range(1, 11)]
    assert not report.flawless
    _says_it_in_words(report)


def _says_it_in_words(report: Report) -> None:
    text = render(report)
    assert "14 complaints drawn, 10 run as cases" in text
    assert "skipped 1: no target" in text
    assert "the engine agrees with the source in 9 of 10 verdicts (90.0%)" in text
    assert "flag-lies: the source says overdue, the engine on time" in text
    assert "nothing lost" in text


async def test_a_case_that_cannot_go_on_is_reported_as_lost_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = TimeSkipper.fast_forward

    async def break_down(self: TimeSkipper, handle: WorkflowHandle[Any, Any], duration: timedelta, /) -> bool:
        if handle.id == "row-1":
            raise RuntimeError("the clock is stuck")
        return await real(self, handle, duration)

    monkeypatch.setattr(TimeSkipper, "fast_forward", break_down)
    table = {name: TABLE[name] for name in ("on-time", "nowhere")}
    report = await simulate(*write(tmp_path, table), limit=2, seed=1)

    assert [(loss.id, loss.reason) for loss in report.losses] == [("on-time", "RuntimeError: the clock is stuck")]
    assert (report.cases, report.lost, report.agree) == (2, 1, 1)
    assert "lost on-time: RuntimeError: the clock is stuck" in render(report)


@pytest.fixture
def scratch() -> Iterator[Path]:
    with scratch_folder() as folder:  # which PostgreSQL can enter, also as another account when root tests
        yield folder


async def test_an_interrupt_leaves_no_server_and_no_file_behind(
    tmp_path: Path, scratch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = set(psutil.Process().children(recursive=True))
    monkeypatch.setattr("tempfile.tempdir", str(scratch))
    running: list[set[psutil.Process]] = []

    async def interrupt(*_: object) -> None:
        running.append(set(psutil.Process().children(recursive=True)) - before)
        if len(running) == 1:
            task.cancel()
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError as error:
            raise WorkflowUpdateRPCTimeoutOrCancelledError from error  # as the client does

    monkeypatch.setattr(Starter, "send", interrupt)
    monkeypatch.setattr("simulation.run.IN_FLIGHT", 1)
    task = asyncio.create_task(simulate(*write(tmp_path, TABLE), limit=99, seed=1))
    with pytest.raises(asyncio.CancelledError):
        await task

    assert running[0]
    assert len(running) == 1, "cases go on after the interrupt"
    left = set(psutil.Process().children(recursive=True)) - before
    assert not [process for process in left if not set(process.parents()) & before], "servers of others have their own"
    assert list(scratch.iterdir()) == []
