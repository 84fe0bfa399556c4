"""What a call gives: the fields of its query, and of its form."""

from collections.abc import Iterable
from itertools import chain
from re import compile as pattern

from fastapi import Request
from starlette.types import Message

from gateway.api.problems import ProblemError, field_problem

LARGEST_FORM = 256 * 1024
"""Bytes: a description of 4,000 characters and every answer fit many times over."""

_ATTRIBUTE = pattern(r"attribute\[([^\[\]]{1,60})\](?:\[\d*\])?")
_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")


class Given:
    """Fields by name. An empty one counts as not given; a form's counts before that of a query."""

    def __init__(self, fields: Iterable[tuple[str, str]]) -> None:
        self._fields: dict[str, list[str]] = {}
        for name, value in fields:
            if "\x00" in value:
                raise field_problem(400, name, "holds a character that no text has: remove it")
            if value.strip():
                self._fields.setdefault(name, []).append(value.strip())

    def one(self, name: str) -> str | None:
        """Return a field's first value; None when it was not given."""
        return next(iter(self._fields.get(name, ())), None)

    def many(self, name: str) -> list[str]:
        """Return all values of a field that may be written more than once, or with commas."""
        parts = chain.from_iterable(value.split(",") for value in self._fields.get(name, ()))
        return [part.strip() for part in parts if part.strip()]

    def attributes(self) -> dict[str, list[str]]:
        """Return what was given as attribute[code] or attribute[code][], by code."""
        found: dict[str, list[str]] = {}
        for name, values in self._fields.items():
            if match := _ATTRIBUTE.fullmatch(name):
                found.setdefault(match[1], []).extend(values)
        return found

    def without(self, *names: str) -> dict[str, list[str]]:
        """Return all fields but these, as values of JSON."""
        return {name: values for name, values in self._fields.items() if name not in names}


async def given_in(request: Request) -> Given:
    """Return what a call gives. Raises `ProblemError` when its form cannot be read."""
    form = await _form(request) if request.method == "POST" else []
    return Given([*form, *request.query_params.multi_items()])


async def _form(request: Request) -> list[tuple[str, str]]:
    body = await _bounded(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and kind not in _FORMS:
        raise field_problem(400, "Content-Type", f"send a form: {_FORMS[0]}")

    async def once() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async with Request(request.scope, once).form(max_fields=200) as form:
        fields = form.multi_items()
        if files := [name for name, value in fields if not isinstance(value, str)]:
            raise field_problem(400, files[0], "no files are taken here: put it where we can fetch it, as media_url")
        return [(name, value) for name, value in fields if isinstance(value, str)]


async def _bounded(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_FORM:
            raise ProblemError(413, f"the form is larger than {LARGEST_FORM} bytes: shorten it")
    return bytes(body)
