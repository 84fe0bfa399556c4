"""What a category asks of whoever reports, beside the text: questions with typed answers."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from schemas.base import Code, Model

BESIDE = ("account_id", "address_id", "address_string", "media_url", "zipcode")
"""Under these names channels hand in what no category asks for. No question has one of them as its code."""

AttributeCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]{0,59}$")]
"""Names a question: it stands in the fields of forms, as attribute[code]."""


class Datatype(StrEnum):
    """What an answer is, in the words of Open311."""

    STRING = "string"
    """A line."""
    NUMBER = "number"
    DATETIME = "datetime"
    """ISO 8601."""
    TEXT = "text"
    """May have several lines."""
    ONE_OF = "singlevaluelist"
    SOME_OF = "multivaluelist"


LISTS = frozenset({Datatype.ONE_OF, Datatype.SOME_OF})


class Choice(Model):
    """One answer of a list."""

    key: Code
    name: str = Field(min_length=1, description="what people read")


class Attribute(Model):
    """A question that a category asks."""

    code: AttributeCode
    datatype: Datatype
    order: int = Field(ge=1, description="1 is asked first")
    description: str = Field(min_length=1, description="the question as people read it")
    required: bool = False
    datatype_description: str = Field(default="", description="helps people to answer, e.g. in metres")
    values: tuple[Choice, ...] = Field(default=(), description="of a list: what may be answered")

    @model_validator(mode="after")
    def _can_be_answered(self) -> Self:
        if self.code in BESIDE:
            raise ValueError(f"code: {self.code} stands for something else at the door: choose another")
        if self.datatype in LISTS and not self.values:
            raise ValueError(f"values: a {self.datatype} needs some: add them")
        if self.values and self.datatype not in LISTS:
            raise ValueError(f"values: a {self.datatype} is free: remove them, or make it a {Datatype.ONE_OF}")
        return self
