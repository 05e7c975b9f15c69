"""Short ways to a tree, for the tests of the syntax."""

import marshal

from hypothesis import strategies as st

from imagetools.lang.syntax.attrsets import Node
from imagetools.lang.syntax.parser import parse_file
from imagetools.lang.syntax.show import show

GLOBALS = frozenset(
    {"true", "false", "null", "map", "builtins", "__findFile", "__nixPath", "__sub", "__mul", "__div", "__lessThan"}
)
LETTERS = tuple("abcdefghqxyz")


def tree(text: str, scope: tuple[str, ...] = ()) -> Node:
    """The final tree of ``text``, a byte string."""
    return parse_file(text.encode("latin-1"), "test.nix", GLOBALS, scope)[0]


def shown(text: str, scope: tuple[str, ...] = LETTERS) -> str:
    """``text`` parsed and printed, with one-letter variables in scope."""
    return show(tree(text, scope), "/base", "/home/me")


_UNARY = (
    "!({0})",
    "-({0})",
    "[ ({0}) ]",
    '"s${{{0}}}t"',
    "''\n  ${{{0}}}\n    u''",
    "({0}).a",
    "(x: {0})",
    "./p/${{{0}}}/q",
)
_BINARY = (
    *[f"({{0}}) {sign} ({{1}})" for sign in ["+", "-", "*", "/", "++", "//", "->", "&&", "||", "==", "!=", "<", "<=", ">", ">="]],
    "({0}) ({1})",
    "(with {0}; {1})",
    "(if {0} then {1} else {0})",
    "({0}).a or ({1})",
    "(let a = {0}; in {1})",
    "{{ a = {0}; b = {1}; }}",
    "rec {{ a = {0}; b = {1}; }}",
    "({{ a, b ? {0}, ... }}@z: {1})",
    "let {{ body = {0}; a = {1}; }}",
    "{{ inherit ({0}) a b; c = {1}; }}",
    "{{ ${{{0}}} = {1}; inherit x y; }}",
    "(({0}) ? a.b)",
)
_LEAVES = ("a", "x", "1", "2.5", '"s"', "''t''", "./p", "/q", "~/h", "(http://u)", "[ ]", "{ }", "true")


def _grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    one = st.tuples(st.sampled_from(_UNARY), inner).map(lambda drawn: drawn[0].format(drawn[1]))
    two = st.tuples(st.sampled_from(_BINARY), inner, inner).map(lambda drawn: drawn[0].format(drawn[1], drawn[2]))
    return one | two


EXPRESSIONS: st.SearchStrategy[str] = st.recursive(st.sampled_from(_LEAVES), _grown, max_leaves=12)
"""Expressions put together at random; valid, all variables bound when LETTERS are in scope."""


def thawed(tree: object) -> object:
    """A tree with no part of it frozen."""
    if isinstance(tree, bytes):
        return thawed(marshal.loads(tree))
    return tuple(thawed(part) for part in tree) if isinstance(tree, tuple) else tree
