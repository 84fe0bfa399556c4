"""Answers as Open311 writes them: XML by default, JSON on request, both from the same values."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from xml.etree import ElementTree as ET

from fastapi import Response


class Format(StrEnum):
    """How an answer is written: the last part of a path says which; without one it is XML."""

    XML = "xml"
    JSON = "json"


MEDIA_TYPES = {Format.XML: "text/xml; charset=utf-8", Format.JSON: "application/json; charset=utf-8"}

Scalar = str | int | float | bool | None
Value = Scalar | Sequence["Value"] | Mapping[str, "Value"]


@dataclass(frozen=True)
class Document:
    """An answer before it is written."""

    root: str
    """Of the XML; JSON has none."""
    content: Value


_ENTRY = {
    "attributes": "attribute",
    "endpoints": "endpoint",
    "errors": "error",
    "formats": "format",
    "notes": "note",
    "service_requests": "request",
    "services": "service",
    "values": "value",
}
"""What one entry of a list is called in XML."""

_NOT_IN_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 cannot hold, however it is escaped."""


def format_of(path: str) -> Format:
    """Return how the answer to a call of this path is written."""
    return Format.JSON if path.endswith(".json") else Format.XML


def response(
    document: Document, written: Format, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a document as it goes out, in UTF-8."""
    body = _xml(document) if written is Format.XML else _json(document)
    return Response(body, status, dict(headers or {}), media_type=MEDIA_TYPES[written])


def _json(document: Document) -> bytes:
    return json.dumps(document.content, ensure_ascii=False).encode(errors="replace")


def _xml(document: Document) -> bytes:
    written: bytes = ET.tostring(_element(document.root, document.content), "utf-8", xml_declaration=True)
    return written


def _element(name: str, value: Value) -> ET.Element:
    element = ET.Element(name)
    if isinstance(value, Mapping):
        element.extend(_element(part, inner) for part, inner in value.items())
    elif isinstance(value, Sequence) and not isinstance(value, str):
        element.extend(_element(_ENTRY[name], inner) for inner in value)
    else:
        element.text = _text(value)
    return element


def _text(value: Scalar) -> str | None:
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    return _NOT_IN_XML.sub("", str(value))
