"""Who reports, as the cells of a row say it."""

from collections.abc import Callable
from typing import Annotated

from pydantic import Field, TypeAdapter

from gateway.channels.lapor_cells import Cells, WrongCellError
from gateway.channels.lapor_mapping import Columns
from gateway.recipients import reachable_person
from gateway.refusals import RefusedError
from schemas.base import EmailAddress, Prose
from schemas.person import NationalId, Person

_NAME: TypeAdapter[str] = TypeAdapter(Annotated[Prose, Field(max_length=200)])
_ADDRESS: TypeAdapter[str] = TypeAdapter(Annotated[Prose, Field(max_length=500)])
_PHONE: TypeAdapter[str] = TypeAdapter(Annotated[Prose, Field(max_length=40)])
_EMAIL: TypeAdapter[str] = TypeAdapter(EmailAddress)
_NIK: TypeAdapter[str] = TypeAdapter(NationalId)
_NO_PHONE = "is no phone number: write it as 0812... or +62812..., or empty the cell"


def readings(columns: Columns) -> dict[str, Callable[[Cells], str | None]]:
    """Return by field of a person what reads it from a row; each raises `WrongCellError`."""

    def checked(field: str, kind: TypeAdapter[str], mend: str) -> Callable[[Cells], str | None]:
        return lambda cells: cells.checked(field, getattr(columns, field), kind, mend)

    return {
        "name": checked("name", _NAME, "is longer than 200 letters: shorten it"),
        "national_id": checked("national_id", _NIK, "is no NIK of 16 digits: correct it, or empty the cell"),
        "phone": lambda cells: _phone(cells, columns.phone),
        "email": checked("email", _EMAIL, "is no e-mail address: correct it, or empty the cell"),
        "address": checked("address", _ADDRESS, "is longer than 500 letters: shorten it"),
    }


def _phone(cells: Cells, column: str | None) -> str | None:
    """Return a phone number with its country, as it is kept."""
    phone = cells.checked("phone", column, _PHONE, _NO_PHONE)
    try:
        return reachable_person(Person(phone=phone)).phone
    except RefusedError:
        raise WrongCellError(column, "phone", _NO_PHONE) from None
