"""The commands for the people who answer for the rules."""

from pathlib import Path

import pytest

from tests.cli.command import Shell

LAMPUNG = str(Path(__file__).parent.parent.parent / "policies" / "lampung")


async def test_a_sound_pack_is_said_to_hold_with_its_version_and_what_goes_to_triage(nowhere: Shell) -> None:
    for_people, for_machines = await nowhere.both("policy", "check", LAMPUNG)
    assert (for_people.status, for_machines.status) == (0, 0)
    assert f"version {for_machines.document['version']}" in for_people.out
    assert "road-national" in for_machines.document["to_triage"]


async def test_a_mistake_in_a_pack_is_named_by_file_and_mend(nowhere: Shell, broken_pack: Path) -> None:
    for_people, for_machines = await nowhere.both("policy", "check", str(broken_pack))
    assert (for_people.status, for_machines.status) == (1, 1)
    [problem] = for_machines.document["problems"]
    assert problem == (
        "categories.toml: route of terminal names the agency DISHUBX, which is not listed: add it or correct the name"
    )
    assert problem in for_people.out


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
