"""Tables come in as spreadsheets write them, and nothing in them is reckoned, guessed or repeated."""

import csv
import io
import re
import time
import zipfile
from datetime import datetime
from typing import Any

import openpyxl
import pytest

from gateway.channels import tables
from gateway.channels.table_writing import as_csv, as_xlsx
from gateway.channels.tables import Row, TableError, Unreadable
from tests.channels import lapor_making as making


def book(*lines: list[object], hidden_before: bool = False) -> bytes:
    made = openpyxl.Workbook()
    sheet = made.worksheets[0]
    if hidden_before:
        sheet.append(["another table"])
        sheet.sheet_state = "hidden"
        sheet = made.create_sheet("shown")
    for line in lines:
        sheet.append(line)
    packed = io.BytesIO()
    made.save(packed)
    return packed.getvalue()


def only(content: bytes, *columns: str) -> list[Row]:
    rows, problems = tables.read(content, columns)
    assert problems == []
    return rows


def refusal(content: bytes, *columns: str) -> str:
    with pytest.raises(TableError) as refused:
        tables.read(content, columns)
    return "\n".join(map(str, refused.value.problems))


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("separator", [",", ";"])
def test_csv_is_read_as_spreadsheets_write_it(mark: bytes, separator: str) -> None:
    table = io.StringIO(newline="")
    lines = (["a, a; a", "B"], ["x\r\ny; z, z", " 2 "], ["", ""], ["3", "4"])
    csv.writer(table, delimiter=separator).writerows(lines)

    assert only(mark + table.getvalue().encode(), "B", "A, A; a") == [
        Row(2, {"B": "2", "A, A; a": "x\r\ny; z, z"}),
        Row(5, {"B": "4", "A, A; a": "3"}),
    ]


def test_a_workbook_is_read_with_the_lines_of_its_sheet() -> None:
    content = book(["A", " nama  Kolom"], [], [datetime.fromisoformat("2026-11-20T09:30"), 8123.0], ["'=1", True])

    assert only(content, "A", "Nama kolom") == [
        Row(3, {"A": datetime.fromisoformat("2026-11-20T09:30"), "Nama kolom": "8123"}),
        Row(4, {"A": "'=1", "Nama kolom": "true"}),
    ]


def test_of_a_workbook_the_first_sheet_that_is_shown_is_read() -> None:
    assert only(book(["A"], ["1"], hidden_before=True), "A") == [Row(2, {"A": "1"})]


def test_a_formula_is_never_reckoned_and_matters_only_where_it_is_read() -> None:
    content = book(["A", "B"], ['=HYPERLINK("http://elsewhere.example")', "=1+1"])
    (found,) = only(content, "A")

    assert isinstance(found.cells["A"], Unreadable)
    assert found.cells["A"].mend.startswith("holds a formula")
    assert list(found.cells) == ["A"]


def test_a_number_of_which_digits_are_lost_is_not_taken_for_another() -> None:
    (found,) = only(book(["NIK", "B"], [1871011708900001, 123456789012345]), "NIK", "B")

    assert isinstance(found.cells["NIK"], Unreadable)
    assert found.cells["B"] == "123456789012345"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1, column A: is missing"),
        (b"a,A\n1,2\n", "line 1, column A: is the name of 2 columns: remove all but one"),
        (b"\xd0\xcf\x11\xe0 and more", "old Excel, or has a password"),
        (b"PK\x03\x04 and no more", "the workbook is damaged, or is none"),
        (b"A\nx\n\xe9\n", "line 3: is not UTF-8"),
        (b'A\nx\n"y', "line 3: cannot be read (unexpected end of data): check its quotes"),
        (b"A" * 200_000, "line 1: cannot be read (field larger than field limit (131072)): check its quotes"),
        (b"A\n" + b"x\n" * 60_000, "line 50002: has more than 50000 rows: part the file"),
        (b"A" + b" " * 21 * 2**20, "the file is larger than 20 MiB"),
        (book(["A", *map(str, range(400))]), "line 1: has more than 300 columns"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_what_cannot_be_read_is_said_with_the_mend(content: bytes, said: str) -> None:
    assert said in refusal(content, "A")


def test_a_line_with_another_number_of_cells_is_named_and_the_others_are_read() -> None:
    rows, problems = tables.read(b"A,B\n1,2\n1,2,3\n4,5\n", ["A"])

    assert [row.line for row in rows] == [2, 4]
    assert [str(one) for one in problems] == [
        "line 3: has 3 cells below 2 columns: put texts with a separator in quotes"
    ]


def test_a_file_without_a_heading_is_refused_without_repeating_anybody() -> None:
    said = refusal(making.as_csv(making.row("1")).partition(b"\r\n")[2], *making.mapping().named_columns)

    assert "column Isi Laporan: is missing" in said
    assert making.nothing_planted_in(said)


def test_a_small_workbook_that_holds_more_than_a_machine_is_refused() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book(["A"], ["1"]))) as whole, zipfile.ZipFile(packed, "w", 8) as bomb:
        for name in whole.namelist():
            bomb.writestr(name, whole.read(name))
        bomb.writestr("xl/media/zeros.bin", b"\0" * 201 * 2**20)
    assert len(packed.getvalue()) < 2**20

    assert "holds more than 200 MiB unpacked" in refusal(packed.getvalue(), "A")


def test_a_line_far_below_all_others_is_refused_at_once() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(book(["A"], ["1"]))) as whole, zipfile.ZipFile(packed, "w") as far:
        for name in whole.namelist():
            far.writestr(name, whole.read(name).replace(b'<row r="2"', b'<row r="999999999"'))

    assert "has more than 200000 lines" in refusal(packed.getvalue(), "A")


# What is written


NASTY = ["=1+1", "+62812", "-5", "@SUM(A1)", "\tx", "\r\n=x", "plain = fine", "a\0b", ""]
HARMLESS = ["'=1+1", "'+62812", "'-5", "'@SUM(A1)", "'\tx", "'\r\n=x", "plain = fine", "a?b", ""]


def test_no_cell_that_is_written_is_a_formula() -> None:
    columns = [f"column {number}" for number in range(len(NASTY))]
    (row,) = only(as_csv(columns, [NASTY]), *columns)
    assert list(row.cells.values()) == [cell.strip() for cell in HARMLESS]

    sheet = openpyxl.load_workbook(io.BytesIO(as_xlsx(["A"], [[one] for one in NASTY]))).worksheets[0]
    cells = [line[0] for line in sheet.iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells if cell.value} == {"s"}
    assert ["".join(str(cell.value or "").split()) for cell in cells] == ["".join(one.split()) for one in HARMLESS]


@pytest.mark.parametrize("form", [as_csv, as_xlsx])
def test_the_same_rows_make_the_same_file(form: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    first = form(["A"], [["1"]])
    later = time.localtime(time.time() + 100_000)
    monkeypatch.setattr(time, "localtime", lambda *_: later)

    assert form(["A"], [["1"]]) == first


def test_a_workbook_does_not_tell_when_it_was_written() -> None:
    with zipfile.ZipFile(io.BytesIO(as_xlsx(["A"], [["1"]]))) as packed:
        assert {part.date_time[0] for part in packed.infolist()} == {1980}
        assert re.findall(rb">(\d{4}-\d\d-\d\d)T", packed.read("docProps/core.xml")) == [b"1980-01-01"] * 2
