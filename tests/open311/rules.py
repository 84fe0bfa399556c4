"""What GeoReport v2 says that answers look like: of JSON by schemas, of XML by the names of its elements."""

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import httpx
from jsonschema import Draft202012Validator

_SCHEMAS = Path(__file__).with_name("schemas")
JSON, XML = "application/json; charset=utf-8", "text/xml; charset=utf-8"

ENTRIES = {
    "attributes": "attribute",
    "endpoints": "endpoint",
    "errors": "error",
    "formats": "format",
    "notes": "note",
    "service_requests": "request",
    "services": "service",
    "values": "value",
}
"""Elements that hold a list, and what each of its entries is called."""


def checked(name: str, answer: httpx.Response, status: int = 200) -> Any:
    """Return the JSON of an answer that keeps to a schema."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, JSON), answer.text
    content = answer.json()
    schema = json.loads((_SCHEMAS / f"{name}.json").read_text(encoding="utf-8"))
    assert [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(content)] == []
    return content


def parsed(root: str, answer: httpx.Response, status: int = 200) -> Any:
    """Return the XML of an answer as the values that JSON would have, all of them texts or None."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, XML), answer.text
    assert answer.content.lower().startswith((b"<?xml version='1.0' encoding='utf-8'?>",))
    element = ET.fromstring(answer.content)
    assert element.tag == root
    return _value(element)


def _value(element: ET.Element) -> Any:
    if element.tag in ENTRIES:
        assert {child.tag for child in element} <= {ENTRIES[element.tag]}
        return [_value(child) for child in element]
    if len(element):
        names = [child.tag for child in element]
        assert len(set(names)) == len(names), names
        return {child.tag: _value(child) for child in element}
    return element.text


def as_texts(content: Any) -> Any:
    """Return the values of JSON as XML writes them."""
    match content:
        case dict():
            return {name: as_texts(value) for name, value in content.items()}
        case list():
            return [as_texts(value) for value in content]
        case bool():
            return "true" if content else "false"
        case None | "":
            return None
        case _:
            return str(content)
