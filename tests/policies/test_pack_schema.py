"""Editors check packs by the exported schemas: they are current, and every pack that ships keeps to them."""

import json
import shutil
import tomllib
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from storage.pack_schema import RESOLVED, schemas, write
from storage.policy_pack import load_pack
from tests.policies.packs import JAKARTA, LAMPUNG, ROOT, WATCH, edit

COMMITTED = ROOT / "docs" / "policy-schema"
PACKS = (LAMPUNG, JAKARTA, WATCH)


def plain(value: Any) -> Any:
    """Return what a TOML file says as JSON would: dates are texts."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items()}
    if isinstance(value, list):
        return [plain(part) for part in value]
    return value.isoformat() if isinstance(value, date) else value


def wrong(name: str, content: Any) -> list[str]:
    checker = Draft202012Validator(schemas()[name], format_checker=Draft202012Validator.FORMAT_CHECKER)
    return [f"{error.json_path}: {error.message}" for error in checker.iter_errors(content)]


def wrong_in(file: Path) -> list[str]:
    return wrong(file.stem, plain(tomllib.loads(file.read_text(encoding="utf-8"))))


def test_the_committed_schemas_are_current(tmp_path: Path) -> None:
    write(tmp_path)
    exported = {file.name: file.read_text(encoding="utf-8") for file in tmp_path.iterdir()}

    assert {file.name: file.read_text(encoding="utf-8") for file in COMMITTED.iterdir()} == exported, (
        "run: kawal policy schema --out docs/policy-schema"
    )


@pytest.mark.parametrize("name", schemas())
def test_a_schema_is_one(name: str) -> None:
    Draft202012Validator.check_schema(schemas()[name])
    assert json.loads((COMMITTED / f"{name}.schema.json").read_text(encoding="utf-8")) == schemas()[name]


@pytest.mark.parametrize(
    "file",
    [file for pack in PACKS for file in sorted(pack.glob("*.toml"))],
    ids=lambda file: f"{file.parent.name}-{file.stem}",
)
def test_every_file_of_the_packs_keeps_to_its_schema(file: Path) -> None:
    assert wrong_in(file) == []


@pytest.mark.parametrize("pack", PACKS, ids=lambda pack: str(pack.name))
def test_the_resolved_policy_keeps_to_its_schema(pack: Path) -> None:
    assert wrong(RESOLVED, load_pack(pack).model_dump(mode="json")) == []


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("ladders.toml", '"3 working days"', '"3"', "'3' does not match"),
        ("ladders.toml", '"3 working days"', "3", "3 is not of type 'string'"),
        ("ladders.toml", "limit = ", "limitt = ", "'limit' is a required property"),
        ("calendar.toml", '"07:30-12:00"', '"7-12"', "'7-12' does not match"),
        ("policy.toml", 'begins = "20:00"', 'begins = "20"', "'20', 'ends'"),
        ("statuses.toml", "on hold", "onhold", "'on hold' is a required property"),
        ("sanctions.toml", '"agency head"', '"boss"', "'boss' is not one of"),
        ("categories.toml", '"18" = "BMBK"', '"18" = 7', "7 is not of type 'string'"),
        ("agencies.toml", 'in_each = "18.*"', 'in_each = "18"', "'18' is not valid"),
    ],
)
def test_what_an_editor_can_see_is_wrong(tmp_path: Path, file: str, old: str, new: str, complaint: str) -> None:
    pack = Path(shutil.copytree(LAMPUNG, tmp_path / "pack"))
    edit(pack, file, old, new)

    assert any(complaint in text for text in wrong_in(pack / file))


@pytest.mark.parametrize("pack", [LAMPUNG, JAKARTA], ids=lambda pack: str(pack.name))
def test_the_files_name_their_schemas_for_editors(pack: Path) -> None:
    for file in pack.glob("*.toml"):
        first, *_ = file.read_text(encoding="utf-8").splitlines()
        if file.stem != "calendar":
            assert (file.parent / first.removeprefix("#:schema ")).resolve() == COMMITTED / f"{file.stem}.schema.json"
