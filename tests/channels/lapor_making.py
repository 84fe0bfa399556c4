"""Files as LAPOR! gives them, with values planted in them that nobody else may repeat."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import openpyxl

from gateway.channels.lapor_mapping import LaporMapping, load_mapping
from schemas.policy import Policy
from storage.database import Pool

MAPPING_FILE = Path(__file__).parent.parent.parent / "examples" / "mappings" / "lapor.toml"
NAME, EMAIL, PHONE, TITLE, TEXT = (
    *("Ratna Kusumawardhani", "ratna.kusuma@example.id", "0812-9988-7766"),
    *("Jembatan Way Planted rubuh", "Tolong, anak saya jatuh di jembatan itu."),
)
PLANTED = (NAME, "Kusuma", EMAIL, PHONE, "99887766", "9988-7766", TITLE, TEXT, "anak saya")
"""What enters neither logs, nor errors, nor result files."""

COLUMNS = (
    *("Tracking ID", "Judul Laporan", "Isi Laporan", "Kategori", "Klasifikasi", "Lokasi", "Lintang", "Bujur"),
    *("Tanggal Laporan", "Status", "Anonim", "Rahasia", "Nama Pelapor", "No. HP", "Email", "Instansi Terkait"),
)


def mapping(**changes: Any) -> LaporMapping:
    """Return the example, changed."""
    return LaporMapping.model_validate(load_mapping(MAPPING_FILE).model_dump() | changes)


def row(tracking_id: str, **changes: object) -> dict[str, object]:
    """Return a row, by column; `No_HP` stands for `No. HP`, and underscores for blanks."""
    said: dict[str, object] = {
        "Tracking ID": tracking_id,
        "Judul Laporan": TITLE,
        "Isi Laporan": TEXT,
        "Kategori": "Jalan Provinsi",
        "Klasifikasi": "Pengaduan",
        "Lokasi": "Kota Bandar Lampung",
        "Lintang": "-5,4142",
        "Bujur": "105.2621",
        "Tanggal Laporan": "20/11/2026 09:30",
        "Status": "Belum Terverifikasi",
        "Anonim": "Tidak",
        "Rahasia": "-",
        "Nama Pelapor": NAME,
        "No. HP": PHONE,
        "Email": EMAIL,
        "Instansi Terkait": "of no interest",
    }
    return said | {{"No_HP": "No. HP"}.get(name, name.replace("_", " ")): value for name, value in changes.items()}


def as_csv(*rows: dict[str, object], columns: Sequence[str] = COLUMNS, separator: str = ",") -> bytes:
    """Return a file of text."""
    table = io.StringIO(newline="")
    writer = csv.DictWriter(table, columns, delimiter=separator, extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    return table.getvalue().encode()


def as_xlsx(*rows: dict[str, object], columns: Sequence[str] = COLUMNS) -> bytes:
    """Return a workbook."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.append([*columns])
    for one in rows:
        sheet.append([one[column] for column in columns])
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def nothing_planted_in(said: str) -> bool:
    """Return whether a text is free of what was planted."""
    return not [value for value in PLANTED if value in said]


async def forget_left_behind(pool: Pool, policy: Policy) -> None:
    """Remove complaints on whose cases nobody worked: sweeps of other tests would find them for ever."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute("set local session_replication_role = replica")  # originals are never removed in life
        await connection.execute(
            "delete from complaints where policy_version = $1"
            " and not exists (select from cases where cases.case_id = complaints.case_id)",
            policy.version,
        )
