"""What a photo is in truth, and a copy of it that tells nothing but what can be seen."""

import io
import math
import struct
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from PIL import Image
from pydantic import ValidationError

from gateway.evidence.kinds import BrokenFileError, Examined, Kind
from schemas.complaint import Place

LARGEST_PIXELS = 64_000_000
"""Width times height: more than telephones take, and no more than the memory of a small server holds."""

_TOO_MANY = f"has more than {LARGEST_PIXELS // 10**6} million pixels: send a smaller picture"

_HOSTILE = (
    *(ArithmeticError, AttributeError, EOFError, LookupError, OSError, SyntaxError, TypeError, ValueError),
    struct.error,
)
"""What Pillow raises about files that are not what they say."""

_FORMATS = {Kind.JPEG: "JPEG", Kind.PNG: "PNG", Kind.WEBP: "WEBP"}
_HOW: Mapping[Kind, Mapping[str, Any]] = {
    Kind.JPEG: {"quality": 90},
    Kind.PNG: {"compress_level": 4},
    Kind.WEBP: {"quality": 90, "method": 2},
}

_ORIENTATION, _EXIF_PART, _GPS_PART = 0x0112, 0x8769, 0x8825
_TAKEN_AT, _TAKEN_AT_OFFSET = 0x9003, 0x9011
_LATITUDE_REF, _LATITUDE, _LONGITUDE_REF, _LONGITUDE, _GPS_TIME, _GPS_DATE = 1, 2, 3, 4, 7, 29
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""What sets a picture upright, by how the camera was held."""


def examined(kind: Kind, content: bytes) -> Examined:
    """Decode a picture as what its first bytes say that it is, whole, and return what is known of it.

    Takes up to some seconds of one processor: call it in a thread.

    Raises:
        BrokenFileError: it cannot be decoded to its end, or has more pixels than anybody photographs.
    """
    try:
        with Image.open(io.BytesIO(content), formats=[_FORMATS[kind]]) as image:
            _require_bounds(image)
            image.load()
            exif = _exif(image)
            clean, width, height = _clean_copy(kind, image, exif)
    except BrokenFileError:
        raise
    except Image.DecompressionBombError as error:
        raise BrokenFileError(_TOO_MANY) from error
    except _HOSTILE as error:
        raise BrokenFileError("is cut short or broken: upload it whole") from error
    return Examined(kind=kind, width=width, height=height, place=_place(exif), taken_at=_taken_at(exif), clean=clean)


def _require_bounds(image: Image.Image) -> None:
    if image.width * image.height > LARGEST_PIXELS:
        raise BrokenFileError(_TOO_MANY)
    if min(image.size) < 1:
        raise BrokenFileError("has no pixels")


def _clean_copy(kind: Kind, image: Image.Image, exif: Mapping[int, Any]) -> tuple[bytes, int, int]:
    """Return the picture encoded anew, upright, and its width and height. Only pixels are taken over."""
    turn = _UPRIGHT.get(exif.get(_ORIENTATION, 1))
    upright = image if turn is None else image.transpose(turn)
    if kind is Kind.JPEG and upright.mode not in ("L", "RGB"):
        upright = upright.convert("RGB")
    transparency = upright.info.get("transparency") if kind is Kind.PNG else None
    upright.info = {} if transparency is None else {"transparency": transparency}
    written = io.BytesIO()
    upright.save(written, _FORMATS[kind], **_HOW[kind])
    return written.getvalue(), upright.width, upright.height


def _exif(image: Image.Image) -> dict[int, Any]:
    """Return what the camera noted, the parts in place of where they are; nothing, if it cannot be read."""
    try:
        noted = image.getexif()
        return dict(noted) | {part: dict(noted.get_ifd(part)) for part in (_EXIF_PART, _GPS_PART)}
    except _HOSTILE:
        return {}


def _place(exif: Mapping[int, Any]) -> Place | None:
    """Return where the picture was taken; none without a place, or with one that no place is."""
    noted = exif.get(_GPS_PART) or {}
    try:
        latitude = _degrees(noted[_LATITUDE], noted[_LATITUDE_REF], "NS")
        longitude = _degrees(noted[_LONGITUDE], noted[_LONGITUDE_REF], "EW")
        place = Place(latitude=latitude, longitude=longitude)
    except (*_HOSTILE, ValidationError):
        return None
    return None if (latitude, longitude) == (0, 0) else place  # what cameras without a fix write


def _degrees(noted: Any, hemisphere: str, signs: str) -> float:
    """Return degrees north or east. Raises `ValueError` if these are none."""
    degrees, minutes, seconds = (float(part) for part in noted)
    if not (math.isfinite(degrees + minutes + seconds) and degrees >= 0 and 0 <= minutes < 60 and 0 <= seconds < 60):
        raise ValueError("no degrees, minutes and seconds")
    sign = (1, -1)[signs.index(hemisphere.strip("\0 ").upper()[:1] or "?")]
    return sign * round(degrees + minutes / 60 + seconds / 3600, 6)


def _taken_at(exif: Mapping[int, Any]) -> datetime | None:
    """Return when the picture was taken. A time of day without a zone is none: nobody can know what it means."""
    noted, satellites = exif.get(_EXIF_PART) or {}, exif.get(_GPS_PART) or {}
    try:
        return _moment(f"{noted[_TAKEN_AT]}{noted[_TAKEN_AT_OFFSET]}")
    except _HOSTILE:
        pass
    try:
        hours, minutes, seconds = (int(part) for part in satellites[_GPS_TIME])
        return _moment(f"{satellites[_GPS_DATE]} {hours:02}:{minutes:02}:{seconds:02}+00:00")
    except _HOSTILE:
        return None


def _moment(written: str) -> datetime:
    moment = datetime.strptime(written.replace("\0", "").strip(), "%Y:%m:%d %H:%M:%S%z").astimezone(UTC)
    if not 1990 < moment.year < 2200:
        raise ValueError("a camera whose clock was never set")
    return moment
