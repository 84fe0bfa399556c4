"""points.csv of a policy pack: points of the post, one a line, for tens of thousands of them."""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from schemas.post import Point
from storage import toml_lines
from storage.pack_problems import Problem
from storage.pack_source import SourceFile, text_of

STEM = "points"
NAME = f"{STEM}.csv"

_COLUMNS = tuple(Point.model_fields)
_NEEDED = tuple(name for name, field in Point.model_fields.items() if field.is_required())


def read(folder: Path, problems: list[Problem]) -> SourceFile | None:
    """Read the file as if each line were a table of post.toml. None, when there is none or it cannot be read.

    A cell that is empty stands at its default. Lines that are empty are passed over.
    """
    path = folder / NAME
    if not path.exists():
        return None
    text = text_of(path)
    if isinstance(text, Problem):
        problems.append(text)
        return None
    found: list[Problem] = []
    rows = list(_rows(text, found))
    header = [cell.lower() for cell in rows[0][1]] if rows else []
    line = rows[0][0] if rows else 1
    found += [Problem(file=NAME, line=line, problem=what) for what in _unfit(header)]
    if not found:
        found += _ragged(rows[1:], len(header))
    problems += found
    if found:
        return None
    lines: dict[toml_lines.Path, int] = {("point", number): line for number, (line, _) in enumerate(rows[1:])}
    return SourceFile(NAME, {"point": [_point(header, cells) for _, cells in rows[1:]]}, lines=lines)


def _rows(text: str, problems: list[Problem]) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines that say something, each with its number, from 1."""
    reader = csv.reader(io.StringIO(text), strict=True)
    begins = 1
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if any(cells):
                yield begins, cells
            begins = reader.line_num + 1
    except csv.Error as error:
        problems.append(Problem(file=NAME, line=begins, problem=f"is not CSV: {error}: correct the quotes"))


def _unfit(header: Sequence[str]) -> Iterator[str]:
    known = ",".join(_COLUMNS)
    if len(header) < 2:
        yield f"has no columns: begin with the line {known} and put commas, not semicolons or tabs, between the cells"
        return
    for name in dict.fromkeys(header):
        if name not in _COLUMNS:
            yield f"the column {name or 'without a name'} is unknown: remove it or correct its name ({known})"
        elif header.count(name) > 1:
            yield f"the column {name} is there {header.count(name)} times: keep one"
    for name in _NEEDED:
        if name not in header:
            yield f"the column {name} is missing: add it"


def _ragged(rows: Sequence[tuple[int, list[str]]], width: int) -> Iterator[Problem]:
    for line, cells in rows:
        if len(cells) != width:
            what = f"has {len(cells)} cells and the first line has {width}: put a cell that holds a comma in quotes"
            yield Problem(file=NAME, line=line, problem=what)


def _point(header: Sequence[str], cells: Sequence[str]) -> dict[str, Any]:
    said: dict[str, Any] = {name: cell for name, cell in zip(header, cells, strict=True) if cell}
    if "carries" in said:
        said["carries"] = re.split(r"[\s;]+", said["carries"].strip("; "))
    return said
