"""Finds the line of a mistake in calendar.toml, which `storage.holiday_calendar` names in words."""

import re
from collections.abc import Iterator

from storage.pack_problems import Problem
from storage.pack_source import SourceFile
from storage.toml_lines import Path


def located(source: SourceFile, words: str) -> Problem:
    """Return "calendar.toml: place: what is wrong" as a problem with its line."""
    words = words.removeprefix(f"{source.name}: ")
    label, path = max(((label, path) for label, path in _tables(source) if words.startswith(label)), key=_length)
    fields, _, what = words.removeprefix(label).partition(": ")
    for name in filter(None, re.split(r", |^ ", fields)):
        path = (*path, *_steps(name))
    return source.problem(path, what, place=label + fields)


def _tables(source: SourceFile) -> Iterator[tuple[str, Path]]:
    """Yield how seasons and decrees are called, and where they are; last, what anything in the file is called."""
    for kind, code in (("season", "name"), ("decree", "date")):
        tables = source.raw.get(kind, [])
        for number, table in enumerate(tables if isinstance(tables, list) else []):
            if isinstance(table, dict):
                yield f"{kind} {table.get(code, number + 1)}", (kind, number)
    yield "", ()


def _length(found: tuple[str, Path]) -> int:
    return len(found[0])


def _steps(name: str) -> Iterator[str | int]:
    """Yield the steps that a word for a field stands for: "monday 2" is the second entry of monday."""
    field, _, number = name.partition(" ")
    yield field
    if number.isdigit():
        yield int(number) - 1
