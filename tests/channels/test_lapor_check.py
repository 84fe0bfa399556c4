"""A file is checked as a whole: every mistake is named by line, column, field and mend, and no value is repeated."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from gateway.channels import lapor
from gateway.channels.lapor_mapping import LaporMapping, MappingError, load_mapping
from gateway.channels.lapor_rows import Report
from gateway.channels.tables import TableError
from schemas.complaint import Identity, Intake
from schemas.policy import Policy
from storage.policy_pack import load_pack
from tests.channels import lapor_making as making
from tests.channels.lapor_making import as_csv, as_xlsx, mapping, row
from tests.gateway.batch_making import LAMPUNG

NOW = datetime(2026, 11, 23, 5, tzinfo=UTC)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_pack(LAMPUNG)


def checked(policy: Policy, *rows: dict[str, object], under: LaporMapping | None = None) -> list[Report]:
    return lapor.checked(as_csv(*rows), under or mapping(), policy, NOW)


def only(policy: Policy, under: LaporMapping | None = None, **changes: Any) -> Intake:
    (report,) = checked(policy, row("1", **changes), under=under)
    assert report.intake is not None
    return report.intake


def problems(policy: Policy, *rows: dict[str, object], under: LaporMapping | None = None) -> list[str]:
    with pytest.raises(TableError) as refused:
        checked(policy, *rows, under=under)
    assert making.nothing_planted_in(str(refused.value))
    return [str(problem) for problem in refused.value.problems]


# What rows mean


def test_a_row_is_a_complaint_as_any_channel_hands_one_in(policy: Policy) -> None:
    found = only(policy)

    assert (found.channel, found.external_id, found.category, found.region) == ("lapor", "1", "road-province", "18.71")
    assert found.text == f"{making.TITLE}\n\n{making.TEXT}"
    assert found.place is not None
    assert (found.place.latitude, found.place.longitude) == (-5.4142, 105.2621)
    assert found.reporter is not None
    assert (found.reporter.name, found.reporter.email) == (making.NAME, making.EMAIL)
    assert found.reporter.phone == "+6281299887766"
    assert found.attributes == {"submitted_at": "2026-11-20T02:30:00+00:00"}
    assert found.identity is Identity.NAMED


def test_a_workbook_says_the_same_as_a_file_of_text(policy: Policy) -> None:
    at = datetime.fromisoformat("2026-11-20T09:30")
    from_workbook = as_xlsx(row("1", Tanggal_Laporan=at, Lintang=-5.4142, Bujur=105.2621))

    assert lapor.checked(from_workbook, mapping(), policy, NOW) == checked(policy, row("1"))


@pytest.mark.parametrize(
    ("anonymous", "confidential", "identity"),
    [
        ("", "", Identity.NAMED),
        ("TIDAK", " tidak ", Identity.NAMED),
        ("Ya", "-", Identity.ANONYMOUS),
        ("Ya", "Ya", Identity.CONFIDENTIAL),
        ("Tidak", "ya", Identity.CONFIDENTIAL),
    ],
)
def test_of_what_others_may_see_the_strictest_word_counts(
    policy: Policy, anonymous: str, confidential: str, identity: Identity
) -> None:
    assert only(policy, Anonim=anonymous, Rahasia=confidential).identity is identity


@pytest.mark.parametrize(
    ("changes", "category", "attribute"),
    [
        ({"Kategori": "  jalan   NASIONAL "}, "road-national", None),
        ({"Kategori": "Kebisingan Pesawat"}, "lapor-other", "Kebisingan Pesawat"),
        ({"Kategori": ""}, "lapor-other", None),
        ({"Klasifikasi": "aspirasi"}, "aspiration", None),
        ({"Klasifikasi": "Permintaan Informasi", "Kategori": "Kebisingan"}, "information", None),
        ({"Klasifikasi": ""}, "road-province", None),
    ],
)
def test_names_become_categories_and_a_name_that_nobody_knows_is_kept(
    policy: Policy, changes: dict[str, Any], category: str, attribute: str | None
) -> None:
    found = only(policy, **changes)

    assert (found.category, found.attributes.get("category_name")) == (category, attribute)


@pytest.mark.parametrize("place", ["18.71", "Kota Bandar Lampung", "bandar lampung"])
def test_a_place_is_known_by_its_code_its_name_or_the_mappings(policy: Policy, place: str) -> None:
    assert only(policy, Lokasi=place).region == "18.71"


def test_a_place_that_nobody_knows_may_stand_for_the_province_and_is_kept(policy: Policy) -> None:
    found = only(policy, mapping(places={"otherwise": "18"}), Lokasi="Atlantis")

    assert (found.region, found.attributes["place_name"]) == ("18", "Atlantis")


def test_who_reports_may_be_unknown(policy: Policy) -> None:
    assert only(policy, Nama_Pelapor="", No_HP="-", Email="N/A", Anonim="Ya").reporter is None


def test_what_is_settled_over_there_is_passed_over_whatever_else_it_says(policy: Policy) -> None:
    (report,) = checked(policy, row("1", Status="selesai", Isi_Laporan="", Judul_Laporan="", Kategori="?"))

    assert (report.tracking_id, report.intake) == ("1", None)


# What is wrong


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"Tracking_ID": ""}, "column Tracking ID: tracking_id: is empty, or has blanks"),
        ({"Tracking_ID": "1 2"}, "column Tracking ID: tracking_id: is empty, or has blanks"),
        ({"Isi_Laporan": "", "Judul_Laporan": "-"}, "column Isi Laporan: text: is empty, or longer than"),
        ({"Isi_Laporan": "x" * 20_001}, "column Isi Laporan: text: is empty, or longer than"),
        ({"Klasifikasi": "Planted"}, "column Klasifikasi: case_class: is no class that the mapping knows"),
        ({"Lokasi": "Kusuma"}, "column Lokasi: place: is no code or name of a region"),
        ({"Lintang": "95"}, "column Lintang: latitude: is no number of degrees up to 90"),
        ({"Lintang": "", "Bujur": "0"}, "column Lintang: latitude: is missing: give both, or neither"),
        ({"Bujur": "timur"}, "column Bujur: longitude: is no number of degrees up to 180"),
        ({"Bujur": "nan"}, "column Bujur: longitude: is no number of degrees up to 180"),
        ({"Bujur": ""}, "column Bujur: longitude: is missing: give both, or neither"),
        ({"Tanggal_Laporan": "kemarin"}, "column Tanggal Laporan: submitted_at: is no moment as the mapping's"),
        ({"Tanggal_Laporan": "31/02/2026 10:00"}, "column Tanggal Laporan: submitted_at: is no moment"),
        ({"Tanggal_Laporan": "01/01/0001"}, "column Tanggal Laporan: submitted_at: is no moment"),
        ({"Tanggal_Laporan": "25/11/2026 10:00"}, "column Tanggal Laporan: submitted_at: lies before this century"),
        ({"Rahasia": "99887766"}, "column Rahasia: identity: is no word that the mapping knows"),
        ({"Nama_Pelapor": "Kusuma" * 50}, "column Nama Pelapor: name: is longer than 200 letters"),
        ({"No_HP": "nomor Kusuma"}, "column No. HP: phone: is no phone number: write it as 0812..."),
        ({"Email": "Kusuma"}, "column Email: email: is no e-mail address"),
    ],
    ids=lambda given: given[:40] if isinstance(given, str) else "",
)
def test_a_mistake_is_named_by_line_column_field_and_mend(policy: Policy, changes: dict[str, str], said: str) -> None:
    (found,) = problems(policy, row("1"), row("2", **changes))

    assert found.startswith(f"line 3, {said}")


def test_every_mistake_of_a_file_is_named_in_order(policy: Policy) -> None:
    wrong = (row("1", Email="x", No_HP="y", Lokasi="z"), row("2"), row("1", Anonim="?"), row("2"))

    found = problems(policy, *wrong)

    assert [said.split(":")[0] for said in found] == [
        "line 2, column Email",
        "line 2, column Lokasi",
        "line 2, column No. HP",
        "line 4, column Anonim",
        "line 5, column Tracking ID",
    ]
    assert found[-1].endswith("is that of line 3: leave one of them out")


def test_a_formula_in_a_column_that_counts_is_a_mistake(policy: Policy) -> None:
    with pytest.raises(TableError, match="line 2, column Isi Laporan: text: holds a formula"):
        lapor.checked(as_xlsx(row("1", Isi_Laporan='="Kusuma"')), mapping(), policy, NOW)


def test_without_otherwise_a_category_that_nobody_knows_is_a_mistake(policy: Policy) -> None:
    strict = mapping(categories={"names": {"Jalan": "road"}})

    (found,) = problems(policy, row("1", Kategori="Kusuma"), under=strict)

    assert found.startswith("line 2, column Kategori: category: is no name that the mapping knows")


def test_a_file_without_rows_is_a_mistake(policy: Policy) -> None:
    assert problems(policy) == ["line 1: there are no rows below the heading: there is nothing to import"]


# Mappings


def test_the_example_fits_the_policy_of_lampung(policy: Policy) -> None:
    assert mapping().problems_under(policy) == []


def test_codes_that_the_policy_does_not_know_are_named_before_any_row_is(policy: Policy) -> None:
    wrong = mapping(
        categories={"names": {"Jalan": "roads"}, "otherwise": "triage-will-see"},
        places={"names": {"Jauh": "99"}, "otherwise": "98"},
    )

    with pytest.raises(MappingError) as refused:
        checked(policy, row("1", Email="x"), under=wrong)

    assert [said.partition(" is not")[0] for said in refused.value.problems] == [
        "categories.names: Jalan: roads",
        "places: Jauh: 99",
        "places: otherwise: 98",
    ]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({'zone = "Asia/Jakarta"': 'zone = "Asia/Jakart"'}, "times.zone: 'Asia/Jakart' is not a time zone"),
        ({'"%d/%m/%Y"]': '"%d/%m"]'}, "times.formats.2: '%d/%m' does not hold a whole date"),
        ({'latitude = "Lintang"': ""}, "columns: name latitude and longitude both"),
        ({'tracking_id = "Tracking ID" #': "#"}, "columns.tracking_id: is missing: add it"),
        ({"[columns]": '[columns]\nnick = "x"'}, "columns.nick: nothing reads this: remove it"),
        ({'as_categorised = ["Pengaduan"]': "", "[classes.categories]": "[x]"}, "x: nothing reads this"),
        ({"[columns]": "[columns"}, "is not TOML"),
        ({"[export.words]": '[export.words]\nlost = "Hilang"'}, "export.words.lost"),
    ],
    ids=lambda given: given if isinstance(given, str) else "",
)
def test_a_mistake_in_a_mapping_is_named_with_the_mend(tmp_path: Path, changes: dict[str, str], said: str) -> None:
    text = making.MAPPING_FILE.read_text()
    for before, after in changes.items():
        assert before in text
        text = text.replace(before, after, 1)
    file = tmp_path / "wrong.toml"
    file.write_text(text)

    with pytest.raises(MappingError) as refused:
        load_mapping(file)

    assert said in str(refused.value)


def test_a_class_column_needs_its_meaning() -> None:
    with pytest.raises(ValueError, match="classes: say what the classes mean"):
        mapping(classes={})


def test_a_mapping_may_be_small(policy: Policy) -> None:
    least: dict[str, Any] = {
        "columns": {"tracking_id": "Tracking ID", "text": "Isi Laporan", "category": "Kategori"},
        "categories": {"otherwise": "lapor-other"},
    }

    (found,) = checked(policy, row("1"), under=LaporMapping.model_validate(least))

    assert found.intake == Intake(
        channel="lapor",
        external_id="1",
        category="lapor-other",
        text=making.TEXT,
        attributes={"category_name": "Jalan Provinsi"},
    )
