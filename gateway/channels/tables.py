"""Tables as spreadsheets write them, CSV or XLSX: rows with the numbers of their lines. No formula is ever reckoned."""

import csv
import io
import zipfile
import zlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from xml.etree.ElementTree import ParseError

import openpyxl
from openpyxl.utils.exceptions import InvalidFileException

from gateway.refusals import RefusedError

MOST_BYTES = 20 * 2**20
MOST_BYTES_UNPACKED = 200 * 2**20
"""A workbook is packed: a small one may hold more than this machine."""
MOST_ROWS = 50_000
MOST_COLUMNS = 300
_MOST_LINES = 4 * MOST_ROWS
"""Empty ones between the rows count, too: a workbook may name a line far below all others."""
_MOST_DIGITS = 15
"""A spreadsheet keeps so many of a number."""

_XLSX, _OLD_EXCEL = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
_BROKEN_BOOK = (
    *(AttributeError, EOFError, IndexError, InvalidFileException, KeyError, NotImplementedError, OSError),
    *(OverflowError, ParseError, RuntimeError, TypeError, ValueError, zipfile.BadZipFile, zlib.error),
)
"""What is raised over a workbook that is none, or is damaged."""


@dataclass(frozen=True)
class Unreadable:
    """Stands in a cell that says nothing certain."""

    mend: str


Cell = str | datetime | Unreadable
"""What stands in a cell: text without blanks around it, empty when there is none; or a moment without a time zone."""


@dataclass(frozen=True, order=True)
class Problem:
    """Something in a table that has to be mended before anything is taken from it."""

    line: int
    """Of the file, counted from 1."""
    column: str
    """Its name as the mapping has it; empty: the line as a whole."""
    text: str
    """What is wrong and the mend, never what was given."""

    def __str__(self) -> str:
        """Return it as people read it."""
        where = f"line {self.line}, column {self.column}" if self.column else f"line {self.line}"
        return f"{where}: {self.text}"


class TableError(RefusedError):
    """A table has to be mended; nothing was taken from it."""

    def __init__(self, problems: list[Problem]) -> None:
        number = f"{len(problems)} problem{'s' if len(problems) > 1 else ''}"
        super().__init__("\n".join([f"the file has {number}, and nothing was accepted:", *map(str, problems)]))
        self.problems = problems


@dataclass(frozen=True)
class Row:
    """One line below the heading."""

    line: int
    """Of the file, on which the row begins, counted from 1."""
    cells: Mapping[str, Cell]
    """By the name of the column."""


def read(content: bytes, columns: Collection[str]) -> tuple[list[Row], list[Problem]]:
    """Read some columns of a table whose first line names them, in any order; what else it holds is passed over.

    CSV is UTF-8 and parted by commas or semicolons. Of a workbook it is the first sheet that is shown. Names of columns
    are compared without regard to case and blanks.

    Args:
        content: of the file.
        columns: that are wanted. Each has to be there once.

    Returns:
        The rows that can be read, and what is wrong with others.

    Raises:
        TableError: the table as a whole cannot be read.
    """
    lines = _lines(content)
    line, heading = next(lines, (1, []))
    places = _places(line, heading, columns)
    rows: list[Row] = []
    problems: list[Problem] = []
    for line, cells in lines:
        if len(cells) != len(heading):
            said = f"has {len(cells)} cells below {len(heading)} columns: put texts with a separator in quotes"
            problems.append(Problem(line, "", said))
            continue
        if len(rows) == MOST_ROWS:
            raise _whole(line, f"has more than {MOST_ROWS} rows: part the file")
        rows.append(Row(line, {column: cells[place] for column, place in places.items()}))
    return rows, problems


def folded(text: str) -> str:
    """Return a name so that it equals another that differs in case and blanks alone."""
    return " ".join(text.split()).casefold()


def _whole(line: int, text: str) -> TableError:
    return TableError([Problem(line, "", text)])


def _lines(content: bytes) -> Iterator[tuple[int, list[Cell]]]:
    """Return an iterator over the lines that are not empty."""
    if len(content) > MOST_BYTES:
        raise _whole(1, f"the file is larger than {MOST_BYTES // 2**20} MiB: part it")
    if content.startswith(_OLD_EXCEL):
        raise _whole(1, "the file is of an old Excel, or has a password: save it as .xlsx without one, or as CSV")
    return _of_workbook(content) if content.startswith(_XLSX) else _of_csv(content)


def _places(line: int, heading: list[Cell], columns: Collection[str]) -> dict[str, int]:
    """Return where each column stands. A name from the file is never repeated: it may have no heading at all."""
    if any(cell != "" for cell in heading[MOST_COLUMNS:]):
        raise _whole(line, f"has more than {MOST_COLUMNS} columns: remove some")
    names = [folded(cell) if isinstance(cell, str) else "" for cell in heading]
    problems: list[Problem] = []
    for column in sorted(columns):
        if (found := names.count(folded(column))) == 0:
            problems.append(Problem(line, column, "is missing: add it, or correct its name in the mapping"))
        elif found > 1:
            problems.append(Problem(line, column, f"is the name of {found} columns: remove all but one"))
    if problems:
        raise TableError(problems)
    return {column: names.index(folded(column)) for column in columns}


def _of_csv(content: bytes) -> Iterator[tuple[int, list[Cell]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise _whole(line, "is not UTF-8: save the table as CSV in UTF-8, or as XLSX") from None
    table = csv.reader(io.StringIO(text, newline=""), delimiter=_separator(text), strict=True)
    while True:
        begins = table.line_num + 1
        try:
            cells: list[Cell] = [cell.strip() for cell in next(table)]
        except StopIteration:
            return
        except csv.Error as error:
            raise _whole(begins, f"cannot be read ({error}): check its quotes") from None
        if any(cells):
            yield begins, cells


def _separator(text: str) -> str:
    """Return what parts the cells of the heading: whichever makes more of it, quotes respected."""
    first = next((line for line in text.splitlines() if line.strip()), "")
    try:
        return max(",;", key=lambda sign: len(next(csv.reader([first], delimiter=sign), [])))
    except csv.Error as error:
        raise _whole(1, f"cannot be read ({error}): check its quotes") from None


def _of_workbook(content: bytes) -> Iterator[tuple[int, list[Cell]]]:
    try:
        _require_size(content)
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, keep_links=False)
        sheet = next((one for one in book.worksheets if one.sheet_state == "visible"), None)
        if sheet is None:
            raise _whole(1, "the workbook shows no sheet: show the one with the table")
        sheet.reset_dimensions()  # some programs write wrong ones
        lines = sheet.iter_rows(min_row=1, min_col=1, max_col=MOST_COLUMNS + 1)
        for line, cells in enumerate(lines, start=1):
            if line > _MOST_LINES:
                raise _whole(line, f"has more than {_MOST_LINES} lines: remove the empty ones")
            read = [_cell(cell.value, cell.data_type) for cell in cells]
            if any(cell != "" for cell in read):
                yield line, read
    except TableError:
        raise
    except _BROKEN_BOOK:
        raise _whole(1, "the workbook is damaged, or is none: save it again as .xlsx, or as CSV") from None


def _require_size(content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        if sum(part.file_size for part in packed.infolist()) > MOST_BYTES_UNPACKED:
            raise _whole(1, f"the workbook holds more than {MOST_BYTES_UNPACKED // 2**20} MiB unpacked: part it")


def _cell(value: object, kind: str) -> Cell:
    if kind == "f":
        return Unreadable("holds a formula, which is not reckoned here: put its value in its place")
    if kind == "e":
        return Unreadable("holds an error of the spreadsheet: correct it, or empty the cell")
    if value is None:
        return ""
    match value:
        case datetime():
            return value
        case str():
            return value.strip()
        case bool():
            return str(value).lower()
        case int() | float():
            return _number(value)
        case date() | time() | timedelta():
            return str(value)
    return Unreadable("holds something that is neither text, nor a number, nor a date: write it as text")


def _number(value: float) -> Cell:
    if abs(value) >= 10**_MOST_DIGITS:
        return Unreadable(f"is a number of more than {_MOST_DIGITS} digits, some of them lost: write it as text")
    return str(int(value)) if value == int(value) else repr(value)
