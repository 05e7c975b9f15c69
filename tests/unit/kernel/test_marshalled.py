"""Values kept on a disk: what was written comes back, and nothing else does."""

import marshal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.kernel.marshalled import decode, encode

MAGIC = b"a format 1\n"
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text() | st.binary(),
    lambda inner: st.lists(inner).map(tuple) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_values_come_back(value: object) -> None:
    assert decode(MAGIC, encode(MAGIC, value)) == value


@given(VALUES, st.data())
def test_a_changed_byte_is_nothing(value: object, data: st.DataObject) -> None:
    whole = bytearray(encode(MAGIC, value))
    where = data.draw(st.integers(0, len(whole) - 1))
    whole[where] ^= data.draw(st.integers(1, 255))
    assert decode(MAGIC, bytes(whole)) is None


@given(VALUES, st.data())
def test_a_cut_file_is_nothing(value: object, data: st.DataObject) -> None:
    whole = encode(MAGIC, value)
    assert decode(MAGIC, whole[: data.draw(st.integers(0, len(whole) - 1))]) is None


def test_another_format_is_nothing() -> None:
    assert decode(b"a format 2\n", encode(MAGIC, (1, 2))) is None
    assert decode(MAGIC, marshal.dumps((1, 2))) is None


def test_nesting_without_end_is_refused() -> None:
    value: tuple[object, ...] = ()
    for _ in range(5000):
        value = (value,)
    with pytest.raises(ValueError, match="nested"):
        encode(MAGIC, value)
