"""The source line with its caret."""

import pytest

from imagetools.lang.syntax.excerpt import excerpt, located


@pytest.mark.parametrize(
    ("source", "line", "column", "lines"),
    [
        (b"(", 1, 1, ["     1| (", "      | ^"]),
        (b"a\nb c\nd\ne", 2, 3, ["     1| a", "     2| b c", "      |   ^", "     3| d"]),
        (b"a\n", 2, 1, ["     1| a", "     2|", "      | ^"]),
        (b"a\r\nb", 2, 1, ["     1| a", "     2| b", "      | ^"]),
        (b"abc", 1, 4, ["     1| abc", "      |    ^"]),
        (b"abc", 1, 0, ["     1| abc"]),
        ("äö x".encode(), 1, 6, ["     1| äö x", "      |    ^"]),
        (b"\xff x", 1, 3, ["     1| \ufffd x", "      |   ^"]),
        (b"\tx", 1, 2, ["     1| \tx", "      |  ^"]),
        (b"a\0b", 1, 3, ["     1| a", "      |   ^"]),
        (b"a", 2, 1, []),
        (b"", 1, 1, ["     1|", "      | ^"]),
    ],
)
def test_excerpt(source: bytes, line: int, column: int, lines: list[str]) -> None:
    assert list(excerpt(source, line, column)) == lines


def test_numbers_are_right_aligned() -> None:
    source = b"\n".join(b"line" for _ in range(120))
    assert excerpt(source, 100, 2) == ("    99| line", "   100| line", "      |  ^", "   101| line")


def test_located() -> None:
    assert located("/a.nix", b"x", 1, 1) == "       at /a.nix:1:1:\n            1| x\n             | ^"
