"""Tables for spreadsheets, CSV or XLSX: the same rows make the same file, and no cell is a formula."""

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Sequence
from datetime import datetime

import openpyxl
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

_A_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What spreadsheets take a cell for that begins so."""
_OF_THE_FILE = datetime(1980, 1, 1)  # noqa: DTZ001 - as old as a packed file can be: when it was written tells nothing
_WRITTEN_AT = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


def as_csv(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a table as CSV in UTF-8, with the mark at its beginning by which spreadsheets know that."""
    table = io.StringIO(newline="")
    writer = csv.writer(table)
    writer.writerow(map(harmless, heading))
    writer.writerows(map(harmless, row) for row in rows)
    return table.getvalue().encode("utf-8-sig")


def as_xlsx(heading: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    """Return a table as a workbook in which every cell is text."""
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Sheet1")
    sheet.append([harmless(cell) for cell in heading])
    for row in rows:
        sheet.append([harmless(cell) for cell in row])
    packed = io.BytesIO()
    book.save(packed)
    return _without_moments(packed.getvalue())


def harmless(text: str) -> str:
    """Return what may stand in a cell: never a formula, and no sign that a workbook cannot hold."""
    plain = ILLEGAL_CHARACTERS_RE.sub("?", text)
    return f"'{plain}" if plain.startswith(_A_FORMULA) else plain


def _without_moments(content: bytes) -> bytes:
    """Return a workbook that does not tell when it was written."""
    moment = f"{_OF_THE_FILE.isoformat()}Z".encode()
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as before, zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as after:
        for name in before.namelist():
            part = before.read(name)
            if name == "docProps/core.xml":
                part = _WRITTEN_AT.sub(rb"\g<1>" + moment, part)
            after.writestr(zipfile.ZipInfo(name, _OF_THE_FILE.timetuple()[:6]), part, zipfile.ZIP_DEFLATED)
    return packed.getvalue()
