"""Where photos and documents are kept: as the environment says, else where `kawal dev` keeps them in this folder."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from runtime.settings import SettingsError, elsewhere, of_this_folder

_URL = "KAWAL_EVIDENCE_URL"
_ENDPOINTS = ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT")
_LOOPBACK = ("127.0.0.1", "::1", "localhost")


@dataclass(frozen=True)
class EvidenceSettings:
    """Where photos and documents are kept: in a folder, or in a bucket."""

    folder: Path | None = None
    bucket: str | None = None
    prefix: str = ""
    """What the names of all objects in the bucket begin with."""
    plain_http: bool = False
    """Whether the bucket may be reached without TLS: what lies there is sealed before it leaves."""


def evidence(environment: Mapping[str, str] = os.environ) -> EvidenceSettings:
    """Read KAWAL_EVIDENCE_URL: file:///folder, or s3://bucket/prefix with the usual AWS_* variables beside it.

    Without it, it is the folder that `kawal dev` keeps for this one, if it does.

    Raises:
        SettingsError: nothing says where, or it cannot be read; the message holds no secret.
    """
    url = environment.get(_URL, "").strip()
    if not url and not elsewhere():
        url = of_this_folder().get("evidence", "")
    if not url:
        raise SettingsError(
            f"where are photos and documents kept? Set {_URL} to file:///folder, or to s3://bucket/prefix with"
            " AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and, unless it is Amazon's, AWS_ENDPOINT_URL"
        )
    parts = _parts(url)
    if parts.scheme == "file":
        return EvidenceSettings(folder=Path(unquote(parts.path)))
    return EvidenceSettings(
        bucket=parts.hostname, prefix=unquote(parts.path).strip("/"), plain_http=_plain_http(environment)
    )


def _parts(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        readable = _is_a_folder(parts) or _is_a_bucket(parts)
    except ValueError:
        readable = False
    if not readable:
        raise SettingsError(f"{_URL} cannot be read: write file:///folder or s3://bucket/prefix, without any secret")
    return parts


def _is_a_folder(parts: SplitResult) -> bool:
    return parts.scheme == "file" and parts.netloc in ("", "localhost") and len(parts.path) > 1


def _is_a_bucket(parts: SplitResult) -> bool:
    return parts.scheme == "s3" and bool(parts.hostname) and "@" not in parts.netloc and parts.port is None


def _plain_http(environment: Mapping[str, str]) -> bool:
    """Return whether HTTP without TLS is wanted: for a server on this machine, or where AWS_ALLOW_HTTP says so."""
    endpoint = next((environment[name] for name in _ENDPOINTS if environment.get(name)), "")
    allowed = environment.get("AWS_ALLOW_HTTP", "").strip().lower() == "true"
    return allowed or urlsplit(endpoint).hostname in _LOOPBACK
