"""What all nodes share: the file they come from, being made late, constants.

A parsed file is nested tuples (``lang/syntax/ast/tuples.py``); nodes are made from them only where evaluation gets to.
``Unit.build``
makes a node and those children that its evaluation always needs; what may never be needed is made later: a branch or a body
by its parent,
an argument or a binding by a ``Lazy`` that then takes its own place in the parent's list. Nodes never look at their parents.
"""

from typing import Any, Final

from imagetools.lang.runtime.errors import EvalError, TypeErrorNix
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.runtime.positions import Pos, Source
from imagetools.lang.runtime.shown import described
from imagetools.lang.syntax.freezing import thaw
from imagetools.lang.values.model import STACK, Attrs, Code, Thunk

Tree = tuple[Any, ...]


NESTING: Final = 16


class Unset:
    """What a variable's slot holds until its frame is complete, and what a look-up gives where nothing is."""


UNSET: Final = Unset()


class Unit:
    """One file being evaluated: ``machine``, ``source`` for positions, ``base_dir`` for relative paths. Makes nodes."""

    def __init__(self, machine: Machine, source: Source, base_dir: str) -> None:
        self.machine = machine
        self.source = source
        self.base_dir = base_dir
        self.level: int = 0

    def build(self, tree: Tree) -> Code:
        """The node of a tuple."""
        raise NotImplementedError

    def build_at(self, level: int, tree: Tree) -> Code:
        """A node made late: ``level`` is how deep it is nested in its parents' evaluation, 0 where a thunk or a function
        begins."""
        before = self.level
        self.level = level
        node = self.build(tree)
        self.level = before
        return node

    def lazy(self, tree: object, holder: list[Code] | None, index: int) -> Code:
        """A node that will be made when it is first evaluated, and then put into ``holder[index]``; cheap ones are made at
        once. ``tree`` may be frozen."""
        raise NotImplementedError

    def lazy_for(self, tree: object, owner: "Owner", index: int) -> Code:
        """The same, put into its place by ``owner.adopt``: an attribute is read faster than an element of a list."""
        code = self.lazy(tree, None, index)
        if type(code) is Lazy:
            code.owner = owner
        return code

    def lazy_list(self, trees: tuple[object, ...]) -> list[Code]:
        """A list of lazy nodes."""
        holder: list[Code] = []
        for i in range(len(trees)):
            holder.append(self.lazy(trees[i], holder, i))
        return holder

    def pos(self, offset: int) -> Pos:
        return Pos(self.source, offset)

    def place(self, error: EvalError, offset: int) -> None:
        """Give an error that has no position yet the one at ``offset``."""
        if error.pos is None and offset >= 0:
            error.pos = Pos(self.source, offset)

    def wrong(self, v: object, expected: str, offset: int) -> TypeErrorNix:
        """The error for a value of the wrong type, with its position."""
        error = TypeErrorNix(f"expected {expected} but found {described(v)}")
        self.place(error, offset)
        return error


class Owner(Code):
    """A node with lazy parts in attributes."""

    def adopt(self, index: int, code: Code) -> None:
        """The real node of part number ``index``."""
        raise NotImplementedError


class Lazy(Code):
    """A node not made yet."""

    def __init__(self, unit: Unit, tree: object, holder: list[Code] | None, index: int) -> None:
        self.unit = unit
        self.tree = tree
        self.holder: list[Code] | None = holder
        self.owner: Owner | None = None
        self.index = index
        self.real: Code | None = None

    def eval(self, env: list[object]) -> object:
        real = self.real
        if real is None:
            real = self.unfold()
        return real.eval(env)

    def thunk(self, env: list[object]) -> object:
        real = self.real
        if real is None:
            return Thunk(self, env)
        return real.thunk(env)

    def unfold(self) -> Code:
        """Make the node and step aside."""
        tree = self.tree
        holder = self.holder
        owner = self.owner
        real = self.unit.build_at(0, thaw(tree))
        self.real = real
        if holder is not None:
            holder[self.index] = real
        elif owner is not None:
            owner.adopt(self.index, real)
            self.owner = None
        self.tree = None
        self.holder = None
        return real


class Const(Code):
    """A value that is known."""

    def __init__(self, value: object) -> None:
        self.value = value

    def eval(self, env: list[object]) -> object:
        return self.value

    def thunk(self, env: list[object]) -> object:
        return self.value


class Deep(Code):
    """Counts one level for ``NESTING`` nodes that evaluate each other, so that nested expressions cannot outgrow the stack
    unseen."""

    def __init__(self, code: Code) -> None:
        self.code = code

    def eval(self, env: list[object]) -> object:
        STACK.enter()
        v = self.code.eval(env)
        STACK.depth -= 1
        return v


def eval_attrs(unit: Unit, code: Code, env: list[object], offset: int) -> Attrs:
    """Evaluate to a set."""
    v = code.eval(env)
    if type(v) is Attrs:
        return v
    raise unit.wrong(v, "a set", offset)
