"""Offsets to lines and columns."""

import pytest

from imagetools.lang.syntax.lines import line_col, line_starts


@pytest.mark.parametrize(
    ("source", "pos", "where"),
    [
        (b"", 0, (1, 1)),
        (b"abc", 2, (1, 3)),
        (b"abc", 3, (1, 4)),
        (b"a\nbc", 2, (2, 1)),
        (b"a\nbc", 1, (1, 2)),
        (b"a\n", 2, (2, 1)),
        (b"a\r\nb", 3, (2, 1)),
        (b"a\rb", 2, (2, 1)),
        (b"a\n\rb", 3, (3, 1)),
        (b"\xc3\xa4x", 2, (1, 3)),
        (b"a\x0bb\x85c", 4, (1, 5)),
        (b"x", -1, (0, 0)),
    ],
)
def test_line_and_column(source: bytes, pos: int, where: tuple[int, int]) -> None:
    assert line_col(line_starts(source), pos) == where
