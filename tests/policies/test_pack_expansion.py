"""What is said once for every region is the same as a line for each of them."""

import shutil
from pathlib import Path

import pytest

from schemas.policy import Policy
from storage.policy_pack import load_pack
from tests.policies.packs import LAMPUNG, WATCH, edit, lampung, watch

REGENCIES = [region.code for region in lampung().regions if region.parent == "18"]


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return Path(shutil.copytree(WATCH, tmp_path / "pack"))


def names(policy: Policy) -> dict[str, str]:
    return {agency.code: agency.name for agency in policy.agencies}


def test_one_line_of_routes_stands_for_a_line_for_every_region_directly_below(tmp_path: Path) -> None:
    written_out = Path(shutil.copytree(LAMPUNG, tmp_path / "lampung"))
    lines = "\n".join(f'"{region}" = "PUPR-{region}"' for region in REGENCIES)
    edit(written_out, "categories.toml", '[category.routes]\n"18.*" = "PUPR-{region}"', f"[category.routes]\n{lines}")

    assert load_pack(written_out).version == lampung().version


def test_it_does_not_reach_the_regions_further_below(pack: Path) -> None:
    edit(
        pack, "regions.toml", "[[region]]", '[[region]]\ncode = "18.71.01"\nname = "K"\nparent = "18.71"\n\n[[region]]'
    )
    edit(pack, "categories.toml", '"18.71" = "PUPR-18.71"', '"18.*" = "DISHUB"')

    routes = [route.region for route in load_pack(pack).routes if route.category == "road-regency"]

    assert routes == ["18.01", "18.71"]


def test_a_line_of_its_own_takes_precedence(pack: Path) -> None:
    edit(pack, "categories.toml", '"18.71" = "PUPR-18.71"', '"18.71" = "PUPR-18.71"\n"18.*" = "DISHUB"')

    routes = {route.region: route.agency for route in load_pack(pack).routes if route.category == "road-regency"}

    assert routes == {"18.71": "PUPR-18.71", "18.01": "DISHUB"}


def test_one_agency_in_each_region_has_the_regions_code_and_name(pack: Path) -> None:
    agency = '[[agency]]\nin_each = "18.*"\ncode = "DLH-{region}"\nname = "Dinas {place}"\ngovernment = "{region}"\n'
    edit(pack, "agencies.toml", "[[agency]]", f"{agency}\n[[agency]]")

    policy = load_pack(pack)

    assert names(policy) == names(watch()) | {
        "DLH-18.01": "Dinas Kabupaten Lampung Selatan",
        "DLH-18.71": "Dinas Kota Bandar Lampung",
    }
    assert {agency.code: agency.government for agency in policy.agencies}["DLH-18.71"] == "18.71"


def test_an_agency_that_is_written_by_itself_takes_precedence(pack: Path) -> None:
    agency = '[[agency]]\nin_each = "18.*"\ncode = "PUPR-{region}"\nname = "Dinas {place}"\n'
    edit(pack, "agencies.toml", "[[agency]]", f"{agency}\n[[agency]]")

    found = names(load_pack(pack))

    assert found["PUPR-18.01"] == "Dinas Kabupaten Lampung Selatan"
    assert found["PUPR-18.71"] == "Dinas Pekerjaan Umum dan Penataan Ruang Kota Bandar Lampung"


def test_nothing_of_how_it_was_written_is_left_in_the_policy() -> None:
    stored = lampung().model_dump_json()

    assert "in_each" not in stored
    assert "{region}" not in stored
    assert Policy.model_validate_json(stored) == lampung()
