"""Escapes and indentation."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.lang.syntax.strings import strip, strip_whole, unescape


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", ""),
        (r"a\nb\rc\td", "a\nb\rc\td"),
        (r"\"\\\${x}\q", '"\\${x}q'),
        ("a\r\nb\rc\n", "a\nb\nc\n"),
        ("a\\\r\nb", "a\r\nb"),
        ("$\\$", "$$"),
        ("\xc3\xa4\xff", "\xc3\xa4\xff"),
    ],
)
def test_unescape(text: str, value: str) -> None:
    assert unescape(text) == value


@pytest.mark.parametrize(
    ("body", "value"),
    [
        ("", ""),
        ("a", "a"),
        ("   ", ""),
        (" a", "a"),
        ("\n  a\n    b\n", "a\n  b\n"),
        ("\n  a\n    b\n  ", "a\n  b\n"),
        ("  \n  a", "a"),
        ("x\n  \n  y", "x\n  \n  y"),
        ("\n    a\n\n  \n      \n    b\n", "a\n\n\n  \nb\n"),
        ("\n\ta\n\tb\n", "\ta\n\tb\n"),
        ("\n  a\n\tb", "  a\n\tb"),
        ("\r\n  a", "\r\n  a"),
        ("\n  \r\n  a", "\r\na"),
        ("\n\n\n", "\n\n"),
    ],
)
def test_whole_indented_strings(body: str, value: str) -> None:
    assert strip_whole(f"''{body}''") == value


@pytest.mark.parametrize(
    ("parts", "escapes", "value"),
    [
        (["  a ", None, "\n    b\n"], "nnn", ["a ", None, "\n  b\n"]),
        (["    ", None, "\n  b\n"], "nnn", ["  ", None, "\nb\n"]),
        (["  ", None, "\n  "], "nnn", ["", None, "\n"]),
        ([None, "\n  "], "nn", [None, "\n"]),
        ([None], "n", [None]),
        ([None, "  "], "nn", [None, "  "]),
        (["  a", "\n", "  b"], "nyn", ["a", "\n", "b"]),
        (["    ", "\t", "x\n  y"], "nyn", ["  ", "\t", "x\ny"]),
        (["    ", " ", "\n    y"], "nyn", ["", " ", "\ny"]),
        ([" ", "$", "{a}\n  b"], "nyn", ["", "$", "{a}\n b"]),
        ([], "", []),
    ],
)
def test_parts_of_indented_strings(parts: list[str | None], escapes: str, value: list[str | None]) -> None:
    assert strip(parts, [mark == "y" for mark in escapes]) == value


@given(st.text(alphabet=" \nab\t", max_size=30))
def test_a_whole_string_is_a_string_of_one_part(body: str) -> None:
    opened = body.lstrip(" ")[1:] if body.lstrip(" ").startswith("\n") else body
    assert strip_whole(f"''{body}''") == strip([opened], [False])[0]
