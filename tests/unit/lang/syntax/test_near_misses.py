"""Which names may have been meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.lang.syntax.near_misses import did_you_mean, distance, near, variable_limit

NAMES = st.text("abc", max_size=6)


@pytest.mark.parametrize(
    ("a", "b", "far"), [("kitten", "sitting", 3), ("", "abc", 3), ("abc", "abc", 0), ("ab", "ba", 2), ("name", "nme", 1)]
)
def test_distances(a: str, b: str, far: int) -> None:
    assert distance(a, b, 9) == distance(b, a, 9) == far
    assert distance(a, b, 1) == min(far, 2)


@given(NAMES, NAMES, NAMES)
def test_a_way_round_is_no_shorter(a: str, b: str, c: str) -> None:
    assert distance(a, c, 20) <= distance(a, b, 20) + distance(b, c, 20)
    assert distance(a, b, 2) == min(distance(a, b, 20), 3)


def test_the_nearest_first_and_five_at_most() -> None:
    assert near("foo", ["fox", "foo1", "bar", "fo", "fobs", "f", "foot", "food"]) == ["fo", "foo1", "food", "foot", "fox"]
    assert near("foo", []) == []


def test_short_variables_are_taken_literally() -> None:
    assert [variable_limit(name) for name in ("x", "fo", "foo", "longer")] == [0, 1, 2, 2]


def test_sentences() -> None:
    assert did_you_mean([]) == ""
    assert did_you_mean(["a"]) == "Did you mean a?"
    assert did_you_mean(["a", "b"]) == "Did you mean one of a or b?"
    assert did_you_mean(["a", "b", "c"]) == "Did you mean one of a, b or c?"
    assert did_you_mean(["\xc3\xa4"]) == "Did you mean ä?"
