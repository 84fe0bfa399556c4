"""Where requests and deliveries stand, and what happened on the way, as people read it: Indonesian or English."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Literal

from schemas.base import Model
from schemas.carrier import FailureReason, Scan
from schemas.delivery import DeliveryStatus
from schemas.service_request import RequestStatus

Language = Literal["id", "en"]
Said = RequestStatus | DeliveryStatus | Scan | FailureReason

_FILE = Path(__file__).with_name("post_words.toml")


class _Both(Model):
    id: str
    en: str


class _Words(Model):
    request: dict[RequestStatus, _Both]
    delivery: dict[DeliveryStatus, _Both]
    scan: dict[Scan, _Both]
    reason: dict[FailureReason, _Both]


def in_words(code: Said, language: Language) -> str:
    """Return a code in words of a language."""
    both = _all()[type(code), code]
    return both.id if language == "id" else both.en


@cache
def _all() -> dict[tuple[type[Said], str], _Both]:
    words = _Words.model_validate(tomllib.loads(_FILE.read_text(encoding="utf-8")))
    sections = (words.request, words.delivery, words.scan, words.reason)
    return {(type(code), code): both for section in sections for code, both in section.items()}
