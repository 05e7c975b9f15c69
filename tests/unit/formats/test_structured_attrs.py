"""JSON and bash texts of a derivation's attributes; ``tests/oracle/test_structured_attrs.py`` compares the same with Nix."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagetools.formats.structured_attrs import dump, parse, shell, variables
from imagetools.kernel.bytestr import from_unicode, to_bytes


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ('{"b":1,"a":2,"B":3}', '{"B":3,"a":2,"b":1}'),
        ('{"a":{"é":1,"z":2}}', '{"a":{"z":2,"é":1}}'),
        ("[]", "[]"),
        ("{}", "{}"),
        ('[[],{},[{}],null,true,false,""]', '[[],{},[{}],null,true,false,""]'),
        (r'"\u0000\u0001\b\t\n\u000b\f\r\u001f\u007f"', '"\\u0000\\u0001\\b\\t\\n\\u000b\\f\\r\\u001f\x7f"'),
        (r'"\"\\\/ \u00e9\ud83d\ude00"', '"\\"\\\\/ é😀"'),
        ("[0,-0,1,-1,18446744073709551615,-9223372036854775808]", "[0,0,1,-1,18446744073709551615,-9223372036854775808]"),
        ("[18446744073709551616,-9223372036854775809]", "[1.8446744073709552e+19,-9.223372036854776e+18]"),
        ("[0.0,-0.0,1.0,1.5,0.1,-2.25]", "[0.0,-0.0,1.0,1.5,0.1,-2.25]"),
        ("[1e14,1e15,1e16]", "[100000000000000.0,1e+15,1e+16]"),
        ("[123456789012345.0,1234567890123456.0]", "[123456789012345.0,1.234567890123456e+15]"),
        ("[0.001,0.0001,0.00001,0.00012345]", "[0.001,0.0001,1e-05,0.00012345]"),
        ("[1e-7,1.5e-10,1e100,1.5e300]", "[1e-07,1.5e-10,1e+100,1.5e+300]"),
        ('{"a":1,"a":2}', '{"a":2}'),
    ],
)
def test_json(text: str, written: str) -> None:
    assert dump(parse(from_unicode(text))) == from_unicode(written)


@pytest.mark.parametrize(
    ("value", "line"),
    [
        ("", "declare x=''"),
        ("a b", "declare x='a b'"),
        ('it\'s\n$x `y` "z" \\', "declare x='it'\\''s\n$x `y` \"z\" \\'"),
        ("é", "declare x='Ã©'"),
        (5, "declare x=5"),
        (-5, "declare x=-5"),
        (5.0, "declare x=5"),
        (5.5, None),
        (1e300, "declare x=-2147483648"),
        (2147483648.0, "declare x=-2147483648"),
        (3000000000, "declare x=-1294967296"),
        (1 << 40, "declare x=0"),
        (0.999999999, "declare x=0"),
        (None, "declare x=''"),
        (True, "declare x=1"),
        (False, "declare x="),
        ([], "declare -a x=()"),
        ([1, "a b", None, True, False, 2.0], "declare -a x=(1 'a b' '' 1  2 )"),
        ([[1]], None),
        ([1.5], None),
        ([{}], None),
        ({}, "declare -A x=()"),
        ({"b c": 1, "a'": "v", "": None}, "declare -A x=(['']='' ['a'\\''']='v' ['b c']=1 )"),
        ({"a": []}, None),
        ({"a": {}}, None),
    ],
)
def test_bash(value: Any, line: str | None) -> None:
    assert shell({"x": value}) == ("" if line is None else line + "\n")


def test_bash_names() -> None:
    names = ["a", "_", "A1", "1a", "a-b", "a.b", "", "é", "b", "a\n", "B"]
    assert shell(dict.fromkeys(names, 1)).split("\n") == [
        "declare A1=1",
        "declare B=1",
        "declare _=1",
        "declare a=1",
        "declare b=1",
        "",
    ]


def test_variables() -> None:
    attributes = {
        "s": "é",
        "n": 1,
        "t": True,
        "f": False,
        "z": None,
        "l": ["a", 1, ["b", "c"], False],
        "d": {},
        "q": [{}],
        "x": 1.5,
    }
    assert variables(attributes) == {
        "s": "Ã©",
        "n": "1",
        "t": "1",
        "f": "",
        "z": "",
        "l": "a 1 b c ",
        "x": "1.500000",
    }


NUMBERS = st.integers(-(1 << 63), (1 << 64) - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(JSON)
def test_both_ways(value: Any) -> None:
    written = dump(value)
    assert json.loads(to_bytes(written)) == value
    assert dump(parse(written)) == written
