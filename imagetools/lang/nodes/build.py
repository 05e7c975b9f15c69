"""From the tuples of a parsed file to nodes: the one place that knows every kind."""

from typing import Final

from imagetools.lang.nodes.assertions import AssertEqual
from imagetools.lang.nodes.attrsets import EmptyList, Let, ListLiteral, RecLiteral, SetLiteral
from imagetools.lang.nodes.base import NESTING, Const, Deep, Lazy, Tree, Unit
from imagetools.lang.nodes.calls import call
from imagetools.lang.nodes.control import And, Assert, Equal, If, Implies, Not, Or, With
from imagetools.lang.nodes.functions import function
from imagetools.lang.nodes.operators import ConcatLists, Update, arithmetic
from imagetools.lang.nodes.selects import HasAttr, names, select
from imagetools.lang.nodes.strings import concat
from imagetools.lang.nodes.variables import Global, WithVar, variable
from imagetools.lang.runtime.coerce import canonical
from imagetools.lang.runtime.errors import UndefinedVariable
from imagetools.lang.syntax.ast import tuples
from imagetools.lang.values.model import Attrs, Builtin, Code, NixPath, Thunk

CHEAP: Final = frozenset(
    (tuples.INT, tuples.FLOAT, tuples.STRING, tuples.PATH, tuples.VAR, tuples.GLOBAL, tuples.LAMBDA, tuples.WITHVAR)
)


class FileUnit(Unit):
    """The real ``Unit``."""

    def lazy(self, tree: object, holder: list[Code] | None, index: int) -> Code:
        if type(tree) is tuple:
            tag: int = tree[0]
            if tag in CHEAP:
                return self.build(tree)
        return Lazy(self, tree, holder, index)

    def build(self, tree: Tree) -> Code:
        self.level += 1
        level = self.level
        node = self.make(tree, tree[0])
        self.level = level - 1
        if level % NESTING == 0:
            return Deep(node)
        return node

    def make(self, tree: Tree, tag: int) -> Code:
        """The node of a tuple; ``tag`` is its first element."""
        if tag == tuples.VAR:
            return variable(self, tree[1], tree[3], tree[4])
        if tag <= tuples.STRING:
            return Const(tree[2])
        if tag == tuples.SELECT:
            return self.select(tree)
        if tag == tuples.CALL:
            fn = self.build(tree[2])
            return call(self, tree[1], fn, fn.value if isinstance(fn, Const) else None, tree[3])
        if tag == tuples.ATTRS:
            return RecLiteral(self, tree) if tree[2] else SetLiteral(self, tree)
        if tag == tuples.LAMBDA:
            return function(self, tree)
        if tag == tuples.CONCAT:
            return concat(self, tree)
        if tag == tuples.GLOBAL:
            return self.global_(tree)
        if tag == tuples.WITHVAR:
            return WithVar(self, tree[1], tree[2], tree[3])
        if tag == tuples.LIST:
            return ListLiteral(self, tree) if tree[2] else EmptyList()
        if tag == tuples.IF:
            return If(self, tree)
        if tag == tuples.LET:
            return Let(self, tree)
        return self.make_rare(tree, tag)

    def make_rare(self, tree: Tree, tag: int) -> Code:
        """The kinds that a file has fewer of."""
        if tag == tuples.UPDATE:
            return Update(self, tree)
        if tag == tuples.EQ:
            return Equal(self, tree, False)
        if tag == tuples.NEQ:
            return Equal(self, tree, True)
        if tag == tuples.AND:
            return And(self, tree)
        if tag == tuples.OR:
            return Or(self, tree)
        if tag == tuples.NOT:
            return Not(self, tree)
        if tag == tuples.ARITH:
            return arithmetic(self, tree)
        if tag == tuples.HASATTR:
            return HasAttr(self, self.build(tree[2]), names(self, tree[1], tree[3]))
        if tag == tuples.CONCATLISTS:
            return ConcatLists(self, tree)
        if tag == tuples.WITH:
            return With(self, tree)
        if tag == tuples.ASSERT:
            return AssertEqual(self, tree) if tree[2][0] == tuples.EQ else Assert(self, tree)
        if tag == tuples.IMPL:
            return Implies(self, tree)
        if tag == tuples.PATH:
            return Const(NixPath(canonical(self.absolute(tree[2]))))
        if tag == tuples.HOME:
            return Const(NixPath(canonical(self.machine.io.home() + tree[2][1:])))
        if tag == tuples.CURPOS:
            return Const(self.current(tree[1]))
        raise AssertionError(tag)

    def absolute(self, text: str) -> str:
        """A path literal against the folder of its file; not canonical."""
        return text if text.startswith("/") else self.base_dir + "/" + text

    def global_(self, tree: Tree) -> Code:
        """A global name: its value, mostly a constant."""
        name: str = tree[2]
        values = self.machine.globals
        if name not in values:
            raise UndefinedVariable(name, self.pos(tree[1]))
        v = values[name]
        if type(v) is Thunk:
            return Global(self, tree[1], v)
        return Const(v)

    def select(self, tree: Tree) -> Code:
        """``builtins.map`` and the like are constants too."""
        node = select(self, tree)
        subject: Tree = tree[2]
        if subject[0] == tuples.GLOBAL and subject[2] == "builtins" and len(tree[3]) == 1:
            step: object = tree[3][0]
            v = self.machine.globals.get("builtins")
            if type(step) is str and type(v) is Attrs:
                found = v.d.get(step)
                if type(found) is Builtin:
                    return Const(found)
        return node

    def current(self, offset: int) -> Attrs:
        """``__curPos``"""
        file, line, column = self.pos(offset).resolve()
        return Attrs({"file": file, "line": line, "column": column})
