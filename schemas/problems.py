"""Saying what is wrong with given data: the field and the mend, never the value, which may be personal."""

import re

from pydantic import ValidationError

_PLAIN = {
    "missing": "is missing",
    "extra_forbidden": "is unknown: remove it or correct its name",
    "string_pattern_mismatch": "is empty, too long, or has signs that do not belong there",
    "timezone_aware": "has no time zone: add one, e.g. +07:00 or Z",
}
"""In place of what pydantic says of these."""


_LONGEST = 500


def in_words(error: ValidationError) -> str:
    """Return every problem as "field: what is wrong", joined by semicolons, without any of the given values."""
    problems = []
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        field = ".".join(map(_plain, problem["loc"])) or "the whole"
        problems.append(f"{field}: {_PLAIN.get(problem['type']) or problem['msg'].removeprefix('Value error, ')}")
    return "; ".join(problems)


def _plain(part: int | str) -> str:
    """Return a part of a field's name, unless the sender made it up: it may be anything, even personal."""
    return str(part) if re.fullmatch(r"\w{1,40}", str(part), flags=re.ASCII) else "(a strange name)"


def storable(text: str) -> str:
    """Return a text from outside so that any database takes it: not too long, and without signs that do not print."""
    return "".join(sign if sign.isprintable() else "?" for sign in text[:_LONGEST])
