"""Every value of a TOML text has its line, however the text is written."""

import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from storage.toml_lines import Path, lines, remarks
from tests.policies.packs import ROOT

TEXT = """\
# One remark
# over two lines.

name = "x" # beside a value
"in progress".id = 'y'
list = [
    { code = "A", deep.er = 1 },
    # between
    { code = "B", hours = ["07:00", # first
        "08:00"] },
]

[table."18.01"] # beside a table
day = 2026-01-01
text = \"\"\"
[[not.a.table]]
\"\"\"

[[ladder]]
[[ladder.level]]
[[ladder.level]]
[ladder.level.offer]
route = "r"
[[ladder]]
[[ladder.level]]
limit = "3 days"
"""


ODD = [
    "",
    "# only this",
    "a = 1 # no end of line",
    '"" = 1',
    "3.14 = 1",
    "a = 2026-01-01 10:00:00\nb = 07:30:00",
    'a = """x"""""\nb = 2',
    "a = '''it''s'''\r\nb = 1\r\n",
    "[a . b]\nc = 1\n[[ d ]]\n[ d . e ]\nf = 1",
    "a = { b.c = 1, d = { e = [[1], [{ f = 1 }]] } }",
    "[[a]]\n[[a.c]]\n[[a.c]]\n[a.e.f]\ng = 1\n[[a]]\n[[a.c]]",
    '"\\u00e9" = 1\n\'q"\' = 2',
]


def every_path(value: Any, path: Path = ()) -> Iterator[Path]:
    yield path
    parts = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in parts:
        yield from every_path(part, (*path, name))


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        *ODD,
        *(
            file.read_text("utf-8")
            for folder in ("policies", "examples")
            for file in sorted((ROOT / folder).rglob("*.toml"))
        ),
    ],
)
def test_exactly_the_values_that_the_parser_sees_have_a_line(text: str) -> None:
    assert set(lines(text)) == set(every_path(tomllib.loads(text)))


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (("name",), 4),
        (("in progress", "id"), 5),
        (("list", 0, "deep", "er"), 7),
        (("list", 1), 9),
        (("list", 1, "hours", 1), 10),
        (("table", "18.01"), 13),
        (("table", "18.01", "text"), 15),
        (("ladder", 0, "level", 1), 21),
        (("ladder", 0, "level", 1, "offer", "route"), 23),
        (("ladder", 1), 24),
        (("ladder", 1, "level", 0, "limit"), 26),
    ],
)
def test_a_value_has_the_line_on_which_it_is_written(path: Path, line: int) -> None:
    assert lines(TEXT)[path] == line


def test_a_remark_over_several_lines_is_one() -> None:
    assert list(remarks(TEXT)) == [
        (1, "One remark\nover two lines."),
        (4, "beside a value"),
        (8, "between"),
        (9, "first"),
        (13, "beside a table"),
    ]
