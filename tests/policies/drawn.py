"""A pack with the real boundaries and postal codes of Lampung, where those are beside this project."""

import csv
import json
import shutil
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.policies.packs import LAMPUNG, ROOT

DATA = ROOT / ".." / "shared" / "data" / "lampung"
REGENCIES = DATA / "lampung_kabkota_from_villages.geojson"
DISTRICTS = DATA / "lampung_kecamatan_from_villages.geojson"
VILLAGES = DATA / "lampung_kodepos_kelurahan.csv"

needs_boundaries = pytest.mark.skipif(not DATA.exists(), reason="Lampung's boundaries are not beside this project")


@cache
def features(file: Path) -> list[dict[str, Any]]:
    """Return the features of a GeoJSON file."""
    found: list[dict[str, Any]] = json.loads(file.read_text(encoding="utf-8"))["features"]
    return found


@cache
def villages() -> list[dict[str, str]]:
    """Return the villages, each with its postal code."""
    with VILLAGES.open(encoding="utf-8", newline="") as table:
        return list(csv.DictReader(table))


def drawn_pack(folder: Path) -> Path:
    """Write Lampung's pack with its districts, the boundaries of them and of the regencies, and all postal codes."""
    pack = Path(shutil.copytree(LAMPUNG, folder / "drawn"))
    (pack / "boundaries").mkdir()
    for file in (REGENCIES, DISTRICTS):
        (pack / "boundaries" / file.name).write_text(file.read_text(encoding="utf-8"), encoding="utf-8")
    policy = (pack / "policy.toml").read_text(encoding="utf-8")
    (pack / "policy.toml").write_text(f'boundary_code = "kode"\n{policy}', encoding="utf-8")
    regions = (pack / "regions.toml").read_text(encoding="utf-8").rstrip().removesuffix("]")
    districts = (feature["properties"] for feature in features(DISTRICTS))
    more = (f'{{ code = "{d["kode"]}", name = "{d["nama"]}", parent = "{d["kode"][:5]}" }},\n' for d in districts)
    (pack / "regions.toml").write_text(f"{regions}{''.join(more)}]\n", encoding="utf-8")
    used = sorted({(village["kodepos"], village["kode_kecamatan"]) for village in villages()})
    rows = "".join(f"{code},{district}\n" for code, district in used)
    (pack / "postal_codes.csv").write_text(f"postal_code,region\n{rows}", encoding="utf-8")
    return pack
