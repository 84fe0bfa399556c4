"""Saying what is wrong with given data: the field and the mend, never the value, which may be personal."""

from pydantic import ValidationError


def in_words(error: ValidationError) -> str:
    """Return every problem as "field: what is wrong", joined by semicolons, without any of the given values."""
    problems = []
    for problem in error.errors(include_url=False, include_context=False, include_input=False):
        field = ".".join(str(part) for part in problem["loc"]) or "the whole"
        problems.append(f"{field}: {problem['msg']}")
    return "; ".join(problems)
