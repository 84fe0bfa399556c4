"""Whoever edits a pack is told every mistake at once: the file, the place and the mend."""

import shutil
from pathlib import Path

import pytest

from storage.policy_pack import PolicyError, load_pack
from tests.policies.packs import LAMPUNG, WATCH, lampung


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return Path(shutil.copytree(WATCH, tmp_path / "pack"))


def edit(pack: Path, file: str, old: str, new: str) -> None:
    text = (pack / file).read_text(encoding="utf-8")
    assert old in text, f"{file} has no {old!r} to edit"
    (pack / file).write_text(text.replace(old, new, 1), encoding="utf-8")


def mistakes(pack: Path) -> tuple[str, ...]:
    with pytest.raises(PolicyError) as caught:
        load_pack(pack)
    assert all(problem in str(caught.value) for problem in caught.value.problems)
    return caught.value.problems


MISTAKES = {
    "a key without a value": ("policy.toml", 'name = "watch"', "name =", "policy.toml: is not TOML:", "at line 4"),
    "a quote that is not closed": ("agencies.toml", '"BMBK"', '"BMBK', "agencies.toml: is not TOML:", "at line 2"),
    "a holiday listed twice": (
        "calendar.toml",
        "[week]",
        '[holidays]\n2026-01-01 = "a"\n2026-01-01 = "b"\n[week]',
        "calendar.toml: is not TOML:",
        "at line 8",
    ),
    "a misspelt field": (
        "ladders.toml",
        'limit = "20 seconds"',
        'limitt = "20 seconds"',
        "ladders.toml: ladder default, level 1 (Pejabat penghubung), limitt: is unknown",
        "warn_share",
    ),
    "routes in the singular": (
        "categories.toml",
        '[category.routes]\n"18"',
        '[category.route]\n"18"',
        "categories.toml: category road-province, route: is unknown",
        "ladder, routes)",
    ),
    "a field that no policy has": (
        "policy.toml",
        "title =",
        'subtitle = "x"\ntitle =',
        "policy.toml: subtitle: is unknown",
        "(name, title, effective_from, head_role, triage)",
    ),
    "a limit without a unit": (
        "ladders.toml",
        'limit = "15 seconds"',
        'limit = "15"',
        "ladders.toml: ladder default, level 2 (Kepala bidang), limit: '15' is not a limit",
        "write a number and a unit",
    ),
    "a limit that is a bare number": (
        "ladders.toml",
        'limit = "15 seconds"',
        "limit = 15",
        "ladders.toml: ladder default, level 2 (Kepala bidang), limit:",
        "15",
    ),
    "a limit of nothing": (
        "ladders.toml",
        'limit = "20 seconds"',
        'limit = "0 seconds"',
        "ladders.toml: ladder default, level 1 (Pejabat penghubung), limit, value:",
        "greater than 0",
    ),
    "a subject that does not exist": (
        "ladders.toml",
        '"agency head"',
        '"everybody"',
        "ladders.toml: ladder default, level 3 (Kepala perangkat daerah), sanction agency-late, subject:",
        "'holder', 'agency head' or 'agency'",
    ),
    "levels in the plural": (
        "ladders.toml",
        '[[ladder]]\ncode = "default"',
        '[[ladder]]\ncode = "default"\nlevels = []',
        "ladders.toml: ladder default: levels: is unknown",
        "write [[level]]",
    ),
    "a missing field": (
        "categories.toml",
        'name = "Jalan provinsi rusak"',
        "",
        "categories.toml: category road-province, name: is missing",
        "add it",
    ),
    "a code without quotes": (
        "regions.toml",
        'code = "18.01"',
        "code = 18.01",
        "regions.toml: region 18.01, code: must be text",
        "put 18.01 in quotes",
    ),
    "a route's region without quotes": (
        "categories.toml",
        '"18.71" =',
        "18.71 =",
        "categories.toml: category road-regency, routes: 18:",
        "in quotes",
    ),
    "a route that is not a line": (
        "categories.toml",
        '[category.routes]\n"18" = "BMBK"',
        'routes = "BMBK"',
        "categories.toml: category road-province, routes:",
        "write [category.routes]",
    ),
    "a route to a number": (
        "categories.toml",
        '"18" = "BMBK"',
        '"18" = 7',
        "categories.toml: category road-province, route of 18, agency: must be text",
        "put 7 in quotes",
    ),
    "a route to an agency that is not listed": (
        "categories.toml",
        '"18" = "BMBK"',
        '"18" = "BMKB"',
        "categories.toml: route of road-province names the agency BMKB, which is not listed",
        "add it or correct the name",
    ),
    "a route in a region that is not listed": (
        "categories.toml",
        '"18" = "BMBK"',
        '"81" = "BMBK"',
        "categories.toml: route of road-province names the region 81, which is not listed",
        "add it or correct the name",
    ),
    "a ladder that is not listed": (
        "policy.toml",
        'ladder = "triage"',
        'ladder = "trriage"',
        "policy.toml: triage names the ladder trriage",
        "add it or correct the name",
    ),
    "an agency listed twice": (
        "agencies.toml",
        "[[agency]]",
        '[[agency]]\ncode = "BMBK"\nname = "again"\n\n[[agency]]',
        "agencies.toml: agency BMBK is listed 2 times",
        "keep one",
    ),
    "a region within itself": (
        "regions.toml",
        'name = "Provinsi Lampung"',
        'name = "Provinsi Lampung"\nparent = "18.01"',
        "regions.toml: region 18 lies within itself",
        "correct its parent",
    ),
    "a level with an agency that is not listed": (
        "ladders.toml",
        'role = "inspector"',
        'role = "inspector"\nagency = "INSPEKTORAT"',
        "ladders.toml: ladder default, Inspektorat names the agency INSPEKTORAT",
        "add it or correct the name",
    ),
    "a zone that does not exist": (
        "calendar.toml",
        "Asia/Jakarta",
        "Asia/Lampung",
        "calendar.toml: zone: 'Asia/Lampung' is not a time zone",
        "IANA",
    ),
    "a time of day without minutes": (
        "calendar.toml",
        'monday = ["00:00-24:00"]',
        'monday = ["7-16:00"]',
        "calendar.toml: week, monday 1, opens: '7' is not a time of day",
        "e.g. 07:30",
    ),
    "hours without an end": (
        "calendar.toml",
        'monday = ["00:00-24:00"]',
        'monday = ["00:00"]',
        "calendar.toml: week, monday 1, closes: is missing",
        "add it",
    ),
    "hours that overlap": (
        "calendar.toml",
        'monday = ["00:00-24:00"]',
        'monday = ["07:00-12:00", "11:00-16:00"]',
        "calendar.toml: week: monday: hours overlap or are out of order",
        "",
    ),
    "a holiday that is no day": (
        "calendar.toml",
        "[week]",
        '[holidays]\n2026-13-01 = "a"\n[week]',
        "calendar.toml: holidays, 2026-13-01:",
        "valid date",
    ),
    "a section with another name": (
        "agencies.toml",
        "[[agency]]",
        "[[agnecy]]",
        "agencies.toml: agnecy: is unknown here",
        "write [[agency]]",
    ),
    "one bracket instead of two": (
        "ladders.toml",
        "[[ladder.level.sanction]]",
        "[ladder.level.sanction]",
        "ladders.toml: ladder default, Pejabat penghubung: sanction:",
        "write [[sanction]] in two brackets",
    ),
    "a section in the wrong file": (
        "policy.toml",
        "head_role",
        "agencies = []\nhead_role",
        "policy.toml: agencies: does not belong here",
        "move it to its own file",
    ),
    "a name with letters that a code cannot have": (
        "agencies.toml",
        '"DISHUB"',
        '"DÍSHUB"',
        "agencies.toml: agency DÍSHUB, code: 'DÍSHUB' is not a code",
        "plain letters",
    ),
    "a date that is not one": (
        "policy.toml",
        "effective_from = 2026-01-01",
        'effective_from = "soon"',
        "policy.toml: effective_from:",
        "date",
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_named_with_its_file_its_place_and_its_mend(pack: Path, mistake: str) -> None:
    file, old, new, place, mend = MISTAKES[mistake]
    edit(pack, file, old, new)

    found = mistakes(pack)

    assert any(problem.startswith(place) and mend in problem for problem in found), found
    assert {problem.partition(":")[0] for problem in found} == {file}


def test_a_missing_file_is_named_once(pack: Path) -> None:
    (pack / "ladders.toml").unlink()

    assert mistakes(pack) == (
        "ladders.toml: cannot be read (No such file or directory): add the file, or let it be read",
    )


def test_a_folder_that_does_not_exist_misses_every_file(tmp_path: Path) -> None:
    assert len(mistakes(tmp_path / "nowhere")) == 6


def test_a_file_that_nothing_reads_is_not_silently_ignored(pack: Path) -> None:
    (pack / "holidays-2028.toml").write_text("")

    (problem,) = mistakes(pack)
    assert problem.startswith("holidays-2028.toml: nothing reads this file: move its content")


def test_a_file_in_another_encoding_is_named(pack: Path) -> None:
    (pack / "agencies.toml").write_bytes('[[agency]]\ncode = "A"\nname = "É"\n'.encode("latin-1"))

    (problem,) = mistakes(pack)
    assert problem.startswith("agencies.toml: byte 30 is not UTF-8: save the file")


def test_an_empty_list_is_named(pack: Path) -> None:
    (pack / "agencies.toml").write_text("")

    assert mistakes(pack) == ("agencies.toml: agency: is empty: write at least one",)


def test_a_list_with_a_wrong_entry_is_not_called_empty(pack: Path) -> None:
    (pack / "agencies.toml").write_text('[[agency]]\ncode = "A"\n')

    assert mistakes(pack) == ("agencies.toml: agency A, name: is missing: add it",)


def test_mistakes_in_several_files_come_in_one_error(pack: Path) -> None:
    edit(pack, "policy.toml", "title =", "titel =")
    edit(pack, "ladders.toml", '"20 seconds"', '"20 moments"')
    edit(pack, "ladders.toml", '"15 seconds"', '"15 moments"')
    edit(pack, "calendar.toml", "Asia/Jakarta", "Asia/Lampung")
    (pack / "regions.toml").write_text("[[region")

    files = [problem.partition(":")[0] for problem in mistakes(pack)]

    assert sorted(files) == [
        "calendar.toml",
        "ladders.toml",
        "ladders.toml",
        "policy.toml",
        "policy.toml",
        "regions.toml",
    ]


def test_several_names_that_lead_nowhere_come_in_one_error(pack: Path) -> None:
    edit(pack, "categories.toml", '"18" = "BMBK"', '"18" = "BMKB"')
    edit(pack, "regions.toml", 'parent = "18"', 'parent = "81"')

    assert [problem.partition(":")[0] for problem in mistakes(pack)] == ["regions.toml", "categories.toml"]


def test_the_mark_that_some_editors_put_at_the_beginning_does_no_harm(pack: Path) -> None:
    policy = pack / "policy.toml"
    policy.write_bytes(b"\xef\xbb\xbf" + policy.read_bytes().replace(b"\n", b"\r\n"))

    assert load_pack(pack).version == load_pack(WATCH).version


def test_any_change_makes_another_version(pack: Path) -> None:
    edit(pack, "ladders.toml", '"20 seconds"', '"21 seconds"')

    assert load_pack(pack).version != load_pack(WATCH).version


def test_a_pack_read_twice_is_the_same_policy() -> None:
    assert load_pack(LAMPUNG) == lampung()
    assert load_pack(LAMPUNG).version == lampung().version
