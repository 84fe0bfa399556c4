"""Where the database and Temporal are: as the environment says, else where `kawal dev` runs them in this folder."""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from privacy.ring import KeyRing, RingError, read_ring

FOLDER = Path(".kawal")
READY_FILE = FOLDER / "ready.json"
TASK_QUEUE = "kawal-cases"


_ELSEWHERE = ("KAWAL_DATABASE_URL", "TEMPORAL_ADDRESS", "TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE")
"""Who sets one of these does not mean the servers of this folder: a database and a Temporal are never mixed."""


_CARRIER = ("KAWAL_CARRIER_URL", "KAWAL_CARRIER_KEY", "KAWAL_CARRIER_WEBHOOK_SECRETS", "KAWAL_CARRIER_RATE")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


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
    database_url = os.environ.get("KAWAL_DATABASE_URL") or of_this_folder().get("database")
    if not database_url:
        raise SettingsError(
            "where is the database? Run `kawal dev` in this folder, or set KAWAL_DATABASE_URL"
            " (postgresql://user:password@host/name) and, unless it is localhost:7233, TEMPORAL_ADDRESS"
        )
    return Settings(database_url, temporal_address())


def temporal_address() -> str | None:
    """Return where `kawal dev` runs Temporal for this folder, unless the environment points elsewhere."""
    return None if elsewhere() else of_this_folder().get("temporal")


def elsewhere() -> bool:
    """Return whether the environment points to other servers than those of this folder."""
    return any(os.environ.get(name) for name in _ELSEWHERE)


def seals_payloads(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether what Temporal stores is to be sealed: KAWAL_SEAL_PAYLOADS=1."""
    return environment.get("KAWAL_SEAL_PAYLOADS", "").strip() in ("1", "true", "yes")


def has_keys(environment: Mapping[str, str] = os.environ) -> bool:
    """Return whether anything says where the keys for personal data are."""
    named = any(environment.get(name) for name in ("KAWAL_KEYS", "KAWAL_KEYS_FILE"))
    return named or (not elsewhere() and "keys" in of_this_folder())


def key_ring(environment: Mapping[str, str] = os.environ) -> KeyRing:
    """Read the keys that open what is personal: KAWAL_KEYS, the file that KAWAL_KEYS_FILE names, else this folder's.

    Raises:
        SettingsError: there are none, or they cannot be read; the message holds none of them.
    """
    written = environment.get("KAWAL_KEYS") or _file_of_keys(environment.get("KAWAL_KEYS_FILE"))
    if not written and not elsewhere():
        written = of_this_folder().get("keys")
    if not written:
        raise SettingsError(
            "where are the keys for personal data? Make some with kawal privacy new-key, keep them apart from the"
            " database, and set KAWAL_KEYS, or KAWAL_KEYS_FILE to a file with them"
        )
    try:
        return read_ring(written)
    except RingError as error:
        raise SettingsError(str(error)) from error


def _file_of_keys(name: str | None) -> str | None:
    if not name:
        return None
    try:
        return Path(name).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"KAWAL_KEYS_FILE: {name} cannot be read: {type(error).__name__}") from error


@dataclass(frozen=True)
class CarrierSettings:
    """Where the carrier is, and what it and we know each other by."""

    url: str
    key: str = field(repr=False)
    webhook_secrets: tuple[str, ...] = field(repr=False)
    """Any of them signs a webhook: while one is exchanged, both do."""
    calls_per_second: float = 20.0


def carrier(environment: Mapping[str, str] = os.environ) -> CarrierSettings | None:
    """Read KAWAL_CARRIER_URL, _KEY, _WEBHOOK_SECRETS and _RATE; None when no carrier is set.

    Without any of them, it is the simulated one that `kawal dev` runs for this folder, if it does.

    Raises:
        SettingsError: one is missing, or cannot be read; the message holds neither key nor secret.
    """
    given = {name: value for name in _CARRIER if (value := environment.get(name, "").strip())}
    if not given:
        return None if elsewhere() else _simulated(of_this_folder())
    if missing := [name for name in _CARRIER[:3] if name not in given]:
        raise SettingsError(f"a carrier needs {', '.join(_CARRIER[:3])}: set {' and '.join(missing)}, too")
    url, key, secrets = (given[name] for name in _CARRIER[:3])
    return CarrierSettings(_carrier_url(url), key, _secrets(secrets), _rate(given.get("KAWAL_CARRIER_RATE", "20")))


def _simulated(addresses: Mapping[str, str]) -> CarrierSettings | None:
    if "carrier" not in addresses:
        return None
    return CarrierSettings(addresses["carrier"], addresses["carrier_key"], (addresses["carrier_secret"],))


def _carrier_url(url: str) -> str:
    try:
        parts = urlsplit(url)
        readable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        readable = False
    if not readable:
        raise SettingsError("KAWAL_CARRIER_URL cannot be read: write https://host or https://host:port, without /v1")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise SettingsError("KAWAL_CARRIER_URL: addresses of people never go over a network in clear: write https://")
    return url.rstrip("/").removesuffix("/v1")


def _secrets(given: str) -> tuple[str, ...]:
    secrets = tuple(given.split())
    for number, secret in enumerate(secrets, start=1):
        if not _is_secret(secret):
            raise SettingsError(
                f"KAWAL_CARRIER_WEBHOOK_SECRETS: number {number} is no secret:"
                " write whsec_ and the base64 of 24 bytes or more, with blanks between several"
            )
    return secrets


def _is_secret(text: str) -> bool:
    try:
        key = base64.b64decode(text.removeprefix("whsec_"), validate=True)
    except ValueError:
        return False
    return text.startswith("whsec_") and len(key) >= 24


def _rate(given: str) -> float:
    try:
        rate = float(given)
    except ValueError:
        rate = 0
    if not 0 < rate < 100_000:
        raise SettingsError("KAWAL_CARRIER_RATE: write how many calls a second the carrier takes, e.g. 20")
    return rate


def of_this_folder() -> dict[str, Any]:
    """Return what `kawal dev` says about itself in this folder; nothing, if it does not run here."""
    return dict(json.loads(READY_FILE.read_text())) if READY_FILE.exists() else {}
