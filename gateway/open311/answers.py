"""Answers to what a service asks: each is there if it must be, and is what it is asked to be."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from math import isfinite

from gateway.api.problems import FieldProblem
from schemas.attributes import Attribute, Datatype
from schemas.policy import Category

_LONGEST = 4000
"""Characters, of text; a line has a quarter."""


def problems(category: Category, given: Mapping[str, Sequence[str]]) -> Iterator[FieldProblem]:
    """Yield what is wrong with answers, by the names of their fields; never what was answered."""
    asked = {attribute.code: attribute for attribute in category.attributes}
    for code, attribute in asked.items():
        problem = _problem(attribute, given.get(code, ()))
        if problem is not None:
            yield FieldProblem(field=f"attribute[{code}]", problem=problem)
    for code in given:
        if code not in asked:
            yield FieldProblem(field=f"attribute[{code}]", problem="is not asked for by this service: leave it out")


def answers(category: Category, given: Mapping[str, Sequence[str]]) -> dict[str, str | tuple[str, ...]]:
    """Return answers in which nothing is wrong: of several values where the service asks for several, else one."""
    several = {attribute.code for attribute in category.attributes if attribute.datatype is Datatype.SOME_OF}
    return {code: tuple(values) if code in several else values[0] for code, values in given.items()}


def _problem(asked: Attribute, values: Sequence[str]) -> str | None:
    if not values:
        return "is required" if asked.required else None
    if len(values) > 1 and asked.datatype is not Datatype.SOME_OF:
        return "has one value: give one"
    return next((problem for value in values if (problem := _wrong(asked, value)) is not None), None)


def _wrong(asked: Attribute, value: str) -> str | None:
    match asked.datatype:
        case Datatype.ONE_OF | Datatype.SOME_OF:
            keys = [choice.key for choice in asked.values]
            return None if value in keys else f"is none of its values: give {', '.join(keys)}"
        case Datatype.NUMBER:
            return None if _is_number(value) else "is no number: write it as 3 or 3.5"
        case Datatype.DATETIME:
            return None if _is_moment(value) else "is no moment: write it as 2026-11-22T08:00:00+07:00"
        case Datatype.STRING:
            fits = len(value) <= _LONGEST // 4 and len(value.splitlines()) == 1
            return None if fits else f"is one line of {_LONGEST // 4} characters at most"
        case Datatype.TEXT:
            return None if len(value) <= _LONGEST else f"is longer than {_LONGEST} characters"


def _is_number(value: str) -> bool:
    try:
        return len(value) <= 40 and isfinite(float(value))
    except ValueError:
        return False


def _is_moment(value: str) -> bool:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return len(value) <= 40
