"""Which hunks: what is understood, and what is said about the rest."""

import pytest

from imagetools.bundled.fetchers.fetchpatch.dialect import PATCHUTILS_0_3_3, PATCHUTILS_0_4_2
from imagetools.bundled.fetchers.fetchpatch.hunk_ranges import HunkRangeError, parse_hunk_ranges


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("1", [1]),
        ("2-", [2, 3, 4, 5, 6]),
        ("-2", [1, 2]),
        ("-", [1, 2, 3, 4, 5, 6]),
        ("1,3-4", [1, 3, 4]),
        ("4,1", [1, 4]),
        ("x2-3", [1, 4, 5, 6]),
        ("x1,5-", [2, 3, 4]),
        ("0", []),
        ("x0", [1, 2, 3, 4, 5, 6]),
        (" 2,+3", [2, 3]),
        ("0x2", [2]),
        ("9", []),
    ],
)
def test_ranges(text: str, kept: list[int]) -> None:
    ranges = parse_hunk_ranges(text, PATCHUTILS_0_4_2)
    assert [number for number in range(1, 7) if number in ranges] == kept


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "a number is missing"),
        ("1,", "a number is missing"),
        ("a", "'a' is no range"),
        ("1 -2", "'1 -2' is no range"),
        ("1-2-3", "'1-2-3' is no range"),
        ("3-2", "'3-2' ends before it begins"),
    ],
)
def test_what_is_no_range(text: str, why: str) -> None:
    with pytest.raises(HunkRangeError) as caught:
        parse_hunk_ranges(text, PATCHUTILS_0_4_2)
    assert caught.value.message == f"the attribute 'hunks' is not understood: '{text}' ({why})"
    assert caught.value.hint == 'give numbers and ranges, counted from 1 in each file, such as [ 1 "3-5" "8-" ]'


def test_the_older_release_knows_no_inverted_ranges() -> None:
    with pytest.raises(HunkRangeError, match="fetchpatch2 knows it"):
        parse_hunk_ranges("x1", PATCHUTILS_0_3_3)
