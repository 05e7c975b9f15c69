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
    if not isinstance(tree, tuple):
        return tree
    if is_static(tree):
        return (*tree[:3], thawed(tree[3]))
    return tuple(map(thawed, tree))


def frozen_parts(tree: object) -> int:
    """How many there are without thawing any."""
    if isinstance(tree, bytes):
        return 1
    if not isinstance(tree, tuple):
        return 0
    return sum(map(frozen_parts, tree[3] if is_static(tree) else tree))


def is_static(tree: tuple[object, ...]) -> bool:
    """Whether these are the columns of bindings, two of which are bytes without being frozen."""
    return len(tree) == 4 and isinstance(tree[0], tuple) and isinstance(tree[1], bytes) and isinstance(tree[2], bytes)
