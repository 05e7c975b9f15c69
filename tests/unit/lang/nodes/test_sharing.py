"""Dicts that share their table of names: dicts like any other, only smaller."""

import sys

import pytest

from imagetools.lang.nodes.sharing import SHARED_MOST, sharing


@pytest.mark.parametrize("size", [0, 1, 2, SHARED_MOST, SHARED_MOST + 1, 100])
def test_copies_are_dicts_of_their_own(size: int) -> None:
    names = tuple(f"n{number}" for number in range(size))
    template = sharing(names)
    first, second = template.copy(), template.copy()
    first.update(dict.fromkeys(names, 1))
    first["more"] = 2
    first["and more"] = 3
    assert first == {**dict.fromkeys(names, 1), "more": 2, "and more": 3}
    assert second == template == dict.fromkeys(names)
    assert list(second) == list(names)


@pytest.mark.parametrize("names", [("a",), ("name", "value"), ("class", "self", "__dict__", "__class__", "é", "with space", "")])
def test_copies_are_small(names: tuple[str, ...]) -> None:
    assert sys.getsizeof(sharing(names).copy()) < sys.getsizeof(dict.fromkeys(names))
