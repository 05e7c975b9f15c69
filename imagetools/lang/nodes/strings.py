"""Interpolation and ``+``.

One node for both, as in Nix: the first operand decides. Nix quirks: an int or float at the front of ``+`` makes a sum; a
path makes a path
(and then no operand may have a context); a string copies paths into the store; a set with ``outPath`` at the front of ``+``
does not.
"""

from imagetools.lang.nodes.base import Const, Tree, Unit
from imagetools.lang.nodes.operators import add
from imagetools.lang.runtime.coerce import canonical, to_string
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.syntax.ast.tuples import HOME, PATH
from imagetools.lang.values.model import Code, NixPath, NixString, describe, make_string


class Interpolation(Code):
    """``"a${b}c"``: always a string."""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        self.unit = unit
        self.offset: int = tree[1]
        self.parts: list[Code] = build_all(unit, tree[3])
        self.offsets: tuple[int, ...] = tree[4]

    def eval(self, env: list[object]) -> object:
        texts: list[str] = []
        context: set[str] | None = None
        parts = self.parts
        for i in range(len(parts)):
            v = parts[i].eval(env)
            if type(v) is str:
                texts.append(v)
                continue
            if context is None:
                context = set()
            if type(v) is NixString:
                texts.append(v.text)
                context.update(v.context)
                continue
            try:
                texts.append(to_string(self.unit.machine, v, context, False, True))
            except EvalError as error:
                self.unit.place(error, self.offsets[i])
                raise
        text = "".join(texts)
        if context:
            return NixString(text, frozenset(context))
        return text


class Plus(Code):
    """``a + b``, and a path with interpolation (``./a/${b}``), where the first part is the path."""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        self.unit = unit
        self.offset: int = tree[1]
        self.parts: list[Code] = build_all(unit, tree[3])
        self.offsets: tuple[int, ...] = tree[4]

    def eval(self, env: list[object]) -> object:
        parts = self.parts
        first = parts[0].eval(env)
        if type(first) is int or type(first) is float:
            return self.sum(first, parts[1].eval(env))
        context: set[str] = set()
        copy = type(first) is str or type(first) is NixString
        texts: list[str] = []
        if type(first) is str:
            if len(parts) == 2:
                second = parts[1].eval(env)
                if type(second) is str:
                    return first + second
                return make_string(first + self.text(second, context, copy, 1), context)
            texts.append(first)
        else:
            texts.append(self.text(first, context, copy, 0))
        for i in range(1, len(parts)):
            texts.append(self.text(parts[i].eval(env), context, copy, i))
        text = "".join(texts)
        if type(first) is NixPath:
            if context:
                raise EvalError("a string that refers to a store path cannot be appended to a path", self.unit.pos(self.offset))
            return NixPath(canonical(text))
        return make_string(text, context)

    def sum(self, a: object, b: object) -> object:
        """Of a number and what follows it."""
        try:
            if type(a) is int:
                if type(b) is int:
                    return add(a, b)
                if type(b) is float:
                    return float(a) + b
                raise EvalError(f"cannot add {describe(b)} to an integer")
            assert type(a) is float
            if type(b) is int:
                return a + float(b)
            if type(b) is float:
                return 0.0 + a + b  # as Nix: -0.0 + -0.0 is 0
            raise EvalError(f"cannot add {describe(b)} to a float")
        except EvalError as error:
            self.unit.place(error, self.offsets[1])
            raise

    def text(self, v: object, context: set[str], copy: bool, i: int) -> str:
        """Of part number ``i``; each part has its text before the next one is evaluated."""
        try:
            return to_string(self.unit.machine, v, context, False, copy)
        except EvalError as error:
            self.unit.place(error, self.offsets[i])
            raise


def build_all(unit: Unit, trees: tuple[Tree, ...]) -> list[Code]:
    """Nodes that will all be needed. A path that goes on with ``${`` keeps its last slash."""
    nodes: list[Code] = []
    for tree in trees:
        node = unit.build(tree)
        if (tree[0] == PATH or tree[0] == HOME) and tree[2].endswith("/") and isinstance(node, Const):
            path = node.value
            if isinstance(path, NixPath) and path.text != "/":
                node = Const(NixPath(path.text + "/"))
        nodes.append(node)
    return nodes


def concat(unit: Unit, tree: Tree) -> Code:
    """The node of a CONCAT tuple."""
    if tree[2]:
        return Interpolation(unit, tree)
    return Plus(unit, tree)
