"""How a case is handled between its opening and its end: windows for people, bounds for agencies. Data of a policy."""

from enum import StrEnum

from pydantic import Field

from schemas.base import Model
from schemas.calendar import Limit, Unit


class AfterTransfer(StrEnum):
    """What clock an agency gets that a case is transferred to."""

    FRESH = "fresh clock"
    CONTINUED = "continued clock"


class AfterReopening(StrEnum):
    """At which level a reopened case goes on; its clock there is a fresh one."""

    LOWEST = "lowest level"
    SAME = "same level"
    NEXT = "next level"


class Handling(Model):
    """What is allowed how often and for how long. A window that is not named does not exist."""

    information: Limit = Field(
        default=Limit(value=10, unit=Unit.DAYS),
        description="the reporter's time to provide what was asked for; after it the case is closed",
    )
    reopening: Limit | None = Field(default=None, description="the reporter's time to contest an answer")
    review: Limit | None = Field(default=None, description="time to contest a rejection, referral or merge")
    most_questions: int = Field(default=3, ge=0, description="how often the reporter may be asked")
    most_transfers: int = Field(default=3, ge=0, description="how often operators may pass a case on")
    after_transfer: AfterTransfer = AfterTransfer.FRESH
    most_reopenings: int = Field(default=1, ge=0)
    after_reopening: AfterReopening = AfterReopening.LOWEST
    poor_rating: int | None = Field(default=None, ge=1, le=4, description="this score or less reopens, one level up")
    evidence_required: bool = Field(default=False, description="an answer without evidence is refused")
    most_holds: int = Field(default=1, ge=0, description="how often a case may be put on hold")
    longest_hold: Limit | None = Field(default=None, description="none: a case is never put on hold")
    most_extensions: int = Field(default=1, ge=0, description="of each clock")
    longest_extension: Limit | None = Field(default=None, description="of the level clock; none: it has no extension")
    longest_statutory_extension: Limit | None = Field(default=None, description="none: the law gives no extension")
    objection: Limit | None = Field(default=None, description="time to object to a sanction proposal")
