"""The post of a pack: a few points as tables, tens of thousands as lines of points.csv, and where mistakes are."""

import shutil
from pathlib import Path

import pytest

from schemas.post import Carriage, Point, PointKind
from storage.policy_pack import PolicyError, load_pack
from tests.policies.packs import LAMPUNG, WATCH, edit, lampung, watch

HEADER = "code,name,kind,latitude,longitude,region,carries,capacity"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return Path(shutil.copytree(WATCH, tmp_path / "pack"))


@pytest.fixture
def province(tmp_path: Path) -> Path:
    return Path(shutil.copytree(LAMPUNG, tmp_path / "province"))


def table(pack: Path, *lines: str) -> None:
    (pack / "points.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def mistakes(pack: Path) -> list[str]:
    with pytest.raises(PolicyError) as caught:
        load_pack(pack)
    return [problem.text for problem in caught.value.problems]


def points(pack: Path) -> dict[str, Point]:
    return {point.code: point for point in load_pack(pack).post.points}


def test_the_points_of_both_files_are_those_of_the_post(pack: Path) -> None:
    table(pack, HEADER, "36000,Kantor Pos Metro,office,-5.1173,105.3080,18,document;parcel cash ; cold,40")

    found = points(pack)

    assert list(found) == ["35200", "35500", "36000"]
    assert found["36000"] == Point(
        code="36000",
        name="Kantor Pos Metro",
        kind=PointKind.OFFICE,
        latitude=-5.1173,
        longitude=105.308,
        region="18",
        carries=(Carriage.DOCUMENT, Carriage.PARCEL, Carriage.CASH, Carriage.COLD),
        capacity=40,
    )


def test_an_empty_cell_and_a_column_that_is_left_out_stand_at_their_defaults(pack: Path) -> None:
    table(pack, "name,code,longitude,latitude,capacity", '"Agenpos Way Kambas, Labuhan Ratu",agen-1,105.7,-5,')

    assert points(pack)["agen-1"] == Point(
        code="agen-1", name="Agenpos Way Kambas, Labuhan Ratu", latitude=-5, longitude=105.7
    )


def test_the_points_of_a_table_make_the_same_version_as_the_same_points_in_lines(pack: Path, tmp_path: Path) -> None:
    lines = Path(shutil.copytree(pack, tmp_path / "lines"))
    post = (lines / "post.toml").read_text(encoding="utf-8")
    before, _, rest = post.partition("[[point]]")
    (lines / "post.toml").write_text(before + rest[rest.index("[[slow_place]]") :], encoding="utf-8")
    table(
        lines,
        HEADER,
        "35200,Kantor Pos Bandar Lampung,office,-5.4142,105.2621,18.71,document parcel cash,",
        "35500,Kantor Pos Kalianda,office,-5.5299,105.5012,18.01,document parcel cash,",
    )

    assert load_pack(lines).version == watch().version


def test_what_spreadsheets_add_does_no_harm(province: Path) -> None:
    """A mark at the beginning, ends of lines of another kind, lines of nothing but commas, blanks around cells."""
    file = province / "points.csv"
    text = file.read_text(encoding="utf-8").replace("\n", "\n,,,,,,,\n\n", 3).replace(",office,", ", office ,")
    file.write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())

    assert load_pack(province).version == lampung().version


def test_a_pack_without_a_post_has_no_points_and_watches_as_usual(pack: Path) -> None:
    (pack / "post.toml").unlink()

    assert load_pack(pack).post.points == ()
    assert str(load_pack(pack).post.watch.first) == "1 day"


IN_LINES = {
    "a place that is no number": (
        "x,X,office,-5.1 S,105,,,",
        "line 2: point x, latitude: must be a valid number",
        "not '-5.1 S'",
    ),
    "a place off the map": (
        "x,X,office,-5,1053,,,",
        "line 2: point x, longitude: must be less than or equal to 180",
        "",
    ),
    "a place that is nowhere": ("x,X,office,nan,105,,,", "line 2: point x, latitude: must be", "not 'nan'"),
    "a kind that does not exist": (
        "x,X,branch,-5,105,,,",
        "line 2: point x, kind: must be 'office', 'agent' or 'hub'",
        "not 'branch'",
    ),
    "something that nobody carries": (
        "x,X,office,-5,105,,document gold,",
        "line 2: point x, carries 2: must be 'document', 'parcel', 'cold', 'cash' or 'freight'",
        "not 'gold'",
    ),
    "half a shipment": ("x,X,office,-5,105,,,1.5", "line 2: point x, capacity: must be a valid integer", "not '1.5'"),
    "a point without a code": (",X,office,-5,105,,,", "line 2: point 1, code: is missing", "add it"),
    "a comma too many": (
        "x,Agen A, Jl. B,office,-5,105,,,",
        "line 2: has 9 cells and the first line has 8",
        "put a cell that holds a comma in quotes",
    ),
    "a quote that is not closed": ('x,"X,office,-5,105,,,', "line 2: is not CSV:", "correct the quotes"),
    "a region that is not listed": (
        "x,X,office,-5,105,18.99,,",
        "line 2: point x: names the region 18.99, which is not listed",
        "add it or correct the name",
    ),
    "a point that a table has, too": (
        "35200,X,office,-5,105,,,",
        "line 2: point 35200: is listed 2 times",
        "keep one",
    ),
}


@pytest.mark.parametrize("mistake", IN_LINES)
def test_a_mistake_in_a_line_is_named_with_its_line_its_place_and_its_mend(pack: Path, mistake: str) -> None:
    line, beginning, mend = IN_LINES[mistake]
    table(pack, HEADER, line)

    (problem,) = mistakes(pack)

    assert problem.startswith(f"points.csv, {beginning}")
    assert mend in problem


@pytest.mark.parametrize(
    ("header", "problem"),
    [
        (
            "code;name;latitude;longitude",
            f"has no columns: begin with the line {HEADER} and put commas, not semicolons",
        ),
        (
            "code,name,lat,longitude,latitude",
            "the column lat is unknown: remove it or correct its name (code,name,kind",
        ),
        ("code,name,longitude", "the column latitude is missing: add it"),
        ("code,name,code,latitude,longitude", "the column code is there 2 times: keep one"),
    ],
)
def test_the_first_line_says_what_the_columns_are(pack: Path, header: str, problem: str) -> None:
    table(pack, "", header, "1,2,3,4,5")

    (found,) = mistakes(pack)

    assert found.startswith(f"points.csv, line 2: {problem}")


def test_lines_are_counted_past_empty_ones_and_cells_of_several_lines(pack: Path) -> None:
    table(pack, HEADER, "", 'a,"Two', 'lines",office,-5,105,,,', "b,B,office,-95,105,,,")

    assert [problem.partition(":")[0] for problem in mistakes(pack)] == ["points.csv, line 5"]


def test_mistakes_of_all_lines_and_of_other_files_come_in_one_error(pack: Path) -> None:
    table(pack, HEADER, "x,X,branch,-5,105,,,", "y,Y,office,-95,105,,,")
    edit(pack, "post.toml", 'lost_after = "120 seconds"', 'lost_after = "120"')

    assert [problem.partition(":")[0] for problem in mistakes(pack)] == [
        "post.toml, line 6",
        "points.csv, line 2",
        "points.csv, line 3",
    ]


def test_a_table_in_another_encoding_is_named(pack: Path) -> None:
    (pack / "points.csv").write_bytes(f"{HEADER}\nx,É,,1,1,,,\n".encode("latin-1"))

    assert mistakes(pack) == ["points.csv, line 2: is not UTF-8: save the file in the encoding UTF-8"]


def test_a_table_that_nothing_reads_is_not_silently_ignored(pack: Path) -> None:
    (pack / "point.csv").write_text(HEADER)

    (problem,) = mistakes(pack)

    assert problem.startswith("point.csv: nothing reads this file: move its content to one of")
    assert problem.endswith("or to points.csv, postal_codes.csv or boundaries.geojson")


IN_TABLES = {
    "a misspelt field": (
        "post.toml",
        'name = "Kantor Pos Kalianda"',
        'name = "Kantor Pos Kalianda"\nnama = "Kalianda"',
        "post.toml, line 19: point 35500, nama: is unknown: remove it or correct its name (code, name, kind",
    ),
    "a place off the map": (
        "post.toml",
        "latitude = -5.5299",
        "latitude = -95.5299",
        "post.toml, line 19: point 35500, latitude: must be greater than or equal to -90",
    ),
    "points in the plural": (
        "post.toml",
        "[watch]",
        "points = []\n[watch]",
        "post.toml, line 3: points: is unknown: write [[point]] above each point",
    ),
    "points in another file": (
        "policy.toml",
        "head_role",
        "post = {}\nhead_role",
        "policy.toml, line 7: post: does not belong here: move it to post.toml",
    ),
    "a slow place that is not listed": (
        "post.toml",
        '[[slow_place]]\nregion = "18.01"',
        '[[slow_place]]\nregion = "18.02"',
        "post.toml, line 26: slow place 18.02: names the region 18.02, which is not listed",
    ),
    "silence in working time": (
        "post.toml",
        'first = "5 seconds"',
        'first = "1 working day"',
        "post.toml, line 3: watch: first: counts working time: write days or hours",
    ),
    "what is carried cold without a range": (
        "services.toml",
        'carriage = "document"',
        'carriage = "cold"',
        "services.toml, line 12: service papers, delivery: temperatures: what is carried cold has a range",
    ),
    "cash that is not paid out": (
        "services.toml",
        "pays_out = true",
        "pays_out = false",
        "services.toml, line 32: service cash: is carried as cash and pays nothing out: write pays_out = true",
    ),
    "what no point carries": (
        "services.toml",
        'carriage = "document"',
        'carriage = "freight"',
        "services.toml, line 13: service papers: is carried as freight, and no office or agent carries that",
    ),
}


@pytest.mark.parametrize("mistake", IN_TABLES)
def test_a_mistake_in_a_table_is_named_with_its_line_its_place_and_its_mend(pack: Path, mistake: str) -> None:
    file, old, new, beginning = IN_TABLES[mistake]
    edit(pack, file, old, new)

    (problem,) = mistakes(pack)

    assert problem.startswith(beginning)


def test_a_hub_that_a_consignment_goes_by_has_to_be_one(province: Path) -> None:
    edit(province, "points.csv", "Pelabuhan Panjang,hub", "Pelabuhan Panjang,office")

    (problem,) = mistakes(province)

    assert problem.startswith(
        "services.toml, line 122: service food-consignment: goes by way of ID-PANJANG, which is no "
    )


def test_tens_of_thousands_of_points_are_read(pack: Path) -> None:
    table(
        pack, HEADER, *(f"n{n:05d},Agen {n},agent,-5,{100 + n / 10_000},18.01,document cash,30" for n in range(60_000))
    )

    found = load_pack(pack).post.points

    assert len(found) == 60_002
    assert (found[-1].code, found[-1].longitude) == ("n59999", 105.9999)
