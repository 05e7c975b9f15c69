"""Byte strings: one code point is one byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.kernel.bytestr import NotBytesError, display, from_unicode, to_bytes, to_str


@given(st.binary())
def test_bytes_come_back(data: bytes) -> None:
    assert to_bytes(to_str(data)) == data
    assert len(to_str(data)) == len(data)


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_display_shows_what_a_person_wrote(text: str) -> None:
    assert display(from_unicode(text)) == text


def test_a_decoded_text_is_refused_with_its_place() -> None:
    with pytest.raises(NotBytesError) as caught:
        to_bytes("aß€")
    assert caught.value.index == 2
    assert caught.value.message == "the text 'aß€' is not a byte string: character 2 is U+20AC"


def test_bytes_that_are_no_utf8_are_shown_as_replacements() -> None:
    assert display(to_str(b"a\xff\n")) == "a\ufffd\n"


def test_file_names_of_python_become_their_bytes() -> None:
    assert from_unicode(b"x\xff".decode("utf-8", "surrogateescape")) == "x\xff"
