"""Each part of the grammar, as the tree that it becomes."""

from typing import Any, cast

import pytest
from hypothesis import given, settings

from imagetools.lang.syntax.ast import tuples as t
from imagetools.lang.syntax.errors import ParseError
from tests.unit.lang.syntax.sources import TREES
from tests.unit.lang.syntax.trees import EXPRESSIONS, shown, tree


@pytest.mark.parametrize(
    ("source", "expected"),
    TREES,
)
def test_trees(source: str, expected: str | None) -> None:
    if expected is None:
        with pytest.raises(ParseError):
            shown(source)
    else:
        assert shown(source) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("a + b", (t.CONCAT, 2)),
        ("a - b", (t.ARITH, 2)),
        ("- a", (t.ARITH, 0)),
        ("a <= b", (t.NOT, 2)),
        ("a == b", (t.EQ, 2)),
        (" f x", (t.CALL, 1)),
        ("(f x) y", (t.CALL, 1)),
        ("(a - b) y", (t.CALL, 3)),
        (" a.b", (t.SELECT, 1)),
        (' "${a}"', (t.CONCAT, 2)),
        (" ''x${a}''", (t.CONCAT, 1)),
        (" rec { }", (t.ATTRS, 1)),
        (" { }", (t.ATTRS, 1)),
        (" let { body = 1; }", (t.SELECT, 1)),
        (" x: x", (t.LAMBDA, 1)),
        (" { a }: a", (t.LAMBDA, 1)),
        (" x@{ a }: a", (t.LAMBDA, 1)),
        (" with a; b", (t.WITH, 1)),
        (" assert a; b", (t.ASSERT, 1)),
        (" __curPos", (t.CURPOS, 1)),
        (" a", (t.VAR, 1)),
        ("(a)", (t.VAR, 1)),
    ],
)
def test_positions_are_where_nix_points(source: str, expected: tuple[int, int]) -> None:
    assert tree(source, ("a", "b", "f", "x", "y"))[:2] == expected


def test_positions_of_attributes_and_formals() -> None:
    node = tree("{ a.b = 1; inherit x y; inherit (x) z; }", ("x", "y"))
    static, froms, _ = cast(Any, node[3])
    names, places, kinds, _ = static
    assert list(zip(names, memoryview(places).cast("I"), kinds, strict=True)) == [
        ("a", 2, t.EXPRESSION),
        ("x", 19, t.INHERITED),
        ("y", 21, t.INHERITED),
        ("z", 36, t.INHERITED_FROM),
    ]
    assert froms == ((t.VAR, 33, "x", 0, 1),)
    assert tree("{ a, b ? 1 }: 1")[3] == (("a", 2, None), ("b", 5, (t.INT, 9, 1)))


def test_parts_carry_the_position_to_blame() -> None:
    assert tree('"a${x}"', ("x",))[3:] == (((t.STRING, 1, "a"), (t.VAR, 4, "x", 0, 1)), (1, 2))
    assert tree("(x) + (x)", ("x",))[4] == (0, 6)
    assert tree("./${x}", ("x",))[3:] == (((t.PATH, 0, "./"), (t.VAR, 4, "x", 0, 1)), (0, 2))
    assert tree("''\n  ${x}\n''", ("x",))[3:] == (((t.VAR, 7, "x", 0, 1), (t.STRING, 9, "\n")), (5, 9))


def test_functions_know_the_name_they_are_bound_to() -> None:
    static = cast(Any, tree('{ f = (x: y: x); g.h = { a }: a; i = [ (x: x) ]; ${"j"} = x: x; }')[3])[0]
    by_name = dict(zip(static[0], static[3], strict=True))
    assert by_name["f"][6] == "f"
    assert by_name["f"][5][6] == "f"
    assert by_name["g"][3][0][3][0][6] == "h"
    assert by_name["i"][2][0][6] is None
    assert by_name["j"][6] == "j"
    assert tree("x: x")[6] is None
    assert cast(Any, tree("let f = x: x; in f")[2])[0][3][0][6] == "f"


@settings(max_examples=150)
@given(EXPRESSIONS)
def test_what_is_shown_is_nix(source: str) -> None:
    """Reading back what was printed, twice: the first time interpolation becomes addition, then nothing changes any more."""
    once = shown(source)
    if "/p/ + " not in once:
        twice = shown(once)
        assert shown(twice) == twice


@settings(max_examples=100)
@given(EXPRESSIONS)
def test_parentheses_and_comments_change_nothing(source: str) -> None:
    assert shown(f"/* x */ (( # y\n {source} ))") == shown(source)
