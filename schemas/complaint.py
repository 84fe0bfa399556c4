"""A complaint at the door, and what of it travels into the workflow."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from schemas.base import CaseId, Code, Model, Prose, Reference, UtcDatetime
from schemas.person import Person

ExternalId = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,100}$")]


def _no_personal_number(code: str) -> str:
    if re.search(r"\d{10}", code):
        raise ValueError("looks like a personal number: give a code of the policy")
    return code


PlainCode = Annotated[Code, AfterValidator(_no_personal_number)]
"""A code that a caller chose. It enters histories and search attributes, so it must not be a person's number."""


class Identity(StrEnum):
    """How much of the reporter and the report others may see."""

    NAMED = "named"
    ANONYMOUS = "anonymous"
    """The name is hidden from the agency."""
    CONFIDENTIAL = "confidential"
    """The whole report is hidden from the public."""


class Place(Model):
    """A point on the map. Lives in the database alone: it may be somebody's home."""

    latitude: float = Field(ge=-90, le=90)
    longitude: float = Field(ge=-180, le=180)


class Intake(Model):
    """A complaint as a channel hands it in. Lives in the database alone: its text may hold personal data."""

    channel: PlainCode = Field(description="where it came in, e.g. super-app, lapor, counter, open311")
    external_id: ExternalId | None = Field(default=None, description="the channel's own id: makes a repeat harmless")
    category: PlainCode
    region: PlainCode | None = Field(default=None, description="code of the place; none when it is unknown")
    text: Prose
    promised_at: UtcDatetime | None = Field(default=None, description="a due moment that was promised elsewhere")
    place: Place | None = Field(default=None, description="finds the region, and complaints that may be the same")
    postal_code: str | None = Field(default=None, pattern=r"^[0-9]{5}$", description="finds the region without a place")
    identity: Identity = Identity.NAMED
    respondent: PlainCode | None = Field(default=None, description="the agency that the report accuses")
    reporter: Person | None = Field(default=None, description="who reports; none: nobody needs to know")
    attributes: dict[Code, str | tuple[str, ...]] = Field(
        default={}, max_length=50, description="answers to what the category asks for, as its channel asks it"
    )
    evidence: tuple[Reference, ...] = Field(default=(), max_length=20, description="stored photos and documents")


class Complaint(Model):
    """What a case's workflow starts from: references and classification, never personal data."""

    case_id: CaseId
    channel: PlainCode
    category: PlainCode
    region: PlainCode | None = None
    accepted_at: UtcDatetime = Field(description="when the complaint was made durable: all clocks start here")
    promised_at: UtcDatetime | None = None
    policy_version: Code
    identity: Identity = Identity.NAMED
    respondent: PlainCode | None = Field(default=None, description="the agency that the report accuses")
    service: PlainCode | None = Field(default=None, description="the service that the agency prepares in this case")
