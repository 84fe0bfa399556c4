"""How the HTTP interface behaves: as the environment says."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from limits import parse

from runtime.settings import SettingsError


@dataclass(frozen=True)
class GatewaySettings:
    """What the HTTP interface allows."""

    rate: str = "6000/minute"
    """Calls of one token or key, in each process."""
    rate_unknown: str = "600/minute"
    """Calls of one address without either."""
    codec_origins: tuple[str, ...] = ()
    """Web pages of Temporal that may have payloads opened."""
    longest_seconds: float = 30.0
    """After which a call is given up of which nothing more arrives."""


def gateway(environment: Mapping[str, str] = os.environ) -> GatewaySettings:
    """Read KAWAL_RATE, KAWAL_RATE_UNKNOWN (e.g. 6000/minute) and KAWAL_CODEC_ORIGINS (addresses with blanks between).

    Raises:
        SettingsError: one cannot be read.
    """
    usual = GatewaySettings()
    return GatewaySettings(
        _rate(environment, "KAWAL_RATE", usual.rate),
        _rate(environment, "KAWAL_RATE_UNKNOWN", usual.rate_unknown),
        tuple(environment.get("KAWAL_CODEC_ORIGINS", "").split()),
    )


def _rate(environment: Mapping[str, str], name: str, usual: str) -> str:
    given = environment.get(name, "").strip() or usual
    try:
        parse(given)
    except ValueError as error:
        raise SettingsError(f"{name}: cannot be read: write how many in which time, e.g. {usual}") from error
    return given
