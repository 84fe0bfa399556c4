"""Values that are personal, and looking for them where they may not be."""

from collections.abc import Iterable, Sequence
from pathlib import Path

from storage.database import Pool

NIK = "1871014107900777"
NAME = "Ratnasari Kusumaningtyas"
PHONE = "081299887766"
EMAIL = "ratnasari.k@surel-pribadi.example"
ADDRESS = "Gang Melati Tersembunyi 17"
TEXT = "Tetangga saya Sugiharto Wirawan menutup selokan"
ANSWER = "Ibu Ratnasari sudah kami kunjungi"
LATITUDE, LONGITUDE = -5.3987654, 105.2671234
PLANTED: Sequence[str] = (
    *(NIK, "Ratnasari", "Kusumaningtyas", "81299887766", "surel-pribadi", "Melati Tersembunyi", "Sugiharto"),
    *("5.3987654", "105.2671234"),
)
"""What no other test writes, in the forms in which it may appear."""


def found_in(said: str | bytes) -> list[str]:
    """Return which of the planted values appear."""
    text = said.decode("utf-8", errors="replace") if isinstance(said, bytes) else said
    return [value for value in PLANTED if value.casefold() in text.casefold()]


async def found_in_database(pool: Pool) -> dict[str, list[str]]:
    """Return which of the planted values stand in which table."""
    tables = await pool.fetch(
        "select table_name from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'"
    )
    found: dict[str, list[str]] = {}
    for (table,) in tables:
        rows = await pool.fetch(f'select t::text from "{table}" t')
        if values := sorted({value for row in rows for value in found_in(row[0])}):
            found[table] = values
    return found


def found_in_files(paths: Iterable[Path]) -> dict[str, list[str]]:
    """Return which of the planted values stand in which file."""
    return {path.name: values for path in paths if path.is_file() and (values := found_in(path.read_bytes()))}
