"""Which parts of a tree are kept as bytes."""

from imagetools.lang.syntax.ast import tuples as t
from imagetools.lang.syntax.freezing import freeze, thaw
from imagetools.lang.syntax.parser import parse_file
from imagetools.lang.syntax.show import show
from tests.unit.lang.syntax.trees import frozen_parts, thawed

GLOBALS = frozenset(["f", "throw"])


def parsed(text: str) -> tuple[object, ...]:
    tree = parse_file(text.encode(), "f", GLOBALS)[0]
    assert isinstance(tree, tuple)
    return tree


LATE = {
    "a value of a set": "{ a = f 1 2; }",
    "a value of let": "let a = f 1 2; in a",
    "a dynamic value": "{ ${f} = f 1 2; }",
    "a source of names": "{ inherit (f 1 2) a; }",
    "an argument": "f (f 1 2)",
    "an item": "[ (f 1 2) ]",
    "a body": "x: f x x",
    "the innermost body": "x: y: f x y",
    "a default": "{ a ? f 1 2 }: a",
    "in what is made at once": "if f [ (f 1 2) ] then 1 else 2",
    "in an operand": "1 + f (f 1 2)",
}


def test_parts_that_are_made_late_are_frozen() -> None:
    for name, text in LATE.items():
        tree = parsed(text)
        frozen = freeze(tree)
        assert frozen_parts(frozen) == 1, name
        assert thawed(frozen) == tree, name


def test_small_parts_are_not() -> None:
    for text in ("{ a = 1; b = [ ]; }", "x: x", "[ 1 { } ]", "f 1 2", "x: y: !x"):
        tree = parsed(text)
        assert freeze(tree) == tree, text


def test_frozen_parts_have_frozen_parts() -> None:
    tree = parsed("{ a = { b = { c = f 1 2; }; }; }")
    frozen = freeze(tree)
    outer = frozen[3][0][3][0]  # type: ignore[index]
    assert isinstance(outer, bytes)
    inner = thaw(outer)
    assert inner[0] == t.ATTRS
    assert frozen_parts(inner) == 1
    assert thawed(frozen) == tree


def test_thawing_what_is_not_frozen() -> None:
    tree = parsed("1")
    assert thaw(tree) is tree


def test_frozen_trees_are_shown_as_they_were() -> None:
    for text in (
        *LATE.values(),
        "assert { a = f 1 2; b = [ (f 1 2) (x: f x x) ]; } == ({ c ? f 1 2, ... }: { inherit (f 1 2) a; }); 1",
    ):
        tree = parsed(text)
        assert show(freeze(tree), "/", "/") == show(tree, "/", "/"), text
