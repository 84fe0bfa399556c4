"""Photos and documents that tests upload, and ones that nobody should take."""

import io
import struct
import zipfile
import zlib
from fractions import Fraction
from typing import Any

from PIL import Image
from PIL.PngImagePlugin import PngInfo

PLANTED = b"planted-words-4711"
"""Found nowhere but in an original."""

LAMPUNG = (-5.4123, 105.3123)


def exif(place: tuple[float, float] | None = LAMPUNG, *, orientation: int = 1, **tags: Any) -> Image.Exif:
    """Return what a camera notes: words, a place, how it was held, when."""
    noted = Image.Exif()
    noted[0x010E] = PLANTED.decode()
    noted[0x0112] = orientation
    noted.get_ifd(0x8769).update({0x9003: "2026:11:23 08:15:00", 0x9011: "+07:00"} | tags.get("camera", {}))
    if place is not None:
        noted.get_ifd(0x8825).update(gps(*place) | tags.get("satellites", {}))
    return noted


def gps(latitude: float, longitude: float) -> dict[int, Any]:
    """Return a place as cameras note it."""
    return {
        1: "S" if latitude < 0 else "N",
        2: _sexagesimal(abs(latitude)),
        3: "W" if longitude < 0 else "E",
        4: _sexagesimal(abs(longitude)),
    }


def _sexagesimal(degrees: float) -> tuple[Fraction, Fraction, Fraction]:
    whole = Fraction(round(degrees * 10**6), 10**6)
    minutes = (whole % 1) * 60
    return Fraction(int(whole)), Fraction(int(minutes)), (minutes % 1) * 60


def photo(kind: str = "JPEG", *, size: tuple[int, int] = (48, 32), noted: Image.Exif | None = None) -> bytes:
    """Return a photo, red on its left half and blue on its right, with all that a camera notes."""
    picture = Image.new("RGB", size, "red")
    picture.paste("blue", (size[0] // 2, 0, *size))
    more: dict[str, Any] = {"comment": PLANTED} if kind == "JPEG" else {}
    if kind == "PNG":
        more["pnginfo"] = PngInfo()
        more["pnginfo"].add_text("Comment", PLANTED.decode())
    if kind in ("JPEG", "WEBP"):
        more["xmp"] = b"<x:xmpmeta>" + PLANTED + b"</x:xmpmeta>"
    return written(picture, kind, exif=noted or exif(), icc_profile=PLANTED * 8, **more)


def written(picture: Image.Image, kind: str, **how: Any) -> bytes:
    """Return a picture's file."""
    file = io.BytesIO()
    picture.save(file, kind, **how)
    return file.getvalue()


def bomb(width: int, height: int) -> bytes:
    """Return a PNG of a few hundred bytes that says it has so many pixels."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(name: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def pdf(text: bytes = PLANTED, *, size: int = 0) -> bytes:
    """Return a small PDF, or one of just so many bytes."""
    body = b"%PDF-1.7\n1 0 obj\n<</Type /Catalog>>\nendobj\n%" + text + b"\n"
    table = b"xref\n0 1\n0000000000 65535 f \ntrailer\n<</Root 1 0 R>>\n"
    end = b"startxref\n%d\n%%%%EOF\n"
    padding = b"%" * max(0, size - len(body) - len(table) - len(end % (size or 1)))
    return body + padding + table + end % (len(body) + len(padding))


def archive() -> bytes:
    """Return a ZIP archive."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as made:
        made.writestr("run.js", "alert(1)")
    return file.getvalue()
