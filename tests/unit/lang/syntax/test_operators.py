"""Precedence and associativity of every pair of operators (rows 5.034-5.045)."""

import itertools

import pytest

from imagetools.lang.syntax.errors import ParseError
from tests.unit.lang.syntax.trees import shown

LEVELS = [["->"], ["||"], ["&&"], ["==", "!="], ["<", "<=", ">", ">="], ["//"], [], ["+", "-"], ["*", "/"], ["++"]]
LEVEL = {sign: level for level, signs in enumerate(LEVELS) for sign in signs}
RIGHT = {"->", "//", "++"}
NEITHER = {"==", "!=", "<", "<=", ">", ">="}


@pytest.mark.parametrize(("first", "second"), list(itertools.product(LEVEL, repeat=2)))
def test_two_operators(first: str, second: str) -> None:
    text = f"a {first} b {second} c"
    if LEVEL[first] == LEVEL[second] and first in NEITHER:
        with pytest.raises(ParseError, match=f"unexpected '{second.replace('|', '.')}'"):
            shown(text)
        return
    right = LEVEL[second] > LEVEL[first] or (LEVEL[second] == LEVEL[first] and first in RIGHT)
    grouped = f"a {first} (b {second} c)" if right else f"(a {first} b) {second} c"
    assert shown(text) == shown(grouped)


@pytest.mark.parametrize("sign", list(LEVEL))
def test_not_and_minus(sign: str) -> None:
    assert shown(f"!a {sign} b") == shown(f"!(a {sign} b)" if LEVEL[sign] > 6 else f"(!a) {sign} b")
    assert shown(f"-a {sign} b") == shown(f"(-a) {sign} b")
    assert shown(f"a {sign} !b") == shown(f"a {sign} (!b)")
    assert shown(f"a {sign} -b") == shown(f"a {sign} (-b)")
    assert shown(f"a {sign} !b * c") == shown(f"a {sign} (!(b * c))")


@pytest.mark.parametrize(
    ("text", "grouped"),
    [
        ("-a ? b", "(-a) ? b"),
        ("!a ? b", "!(a ? b)"),
        ("a ++ b ? c", "a ++ (b ? c)"),
        ("a ? b ? c", "(a ? b) ? c"),
        ("a ? b.c ++ d", "(a ? b.c) ++ d"),
        ("f a ? b", "(f a) ? b"),
        ("f a.b ++ c d", "(f (a.b)) ++ (c d)"),
        ("- - a", "-(-a)"),
        ("!!a", "!(!a)"),
        ("-!a + b", "-(!(a + b))"),
        ("-f a", "-(f a)"),
        ("a == !b -> c", "(a == (!b)) -> c"),
        ("a < b == c < d", "(a < b) == (c < d)"),
    ],
)
def test_mixtures(text: str, grouped: str) -> None:
    assert shown(text) == shown(grouped)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b", "(__lessThan a b)"),
        ("a > b", "(__lessThan b a)"),
        ("a <= b", "(! (__lessThan b a))"),
        ("a >= b", "(! (__lessThan a b))"),
        ("-a", "(__sub 0 a)"),
        ("a - b", "(__sub a b)"),
        ("a * b", "(__mul a b)"),
        ("a / b", "(__div a b)"),
        ("a + b", "(a + b)"),
        ("a -> b", "(a -> b)"),
        ("let __sub = 1; in a - b", "(let __sub = 1; in (__sub a b))"),
    ],
)
def test_what_nix_makes_of_them(text: str, expected: str) -> None:
    assert shown(text) == expected
