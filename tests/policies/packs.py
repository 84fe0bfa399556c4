"""Where the packs that ship with the project are, and how tests read them."""

from functools import cache
from pathlib import Path

from schemas.policy import Policy
from storage.policy_pack import load_pack

ROOT = Path(__file__).parents[2]
LAMPUNG = ROOT / "policies" / "lampung"
WATCH = ROOT / "examples" / "policies" / "watch"


@cache
def lampung() -> Policy:
    return load_pack(LAMPUNG)


@cache
def watch() -> Policy:
    return load_pack(WATCH)
