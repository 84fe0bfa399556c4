"""Whoever edits a pack is told every mistake at once: the file, the line, the place and the mend."""

import shutil
from pathlib import Path

import pytest

from storage.policy_pack import PolicyError, load_pack
from tests.policies.packs import LAMPUNG, WATCH, edit, lampung


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return Path(shutil.copytree(WATCH, tmp_path / "pack"))


@pytest.fixture
def province(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LAMPUNG, tmp_path / "province"))


def mistakes(pack: Path) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load_pack(pack)
    texts = [problem.text for problem in caught.value.problems]
    assert all(text in str(caught.value) for text in texts)
    return texts


def hold_one(found: list[str], beginning: str, mend: str, file: str) -> None:
    """Assert that one of the mistakes begins and goes on so, and that none is of another file."""
    assert any(text.startswith(beginning) and mend in text for text in found), found
    assert {text.partition(",")[0].partition(":")[0] for text in found} == {file}


IN_THE_DEMONSTRATION = {
    "a key without a value": ("policy.toml", 'name = "watch"', "name =", "line 4: is not TOML:", "correct this line"),
    "a quote that is not closed": ("agencies.toml", '"BMBK"', '"BMBK', "line 2: is not TOML:", "correct this line"),
    "a holiday listed twice": (
        "calendar.toml",
        "[week]",
        '[holidays]\n2026-01-01 = "a"\n2026-01-01 = "b"\n[week]',
        "line 8: is not TOML:",
        "correct this line",
    ),
    "a misspelt field": (
        "ladders.toml",
        'limit = "20 seconds"',
        'limitt = "20 seconds"',
        "line 11: ladder default, level 1 (Pejabat penghubung), limitt: is unknown",
        "limit, warn_share, [[sanction]], offer)",
    ),
    "routes in the singular": (
        "categories.toml",
        '[category.routes]\n"18"',
        '[category.route]\n"18"',
        "line 8: category road-province, route: is unknown",
        "group, [[attribute]], routes)",
    ),
    "a field that no policy has": (
        "policy.toml",
        "title =",
        'subtitle = "x"\ntitle =',
        "line 5: subtitle: is unknown",
        "(name, title, effective_from, effective_to, head_role, triage",
    ),
    "a limit without a unit": (
        "ladders.toml",
        'limit = "15 seconds"',
        'limit = "15"',
        "line 24: ladder default, level 2 (Kepala bidang), limit: '15' is not a limit",
        'write a number and a unit, e.g. "3 working days"',
    ),
    "a limit that is a bare number": (
        "ladders.toml",
        'limit = "15 seconds"',
        "limit = 15",
        "line 24: ladder default, level 2 (Kepala bidang), limit: 15 is not a limit",
        "write a number and a unit in quotes",
    ),
    "a limit of nothing": (
        "ladders.toml",
        'limit = "20 seconds"',
        'limit = "0 seconds"',
        "line 11: ladder default, level 1 (Pejabat penghubung), limit:",
        "greater than 0",
    ),
    "a level without a limit": (
        "ladders.toml",
        'limit = "20 seconds"',
        "",
        "line 8: ladder default, level 1 (Pejabat penghubung), limit: is missing",
        "write a number and a unit in quotes",
    ),
    "a level that nobody holds": (
        "ladders.toml",
        'role = "inspector"',
        "",
        "line 47: ladder default, level 4 (Inspektorat), role: is missing",
        'role = "head-of-agency"',
    ),
    "a ladder without a top": (
        "ladders.toml",
        "# The verification desk, then",
        '[[ladder]]\ncode = "empty"\n\n# The verification desk, then',
        "line 64: ladder empty, level: is missing",
        "write [[ladder.level]] above each level",
    ),
    "a subject that does not exist": (
        "ladders.toml",
        '"agency head"',
        '"everybody"',
        "line 41: ladder default, level 3 (Kepala perangkat daerah), sanction agency-late, subject:",
        "'holder', 'operator', 'agency head' or 'agency'",
    ),
    "a sanction about nobody": (
        "sanctions.toml",
        'subject = "agency head"',
        "",
        "line 3: sanction deadline-passed, subject: is missing",
        "write one of holder, operator, agency head, agency",
    ),
    "a sanction without what its trigger needs": (
        "sanctions.toml",
        '"statutory deadline passed"',
        '"not cured"',
        'line 3: sanction deadline-passed: trigger "not cured" needs cures, after',
        "add it",
    ),
    "a sanction that cures nothing": (
        "sanctions.toml",
        'trigger = "statutory deadline passed"',
        'trigger = "not cured"\ncures = "nothing"\nafter = "3 days"',
        "line 6: sanction deadline-passed: cures nothing, which is no sanction's rule",
        "correct the name",
    ),
    "reminders every few seconds": (
        "ladders.toml",
        '"30 seconds", "60 seconds"',
        '"2 seconds"',
        "line 6: ladder default: reminds every few seconds",
        "give its reminders more time",
    ),
    "reminders that come faster and faster": (
        "ladders.toml",
        '"30 seconds", "60 seconds"',
        '"1 working day", "2 hours"',
        "line 6: ladder default, reminders: come faster and faster (1 working day, 2 hours)",
        "write the shortest pause first",
    ),
    "an offer before any superior was asked": (
        "ladders.toml",
        'limit = "20 seconds"',
        'limit = "20 seconds"\n[ladder.level.offer]\nroute = "r"\nbasis = "b"',
        "line 13: ladder default, Pejabat penghubung: offers r before any superior was asked",
        "move the offer to a higher level",
    ),
    "levels in the plural": (
        "ladders.toml",
        '[[ladder]]\ncode = "default"',
        '[[ladder]]\ncode = "default"\nlevels = []',
        "line 6: ladder default, levels: is unknown",
        "write [[ladder.level]] above each level",
    ),
    "one bracket instead of two": (
        "ladders.toml",
        "[[ladder.level.sanction]]",
        "[ladder.level.sanction]",
        "line 13: ladder default, level 1 (Pejabat penghubung), sanction:",
        "write [[ladder.level.sanction]] above each sanction",
    ),
    "a section with another name": (
        "agencies.toml",
        "[[agency]]",
        "[[agnecy]]",
        "line 1: agnecy: is unknown",
        "correct its name ([[agency]])",
    ),
    "a section in the wrong file": (
        "policy.toml",
        "head_role",
        "agencies = []\nhead_role",
        "line 7: agencies: does not belong here",
        "move it to agencies.toml",
    ),
    "a missing field": (
        "categories.toml",
        'name = "Jalan provinsi rusak"',
        "",
        "line 3: category road-province, name: is missing",
        "add it",
    ),
    "a code without quotes": (
        "regions.toml",
        'code = "18.01"',
        "code = 18.01",
        "line 6: region 18.01, code: must be text",
        "put 18.01 in quotes",
    ),
    "a name with letters that a code cannot have": (
        "agencies.toml",
        '"DISHUB"',
        '"DÍSHUB"',
        "line 6: agency DÍSHUB, code: 'DÍSHUB' is not a code",
        "plain letters",
    ),
    "a route's region without quotes": (
        "categories.toml",
        '"18.71" =',
        "18.71 =",
        "line 18: category road-regency, routes, 18:",
        "put the whole code in quotes",
    ),
    "a route that is not a line": (
        "categories.toml",
        '[category.routes]\n"18" = "BMBK"',
        'routes = "BMBK"',
        "line 8: category road-province, routes:",
        "write [category.routes]",
    ),
    "a route to a number": (
        "categories.toml",
        '"18" = "BMBK"',
        '"18" = 7',
        "line 9: category road-province, routes, 18: must be text",
        "put 7 in quotes",
    ),
    "a route to an agency that is not listed": (
        "categories.toml",
        '"18" = "DISHUB"',
        '"18" = "DISHUBX"',
        "line 26: route of terminal: names the agency DISHUBX, which is not listed",
        "add it or correct the name",
    ),
    "a route in a region that is not listed": (
        "categories.toml",
        '"18" = "BMBK"',
        '"81" = "BMBK"',
        "line 9: route of road-province: names the region 81, which is not listed",
        "add it or correct the name",
    ),
    "a group of regions that is empty": (
        "categories.toml",
        '"18" = "BMBK"',
        '"18.01.*" = "BMBK"',
        "line 9: category road-province, routes, 18.01.*: regions.toml has no region whose parent is 18.01",
        "add some or correct the code",
    ),
    "a route that fills in what there is not": (
        "categories.toml",
        '"18" = "BMBK"',
        '"18.*" = "PUPR-{regency}"',
        "line 9: category road-province, routes, 18.*: 'PUPR-{regency}' has other braces than {region} and {place}",
        "correct it",
    ),
    "routes to agencies that are not in every region": (
        "categories.toml",
        '"18" = "BMBK"',
        '"18.*" = "PUPR-{region}"',
        "line 9: route of road-province: names the agency PUPR-18.01, which is not listed",
        "add it or correct the name",
    ),
    "a category that nobody owns": (
        "categories.toml",
        '\n[category.routes]\n"18" = "BMBK"',
        "",
        "line 3: category road-province: is owned by nobody",
        "add routes, or say refer_to or to_triage = true",
    ),
    "a class that is not listed": (
        "categories.toml",
        'case_class = "complaint"',
        'case_class = "complain"',
        "line 6: category road-province: names the class complain, which is not listed",
        "add it or correct the name",
    ),
    "an addressee that is not listed": (
        "categories.toml",
        '\n[category.routes]\n"18" = "BMBK"',
        'refer_to = "BPJN"',
        "line 7: category road-province: names the addressee BPJN, which is not listed",
        "add it or correct the name",
    ),
    "a ladder that is not listed": (
        "policy.toml",
        'ladder = "triage"',
        'ladder = "trriage"',
        "line 13: triage: names the ladder trriage",
        "add it or correct the name",
    ),
    "an agency's ladder that is not listed": (
        "agencies.toml",
        'code = "DISHUB"',
        'code = "DISHUB"\nladder = "regency"',
        "line 7: agency DISHUB: names the ladder regency",
        "add it or correct the name",
    ),
    "an agency in every region that is the same": (
        "agencies.toml",
        'code = "DISHUB"',
        'in_each = "18.*"\ncode = "DISHUB"',
        "line 7: agency DISHUB, code: is the same in every region",
        "write {region} into it",
    ),
    "an agency in each of what is no group of regions": (
        "agencies.toml",
        'code = "DISHUB"',
        'in_each = "18"\ncode = "DISHUB"',
        "line 6: agency DISHUB, in_each: '18' is not a group of regions",
        'write "18.*" for every region directly below 18',
    ),
    "an agency listed twice": (
        "agencies.toml",
        "[[agency]]",
        '[[agency]]\ncode = "BMBK"\nname = "again"\n\n[[agency]]',
        "line 5: agency BMBK: is listed 2 times",
        "keep one",
    ),
    "a region within itself": (
        "regions.toml",
        'name = "Provinsi Lampung"',
        'name = "Provinsi Lampung"\nparent = "18.01"',
        "line 4: region 18: lies within itself",
        "correct its parent",
    ),
    "a level with an agency that is not listed": (
        "ladders.toml",
        'role = "inspector"',
        'role = "inspector"\nagency = "INSPEKTORAT"',
        "line 50: ladder default, Inspektorat: names the agency INSPEKTORAT",
        "add it or correct the name",
    ),
    "a level of a kind of agency that a government has not": (
        "ladders.toml",
        'role = "inspector"',
        'role = "inspector"\nagency_kind = "inspectorate"',
        "line 50: ladder default, Inspektorat: needs the inspectorate of the government of BMBK",
        "add one with this kind and government",
    ),
    "a zone that does not exist": (
        "calendar.toml",
        "Asia/Jakarta",
        "Asia/Lampung",
        "line 3: zone: 'Asia/Lampung' is not a time zone",
        "IANA",
    ),
    "a calendar that never ends": (
        "calendar.toml",
        "valid_to = 2027-12-31",
        "",
        "valid_to: is missing",
        "write the last day whose holidays are decreed, e.g. valid_to = 2027-12-31",
    ),
    "a time of day without minutes": (
        "calendar.toml",
        'monday = ["00:00-24:00"]',
        'monday = ["7-16:00"]',
        "line 7: week, monday 1, opens: '7' is not a time of day",
        "e.g. 07:30",
    ),
    "hours without an end": (
        "calendar.toml",
        'monday = ["00:00-24:00"]',
        'monday = ["00:00"]',
        "line 7: week, monday 1, closes: is missing",
        "add it",
    ),
    "hours that overlap": (
        "calendar.toml",
        'monday = ["00:00-24:00"]',
        'monday = ["07:00-12:00", "11:00-16:00"]',
        "line 6: week: monday: hours overlap or are out of order",
        "",
    ),
    "a holiday that is no day": (
        "calendar.toml",
        "[week]",
        '[holidays]\n2026-13-01 = "a"\n[week]',
        "line 7: holidays, 2026-13-01:",
        "valid date",
    ),
    "a date that is not one": (
        "policy.toml",
        "effective_from = 2026-01-01",
        'effective_from = "soon"',
        "line 6: effective_from:",
        "date",
    ),
    "an end before the beginning": (
        "policy.toml",
        "effective_from = 2026-01-01",
        "effective_from = 2026-01-01\neffective_to = 2025-12-31",
        "line 7: effective_to: lies before effective_from",
        "correct one of the two",
    ),
    "duplicates in working time": (
        "policy.toml",
        'ladder = "triage"',
        'ladder = "triage"\n[duplicates]\nwithin = "3 working days"',
        "line 15: duplicates: within counts working time",
        "write days or hours",
    ),
    "quiet hours that are empty": (
        "policy.toml",
        'ladder = "triage"',
        'ladder = "triage"\n[quiet_hours]\nbegins = "20:00"\nends = "20:00"',
        "line 16: quiet_hours, ends: is when they begin",
        "remove [quiet_hours]",
    ),
}

IN_THE_PROVINCE = {
    "a status without words": (
        "statuses.toml",
        "coordinating = {",
        "# coordinating = {",
        "line 9: scheme jaki: has no words for coordinating",
        "add them",
    ),
    "a status that does not exist": (
        "statuses.toml",
        'received = { id = "Menunggu"',
        'receieved = { id = "Menunggu"',
        "line 14: scheme jaki, labels, receieved:",
        "'received'",
    ),
    "a colour that is none": (
        "statuses.toml",
        'colour = "red"',
        'colour = "#ff0000"',
        "line 14: scheme jaki, labels, received, colour: '#ff0000' is not a colour",
        "write one plain word",
    ),
    "a service of a category that is not listed": (
        "services.toml",
        'category = "vehicle-tax"',
        'category = "vehicle-taxes"',
        "line 18: service samsat-papers: names the category vehicle-taxes",
        "add it or correct the name",
    ),
    "a service that is handed to nobody known": (
        "services.toml",
        'handed_to = "owner"',
        'handed_to = "neighbour"',
        "line 34: service population-documents, handed_to:",
        "'owner', 'household' or 'anyone'",
    ),
    "a regency without its inspectorate": (
        "agencies.toml",
        'kind = "inspectorate" },\n    { in_each = "18.*", code = "SETDA',
        'kind = "inspector" },\n    { in_each = "18.*", code = "SETDA',
        "line ",
        "needs the inspectorate of the government of",
    ),
    "an evidence rule that never comes about": (
        "policy.toml",
        "evidence_required = false",
        "evidence_required = true",
        "line 47: sanction answered-without-evidence: never comes about",
        "write evidence_required = false",
    ),
    "a decree that is not a table": (
        "calendar.toml",
        "[source]",
        "[decree]\ndate = 2026-06-22\n[source]",
        "line 43: decree: write [[decree]]",
        "above each decree",
    ),
    "a season whose hours are wrong": (
        "calendar.toml",
        'monday = ["08:00-12:00", "12:30-15:00"]',
        'monday = ["8:00-12:00", "12:30-15:00"]',
        "line 24: season Ramadan 1447 H (perkiraan), monday 1, opens: '8:00' is not a time of day",
        "e.g. 07:30",
    ),
    "a year that is left out": (
        "calendar.toml",
        "years = [2026, 2027]",
        "years = [2026]",
        "line 6: valid_to: 2027-12-31 lies beyond 2026",
        "add the years up to it",
    ),
}
FOUND_ELSEWHERE = {
    "a regency without its inspectorate": "ladders.toml",
    "an evidence rule that never comes about": "sanctions.toml",
}


@pytest.mark.parametrize("mistake", IN_THE_DEMONSTRATION)
def test_a_mistake_is_named_with_its_file_its_line_its_place_and_its_mend(pack: Path, mistake: str) -> None:
    file, old, new, place, mend = IN_THE_DEMONSTRATION[mistake]
    edit(pack, file, old, new)

    hold_one(mistakes(pack), f"{file}{', ' if place.startswith('line') else ': '}{place}", mend, file)


@pytest.mark.parametrize("mistake", IN_THE_PROVINCE)
def test_so_is_one_in_what_only_a_whole_province_has(province: Path, mistake: str) -> None:
    file, old, new, place, mend = IN_THE_PROVINCE[mistake]
    edit(province, file, old, new)

    found_in = FOUND_ELSEWHERE.get(mistake, file)
    hold_one(mistakes(province), f"{found_in}, {place}", mend, found_in)


def test_a_problem_says_apart_what_its_text_says_in_one_sentence(pack: Path) -> None:
    edit(pack, "ladders.toml", 'limit = "15 seconds"', 'limit = "3"')

    with pytest.raises(PolicyError) as caught:
        load_pack(pack)

    (problem,) = caught.value.problems
    assert (problem.file, problem.line, problem.place) == (
        "ladders.toml",
        24,
        "ladder default, level 2 (Kepala bidang), limit",
    )
    assert problem.problem.startswith("'3' is not a limit: write a number and a unit")
    assert str(problem) == problem.model_dump()["text"]
    assert problem.text == f"ladders.toml, line 24: {problem.place}: {problem.problem}"


def test_a_missing_file_is_named_once(pack: Path) -> None:
    (pack / "ladders.toml").unlink()

    assert mistakes(pack) == [
        "ladders.toml: cannot be read (No such file or directory): add the file, or let it be read"
    ]


@pytest.mark.parametrize("file", ["classes.toml", "sanctions.toml"])
def test_files_that_a_pack_may_do_without_may_be_missing(pack: Path, file: str) -> None:
    (pack / file).unlink()
    if file == "classes.toml":
        categories = pack / "categories.toml"
        categories.write_text(categories.read_text(encoding="utf-8").replace('case_class = "complaint"\n', ""))

    assert load_pack(pack).version != load_pack(WATCH).version


def test_a_folder_that_does_not_exist_misses_every_file_that_is_needed(tmp_path: Path) -> None:
    assert len(mistakes(tmp_path / "nowhere")) == 6


def test_a_file_that_nothing_reads_is_not_silently_ignored(pack: Path) -> None:
    (pack / "holidays-2028.toml").write_text("")

    (problem,) = mistakes(pack)
    assert problem.startswith("holidays-2028.toml: nothing reads this file: move its content")


def test_a_file_in_another_encoding_is_named(pack: Path) -> None:
    (pack / "agencies.toml").write_bytes('[[agency]]\ncode = "A"\nname = "É"\n'.encode("latin-1"))

    (problem,) = mistakes(pack)
    assert problem == "agencies.toml, line 3: is not UTF-8: save the file in the encoding UTF-8"


def test_an_empty_file_of_a_list_is_named(pack: Path) -> None:
    (pack / "agencies.toml").write_text("")

    assert mistakes(pack) == ["agencies.toml: agency: is missing: write [[agency]] above each agency"]


def test_a_list_with_a_wrong_entry_is_not_called_empty(pack: Path) -> None:
    (pack / "agencies.toml").write_text('[[agency]]\ncode = "A"\n')

    assert mistakes(pack) == ["agencies.toml, line 1: agency A, name: is missing: add it"]


def test_mistakes_in_several_files_come_in_one_error(pack: Path) -> None:
    edit(pack, "policy.toml", "title =", "titel =")
    edit(pack, "ladders.toml", '"20 seconds"', '"20 moments"')
    edit(pack, "ladders.toml", '"15 seconds"', '"15 moments"')
    edit(pack, "calendar.toml", "Asia/Jakarta", "Asia/Lampung")
    (pack / "regions.toml").write_text("[[region")

    files = [problem.partition(",")[0].partition(":")[0] for problem in mistakes(pack)]

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

    assert [problem.partition(",")[0] for problem in mistakes(pack)] == ["regions.toml", "categories.toml"]


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
