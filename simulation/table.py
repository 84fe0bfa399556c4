"""A table of past complaints: a CSV file, packed with gzip or not."""

import csv
import difflib
import gzip
import io
import random
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from simulation.mapping import Mapping, MappingError


class TableError(ValueError):
    """A table cannot be used; the text names the file, the place and the mend."""


class Row(NamedTuple):
    """One complaint of the table."""

    number: int
    """Counts the rows below the heading from 1."""
    cells: dict[str, str]


def read_table(file: Path, mapping: Mapping, mapping_file: Path) -> list[Row]:
    """Read all rows of a table in UTF-8 whose first line names the columns.

    Raises:
        TableError: it cannot be read, or a row does not fit its heading.
        MappingError: the mapping names a column that the table lacks.
    """
    try:
        rows = csv.reader(io.StringIO(_text(file), newline=""), strict=True)
        heading = next(rows, [])
        _require_columns(heading, file, mapping, mapping_file)
        table = [
            Row(number, _cells(heading, cells, file, number)) for number, cells in enumerate(filter(None, rows), 1)
        ]
    except csv.Error as error:
        raise TableError(f"{file}: is not CSV: {error}: correct the quotes in it") from error
    if not table:
        raise TableError(f"{file}: holds no rows below its heading: there is nothing to run")
    return table


def draw(rows: Sequence[Row], limit: int, seed: int) -> list[Row]:
    """Return so many rows at random, or all there are; the same seed draws the same ones, in the table's order."""
    # Not a secret: it has to be the same for everybody.
    chosen = random.Random(f"draw {seed}").sample(range(len(rows)), min(limit, len(rows)))  # noqa: S311
    return [rows[index] for index in sorted(chosen)]


def _text(file: Path) -> str:
    try:
        content = file.read_bytes()
        if content.startswith(b"\x1f\x8b"):  # gzip's mark tells more than the file's name
            content = gzip.decompress(content)
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TableError(f"{file}: byte {error.start} is not UTF-8: save the table in the encoding UTF-8") from error
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise TableError(f"{file}: cannot be unpacked ({error}): fetch it again") from error
    except OSError as error:
        raise TableError(f"{file}: cannot be read ({error.strerror}): correct the name, or let it be read") from error


def _require_columns(heading: list[str], file: Path, mapping: Mapping, mapping_file: Path) -> None:
    problems = []
    for field, column in mapping.named_columns:
        if column not in heading:
            meant = difflib.get_close_matches(column, heading, n=1)
            hint = f"did you mean {meant[0]!r}?" if meant else f"it has {', '.join(heading)}"
            problems.append(f"{field}: the table {file.name} has no column {column!r}: correct the name; {hint}")
    if problems:
        raise MappingError(mapping_file, tuple(problems))


def _cells(heading: list[str], cells: list[str], file: Path, number: int) -> dict[str, str]:
    if len(cells) != len(heading):
        raise TableError(f"{file}: row {number}: has {len(cells)} cells below {len(heading)} columns: correct the row")
    return dict(zip(heading, cells, strict=True))
