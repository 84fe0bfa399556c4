"""Where the database and Temporal are: as the environment says, else where `kawal dev` runs them in this folder."""

import json
import os
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(".kawal")
READY_FILE = FOLDER / "ready.json"
TASK_QUEUE = "kawal-cases"


_ELSEWHERE = ("KAWAL_DATABASE_URL", "TEMPORAL_ADDRESS", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE")
"""Who sets one of these does not mean the servers of this folder: a database and a Temporal are never mixed."""


class SettingsError(RuntimeError):
    """Something that must be set is not; the message says what, and how."""


@dataclass(frozen=True)
class Settings:
    """The addresses of the two servers that everything else needs."""

    database_url: str
    temporal_address: str | None
    """None leaves it to Temporal's own profiles and TEMPORAL_* variables."""


def load() -> Settings:
    """Read the settings: KAWAL_DATABASE_URL, and TEMPORAL_ADDRESS or a Temporal profile.

    Raises:
        SettingsError: neither the environment nor a running `kawal dev` says where the database is.
    """
    database_url = os.environ.get("KAWAL_DATABASE_URL") or _of_this_folder().get("database")
    if not database_url:
        raise SettingsError(
            "where is the database? Run `kawal dev` in this folder, or set KAWAL_DATABASE_URL"
            " (postgresql://user:password@host/name) and, unless it is localhost:7233, TEMPORAL_ADDRESS"
        )
    return Settings(database_url, temporal_address())


def temporal_address() -> str | None:
    """Return where `kawal dev` runs Temporal for this folder, unless the environment points elsewhere."""
    elsewhere = any(os.environ.get(name) for name in _ELSEWHERE)
    return None if elsewhere else _of_this_folder().get("temporal")


def _of_this_folder() -> dict[str, str]:
    return dict(json.loads(READY_FILE.read_text())) if READY_FILE.exists() else {}
