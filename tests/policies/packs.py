"""Where the packs that ship with the project are, and how tests read them."""

from functools import cache
from pathlib import Path

from schemas.policy import Policy
from storage.policy_pack import load_pack

ROOT = Path(__file__).parents[2]
LAMPUNG = ROOT / "policies" / "lampung"
JAKARTA = ROOT / "policies" / "dki_jakarta"
WATCH = ROOT / "examples" / "policies" / "watch"


@cache
def lampung() -> Policy:
    return load_pack(LAMPUNG)


@cache
def jakarta() -> Policy:
    return load_pack(JAKARTA)


@cache
def watch() -> Policy:
    return load_pack(WATCH)


def edit(pack: Path, file: str, old: str, new: str) -> None:
    """Replace the first of a text in a file of a pack."""
    text = (pack / file).read_text(encoding="utf-8")
    assert old in text, f"{file} has no {old!r} to edit"
    (pack / file).write_text(text.replace(old, new, 1), encoding="utf-8")
