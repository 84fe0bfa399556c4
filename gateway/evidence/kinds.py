"""What is taken as evidence, known by the bytes themselves: names and declared types say nothing."""

import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schemas.complaint import Place

LARGEST_IMAGE = 10 * 1024 * 1024
"""Bytes."""
LARGEST_PDF = 20 * 1024 * 1024
"""Bytes."""

_TAIL = 1024
_TRAILER = re.compile(rb"startxref\s{1,4}(\d{1,8})\s{1,4}%%EOF[\s\0]{0,64}\Z")


class Kind(StrEnum):
    """The media types that are taken."""

    JPEG = "image/jpeg"
    PNG = "image/png"
    WEBP = "image/webp"
    PDF = "application/pdf"


TAKEN = "JPEG, PNG and WebP up to 10 MiB, and PDF up to 20 MiB"


class NotTakenError(ValueError):
    """It is nothing that is taken as evidence; the text says what is."""


class BrokenFileError(ValueError):
    """It is of a kind that is taken, but broken, cut short, or made to break us."""


class TooLargeError(ValueError):
    """It has more bytes than are taken of its kind."""


@dataclass(frozen=True)
class Examined:
    """What is known of a photo or document."""

    kind: Kind
    width: int | None = None
    height: int | None = None
    """In pixels, of the picture set upright."""
    place: Place | None = None
    """Where it says that it was taken."""
    taken_at: datetime | None = None
    """When, in UTC."""
    clean: bytes | None = None
    """A copy that holds nothing but the picture; none of a document."""


def sniffed(content: bytes) -> Kind:
    """Return what some bytes begin as.

    Raises:
        NotTakenError: nothing that is taken.
    """
    if content.startswith(b"\xff\xd8\xff"):
        return Kind.JPEG
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return Kind.PNG
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return Kind.WEBP
    if re.match(rb"%PDF-[12]\.\d[\r\n ]", content):
        return Kind.PDF
    raise NotTakenError(f"is none of what is taken: {TAKEN}")


def require_size(kind: Kind, size: int) -> None:
    """Raise `TooLargeError` if something of a kind has more bytes than are taken."""
    largest = LARGEST_PDF if kind is Kind.PDF else LARGEST_IMAGE
    if size > largest:
        raise TooLargeError(f"has more than {largest // 2**20} MiB: {TAKEN} are taken")


def require_whole_pdf(content: bytes) -> None:
    """Raise `BrokenFileError` unless a PDF ends as one, with nothing behind its end."""
    found = _TRAILER.search(content[-_TAIL:])
    if found is None or int(found[1]) >= len(content):
        raise BrokenFileError("is cut short, or no PDF to its end: upload it whole")
