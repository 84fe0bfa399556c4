"""What all models share: immutable, closed to unknown fields, and time that is always aware and in UTC."""

import re
from datetime import UTC, datetime
from typing import Annotated

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, StringConstraints


class Model(BaseModel):
    """An immutable value. An unknown field is an error, so that a misspelt one is never silently dropped.

    Errors never repeat what was given: it may be personal, and errors end up in logs and histories.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


def _in_utc(moment: datetime) -> datetime:
    if not 1970 < moment.year < 2200:
        raise ValueError("lies outside 1971 to 2199: correct the year")
    return moment.astimezone(UTC)


UtcDatetime = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A moment, kept in UTC. A naive datetime is refused: nobody can know what it means."""

Code = Annotated[str, StringConstraints(pattern=r"^[!-~](?:[ -~]{0,118}[!-~])?$")]
"""The name that data files and machines use for an agency, region, category, rule or queue: printable ASCII."""

Prose = Annotated[str, StringConstraints(pattern=r"^[^\x00]*[^\s\x00][^\x00]*$", max_length=20_000)]
"""What people write: anything but blanks, and no NUL, which PostgreSQL cannot store. Lives in the database alone."""


Rupiah = Annotated[int, Field(gt=0, le=10**15, strict=True)]
"""Whole rupiah, no more than any state has. Never read from text or a fraction: "300.000" is three hundred thousand to
some, and 300 to others."""


def _not_a_register(case_id: str) -> str:
    if case_id.startswith("scorecard-"):
        raise ValueError("begins as the id of an agency's register does: choose another")
    return case_id


CaseId = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{2,63}$"), AfterValidator(_not_a_register)
]
"""Names one case everywhere: it is the workflow's id, the key in the database and what the reporter is told."""

MessageId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")]
"""Chosen by the sender of a message. The same id sent twice is one message."""


def _no_personal_number(reference: str) -> str:
    a_uuid = re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", reference)
    if not a_uuid and re.search(r"(\d[._:-]?){10}", reference):
        raise ValueError("looks like a national identity, staff or phone number: use the account's reference instead")
    return reference


Reference = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$"),
    AfterValidator(_no_personal_number),
]
"""Names an account or a stored document. Histories keep it for years, so e-mail addresses and personal numbers are
refused; a name cannot be told from a reference, so keep names out."""

EmailAddress = Annotated[
    str,
    StringConstraints(
        pattern=r"^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63})*$", max_length=254
    ),
]
"""An e-mail address: personal data, which enters no log, no error and no history."""
