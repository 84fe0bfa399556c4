"""Sanction rules: what is proposed, for whom, when, and on which basis. The engine proposes; a superior imposes."""

from enum import StrEnum
from typing import Self

from pydantic import Field, model_validator

from schemas.base import Code, Model
from schemas.calendar import Limit


class Subject(StrEnum):
    """Whom a sanction proposal is about."""

    HOLDER = "holder"
    """Whoever holds the level that let its time pass."""
    OPERATOR = "operator"
    """Whoever holds the lowest level, however high the case has climbed."""
    AGENCY_HEAD = "agency head"
    AGENCY = "agency"


class Trigger(StrEnum):
    """What a rule outside of a ladder's levels looks at."""

    STATUTORY_LATE = "statutory deadline passed"
    NOT_CURED = "not cured"
    NO_EVIDENCE = "answered without evidence"
    FALSE_ANSWER = "answer found false"
    TOO_MANY_TRANSFERS = "transferred too often"
    LATE_AGAIN = "late again"
    LOW_SHARE = "low share on time"

    @property
    def looks_at_many_cases(self) -> bool:
        """Whether the rule is about a person or an agency over time, rather than about one case."""
        return self in (Trigger.LATE_AGAIN, Trigger.LOW_SHARE)


class SanctionRule(Model):
    """What lateness at one level of the ladder leads to."""

    rule: Code
    subject: Subject
    sanction: str = Field(min_length=1)
    points: int = Field(default=0, ge=0, le=1_000_000)
    basis: str = Field(min_length=1, description="the regulation that the proposal rests on")
    provisional: bool = Field(default=False, description="the basis was recalled, not verified in a source")


_NEEDS = {
    Trigger.NOT_CURED: ("cures", "after"),
    Trigger.LATE_AGAIN: ("times", "within"),
    Trigger.LOW_SHARE: ("share", "at_least"),
}


class TriggeredRule(SanctionRule):
    """A rule that something else than a level's lateness sets off."""

    trigger: Trigger
    cures: Code | None = Field(default=None, description="not cured: the rule whose proposal had to be cured")
    after: Limit | None = Field(default=None, description="not cured: the time to answer the case after that proposal")
    times: int | None = Field(default=None, ge=2, le=1000, description="late again: so many times ...")
    within: Limit | None = Field(default=None, description="late again: ... within this time")
    share: float | None = Field(default=None, gt=0, le=1, description="low share: in time in a month, at least")
    at_least: int | None = Field(default=None, ge=1, description="low share: months with fewer cases do not count")

    @model_validator(mode="after")
    def _says_what_its_trigger_needs(self) -> Self:
        needed = _NEEDS.get(self.trigger, ())
        given = [name for names in _NEEDS.values() for name in names if getattr(self, name) is not None]
        if missing := [name for name in needed if name not in given]:
            raise ValueError(f'trigger "{self.trigger}" needs {", ".join(missing)}: add it')
        if strange := [name for name in given if name not in needed]:
            raise ValueError(f'{", ".join(strange)} does not belong to the trigger "{self.trigger}": remove it')
        if self.trigger is Trigger.LOW_SHARE and self.subject not in (Subject.AGENCY, Subject.AGENCY_HEAD):
            raise ValueError('subject: a share of cases is an agency\'s: write "agency" or "agency head"')
        if self.trigger is Trigger.LATE_AGAIN and self.subject is not Subject.HOLDER:
            raise ValueError('subject: "late again" is about whoever was late: write "holder"')
        return self
