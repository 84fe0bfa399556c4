"""Files of a policy pack that hold one thing a line: points.csv and postal_codes.csv, of tens of thousands."""

import csv
import io
import re
import typing
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from storage import toml_lines
from storage.pack_files import ROWS, one_of
from storage.pack_problems import Problem
from storage.pack_source import SourceFile, text_of

NAMES = tuple(f"{stem}.csv" for stem in ROWS)


def read(folder: Path, stem: str, problems: list[Problem]) -> SourceFile | None:
    """Read a file as if each line were a table of TOML. None, when there is none or it cannot be read.

    A cell that is empty stands at its default. Lines that are empty are passed over.
    """
    path = folder / f"{stem}.csv"
    if not path.exists():
        return None
    text = text_of(path)
    if isinstance(text, Problem):
        problems.append(text)
        return None
    model, kind = _row(stem), one_of(ROWS[stem])
    found: list[Problem] = []
    rows = list(_rows(path.name, text, found))
    header = [cell.lower() for cell in rows[0][1]] if rows else []
    line = rows[0][0] if rows else 1
    found += [Problem(file=path.name, line=line, problem=what) for what in _unfit(header, model)]
    if not found:
        found += _ragged(path.name, rows[1:], len(header))
    problems += found
    if found:
        return None
    lines: dict[toml_lines.Path, int] = {(kind, number): line for number, (line, _) in enumerate(rows[1:])}
    return SourceFile(path.name, {kind: [_entry(header, cells, model) for _, cells in rows[1:]]}, lines=lines)


def _row(stem: str) -> type[BaseModel]:
    """Return what a line of a file holds."""
    (field,) = ROWS[stem].model_fields.values()
    row: type[BaseModel] = typing.get_args(field.annotation)[0]
    return row


def _rows(file: str, text: str, problems: list[Problem]) -> Iterator[tuple[int, list[str]]]:
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
        problems.append(Problem(file=file, line=begins, problem=f"is not CSV: {error}: correct the quotes"))


def _unfit(header: Sequence[str], model: type[BaseModel]) -> Iterator[str]:
    known = ",".join(model.model_fields)
    if len(header) < 2:
        yield f"has no columns: begin with the line {known} and put commas, not semicolons or tabs, between the cells"
        return
    for name in dict.fromkeys(header):
        if name not in model.model_fields:
            yield f"the column {name or 'without a name'} is unknown: remove it or correct its name ({known})"
        elif header.count(name) > 1:
            yield f"the column {name} is there {header.count(name)} times: keep one"
    for name, field in model.model_fields.items():
        if field.is_required() and name not in header:
            yield f"the column {name} is missing: add it"


def _ragged(file: str, rows: Sequence[tuple[int, list[str]]], width: int) -> Iterator[Problem]:
    for line, cells in rows:
        if len(cells) != width:
            what = f"has {len(cells)} cells and the first line has {width}: put a cell that holds a comma in quotes"
            yield Problem(file=file, line=line, problem=what)


def _entry(header: Sequence[str], cells: Sequence[str], model: type[BaseModel]) -> dict[str, Any]:
    """Return a line by its columns; where one holds several values, blanks or semicolons are between them."""
    said = {name: cell for name, cell in zip(header, cells, strict=True) if cell}
    return {
        name: re.split(r"[\s;]+", cell.strip("; ")) if _holds_several(model, name) else cell
        for name, cell in said.items()
    }


def _holds_several(model: type[BaseModel], name: str) -> bool:
    return typing.get_origin(model.model_fields[name].annotation) is tuple
