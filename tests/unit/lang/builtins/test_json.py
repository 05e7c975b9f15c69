"""JSON: the quick parser and the exact one agree, and what is written can be read."""

import json
import math

from hypothesis import given
from hypothesis import strategies as st

from imagetools.kernel.bytestr import to_bytes, to_str
from imagetools.lang.builtins.json_checker import JsonError
from imagetools.lang.builtins.json_reader import Parser, parse
from imagetools.lang.values.model import Attrs

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
)
NAMES = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=4)
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4), max_leaves=20
)


def plain(value: object) -> object:
    """A value as Python's json has it."""
    if isinstance(value, Attrs):
        return {to_bytes(name).decode(): plain(item) for name, item in value.d.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return to_bytes(value).decode() if isinstance(value, str) else value


def said(text: str, exact: bool) -> object:
    try:
        return plain(Parser(text).parse() if exact else parse(text))
    except JsonError as error:
        return error.message


@given(VALUES, st.booleans())
def test_both_parsers_read_what_python_writes(value: object, ascii_only: bool) -> None:
    text = to_str(json.dumps(value, ensure_ascii=ascii_only).encode())
    assert plain(parse(text)) == value
    assert plain(Parser(text).parse()) == value


@given(st.text(st.sampled_from('[]{}:,"\\u0019dDeE+-. \ntruefalsn\xc3\xa9\x7f'), max_size=12))
def test_both_parsers_refuse_the_same(text: str) -> None:
    assert said(text, exact=False) == said(text, exact=True)


@given(st.from_regex(r"-?[0-9]{0,25}(\.[0-9]{0,4})?([eE][+-]?[0-9]{0,3})?", fullmatch=True))
def test_both_parsers_read_the_same_numbers(text: str) -> None:
    assert said(text, exact=False) == said(text, exact=True)


def test_deep_nesting_does_not_recurse() -> None:
    depth = 20_000
    value = parse("[" * depth + "]" * depth)
    for _ in range(depth - 1):
        assert isinstance(value, list)
        value = value[0]
    assert value == []


def test_numbers() -> None:
    assert said("[9223372036854775807,-9223372036854775808,-9223372036854775809,18446744073709551616]", exact=False) == [
        2**63 - 1,
        -(2**63),
        float(-(2**63) - 1),
        float(2**64),
    ]
    assert said("9223372036854775808", exact=False) == "unsigned json number 9223372036854775808 outside of Nix integer range"
    negative = said("-0.0", exact=False)
    assert isinstance(negative, float)
    assert math.copysign(1, negative) == -1
