"""What a new version changes is said in words, to those whom it concerns; nothing goes unmentioned."""

import shutil
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from domain.policy_diff import by_whom, changes
from schemas.calendar import Limit, limit
from schemas.policy import Policy
from storage.policy_pack import load_pack
from tests.policies.packs import LAMPUNG, WATCH, edit, jakarta, lampung, watch


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return Path(shutil.copytree(WATCH, tmp_path / "pack"))


@pytest.fixture
def province(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LAMPUNG, tmp_path / "province"))


def said(before: Policy, after: Policy) -> list[tuple[str, str]]:
    return [(change.concerns, change.in_words) for change in changes(before, after)]


def test_equal_packs_change_nothing_for_anybody() -> None:
    assert said(watch(), load_pack(WATCH)) == []


ONE_CHANGE = {
    "a limit": (
        ("ladders.toml", 'limit = "9 working days"', 'limit = "7 working days"'),
        "agencies on the ladder default",
        "ladder default, level 3 (Kepala perangkat daerah), limit: 9 working days -> 7 working days",
    ),
    "a holder": (
        ("ladders.toml", 'title = "Pejabat penghubung"\nrole = "liaison-officer"', 'title = "Admin"\nrole = "admin"'),
        "agencies on the ladder default",
        "ladder default, level 1 (Admin), role: liaison-officer -> admin",
    ),
    "a deputy": (
        ("ladders.toml", 'deputies = ["deputy-liaison-officer"]', ""),
        "agencies on the ladder default",
        "ladder default, level 1 (Pejabat penghubung), deputies: deputy-liaison-officer -> none",
    ),
    "an offer": (
        ("ladders.toml", 'route = "Ombudsman RI Perwakilan Lampung; SP4N-LAPOR!"', 'route = "Ombudsman RI"'),
        "agencies on the ladder default",
        "ladder default, level 4 (Inspektur), offer: "
        "route: Ombudsman RI Perwakilan Lampung; SP4N-LAPOR!, "
        "basis: UU 37/2008 pasal 24: setelah disampaikan kepada terlapor dan atasannya -> "
        "route: Ombudsman RI, basis: UU 37/2008 pasal 24: setelah disampaikan kepada terlapor dan atasannya",
    ),
    "reminders": (
        ("ladders.toml", 'reminders = ["14 days", "28 days"]', 'reminders = ["14 days"]'),
        "agency INSPEKTORAT",
        "ladder whistle-blowing, reminders: 14 days, 28 days -> 14 days",
    ),
    "points": (
        ("ladders.toml", "points = 3", "points = 4"),
        "operators",
        "ladder default, level 2 (Kepala bidang), sanction first-response-late, points: 3 -> 4",
    ),
    "what a sanction waits for": (
        ("sanctions.toml", 'after = "90 days"', 'after = "60 days"'),
        "heads of agencies",
        "sanction warning-not-cured, after: 90 days -> 60 days",
    ),
    "the law's deadline": (
        ("classes.toml", 'statutory = ["14 working days", "60 days"]', 'statutory = ["14 working days"]'),
        "everybody",
        "class complaint, deadline of the law: 14 working days, 60 days -> 14 working days",
    ),
    "a window": (
        ("policy.toml", 'reopening = "10 days"', 'reopening = "14 days"'),
        "reporters",
        "time for the reporter to contest an answer: 10 days -> 14 days",
    ),
    "a bound": (
        ("policy.toml", "most_transfers = 3", "most_transfers = 1"),
        "every agency",
        "how often a case may be passed on: 3 -> 1",
    ),
    "the time to object": (
        ("policy.toml", 'objection = "14 working days"', 'objection = "14 days"'),
        "whoever a sanction is proposed for",
        "time to object: 14 working days -> 14 days",
    ),
    "the day of effect": (
        ("policy.toml", "effective_from = 2026-01-01", "effective_from = 2026-07-01"),
        "everybody",
        "in force from: 2026-01-01 -> 2026-07-01",
    ),
    "quiet hours": (
        ("policy.toml", 'begins = "20:00"', 'begins = "21:00"'),
        "everybody",
        "quiet hours: begins: 20:00, ends: 06:00, on days off: yes -> begins: 21:00, ends: 06:00, on days off: yes",
    ),
    "words": (
        ("statuses.toml", 'id = "Menunggu", en = "Waiting"', 'id = "Diterima", en = "Received"'),
        "reporters",
        'scheme jaki, "received" is called: Menunggu / Waiting (red) -> Diterima / Received (red)',
    ),
    "hours": (
        ("calendar.toml", 'monday = ["07:30-12:00", "13:00-16:00"]', 'monday = ["08:00-16:00"]'),
        "everybody",
        "working hours on monday: 07:30-12:00, 13:00-16:00 -> 08:00-16:00",
    ),
    "a season": (
        ("calendar.toml", "last = 2026-03-20", "last = 2026-03-19"),
        "everybody",
        "season Ramadan 1447 H (perkiraan): 2026-02-19 to 2026-03-20 -> 2026-02-19 to 2026-03-19",
    ),
    "an agency's clock": (
        (
            "agencies.toml",
            'name = "Dinas Kesehatan Provinsi Lampung", ',
            'name = "Dinas Kesehatan Provinsi Lampung", around_the_clock = true, ',
        ),
        "agency DINKES",
        "agency DINKES, around the clock: no -> yes",
    ),
    "whom to refer to": (
        ("categories.toml", 'refer_to = "BPJN"', 'refer_to = "BBWS"'),
        "reporters",
        "category road-national, referred to: BPJN -> BBWS",
    ),
    "into whose hands": (
        ("services.toml", 'handed_to = "household"', 'handed_to = "owner"'),
        "reporters",
        "service samsat-papers, handed to: household -> owner",
    ),
    "how often somebody is called on": (
        ("services.toml", "attempts = 2", "attempts = 1"),
        "reporters",
        "service medicine, delivery, attempts at the door: 2 -> 1",
    ),
    "a hub on the way": (
        ("services.toml", '{ to = "ID-PRIOK", within = "2 days" }', '{ to = "ID-PRIOK", within = "3 days" }'),
        "reporters",
        "service food-consignment, delivery, by way of: to: ID-PANJANG, within: 1 day, to: ID-PRIOK, within: 2 days"
        " -> to: ID-PANJANG, within: 1 day, to: ID-PRIOK, within: 3 days",
    ),
    "what is paid for": (
        ("services.toml", 'payment = { due = "on delivery" }', ""),
        "reporters",
        "service food-consignment, payment: due: on delivery, amount: none, within: 14 days, "
        "given back when nothing is delivered: yes -> none",
    ),
    "a slow place": (
        ("post.toml", 'more = "2 days"', 'more = "3 days"'),
        "everybody",
        "slow place 18.01.sebesi, takes longer by: 2 days -> 3 days",
    ),
    "when a shipment counts as lost": (
        ("post.toml", 'lost_after = "21 days"', 'lost_after = "30 days"'),
        "everybody",
        "watch over shipments, silence that means lost: 21 days -> 30 days",
    ),
    "what a point has room for": (
        ("points.csv", "document parcel cash,25", "document parcel cash,40"),
        "everybody",
        "point agen-sebesi, capacity: 25 -> 40",
    ),
    "a contact": (
        ("addressees.toml", '"Halo Dukcapil 1500537"', '"dukcapil.example"'),
        "reporters",
        "addressee DITJEN-DUKCAPIL, contact: Halo Dukcapil 1500537 -> dukcapil.example",
    ),
}


@pytest.mark.parametrize("what", ONE_CHANGE)
def test_a_change_is_said_to_whom_it_concerns(province: Path, what: str) -> None:
    (file, old, new), concerns, words = ONE_CHANGE[what]
    edit(province, file, old, new)

    assert (concerns, words) in said(lampung(), load_pack(province))


def test_a_route_concerns_both_agencies(pack: Path) -> None:
    edit(pack, "categories.toml", '"18" = "BMBK"', '"18" = "DISHUB"')

    words = "category road-province in Provinsi Lampung (18) goes to: BMBK -> DISHUB"
    routes = [entry for entry in said(watch(), load_pack(pack)) if "goes to" in entry[1]]

    assert routes == [("agency BMBK", words), ("agency DISHUB", words)]


def test_a_route_is_said_for_the_widest_place_that_changes_as_a_whole(pack: Path) -> None:
    edit(pack, "categories.toml", '"18" = "BMBK"', '"18" = "BMBK"\n"18.71" = "PUPR-18.71"')

    routes = [words for concerns, words in said(watch(), load_pack(pack)) if concerns == "agency BMBK"]

    assert routes == ["category road-province in Kota Bandar Lampung (18.71) goes to: BMBK -> PUPR-18.71"]


def test_a_route_of_what_needs_no_place_is_said_once(pack: Path) -> None:
    edit(pack, "categories.toml", 'everywhere = "KOMINFOTIK"', 'everywhere = "BMBK"')

    routes = [words for concerns, words in said(watch(), load_pack(pack)) if concerns == "agency BMBK"]

    assert routes == ["category app everywhere goes to: KOMINFOTIK -> BMBK"]


def test_what_nobody_answers_for_any_more_concerns_reporters(pack: Path) -> None:
    edit(pack, "categories.toml", '[category.routes]\n"18" = "DISHUB"', "to_triage = true")

    words = "category terminal in Provinsi Lampung (18) goes to: DISHUB -> the triage desk"

    assert {("agency DISHUB", words), ("reporters", words)} <= set(said(watch(), load_pack(pack)))


def test_a_new_place_alone_moves_no_route(pack: Path) -> None:
    edit(pack, "regions.toml", "[[region]]", '[[region]]\ncode = "18.02"\nname = "Tengah"\nparent = "18"\n\n[[region]]')

    assert said(watch(), load_pack(pack)) == [("everybody", "region 18.02: new: Tengah; parent: 18")]


def test_an_agency_that_comes_and_one_that_goes_are_said(pack: Path) -> None:
    edit(pack, "agencies.toml", 'code = "DISHUB"', 'code = "DISHUBX"')
    edit(pack, "categories.toml", '"18" = "DISHUB"', '"18" = "DISHUBX"')

    found = said(watch(), load_pack(pack))

    assert ("agency DISHUBX", "agency DISHUBX: new: Dinas Perhubungan Provinsi Lampung") in found
    assert ("agency DISHUB", "agency DISHUB: no longer (was: Dinas Perhubungan Provinsi Lampung)") in found


def test_a_level_in_between_is_new_and_the_others_keep_their_limits(pack: Path) -> None:
    next_level = '[[ladder.level]]\ntitle = "Kepala bidang"'
    level = '[[ladder.level]]\ntitle = "Seksi"\nrole = "section"\nlimit = "5 seconds"'
    edit(pack, "ladders.toml", next_level, f"{level}\n\n{next_level}")

    found = [words for _, words in said(watch(), load_pack(pack))]

    assert found == [
        "ladder default, level 2 (Seksi): new: section, 5 seconds",
        "ladder default, level 3 (Kepala bidang), number of the level: 2 -> 3",
        "ladder default, level 4 (Kepala perangkat daerah), number of the level: 3 -> 4",
        "ladder default, level 5 (Inspektorat), number of the level: 4 -> 5",
    ]


def test_a_rule_that_goes_is_said_to_its_subject(pack: Path) -> None:
    (pack / "sanctions.toml").unlink()

    ((concerns, words),) = said(watch(), load_pack(pack))

    assert concerns == "heads of agencies"
    assert words.startswith(
        "sanction deadline-passed: no longer (was: teguran tertulis; subject: agency head; points: 10"
    )


def test_days_that_become_days_off_or_working_days_are_said(pack: Path, province: Path) -> None:
    edit(pack, "calendar.toml", "[week]", '[holidays]\n2026-08-18 = "Cuti Bersama"\n\n[week]')
    day_off = said(watch(), load_pack(pack))
    decree = '[[decree]]\ndate = 2026-08-17\nname = "Upacara"\nworks = true\nbasis = "SKB"\n\n[source]'
    edit(province, "calendar.toml", "[source]", decree)
    works = said(lampung(), load_pack(province))

    assert day_off == [("everybody", "Tuesday 2026-08-18: working day (00:00-24:00) -> day off (Cuti Bersama)")]
    assert works == [
        (
            "everybody",
            "Monday 2026-08-17: day off (Hari Kemerdekaan Republik Indonesia)"
            " -> working day (07:30-12:00, 13:00-16:00)",
        )
    ]


def test_days_of_a_year_that_was_not_decreed_are_no_working_days_before(pack: Path) -> None:
    edit(pack, "calendar.toml", "valid_to = 2027-12-31", "valid_to = 2028-12-31")
    edit(pack, "calendar.toml", "[week]", '[holidays]\n2028-01-01 = "Tahun Baru"\n\n[week]')

    assert ("everybody", "Saturday 2028-01-01: not decreed yet -> day off (Tahun Baru)") in said(
        watch(), load_pack(pack)
    )


def test_points_that_come_go_and_change_are_counted_and_named(province: Path) -> None:
    edit(province, "points.csv", "34100,Kantor Pos Metro,office,", "34111,Kantor Pos Metro,office,")
    edit(province, "points.csv", "agen-sebesi,Agenpos Pulau Sebesi", "agen-sebesi,Agenpos Sebesi")

    found = [words for _, words in said(lampung(), load_pack(province))]

    assert found == [
        "points of the post: 21 -> 21 (1 new, 1 no longer, 1 changed)",
        "point 34111: new: Kantor Pos Metro; latitude: -5.1173; longitude: 105.308; region: 18.72;"
        " carries: document, parcel, cold, cash",
        "point agen-sebesi, name: Agenpos Pulau Sebesi -> Agenpos Sebesi",
        "point 34100: no longer (was: Kantor Pos Metro; latitude: -5.1173; longitude: 105.308; region: 18.72;"
        " carries: document, parcel, cold, cash)",
    ]


def test_of_many_points_only_the_numbers_are_said(province: Path) -> None:
    with (province / "points.csv").open("a", encoding="utf-8") as table:
        table.writelines(f"agen-{n},Agenpos {n},agent,-5,105,18,cash,\n" for n in range(2_000))

    assert said(lampung(), load_pack(province)) == [
        ("everybody", "points of the post: 21 -> 2021 (2000 new, 0 no longer, 0 changed)")
    ]


def test_changes_come_in_groups_from_everybody_to_single_agencies() -> None:
    groups = list(by_whom(changes(lampung(), jakarta())))

    assert groups[:3] == ["everybody", "reporters", "every agency"]
    singles = [group.startswith("agency ") for group in groups]
    assert singles == sorted(singles)


def test_two_provinces_can_be_compared_both_ways() -> None:
    there, back = changes(lampung(), jakarta()), changes(jakarta(), lampung())

    assert len(there) > 500
    assert {(c.concerns, c.before, c.after) for c in there if "goes to" in c.what} == {
        (c.concerns, c.after, c.before) for c in back if "goes to" in c.what
    }


def other(value: Any) -> Any:
    """Return another value of the same kind."""
    match value:
        case bool():
            return not value
        case StrEnum():
            return next(member for member in type(value) if member is not value)
        case int() | float():
            return value / 2 if isinstance(value, float) else value + 1
        case str():
            return f"{value}X"
        case Limit():
            return limit("7777 days")
        case tuple() if value and isinstance(value[0], Limit):
            return (limit("7777 days"),)
        case tuple() if value and isinstance(value[0], StrEnum):
            return (other(value[0]),)
        case tuple() if value and isinstance(value[0], str):
            return ("X", *value)
        case _:
            return None


def with_one_other_value(whole: BaseModel) -> Iterator[tuple[str, BaseModel]]:
    """Yield copies of a policy with one plain value changed each: every field of the first of each list."""
    for name, value in whole:
        if isinstance(value, BaseModel) and not isinstance(value, Limit):
            for path, part in with_one_other_value(value):
                yield f"{name}.{path}", whole.model_copy(update={name: part})
        elif isinstance(value, tuple) and value and isinstance(value[0], BaseModel) and not isinstance(value[0], Limit):
            for path, part in with_one_other_value(value[0]):
                yield f"{name}.{path}", whole.model_copy(update={name: (part, *value[1:])})
            yield f"{name} (one less)", whole.model_copy(update={name: value[1:]})
        elif (changed := other(value)) is not None:
            yield name, whole.model_copy(update={name: changed})


def coherent(changed: BaseModel) -> Policy | None:
    """Return a policy, unless names lead nowhere in it now."""
    try:
        return Policy.model_validate(changed.model_dump())
    except ValidationError:
        return None


def test_nothing_that_makes_another_version_goes_unmentioned() -> None:
    compared = 0
    for path, raw in with_one_other_value(jakarta()):
        changed = coherent(raw)
        if changed is not None and changed.version != jakarta().version:
            assert changes(jakarta(), changed), path
            compared += 1
    assert compared > 80
