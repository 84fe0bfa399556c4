from pathlib import Path

import pytest

from simulation.mapping import MappingError, load_mapping
from simulation.table import read_table

EXAMPLES = Path(__file__).parents[2] / "examples" / "mappings"
GOOD = """
name = "small"
title = "A small table"

[columns]
id = "no"
category = "topic"
agency = "office"
opened = "opened"
target = "due"

[times]
zone = "Asia/Jakarta"
formats = ["%Y-%m-%d %H:%M:%S"]
snapshot = 2020-03-01T00:00:00

[lateness]
column = "flag"
on_time = ["Y"]
overdue = ["N"]
"""


def problems_of(folder: Path, text: str) -> tuple[str, ...]:
    file = folder / "small.toml"
    file.write_text(text)
    with pytest.raises(MappingError) as caught:
        load_mapping(file)
    assert str(file) in str(caught.value)
    return caught.value.problems


def test_what_the_mapping_leaves_out_has_its_default(tmp_path: Path) -> None:
    file = tmp_path / "small.toml"
    file.write_text(GOOD)
    mapping = load_mapping(file)

    assert mapping.columns.place == ()
    assert mapping.columns.answered is None
    assert mapping.routing.train_share == 0.7


@pytest.mark.parametrize("name", ["boston311", "surabaya"])
def test_the_examples_can_be_used(name: str) -> None:
    assert load_mapping(EXAMPLES / f"{name}.toml").name == name


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ('category = "topic"', "", "columns.category: is missing: add it"),
        ('agency = "office"', "agency = 5", "columns.agency: must be text: put 5 in quotes"),
        (
            'target = "due"',
            'targets = "due"',
            "columns.targets: nothing reads this: remove it, or correct its name (id, category, agency, place,"
            " latitude, longitude, opened, target, answered)",
        ),
        (
            "Asia/Jakarta",
            "Asia/Batavia",
            "times.zone: 'Asia/Batavia' is not a time zone: write one of the IANA names, e.g. Asia/Jakarta",
        ),
        (
            '["%Y-%m-%d %H:%M:%S"]',
            '["%Y-%m-%d %H:%M:%S", "%H:%M"]',
            "times.formats.2: '%H:%M' does not hold a whole date: write e.g. %Y-%m-%d %H:%M:%S",
        ),
        (
            '["N"]',
            '["N", "Y"]',
            "lateness: Y cannot mean both on_time and overdue: keep it in one of them",
        ),
        (
            'target = "due"',
            "",
            "columns.target: is missing, and lateness is about it: add it, or leave out [lateness]",
        ),
        (
            "[lateness]",
            "[no_location]\npoints = [[0.0, 0.0]]\n[lateness]",
            "no_location.points: need columns.latitude and columns.longitude: add them",
        ),
        (
            'target = "due"',
            'target = "due"\nlatitude = "lat"',
            "columns.latitude and columns.longitude: name both, or neither",
        ),
    ],
)
def test_a_mistake_is_named_by_its_field_with_the_mend(tmp_path: Path, right: str, wrong: str, problem: str) -> None:
    assert problems_of(tmp_path, GOOD.replace(right, wrong)) == (problem,)


def test_all_mistakes_are_named_at_once(tmp_path: Path) -> None:
    assert len(problems_of(tmp_path, GOOD.replace('id = "no"', "").replace('"Asia/Jakarta"', '"Nowhere"'))) == 2


def test_a_file_that_is_no_toml_or_not_there_is_said_so(tmp_path: Path) -> None:
    assert "is not TOML" in problems_of(tmp_path, "name small")[0]
    with pytest.raises(MappingError, match="cannot be read"):
        load_mapping(tmp_path / "none.toml")


def test_columns_that_the_table_lacks_are_all_named_with_what_may_be_meant(tmp_path: Path) -> None:
    mapping, table = tmp_path / "small.toml", tmp_path / "small.csv"
    mapping.write_text(GOOD)
    table.write_text("no,topics,office,opened,due\n1,Roads,Works,2020-01-01 00:00:00,\n")

    with pytest.raises(MappingError) as caught:
        read_table(table, load_mapping(mapping), mapping)
    assert caught.value.problems == (
        "columns.category: the table small.csv has no column 'topic': correct the name; did you mean 'topics'?",
        "lateness.column: the table small.csv has no column 'flag': correct the name;"
        " it has no, topics, office, opened, due",
    )
