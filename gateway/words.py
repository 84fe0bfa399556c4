"""From a notice's codes to a letter that people read: Indonesian first, English below."""

import tomllib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import model_validator

from schemas.base import Model
from schemas.notices import REPORTER, Notice, What
from schemas.status import Status

_FILE = Path(__file__).with_name("words.toml")
_RULE = "-" * 40
_NOWHERE = {"id": "alamat yang tertulis di tempat Anda melapor", "en": "the address given where you reported"}
"""In place of a route or addressee that the notice does not name."""

_Language = Literal["id", "en"]
_Fact = Literal["case", "status", "at", "due", "owners"]


class Letter(Model):
    """What is sent. Holds no personal data, and names nobody but offices."""

    subject: str
    body: str


class _Both(Model):
    id: str
    en: str


class _Notice(Model):
    id: tuple[str, str]
    en: tuple[str, str]


class _Words(Model):
    notice: dict[What, _Notice]
    facts: dict[_Fact, _Both]
    closing: _Both
    status: dict[Status, _Both]

    @model_validator(mode="after")
    def _speaks_of_everything(self) -> Self:
        missing = [*(what for what in What if what not in self.notice), *(s for s in Status if s not in self.status)]
        if missing:
            raise ValueError(f"no words for {', '.join(missing)}: add them")
        return self


def letter(notice: Notice, zone: ZoneInfo) -> Letter:
    """Return what a recipient reads. Moments are told in the zone, to the minute."""
    return Letter(
        subject=f"[Kawal {notice.case_id}] {_words().notice[notice.what].id[0]} / {_words().notice[notice.what].en[0]}",
        body=f"{_part(notice, zone, 'id')}\n{_RULE}\n\n{_part(notice, zone, 'en')}",
    )


def status_words(status: Status) -> tuple[str, str]:
    """Return what people read for a status, in Indonesian and in English."""
    words = _words().status[status]
    return words.id, words.en


def _part(notice: Notice, zone: ZoneInfo, language: _Language) -> str:
    said: tuple[str, str] = getattr(_words().notice[notice.what], language)
    text = said[1].format(case=notice.case_id, whereto=notice.whereto or _NOWHERE[language])
    facts = [f"{_in(language, _words().facts[name])}: {value}" for name, value in _facts(notice, zone, language)]
    return "\n".join([text, "", *facts, "", _in(language, _words().closing), ""])


def _facts(notice: Notice, zone: ZoneInfo, language: _Language) -> list[tuple[_Fact, str]]:
    facts: list[tuple[_Fact, str]] = [
        ("case", notice.case_id),
        ("status", _in(language, _words().status[notice.status])),
        ("at", _moment(notice.at, zone)),
    ]
    if notice.due_at:
        facts.append(("due", _moment(notice.due_at, zone)))
    if notice.owners and notice.recipient != REPORTER:
        facts.append(("owners", ", ".join(notice.owners)))
    return facts


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"


def _in(language: _Language, words: _Both) -> str:
    return words.id if language == "id" else words.en


@cache
def _words() -> _Words:
    return _Words.model_validate(tomllib.loads(_FILE.read_text(encoding="utf-8")))
