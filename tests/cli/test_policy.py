"""The commands for the people who answer for the rules."""

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.command import Shell

POLICIES = Path(__file__).parent.parent.parent / "policies"
LAMPUNG, JAKARTA = str(POLICIES / "lampung"), str(POLICIES / "dki_jakarta")


async def test_a_sound_pack_is_said_to_hold_with_its_version_and_what_goes_elsewhere(nowhere: Shell) -> None:
    for_people, for_machines = await nowhere.both("policy", "check", LAMPUNG)
    (pack,) = for_machines.document["packs"]
    assert (for_people.status, for_machines.status, for_machines.document["holds"]) == (0, 0, True)
    assert f"version {pack['version']}" in for_people.out
    assert pack["to_triage"] == ["road", "aspiration"]
    assert pack["referred"]["road-national"] == "BPJN"


async def test_it_is_said_where_a_place_lies_by_what_that_was_found_and_who_is_there_for_it(nowhere: Shell) -> None:
    palembang = ("policy", "place", LAMPUNG, "--latitude", "-2.99", "--longitude", "104.76")

    for_people, for_machines = await nowhere.both(*palembang, "--region", "18.71")

    assert (for_people.status, for_machines.status) == (0, 0)
    assert for_machines.document == {"region": "16", "referral": "LAPOR-16", "how": "centre", "differs": True}
    assert "Provinsi Sumatera Selatan (16)" in for_people.out
    assert "Its centre is the nearest: a guess" in for_people.out
    assert "It does not lie in 18.71, which was given." in for_people.out
    assert "referred to SP4N-LAPOR! Pemerintah Provinsi Sumatera Selatan: lapor.go.id" in for_people.out


async def test_a_place_of_which_nothing_is_known_is_in_no_region(nowhere: Shell) -> None:
    for_people, for_machines = await nowhere.both("policy", "place", LAMPUNG, "--postal-code", "35551")

    assert (for_people.status, for_machines.document["region"]) == (0, None)
    assert "In no region of the pack" in for_people.out


async def test_half_a_place_is_refused_with_the_mend(nowhere: Shell) -> None:
    refused = await nowhere.run("policy", "place", LAMPUNG, "--latitude", "-5.4", "--json")

    assert (refused.status, refused.document) == (1, {"error": "longitude: is missing"})


async def test_the_boundaries_of_a_pack_are_counted(nowhere: Shell, quick_pack: Path) -> None:
    ring = [[105, -5], [106, -5], [106, -4], [105, -5]]
    region = {"properties": {"code": "18.01"}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    (quick_pack / "boundaries.geojson").write_text(json.dumps({"features": [region]}))
    (quick_pack / "postal_codes.csv").write_text("postal_code,region\n35551,18.01\n35551,18.71\n")

    for_people, for_machines = await nowhere.both("policy", "check", str(quick_pack))

    (pack,) = for_machines.document["packs"]
    assert (pack["boundaries"], pack["postal_codes"]) == (1, 1)
    assert "1 boundaries, 1 postal codes" in for_people.out


async def test_what_is_provisional_is_pointed_out_without_being_a_mistake(nowhere: Shell) -> None:
    for_people, for_machines = await nowhere.both("policy", "check", LAMPUNG)
    (pack,) = for_machines.document["packs"]
    rule = next(warning for warning in pack["warnings"] if "low-share-on-time" in warning["place"])
    assert (rule["file"], pack["problems"]) == ("sanctions.toml", [])
    assert rule["text"] in for_people.out
    assert f"{len(pack['warnings'])} to look at" in for_people.out


async def test_a_mistake_in_a_pack_is_named_by_file_line_and_mend(nowhere: Shell, broken_pack: Path) -> None:
    for_people, for_machines = await nowhere.both("policy", "check", str(broken_pack))
    assert (for_people.status, for_machines.status, for_machines.document["holds"]) == (1, 1, False)
    [problem] = for_machines.document["packs"][0]["problems"]
    assert (problem["file"], problem["place"]) == ("categories.toml", "route of terminal")
    assert problem["problem"] == "names the agency DISHUBX, which is not listed: add it or correct the name"
    lines = (broken_pack / "categories.toml").read_text().splitlines()
    assert "DISHUBX" in lines[problem["line"] - 1]
    assert problem["text"] in for_people.out


async def test_several_packs_are_checked_at_once_and_a_broken_one_hides_no_other(
    nowhere: Shell, broken_pack: Path
) -> None:
    document = (await nowhere.run("policy", "check", LAMPUNG, str(broken_pack), JAKARTA, "--json")).document
    assert [pack["holds"] for pack in document["packs"]] == [True, False, True]


async def test_two_packs_of_one_policy_on_the_same_day_are_a_mistake(nowhere: Shell, quick_pack: Path) -> None:
    next_one = Path(shutil.copytree(quick_pack, quick_pack.parent / "next"))
    policy = next_one / "policy.toml"
    policy.write_text(policy.read_text().replace("2026-01-01", "2027-01-01"))
    ended = await nowhere.run("policy", "check", str(quick_pack), str(next_one), "--json")
    assert ended.status == 1
    assert [pack["holds"] for pack in ended.document["packs"]] == [True, False]
    [problem] = ended.document["packs"][1]["problems"]
    assert "end that with effective_to = 2026-12-31" in problem["text"]


async def test_a_mistake_is_named_too_by_whatever_reads_a_pack(nowhere: Shell, broken_pack: Path) -> None:
    ended = await nowhere.run("policy", "diff", LAMPUNG, str(broken_pack), "--json")
    assert "route of terminal: names the agency DISHUBX" in ended.error


async def test_a_pack_changes_nothing_from_itself(nowhere: Shell) -> None:
    for_people, for_machines = await nowhere.both("policy", "diff", LAMPUNG, LAMPUNG)
    assert (for_people.status, for_machines.status) == (0, 0)
    assert for_people.out.startswith("Equal: nothing changes for anybody")
    assert (for_machines.document["equal"], for_machines.document["changes"]) == (True, [])


async def test_what_changes_is_said_to_whom_it_concerns(nowhere: Shell, quick_pack: Path) -> None:
    slower = Path(shutil.copytree(quick_pack, quick_pack.parent / "slower"))
    ladders = slower / "ladders.toml"
    ladders.write_text(ladders.read_text().replace('"4 seconds"', '"6 seconds"', 1))
    for_people, for_machines = await nowhere.both("policy", "diff", str(quick_pack), str(slower))
    [change] = for_machines.document["changes"]
    assert (for_people.status, for_machines.document["equal"]) == (0, False)
    assert change["concerns"] == "agencies on the ladder default"
    assert (change["before"], change["after"]) == ("4 seconds", "6 seconds")
    assert for_people.out.splitlines() == [change["concerns"], f"  {change['in_words']}"]


async def test_schemas_are_written_for_every_file_of_a_pack_and_for_the_whole(nowhere: Shell) -> None:
    document = await nowhere.document("policy", "schema", "--out", "schemas")
    written = {Path(path).name for path in document["written"]}
    assert {f"{file.stem}.schema.json" for file in Path(LAMPUNG).glob("*.toml")} < written
    assert "resolved-policy.schema.json" in written
    assert all((nowhere.folder / "schemas" / name).exists() for name in written)


async def test_without_a_folder_all_schemas_are_one_document(nowhere: Shell) -> None:
    document = (await nowhere.ok("policy", "schema")).document
    assert document["ladders"]["$defs"]["Limit"]["type"] == "string"


@pytest.mark.parametrize(
    ("start", "limit", "due"),
    [
        ("2026-12-18T09:00:00+07:00", "3 working days", "2026-12-23T16:00:00+07:00"),
        ("2026-12-18T02:00:00Z", "60 working days", "2027-03-31T16:00:00+07:00"),
        ("2026-12-18T23:30:00+07:00", "2 days", "2026-12-20T23:30:00+07:00"),
        ("2026-12-18T15:00:00+07:00", "2 working hours", "2026-12-21T08:30:00+07:00"),
    ],
)
async def test_a_limit_runs_out_under_the_packs_calendar_in_its_zone(
    nowhere: Shell, start: str, limit: str, due: str
) -> None:
    command = ("policy", "due", "--policy", LAMPUNG, "--from", start, "--limit", limit)
    document = await nowhere.document(*command)
    assert document["due"] == due
    assert document["steps"][0].startswith("starts Fri 2026-12-18")


async def test_a_deadline_beyond_the_decreed_holidays_is_provisional_and_says_so(nowhere: Shell) -> None:
    command = ("policy", "due", "--policy", LAMPUNG, "--from", "2027-12-20T09:00:00+07:00")
    document = await nowhere.document(*command, "--limit", "60 working days")
    assert document["provisional"]
    assert document["steps"][-1] == "provisional: holidays are decreed until 2027-12-31 only"


async def test_a_limit_without_a_unit_is_refused_with_the_units(nowhere: Shell) -> None:
    command = ("policy", "due", "--policy", LAMPUNG, "--from", "2026-12-18T09:00:00+07:00", "--limit", "60")
    ended = await nowhere.run(*command, "--json")
    assert "write a number and a unit" in ended.error


@pytest.mark.parametrize(
    ("agency", "due"), [("RSUDAM", "2026-12-19T12:00:00+07:00"), ("BMBK", "2026-12-21T09:30:00+07:00")]
)
async def test_an_agency_that_works_around_the_clock_has_its_own_clock(nowhere: Shell, agency: str, due: str) -> None:
    saturday = ("policy", "due", "--policy", LAMPUNG, "--from", "2026-12-19T10:00:00+07:00")
    document = await nowhere.document(*saturday, "--limit", "2 working hours", "--agency", agency)
    assert document["due"] == due


async def test_an_agency_that_is_not_there_is_named(nowhere: Shell) -> None:
    command = ("policy", "due", "--policy", LAMPUNG, "--from", "2026-12-18T09:00:00+07:00", "--limit", "1 day")
    ended = await nowhere.run(*command, "--agency", "NASA", "--json")
    assert ended.error == "agency: lampung has none with the code NASA: choose one of its agencies.toml"
