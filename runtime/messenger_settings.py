"""Where the providers are that take messages for phones."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from runtime.settings import SettingsError

CHANNELS = ("whatsapp", "sms")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class MessengerSettings:
    """Where messages of one channel are posted to, and what its provider knows us by."""

    channel: str
    url: str
    token: str = field(repr=False)


def messengers(environment: Mapping[str, str] = os.environ) -> list[MessengerSettings]:
    """Read KAWAL_WHATSAPP_URL and _TOKEN, KAWAL_SMS_URL and _TOKEN; a channel of which neither is set is left out.

    Raises:
        SettingsError: one is missing, or cannot be read; the message holds no token.
    """
    found = [_of(channel, environment) for channel in CHANNELS]
    return [one for one in found if one is not None]


def _of(channel: str, environment: Mapping[str, str]) -> MessengerSettings | None:
    url_name, token_name = f"KAWAL_{channel.upper()}_URL", f"KAWAL_{channel.upper()}_TOKEN"
    url, token = environment.get(url_name, "").strip(), environment.get(token_name, "").strip()
    if not url and not token:
        return None
    if not url or not token:
        missing = token_name if url else url_name
        raise SettingsError(f"{missing} is not set: {channel} needs both {url_name} and {token_name}")
    if not (token.isascii() and token.isprintable()) or " " in token:
        raise SettingsError(f"{token_name} has signs that no token has: write it as the provider gave it")
    return MessengerSettings(channel, _checked(url_name, url), token)


def _checked(name: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        readable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        readable = False
    if not readable:
        raise SettingsError(f"{name} cannot be read: write https://host/path, where messages are posted to")
    if parts.username or parts.password:
        raise SettingsError(f"{name} holds a password: leave it out, the token is what we are known by")
    if parts.scheme == "http" and parts.hostname not in _LOOPBACK:
        raise SettingsError(f"{name}: numbers of people never go over a network in clear: write https://")
    return url
