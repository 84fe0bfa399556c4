"""Cursors: where the next page of a list begins. Callers hand them back as they got them."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated, TypeVar

from fastapi import Query
from pydantic import ValidationError

from gateway.api.problems import field_problem
from schemas.base import Model

_Position = TypeVar("_Position", bound=Model)

Cursor = Annotated[
    str | None, Query(max_length=1000, description="`next` of the page before; none: from the beginning")
]
Limit = Annotated[int, Query(ge=1, le=200, description="so many lines at most")]


def written(position: Model) -> str:
    """Return the cursor of a position in a list."""
    return urlsafe_b64encode(position.model_dump_json().encode()).decode().rstrip("=")


def read(kind: type[_Position], cursor: str | None) -> _Position | None:
    """Return the position that a cursor names, or None without one.

    Raises:
        ProblemError: 422, the cursor is none of ours, or of another list.
    """
    if cursor is None:
        return None
    try:
        return kind.model_validate_json(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, ValidationError) as error:
        raise field_problem(422, "cursor", "is none of this list: take `next` of the page before") from error
