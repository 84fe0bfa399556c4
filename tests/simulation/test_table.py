import gzip
from pathlib import Path

import pytest

from schemas.base import Code
from simulation.codes import as_code, place_codes
from simulation.mapping import Columns, Mapping, Times
from simulation.table import Row, TableError, draw, read_table

MAPPING = Mapping(
    name="small",
    title="A small table",
    columns=Columns(id="no", category="topic", agency="office", opened="opened"),
    times=Times.model_validate({"zone": "UTC", "formats": ["%Y-%m-%d"], "snapshot": "2020-01-01T00:00:00"}),
)
TEXT = 'no,topic,office,opened\r\n1,"Roads, lanes",Works,2019-01-01\r\n\r\n2,Trees,Parks,2019-01-02\r\n'


def read(file: Path) -> list[Row]:
    return read_table(file, MAPPING, Path("small.toml"))


def test_a_table_is_read_packed_or_not_whatever_its_name(tmp_path: Path) -> None:
    plain, packed, misnamed = (tmp_path / name for name in ("a.csv", "a.csv.gz", "b.csv"))
    plain.write_bytes(TEXT.encode("utf-8-sig"))
    packed.write_bytes(gzip.compress(TEXT.encode(), mtime=0))
    misnamed.write_bytes(gzip.compress(TEXT.encode(), mtime=0))

    assert read(plain) == read(packed) == read(misnamed)
    assert [(row.number, row.cells["topic"]) for row in read(plain)] == [(1, "Roads, lanes"), (2, "Trees")]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"no,topic,office,opened\n", "holds no rows"),
        (b"no,topic,office,opened\n1,Roads,Works\n", "row 1: has 3 cells below 4 columns"),
        (b"no,topic,office,opened\n1,R\xe9,W,2019-01-01\n", "byte 26 is not UTF-8"),
        (b'no,topic,office,opened\n1,"R"x,W,2019-01-01\n', "is not CSV"),
        (gzip.compress(TEXT.encode(), mtime=0)[:-9], "cannot be unpacked"),
        (None, "cannot be read"),
    ],
)
def test_a_table_that_cannot_be_read_says_why(tmp_path: Path, content: bytes | None, problem: str) -> None:
    file = tmp_path / "a.csv"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(TableError, match=problem):
        read(file)


def test_the_same_seed_draws_the_same_rows_and_another_seed_others() -> None:
    rows = [Row(number, {}) for number in range(1000)]

    assert draw(rows, 50, seed=1) == draw(rows, 50, seed=1)
    assert draw(rows, 50, seed=1) != draw(rows, 50, seed=2)
    assert len({row.number for row in draw(rows, 50, seed=1)}) == 50
    assert draw(rows, 5000, seed=1) == rows


def test_names_become_codes_that_are_all_different_and_always_the_same() -> None:
    names = ["Dinas Sosial", "  Dinas Sosial ", "Café", "Cafe", "x" * 143, "x" * 144, "東京", "a\tb"]
    codes = [as_code(name) for name in names]

    assert codes[:2] == ["Dinas Sosial", "Dinas Sosial"]
    assert codes[2].startswith("Cafe~")
    assert len(set(codes)) == len(names) - 1
    assert codes == [as_code(name) for name in names]
    for code in codes:
        assert as_code(code) == code, f"{code!r} is no {Code}"


def test_a_slash_in_a_place_is_no_border_between_two() -> None:
    assert place_codes(["Semampir", "Ujung"]) == ("Semampir", "Semampir/Ujung")
    assert place_codes(["Semampir/Ujung"]) == ("Semampir / Ujung",)
    assert place_codes(["Allston / Brighton"]) == ("Allston / Brighton",)
