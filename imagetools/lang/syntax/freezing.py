"""Subtrees as bytes: what an evaluation may never look at is kept marshalled, and becomes tuples when it is first needed.

Of a file that is imported mostly a small part is used (one package of all-packages.nix, one option of a module), and making
tuples of all of it took a sixth of the time of a small evaluation. So, on the way into the parse cache, whatever a node makes
late (``Unit.lazy``, the body of a function) becomes ``marshal``'s bytes where it has at least ``LEAST`` nodes. Instructions of
nixpkgs' hello, start-up included: 945 million without, 936 with 24, 892 with 5, 867 with 3.
"""

import marshal
from typing import Any, Final, cast

from imagetools.lang.syntax.ast import tuples as t
from imagetools.lang.syntax.attrsets import Node

LEAST: Final = 3


def thaw(tree: object) -> Node:
    """The tuple of a tree that may be frozen."""
    if type(tree) is bytes:
        return cast(Node, marshal.loads(tree))
    return cast(Node, tree)


def freeze(tree: Node) -> Node:
    """The same tree with its late parts as bytes. Raises ValueError for one that ``marshal`` finds too deep."""
    return Freezer().node(tree)


class Freezer:
    """``count``: how many nodes the tree has so far; a frozen part counts as one."""

    def __init__(self) -> None:
        self.count = 0

    def late(self, tree: object) -> object:
        """A part that is made late."""
        before = self.count
        node = self.node(cast(Node, tree))
        if self.count - before < LEAST:
            return node
        self.count = before + 1
        return marshal.dumps(cast(Any, node))

    def node(self, tree: Node) -> Node:
        """A part that is made at once, with its own late parts."""
        self.count += 1
        tag = cast(int, tree[0])
        if tag < t.CONCAT or t.VAR <= tag <= t.WITHVAR:
            return tree
        if tag == t.CALL:
            return (tag, tree[1], self.node(cast(Node, tree[2])), self.late_all(tree[3]))
        if tag == t.ATTRS:
            return (tag, tree[1], tree[2], self.bindings(tree[3]))
        if tag == t.LAMBDA:
            body = cast(Node, tree[5])
            inner = self.node(body) if body[0] == t.LAMBDA else self.late(body)
            return (tag, tree[1], tree[2], self.formals(tree[3]), tree[4], inner, tree[6], tree[7])
        if tag == t.LIST:
            return (tag, tree[1], self.late_all(tree[2]))
        if tag == t.LET:
            return (tag, tree[1], self.bindings(tree[2]), self.node(cast(Node, tree[3])))
        if tag == t.SELECT:
            default = tree[4]
            other = None if default is None else self.node(cast(Node, default))
            return (tag, tree[1], self.node(cast(Node, tree[2])), tree[3], other)
        if tag == t.CONCAT:
            return (tag, tree[1], tree[2], self.all(tree[3]), tree[4])
        if t.WITH <= tag <= t.CONCATLISTS:
            return (tag, tree[1], *self.all(tree[2:]))
        return tree

    def all(self, trees: object) -> tuple[object, ...]:
        """Several parts that are made at once."""
        made: list[object] = []
        for tree in cast(tuple[object, ...], trees):
            made.append(self.node(cast(Node, tree)))
        return tuple(made)

    def late_all(self, trees: object) -> tuple[object, ...]:
        """Several parts that are made late."""
        made: list[object] = []
        for tree in cast(tuple[object, ...], trees):
            made.append(self.late(tree))
        return tuple(made)

    def bindings(self, bindings: object) -> tuple[object, ...]:
        """What stands in a set or a ``let``."""
        static, froms, dynamic = cast(tuple[t.Static, tuple[object, ...], tuple[Node, ...]], bindings)
        names, places, kinds, payloads = static
        bound: list[object] = []
        for i in range(len(names)):
            bound.append(self.late(payloads[i]) if kinds[i] == t.EXPRESSION else payloads[i])
        named: list[object] = []
        for item in dynamic:
            named.append((item[0], self.node(cast(Node, item[1])), self.late(item[2])))
        return ((names, places, kinds, tuple(bound)), self.late_all(froms), tuple(named))

    def formals(self, formals: object) -> object:
        """The named arguments of a function."""
        if formals is None:
            return None
        made: list[object] = []
        for name, pos, default in cast(tuple[tuple[object, object, object], ...], formals):
            made.append((name, pos, None if default is None else self.late(default)))
        return tuple(made)
