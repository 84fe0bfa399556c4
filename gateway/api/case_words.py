"""How a case stands, in words that people understand: Indonesian and English."""

import tomllib
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import Field, model_validator

from domain.passing_time import KIND
from gateway.words import status_words
from schemas.base import Code, Model
from schemas.case import CaseView, ClockView, NextStep, TransitionKind
from schemas.status import Status, StatusScheme

_FILE = Path(__file__).with_name("case_words.toml")
_BY_TIME = (*KIND.values(), TransitionKind.CLOSED, TransitionKind.RESUMED, TransitionKind.REMINDED)
"""What can happen to a case without anybody doing anything."""


class Both(Model):
    """The same in two languages."""

    id: str = Field(description="in Indonesian")
    en: str = Field(description="in English")

    def said(self, id_: dict[str, str], en: dict[str, str]) -> "Both":
        """Return the words with what each language puts into them."""
        return Both(id=self.id.format(**id_), en=self.en.format(**en))


class SchemeWords(Both):
    """The status as a public channel names it."""

    scheme: Code
    name: str
    colour: str


class CaseWords(Model):
    """What to tell people of a case. Moments are in the zone of its policy."""

    status: Both
    schemes: tuple[SchemeWords, ...] = Field(description="the status as the policy's public channels name it")
    what_next: Both
    level_clock: Both | None
    statutory_clock: Both | None


class _Words(Model):
    next: dict[TransitionKind, Both]
    nothing: Both
    nobody: Both
    clock: dict[Literal["runs", "rests", "late"], Both]

    @model_validator(mode="after")
    def _speaks_of_everything(self) -> Self:
        if missing := [kind.value for kind in _BY_TIME if kind not in self.next]:
            raise ValueError(f"no words for {', '.join(missing)}: add them")
        return self


def words_of(case: CaseView, schemes: tuple[StatusScheme, ...], zone: ZoneInfo) -> CaseWords:
    """Return what to tell people of a case."""
    return CaseWords(
        status=_status(case.status),
        schemes=tuple(_in_scheme(scheme, case.status) for scheme in schemes),
        what_next=_next(case.what_next, zone),
        level_clock=_clock(case.level_clock, zone),
        statutory_clock=_clock(case.statutory_clock, zone),
    )


def _status(status: Status) -> Both:
    in_indonesian, in_english = status_words(status)
    return Both(id=in_indonesian, en=in_english)


def _in_scheme(scheme: StatusScheme, status: Status) -> SchemeWords:
    label = scheme.labels[status]
    return SchemeWords(scheme=scheme.code, name=scheme.name, id=label.id, en=label.en, colour=label.colour)


def _next(step: NextStep | None, zone: ZoneInfo) -> Both:
    words = _words()
    if step is None:
        return words.nothing
    at = _moment(step.at, zone)
    return words.next[step.kind].said(
        {"at": at, "of": step.of or words.nobody.id}, {"at": at, "of": step.of or words.nobody.en}
    )


def _clock(clock: ClockView | None, zone: ZoneInfo) -> Both | None:
    if clock is None:
        return None
    if clock.paused_since is not None:
        said, at = _words().clock["rests"], clock.paused_since
    else:
        said, at = _words().clock["late" if clock.breached else "runs"], clock.due.at
    moment = {"at": _moment(at, zone)}
    return said.said(moment, moment)


def _moment(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M %Z}"


@cache
def _words() -> _Words:
    return _Words.model_validate(tomllib.loads(_FILE.read_text(encoding="utf-8")))
