"""What an upload is, its bytes say; others see nothing but the picture."""

import io
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any

import pytest
from PIL import Image
from PIL.TiffImagePlugin import IFDRational

from gateway.evidence.examining import examined
from gateway.evidence.images import LARGEST_PIXELS
from gateway.evidence.kinds import (
    LARGEST_IMAGE,
    LARGEST_PDF,
    BrokenFileError,
    Kind,
    NotTakenError,
    TooLargeError,
)
from schemas.complaint import Place
from tests.evidence.pictures import LAMPUNG, PLANTED, archive, bomb, exif, pdf, photo, written

SCRIPT = b"<script>alert(1)</script>"


def opened(content: bytes | None) -> Image.Image:
    assert content is not None
    return Image.open(io.BytesIO(content))


def colour(pixel: object) -> str:
    assert isinstance(pixel, tuple)
    return ("red", "green", "blue")[pixel.index(max(pixel))]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_a_copy_of_a_photo_tells_nothing_but_the_picture(kind: str) -> None:
    original = photo(kind)
    assert PLANTED in original
    found = await examined(original)
    assert found.kind == f"image/{kind.lower()}"
    assert found.clean is not None
    assert PLANTED not in found.clean
    copy = opened(found.clean)
    copy.load()
    assert copy.format == kind
    assert not dict(copy.getexif())
    assert not {"exif", "xmp", "icc_profile", "comment", "Comment"} & set(copy.info)
    seen = [copy.convert("RGB").getpixel((x, 16)) for x in (4, 44)]
    assert [colour(pixel) for pixel in seen] == ["red", "blue"]


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_where_and_when_a_photo_was_taken_is_found(kind: str) -> None:
    found = await examined(photo(kind))
    assert found.place == Place(latitude=LAMPUNG[0], longitude=LAMPUNG[1])
    assert found.taken_at == datetime(2026, 11, 23, 1, 15, tzinfo=UTC)


def with_gps(**tags: Any) -> bytes:
    numbered = {int(name.removeprefix("tag_")): value for name, value in tags.items()}
    return photo(noted=exif(satellites=numbered))


@pytest.mark.parametrize(
    "content",
    [
        photo(noted=exif(None)),
        photo(noted=exif((0.0, 0.0))),
        with_gps(tag_2=(Fraction(91), Fraction(0), Fraction(0))),
        with_gps(tag_2=(Fraction(5), Fraction(61), Fraction(0))),
        with_gps(tag_4=(Fraction(5),)),
        with_gps(tag_2=(IFDRational(5, 0), IFDRational(0, 0), Fraction(0))),
        with_gps(tag_1="X"),
        with_gps(tag_3=""),
    ],
    ids=["none", "no fix", "beyond the pole", "61 minutes", "one number", "by nothing", "no pole", "empty"],
)
async def test_a_place_that_is_none_is_not_offered(content: bytes) -> None:
    assert (await examined(content)).place is None


async def test_a_time_of_day_without_its_zone_is_not_told() -> None:
    found = await examined(photo(noted=exif(camera={0x9011: ""})))
    assert found.taken_at is None


async def test_the_time_of_satellites_is_told_where_the_camera_has_no_zone() -> None:
    satellites = {29: "2026:11:23", 7: (Fraction(1), Fraction(14), Fraction(59))}
    found = await examined(photo(noted=exif(camera={0x9011: ""}, satellites=satellites)))
    assert found.taken_at == datetime(2026, 11, 23, 1, 14, 59, tzinfo=UTC)


@pytest.mark.parametrize("orientation", range(1, 9))
async def test_a_copy_stands_upright_however_the_camera_was_held(orientation: int) -> None:
    corner = Image.new("RGB", (40, 20), "white")
    corner.paste("black", (0, 0, 10, 10))
    found = await examined(written(corner, "JPEG", quality=95, exif=exif(orientation=orientation)))
    assert (found.width, found.height) == ((40, 20) if orientation < 5 else (20, 40))
    copy = opened(found.clean).convert("L")
    assert copy.size == (found.width, found.height)
    right, bottom = copy.width - 5, copy.height - 5
    dark = [at for at in ((5, 5), (right, 5), (right, bottom), (5, bottom)) if int(str(copy.getpixel(at))) < 60]
    clockwise = {1: 0, 2: 1, 3: 2, 4: 3, 5: 0, 6: 1, 7: 2, 8: 3}
    assert dark == [((5, 5), (right, 5), (right, bottom), (5, bottom))[clockwise[orientation]]]


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "I;16"])
async def test_pictures_of_every_kind_of_colour_are_taken(mode: str) -> None:
    found = await examined(written(Image.new(mode, (9, 7)), "PNG"))
    assert opened(found.clean).size == (9, 7)


async def test_a_picture_for_printers_is_shown_in_colours_of_screens() -> None:
    found = await examined(written(Image.new("CMYK", (9, 7)), "JPEG"))
    assert opened(found.clean).mode == "RGB"


async def test_what_is_transparent_stays_so() -> None:
    glass = written(Image.new("P", (9, 7)), "PNG", transparency=0)
    assert opened((await examined(glass)).clean).convert("RGBA").getpixel((3, 3)) == (0, 0, 0, 0)


async def test_a_script_behind_a_photo_is_not_shown_to_anybody() -> None:
    found = await examined(photo() + SCRIPT)
    assert found.kind is Kind.JPEG
    assert found.clean is not None
    assert SCRIPT not in found.clean


@pytest.mark.parametrize(
    "content",
    [
        b"<html>" + SCRIPT,
        b"<svg xmlns='http://www.w3.org/2000/svg'>" + SCRIPT + b"</svg>",
        b"GIF89a" + SCRIPT,
        archive(),
        written(Image.new("RGB", (9, 7)), "GIF"),
        written(Image.new("RGB", (9, 7)), "TIFF"),
        written(Image.new("RGB", (9, 7)), "BMP"),
        b"MZ\x90\x00",
        b" " + pdf(),
        SCRIPT + photo(),
    ],
    ids=["html", "svg", "script as gif", "zip", "gif", "tiff", "bmp", "exe", "late pdf", "late jpeg"],
)
async def test_nothing_else_is_taken(content: bytes) -> None:
    with pytest.raises(NotTakenError, match="JPEG, PNG and WebP"):
        await examined(content)


@pytest.mark.parametrize(
    "content",
    [b"\xff\xd8\xff" + SCRIPT * 9, b"\x89PNG\r\n\x1a\n" + SCRIPT * 9, b"RIFF\x99\x00\x00\x00WEBP" + SCRIPT * 9],
)
async def test_what_only_begins_as_a_photo_is_refused(content: bytes) -> None:
    with pytest.raises(BrokenFileError):
        await examined(content)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
async def test_a_photo_that_is_cut_short_is_refused(kind: str, share: float) -> None:
    noise = Image.effect_noise((200, 200), 90)
    whole = written(noise, kind)
    assert await examined(whole)
    with pytest.raises(BrokenFileError, match="upload it whole"):
        await examined(whole[: int(len(whole) * share)])


@pytest.mark.parametrize(("width", "height"), [(30_000, 30_000), (9_000, 9_000), (2**31 - 1, 2**31 - 1)])
async def test_a_small_file_of_very_many_pixels_is_refused(width: int, height: int) -> None:
    assert width * height > LARGEST_PIXELS
    content = bomb(width, height)
    assert len(content) < 1000
    with pytest.raises(BrokenFileError, match="64 million pixels"):
        await examined(content)


async def test_notes_of_a_camera_that_cannot_be_read_harm_nobody() -> None:
    content = photo(noted=exif())
    broken = content.replace(b"MM\x00*", b"MM\xff*").replace(b"II*\x00", b"II\xff\xff")
    assert broken != content
    found = await examined(broken)
    assert (found.place, found.taken_at) == (None, None)
    assert opened(found.clean).size == (48, 32)


async def test_a_document_is_known_by_its_beginning_and_end() -> None:
    found = await examined(pdf())
    assert (found.kind, found.clean, found.place) == (Kind.PDF, None, None)
    assert (await examined(pdf() + b"\r\n")).kind is Kind.PDF


@pytest.mark.parametrize(
    "content",
    [pdf()[:-8], pdf() + archive(), b"%PDF-1.7\n" + archive(), pdf() + SCRIPT, b"%PDF-1.7\nstartxref\n99999\n%%EOF"],
    ids=["cut short", "zip behind it", "zip with its head", "script behind it", "points beyond itself"],
)
async def test_what_only_begins_as_a_document_is_refused(content: bytes) -> None:
    with pytest.raises(BrokenFileError, match="PDF to its end"):
        await examined(content)


async def test_photos_and_documents_have_each_their_largest_size() -> None:
    largest = photo().ljust(LARGEST_IMAGE, b"\0")
    assert (await examined(largest)).kind is Kind.JPEG
    assert (await examined(pdf(size=LARGEST_PDF))).kind is Kind.PDF
    with pytest.raises(TooLargeError, match="10 MiB"):
        await examined(largest + b"\0")
    with pytest.raises(TooLargeError, match="20 MiB"):
        await examined(pdf(size=LARGEST_PDF + 1))
