"""A person whom something is about. Lives in the database alone, sealed."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from schemas.base import EmailAddress, Model, Prose, Reference


def _a_nik(number: str) -> str:
    """Return a national identity number, if it can be one.

    Its region is that of the first registration, under codes of that day: it says nothing about where somebody lives,
    and no code is too old. Women's day of birth is written plus 40.
    """
    day, month = int(number[6:8]) % 40, int(number[8:10])
    if not (1 <= day <= 31 and 1 <= month <= 12) or int(number[6:8]) > 71:
        raise ValueError("is no NIK: digits 7 to 12 are the date of birth, with 40 added to the day for women")
    return number


NationalId = Annotated[str, StringConstraints(pattern=r"^[0-9]{16}$"), AfterValidator(_a_nik)]
"""NIK: 16 digits, PPKKCC DDMMYY and a serial number. Lives in the database alone."""


class Person(Model):
    """What is known of a person; every field may be missing."""

    account: Reference | None = Field(default=None, description="of the person at the identity provider")
    name: Annotated[Prose, Field(max_length=200)] | None = None
    national_id: NationalId | None = None
    phone: Annotated[Prose, Field(max_length=40)] | None = Field(default=None, description="kept as E.164")
    email: EmailAddress | None = None
    address: Annotated[Prose, Field(max_length=500)] | None = None
