"""A sound pack is still looked at: what is provisional, calendars that run out, packs that overlap."""

import shutil
from datetime import date
from pathlib import Path

import pytest

from storage.pack_check import overlaps, warnings
from storage.policy_pack import read_pack
from tests.policies.packs import JAKARTA, LAMPUNG, WATCH, edit

TODAY = date(2026, 11, 23)


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return Path(shutil.copytree(WATCH, tmp_path / "pack"))


def told(pack: Path, today: date = TODAY) -> list[str]:
    return [warning.text for warning in warnings(read_pack(pack), today)]


def another(pack: Path, name: str, first: str, last: str | None = None) -> Path:
    """Return a copy of a pack that is in force on other days."""
    copy = Path(shutil.copytree(pack, pack.parent / name))
    days = f"effective_from = {first}" + (f"\neffective_to = {last}" if last else "")
    edit(copy, "policy.toml", "effective_from = 2026-01-01", days)
    return copy


def overlapping(*packs: Path) -> list[tuple[str, str]]:
    return [(pack.folder.name, problem.text) for pack, problem in overlaps([read_pack(folder) for folder in packs])]


def test_every_provisional_rule_is_named_with_its_line() -> None:
    found = told(WATCH)

    assert any(
        text.startswith("ladders.toml, line 19: ladder default, level 1 (Pejabat penghubung),") for text in found
    )
    assert any(text.startswith("sanctions.toml, line 10: sanction deadline-passed: is provisional") for text in found)
    assert len(found) == 7


def test_a_rule_that_was_held_against_its_source_is_not_named(pack: Path) -> None:
    edit(pack, "sanctions.toml", "provisional = true", "")

    assert not any("sanctions.toml" in text for text in told(pack))


@pytest.mark.parametrize("pack", [LAMPUNG, JAKARTA])
def test_every_remark_that_says_provisional_is_named_with_its_line(pack: Path) -> None:
    said = sum(file.read_text(encoding="utf-8").count("provisional: ") for file in pack.glob("*.toml"))

    found = [text for text in told(pack) if ": provisional: " in text]

    assert len(found) == said > 10


def test_a_remark_is_told_up_to_the_end_of_its_sentence(pack: Path) -> None:
    edit(
        pack,
        "regions.toml",
        "[[region]]",
        "# Codes. provisional: the names,\n# e.g. 18.01. Districts follow.\n[[region]]",
    )

    assert "regions.toml, line 1: provisional: the names, e.g. 18.01" in told(pack)


def test_a_calendar_that_has_run_out_is_told_first(pack: Path) -> None:
    first, *_ = told(pack, date(2028, 1, 1))

    assert first.startswith("calendar.toml, line 4: valid_to: 2027-12-31 has passed: every new deadline is provisional")


def test_a_calendar_that_ends_within_a_year_of_the_beginning_is_told(pack: Path) -> None:
    edit(pack, "calendar.toml", "2027-12-31", "2026-12-30")

    assert told(pack)[0].startswith(
        "calendar.toml, line 4: valid_to: 2026-12-30 is less than a year after effective_from"
    )


def test_a_limit_of_more_than_a_year_is_told(pack: Path) -> None:
    edit(pack, "ladders.toml", '"15 seconds"', '"400 days"')

    assert (
        "ladders.toml, line 24: ladder default, level 2 (Kepala bidang), limit: 400 days is more than a year: is it "
        in (" ".join(told(pack)))
    )


def test_ladders_and_classes_that_nothing_uses_are_told(pack: Path) -> None:
    rung = '[[ladder.level]]\ntitle = "t"\nrole = "r"\nlimit = "1 hour"\n'
    edit(
        pack,
        "ladders.toml",
        '[[ladder]]\ncode = "default"',
        f'[[ladder]]\ncode = "spare"\n{rung}\n[[ladder]]\ncode = "default"',
    )
    edit(pack, "classes.toml", "[[class]]", '[[class]]\ncode = "wish"\nname = "Wish"\n\n[[class]]')

    found = told(pack)

    assert "ladders.toml, line 4: ladder spare: is climbed by no case: name it or remove it" in found
    assert "classes.toml, line 3: class wish: no category and no service is of it: name it or remove it" in found


def test_two_packs_of_a_policy_may_not_be_in_force_on_the_same_day(pack: Path) -> None:
    ((folder, text),) = overlapping(another(pack, "later", "2027-01-01"), pack)

    assert folder == "later"
    assert text == (
        f"policy.toml, line 6: effective_from: 2027-01-01 lies within {pack}, in force without an end: "
        "end that with effective_to = 2026-12-31"
    )


def test_nor_from_the_same_day(pack: Path) -> None:
    ((_, text),) = overlapping(pack, another(pack, "twin", "2026-01-01"))

    assert f"2026-01-01 is that of {pack} too: give one of them another day" in text


def test_packs_that_follow_each_other_are_fine(pack: Path) -> None:
    first = another(pack, "first", "2025-01-01", "2025-12-31")
    second = another(pack, "second", "2024-01-01", "2024-12-31")

    assert overlapping(pack, first, second) == []


def test_an_end_that_comes_too_late_is_named(pack: Path) -> None:
    first = another(pack, "first", "2025-01-01", "2026-03-31")

    ((folder, text),) = overlapping(pack, first)

    assert folder == "pack"
    assert f"lies within {first}, in force until 2026-03-31: end that with effective_to = 2025-12-31" in text


def test_packs_of_other_names_may_be_in_force_at_once() -> None:
    assert overlapping(LAMPUNG, JAKARTA, WATCH) == []
