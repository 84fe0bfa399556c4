"""What XML cannot hold is left out of it, and nothing that anybody wrote becomes an element."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.open311.documents import Document, Format, format_of, response


@given(st.text())
def test_any_text_makes_xml_that_can_be_read(text: str) -> None:
    written = response(Document("request", {"description": text}), Format.XML).body

    assert len(ET.fromstring(bytes(written))) == 1


@given(st.text())
def test_any_text_makes_json_that_can_be_read(text: str) -> None:
    bytes(response(Document("request", {"description": text}), Format.JSON).body).decode("utf-8")


def test_a_lone_half_of_a_character_breaks_no_answer() -> None:
    assert response(Document("request", {"description": "a\ud800b"}), Format.JSON).body == b'{"description": "a?b"}'


def test_what_looks_like_markup_stays_text() -> None:
    text = "<!DOCTYPE x [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>&e;]]><b>"
    written = bytes(response(Document("request", {"description": text}), Format.XML).body)

    assert ET.fromstring(written).findtext("description") == text


def test_characters_that_xml_forbids_are_dropped() -> None:
    written = bytes(response(Document("request", {"description": "a\x00\x08\x0b\ufffeb\U0001f6a7"}), Format.XML).body)

    assert ET.fromstring(written).findtext("description") == "ab\U0001f6a7"


@pytest.mark.parametrize(
    ("path", "written"),
    [("/requests.json", Format.JSON), ("/requests.xml", Format.XML), ("/requests", Format.XML), ("/x.csv", Format.XML)],
)
def test_the_ending_of_a_path_says_how_it_is_answered(path: str, written: Format) -> None:
    assert format_of(path) is written
