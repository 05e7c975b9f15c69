"""Trees as bytes."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagetools.lang.syntax.cache import decode, encode, key
from imagetools.lang.syntax.parser import parse_file
from tests.unit.lang.syntax.trees import EXPRESSIONS, GLOBALS, LETTERS, thawed


@settings(max_examples=60)
@given(EXPRESSIONS)
def test_a_tree_comes_back_as_it_was(source: str) -> None:
    parsed = parse_file(source.encode("latin-1"), "f", GLOBALS, LETTERS)
    data = encode(parsed)
    assert data is not None
    found = decode(data)
    assert found is not None
    assert (thawed(found[0]), found[1]) == parsed


SAMPLE = encode(parse_file(b'{ a = "b"; c = [ 1 2.5 ]; }', "f", GLOBALS)) or b""


@given(st.integers(0, len(SAMPLE) - 1), st.integers(1, 255))
def test_a_changed_byte_is_noticed(at: int, change: int) -> None:
    assert decode(SAMPLE[:at] + bytes([SAMPLE[at] ^ change]) + SAMPLE[at + 1 :]) is None


@pytest.mark.parametrize("data", [b"", b"x", SAMPLE[:-1], SAMPLE[:20], SAMPLE + b"x", SAMPLE[1:], b"\0" * 100])
def test_what_is_no_cache_entry_is_none(data: bytes) -> None:
    assert decode(data) is None


def test_a_tree_that_is_too_deep_is_not_kept() -> None:
    node: tuple[object, ...] = (0, 0, 1)
    for _ in range(5000):
        node = (19, 0, node)
    assert encode((node, b"")) is None


def test_the_key_depends_on_everything() -> None:
    keys = {
        key(b"1", GLOBALS, "1.0"),
        key(b"2", GLOBALS, "1.0"),
        key(b"1", GLOBALS | {"x"}, "1.0"),
        key(b"1", GLOBALS, "1.1"),
        key(b"1", GLOBALS, "1.0", ("a",)),
        key(b"1", GLOBALS, "1.0", ("a", "b")),
        key(b"1", GLOBALS, "1.0", ("b", "a")),
        key(b"1", GLOBALS, "1.0", ("ab",)),
    }
    assert len(keys) == 8
    assert key(b"1", frozenset(sorted(GLOBALS, reverse=True)), "1.0") in keys
