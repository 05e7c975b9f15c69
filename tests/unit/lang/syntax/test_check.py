"""Where each variable comes from."""

from typing import cast

import pytest

from imagetools.lang.syntax.ast import tuples as t
from imagetools.lang.syntax.attrsets import Node
from imagetools.lang.syntax.errors import ParseError, UndefinedVariableError
from tests.unit.lang.syntax.trees import tree


def variables(text: str, scope: tuple[str, ...] = ()) -> list[str]:
    """Every variable in the order of the tuples: ``name@level.slot``, ``name@global``, ``name@with(levels)``."""
    found: list[str] = []
    _collect(tree(text, scope), found)
    return found


def _collect(node: object, found: list[str]) -> None:
    if type(node) is not tuple or not node:
        return
    parts = cast(Node, node)
    if parts[0] == t.VAR and len(parts) == 5 and type(parts[2]) is str:
        found.append(f"{parts[2]}@{parts[3]}.{parts[4]}")
    elif parts[0] == t.GLOBAL and len(parts) == 3 and type(parts[2]) is str:
        found.append(f"{parts[2]}@global")
    elif parts[0] == t.WITHVAR and len(parts) == 4 and type(parts[3]) is tuple:
        found.append(f"{parts[2]}@with{cast(tuple[int, ...], parts[3])}")
    else:
        for part in parts:
            _collect(part, found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("x: x", ["x@0.1"]),
        ("x: y: x y", ["x@0.1", "y@0.2"]),
        ("x: x: x", ["x@0.2"]),
        ("x: y: z: u: v: [ x y z u v ]", ["x@1.1", "y@1.2", "z@1.3", "u@0.1", "v@0.2"]),
        ("x: { y }: z: [ x y z ]", ["x@2.1", "y@1.1", "z@0.1"]),
        ("x: (y: x)", ["x@0.1"]),
        ("x: y: let z = x; in z", ["x@1.1", "z@0.1"]),
        ("{ a, b }@c: a b c", ["a@0.2", "b@0.3", "c@0.1"]),
        ("c@{ a ? c, b ? a }: b", ["c@0.1", "a@0.2", "b@0.3"]),
        ("{ a ? b, b }: a", ["b@0.2", "a@0.1"]),
        ("let a = b; b = 1; in a b", ["b@0.2", "a@0.1", "b@0.2"]),
        ("x: let inherit x; y = x; in x", ["x@0.1", "x@0.1", "x@0.1"]),
        ("x: let y = 1; inherit x; in y", ["x@0.1", "y@0.1"]),
        ("x: rec { inherit x; y = x; }", ["x@0.1", "x@0.1"]),
        ("x: rec { inherit (x) x; }", ["x@0.1"]),
        ("x: { inherit (x) x; y = x; }", ["x@0.1", "x@0.1"]),
        ("x: { x = x; }", ["x@0.1"]),
        ("x: rec { y = { x = x; }; }", ["x@1.1"]),
        ("x: rec { y = x; ${y} = y; }", ["x@1.1", "y@0.1", "y@0.1"]),
        ("x: rec { a.b = x; }", ["x@1.1"]),
        ("true", ["true@global"]),
        ("let true = 1; in true", ["true@0.1"]),
        ("a: with a; b", ["a@0.1", "b@with(0,)"]),
        ("a: with a; a", ["a@0.1", "a@1.1"]),
        ("a: with a; true", ["a@0.1", "true@global"]),
        ("a: with a; with b; c", ["a@0.1", "b@with(0,)", "c@with(0, 1)"]),
        ("a: with a; x: y: z", ["a@0.1", "z@with(1,)"]),
        ("a: with a; { b = c; }", ["a@0.1", "c@with(0,)"]),
        ("a: with a; rec { b = c; }", ["a@0.1", "c@with(1,)"]),
        ("a: (with a; b) a", ["a@0.1", "b@with(0,)", "a@0.1"]),
        ("a: rec { inherit (b) c; b = a; }", ["a@1.1", "b@0.2"]),
        ("let f = x: f x; in f", ["f@1.1", "x@0.1", "f@0.1"]),
        ("let __sub = 1; in 2 - 3", ["__sub@0.1"]),
        ("with { }; 2 - 3", []),
        ("<a>", ["__findFile@global", "__nixPath@global"]),
        ("let __findFile = 1; in <a>", ["__findFile@0.1", "__nixPath@global"]),
        ("a: { b = rec { c = d; d = 1; }; b.e = c; }", ["d@0.2", "c@0.1"]),
        ("c: { b.e = c; b = rec { c = 1; d = c; }; }", ["c@0.1", "c@0.1"]),
        ("let { body = a; a = 1; }", ["a@0.2"]),
    ],
)
def test_where_variables_come_from(text: str, expected: list[str]) -> None:
    assert variables(text) == expected


def test_an_outermost_frame() -> None:
    assert variables("a b (x: b)", ("a", "b")) == ["a@0.1", "b@0.2", "b@1.2"]
    assert variables("true", ("true",)) == ["true@0.1"]


def test_scopes_end() -> None:
    assert variables("x: [ (x: x) x (let x = 1; in x) x (rec { x = x; }) x ]") == [
        *("x@0.1", "x@0.1", "x@0.1", "x@0.1", "x@0.1", "x@0.1"),
    ]


@pytest.mark.parametrize(
    ("text", "name", "column"),
    [
        ("a", "a", 1),
        ("x: y", "y", 4),
        ("(x: x) x", "x", 8),
        ("{ inherit a; }", "a", 11),
        ("{ x = 1; y = x; }", "x", 14),
        ("let x = 1; inherit y; in x", "y", 20),
        ("rec { x = 1; inherit x; }", None, 22),
        ("{ a ? b }: a", "b", 7),
        ("a: with b; c", "b", 9),
        ("map or [ ]", "or", 1),
        ("{ ${a} = 1; }", "a", 5),
        ("{ x = { y = 1; }; x.z = y; }", "y", 25),
    ],
)
def test_undefined_variables(text: str, name: str | None, column: int) -> None:
    with pytest.raises(ParseError) as caught:
        tree(text)
    assert (caught.value.line, caught.value.column) == (1, column)
    assert getattr(caught.value, "name", None) == name
    assert isinstance(caught.value, UndefinedVariableError) == (name is not None)
