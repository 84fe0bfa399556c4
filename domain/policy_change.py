"""One difference between two policies in plain words, and how two of their parts are compared field by field."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, computed_field

from schemas.base import Model

_WORDS = {
    "head_role": "role of an agency's head",
    "points_period": "time over which points are added up",
    "effective_from": "in force from",
    "effective_to": "in force until",
    "place_required": "needs a place",
    "case_class": "class",
    "refer_to": "referred to",
    "outside": "region that stands for all other places",
    "near_boundary_km": "km beside a boundary that count as within",
    "near_centre_km": "km from a region's centre, without boundaries",
    "to_triage": "left to the triage desk",
    "bypasses_respondent": "kept from the accused agency",
    "otherwise": "in charge when the usual agency is accused",
    "agency_kind": "agency, by its kind",
    "warn_share": "share of the limit after which a warning goes out",
    "statutory": "deadline of the law",
    "pauses_for_information": "deadline rests while the reporter completes the file",
    "prepared_within": "time to prepare it",
    "handed_to": "handed to",
    "pays_out": "pays money out",
    "once_per_period": "once in a period for each beneficiary",
    "periods": "length of that period",
    "at_most": "most rupiah that a request may name",
    "confirm_within": "time to confirm or dispute the receipt",
    "prepare_again": "how often it is prepared anew",
    "attempts": "attempts at the door",
    "held_for": "kept for collection",
    "proofs_within": "time for late proofs",
    "legs": "by way of",
    "reissues": "how often a lost one is sent again",
    "refunded": "given back when nothing is delivered",
    "first": "silence before the carrier is asked",
    "longest": "longest pause between questions",
    "lost_after": "silence that means lost",
    "more": "takes longer by",
    "objection": "time to object",
    "after_transfer": "clock after a transfer",
    "after_reopening": "level after a reopening",
    "cures": "was to be cured after",
    "information": "time for the reporter to provide what was asked for",
    "reopening": "time for the reporter to contest an answer",
    "review": "time to contest a rejection, referral or merge",
    "most_questions": "how often the reporter may be asked",
    "most_transfers": "how often a case may be passed on",
    "most_reopenings": "how often a case may be reopened",
    "most_holds": "how often a case may be put on hold",
    "most_extensions": "how often a clock may be extended",
    "poor_rating": "score that reopens",
    "evidence_required": "answers need evidence",
    "at_least": "months with fewer cases do not count",
    "valid_to": "last day whose holidays are decreed",
}
"""Fields whose names say too little; the others are said as they are called."""

_Part = TypeVar("_Part", bound=BaseModel)


class Change(Model):
    """One difference, as those read it whom it concerns."""

    concerns: str
    what: str
    before: str | None = None
    after: str | None = None

    @computed_field  # type: ignore[prop-decorator]
    @property
    def in_words(self) -> str:
        """The whole in one sentence."""
        if self.before is None:
            return f"{self.what}: new: {self.after}"
        if self.after is None:
            return f"{self.what}: no longer (was: {self.before})"
        return f"{self.what}: {self.before} -> {self.after}"


def pairs(
    key: str, before: Sequence[_Part], after: Sequence[_Part]
) -> Iterator[tuple[str, _Part | None, _Part | None]]:
    """Yield the entries of two lists by what identifies them, as they were and as they become."""
    olds, news = ({str(getattr(entry, key)): entry for entry in entries} for entries in (before, after))
    for name in {**news, **olds}:
        yield name, olds.get(name), news.get(name)


def entry(concerns: str, what: str, old: BaseModel | None, new: BaseModel | None) -> Iterator[Change]:
    """Yield what changes about an entry of a list, which may be new or gone."""
    if old is not None and new is not None:
        yield from fields(concerns, what, old, new)
    else:
        yield from if_other(concerns, what, _in_short(old), _in_short(new))


def fields(
    concerns: str, what: str, old: BaseModel, new: BaseModel, *, only: Sequence[str] = (), leave: Sequence[str] = ()
) -> Iterator[Change]:
    """Yield the fields of two values of one kind that differ: all of them, or only some."""
    olds, news = (part.model_dump(mode="json", include=set(only) or None) for part in (old, new))
    for name in only or type(new).model_fields:
        if name not in leave:
            words = ", ".join(filter(None, (what, _words(name))))
            yield from if_other(concerns, words, _said(olds.get(name)), _said(news.get(name)))


def if_other(concerns: str, what: str, before: str | None, after: str | None) -> Iterator[Change]:
    """Yield a change when there is one."""
    if before != after:
        yield Change(concerns=concerns, what=what, before=before, after=after)


def _in_short(part: BaseModel | None) -> str | None:
    if part is None:
        return None
    said = part.model_dump(mode="json", exclude_defaults=True, exclude={"code", "rule"})
    name = said.pop("name", None) or said.pop("sanction", None)
    return "; ".join(filter(None, (name, *(f"{_words(name)}: {_said(value)}" for name, value in said.items()))))


def _words(name: str) -> str:
    return _WORDS.get(name, name.replace("_", " "))


def _said(value: Any) -> str:
    match value:
        case None | "":
            return "none"
        case bool():
            return "yes" if value else "no"
        case list():
            return ", ".join(map(_said, value)) or "none"
        case Mapping():
            return ", ".join(f"{_words(name)}: {_said(part)}" for name, part in value.items())
        case _:
            return str(value)
