"""Where a case can stand, and the words and colours in which people are told so."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from schemas.base import Code, Model


class Status(StrEnum):
    """Where a case stands, in the engine's words."""

    RECEIVED = "received"
    VERIFYING = "verifying"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in progress"
    NEEDS_INFORMATION = "needs information"
    ON_HOLD = "on hold"
    COORDINATING = "coordinating"
    RESOLVED = "resolved"
    REFERRED = "referred"
    REJECTED = "rejected"
    MERGED = "merged"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


WORKING = frozenset({Status.VERIFYING, Status.ASSIGNED, Status.IN_PROGRESS})
"""An agency has the case in hand, and its level clock runs."""

UNSETTLED = WORKING | {Status.NEEDS_INFORMATION, Status.ON_HOLD, Status.COORDINATING}
"""The reporter still waits for an answer."""

SETTLED = frozenset({Status.RESOLVED, Status.REFERRED, Status.REJECTED, Status.MERGED})
"""The reporter has an answer of some kind; no level clock runs, and a window may be open to contest it."""

Words = Annotated[str, StringConstraints(min_length=1, max_length=60)]


class Label(Model):
    """What people read for a status."""

    id: Words = Field(description="in Indonesian")
    en: Words = Field(description="in English")
    colour: Annotated[str, StringConstraints(pattern=r"^[a-z]+$")] = Field(description="a plain colour's name")


class StatusScheme(Model):
    """The words and colours of one public channel: every status of the engine has its place in it."""

    code: Code
    name: str
    labels: dict[Status, Label]

    @model_validator(mode="after")
    def _speaks_of_every_status(self) -> Self:
        if missing := [status.value for status in Status if status not in self.labels]:
            raise ValueError(f"scheme {self.code} has no words for {', '.join(missing)}: add them")
        return self
