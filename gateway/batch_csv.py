"""Reading a table of many requests: every row as a request, or all that is wrong with the table, line by line."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from schemas.problems import in_words
from schemas.service_request import Recipient, RequestIntake

CHANNEL = "batch"
OF_THE_RECIPIENT = tuple(Recipient.model_fields)
OF_THE_REQUEST = tuple(name for name in RequestIntake.model_fields if name not in {"channel", "service", "recipient"})
COLUMNS = (*OF_THE_REQUEST, *OF_THE_RECIPIENT)
_NO_AMOUNT = "amount: is no whole number of rupiah: write digits alone, e.g. 300000"
"""300.000 is three hundred to some, and three hundred thousand to others."""
_REQUIRED = tuple(name for name, field in Recipient.model_fields.items() if field.is_required())


@dataclass(frozen=True)
class Problem:
    """Something that has to be mended before anything starts."""

    line: int
    """Of the file, counted from 1."""
    text: str
    """The field and the mend, never what was given."""

    def __str__(self) -> str:
        """Return it as people read it."""
        return f"line {self.line}: {self.text}"


@dataclass(frozen=True)
class Row:
    """A request, and the line of the file that it begins on."""

    line: int
    intake: RequestIntake


def read(content: bytes, service: str) -> tuple[list[Row], list[Problem]]:
    """Read a table in UTF-8 whose columns are parted by commas or semicolons. Its first line names them.

    Args:
        content: of the file; a byte order mark, as spreadsheets write it, is no part of it.
        service: that all rows ask for.

    Returns:
        The rows that can be read, and what is wrong with the others, or with the file as a whole.
    """
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        return [], [Problem(line, "is not UTF-8: save the table as CSV in UTF-8")]
    rows: list[Row] = []
    problems: list[Problem] = []
    try:
        _read_rows(_lines(text), service, rows, problems)
    except _BrokenError as broken:
        problems.append(broken.problem)
    return rows, problems


class _BrokenError(ValueError):
    """What follows cannot be read."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


def _lines(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each line that holds any, and the number of the line that they begin on."""
    header = text.partition("\n")[0]
    table = csv.reader(io.StringIO(text, newline=""), delimiter=";" if ";" in header else ",", strict=True)
    while True:
        begins = table.line_num + 1
        try:
            cells = [cell.strip() for cell in next(table)]
        except StopIteration:
            return
        except csv.Error as error:
            raise _BrokenError(Problem(begins, f"cannot be read ({error}): check its quotes")) from None
        if any(cells):
            yield begins, cells


def _read_rows(lines: Iterator[tuple[int, list[str]]], service: str, rows: list[Row], problems: list[Problem]) -> None:
    line, header = next(lines, (1, []))
    if said := "; ".join(_about_the_header(header)):
        raise _BrokenError(Problem(line, said))
    for line, cells in lines:
        if len(cells) != len(header):
            problems.append(
                Problem(line, f"has {len(cells)} cells, the header {len(header)}: put texts with a separator in quotes")
            )
            continue
        given: dict[str, Any] = {name: cell for name, cell in zip(header, cells, strict=True) if cell}
        wrong: list[str] = []
        if (amount := given.pop("amount", None)) is not None:
            if re.fullmatch(r"[0-9]{1,12}", amount):
                given["amount"] = int(amount)
            else:
                wrong.append(_NO_AMOUNT)
        try:
            row = Row(line, _intake(given, service))
        except ValidationError as error:
            wrong.append(in_words(error).replace("recipient.", ""))
        if wrong:
            problems.append(Problem(line, "; ".join(wrong)))
        else:
            rows.append(row)


def _about_the_header(header: list[str]) -> Iterator[str]:
    if unknown := [str(number) for number, name in enumerate(header, start=1) if name not in COLUMNS]:
        yield f"column {', '.join(unknown)}: has no name that is known: name it one of {', '.join(COLUMNS)}"
    for name in COLUMNS:
        if header.count(name) > 1:
            yield f"{name}: is the name of {header.count(name)} columns: remove all but one"
    for name in _REQUIRED:
        if name not in header:
            yield f"{name}: is missing: add the column"


def _intake(given: dict[str, Any], service: str) -> RequestIntake:
    recipient = {name: cell for name, cell in given.items() if name in OF_THE_RECIPIENT}
    request = {name: cell for name, cell in given.items() if name in OF_THE_REQUEST}
    return RequestIntake.model_validate({"channel": CHANNEL, "service": service, "recipient": recipient, **request})
