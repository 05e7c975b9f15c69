"""Printing as ``nix-instantiate --eval`` of Nix 2.8 does."""

import math
from typing import Final

import pytest

from imagetools.lang.runtime import printer
from imagetools.lang.values import scalars
from tests.unit.lang.evaluated import shown

LAZY: Final = [
    ("{ a = 1; b = 1 + 1; c = [ ]; d = x: x; }", "{ a = 1; b = <CODE>; c = <CODE>; d = <CODE>; }"),
    ("[ 1 (1 + 1) [ ] { } ]", "[ 1 <CODE> <CODE> <CODE> ]"),
    ("[ map (map 1) (x: x) null true ]", "[ <PRIMOP> <CODE> <CODE> null true ]"),
    ("let a = { b = 1; }; in [ a.b a ]", "[ <CODE> <CODE> ]"),
    ("let x = 1; in [ x ]", "[ 1 ]"),
    ("x: x", "<LAMBDA>"),
    ("let f = x: x; in f", "<LAMBDA>"),
    ("rec { a = 1; b = a; c = b + 1; }", "{ a = 1; b = 1; c = <CODE>; }"),
    ("let s = { a = 1; }; in builtins.seq s [ s s ]", "[ { a = 1; } «repeated» ]"),
    ('[ /a "x" 1.5 -1 ]'.replace("-1", "(-1)"), '[ /a "x" 1.5 <CODE> ]'),
]
STRICT: Final = [
    ("let a = { b = 1; }; l = [ 1 ]; m = [ 1 2 3 ]; in [ a a l l m m { } { } [ ] [ ] ]",
     "[ { b = 1; } «repeated» [ 1 ] «repeated» [ 1 2 3 ] «repeated» { } { } [ ] [ ] ]"),
    ("let l = [ 1 2 ]; id = x: x; m = [ 1 2 3 ]; in [ (id l) l (id m) m ]", "[ [ 1 2 ] [ 1 2 ] [ 1 2 3 ] «repeated» ]"),
    ("let s = { a = s; }; in s", "{ a = «repeated»; }"),
    ("let l = [ l ]; in l", "[ [ «repeated» ] ]"),
    ("let l = [ l l l ]; in l", "[ «repeated» «repeated» «repeated» ]"),
    ("let l = [ l ]; in [ l ]", "[ [ «repeated» ] ]"),
    ("rec { a = { b = a; }; }", "{ a = { b = «repeated»; }; }"),
    ("[ (map 1) ]", "[ <PRIMOP-APP> ]"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), LAZY)
def test_what_is_still_lazy_shows_as_code(text: str, expected: str) -> None:
    assert shown(text, strict=False) == expected


@pytest.mark.parametrize(("text", "expected"), STRICT)
def test_repeated(text: str, expected: str) -> None:
    assert shown(text) == expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1.0, "1"),
        (0.1, "0.1"),
        (123456789.0, "1.23457e+08"),
        (1e100, "1e+100"),
        (-0.0, "-0"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
        (math.nan, "nan"),
        (math.copysign(math.nan, -1.0), "-nan"),
    ],
)
def test_floats(value: float, expected: str) -> None:
    assert scalars.show_float(value) == expected


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a", "a"), ("a-b'", "a-b'"), ("_", "_"), ("", '""'), ("1a", '"1a"'), ("-a", '"-a"'), ("a.b", '"a.b"'), ("if", '"if"')],
)
def test_names(name: str, expected: str) -> None:
    assert printer.show_name(name) == expected


def test_strings() -> None:
    assert scalars.show_string('a"\\\n\r\t${$x') == '"a\\"\\\\\\n\\r\\t\\${$x"'
