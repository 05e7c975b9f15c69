"""Nodes that count what they do (``Statistics``), as Nix 2.8 counts it; made in place of the usual ones when somebody asked.

They are the usual nodes, or wrap them, and give the same values. What makes them differ is where Nix counts: a look-up is a step
of a selection (not of ``?``); an argument, a binding or an element is a thunk made, or one avoided because its value is known
at once; ``<``, ``-``, ``*`` and ``/`` are calls of builtins.
"""

from typing import Final, cast

from imagetools.lang.nodes.attrsets import Bindings, Let, ListLiteral, RecLiteral, SelectFrom, SetLiteral
from imagetools.lang.nodes.base import UNSET, Tree, Unit, eval_attrs
from imagetools.lang.nodes.control import With
from imagetools.lang.nodes.operators import ConcatLists, Update, update
from imagetools.lang.nodes.selects import Name, Select, SelectOr, missing, note, show_path
from imagetools.lang.nodes.variables import WithVar
from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.runtime.statistics import Statistics
from imagetools.lang.syntax.ast import tuples
from imagetools.lang.values.model import Attrs, Code, LambdaCode, Thunk

KNOWN: Final = frozenset((tuples.INT, tuples.FLOAT, tuples.STRING, tuples.PATH, tuples.VAR, tuples.GLOBAL, tuples.WITHVAR))


class Argument(Code):
    """A node whose value may be wanted later. ``held`` has it as its one element, so that a lazy node can be replaced."""

    def __init__(self, statistics: Statistics) -> None:
        self.statistics = statistics
        self.held: list[Code] = []

    def eval(self, env: list[object]) -> object:
        return self.held[0].eval(env)

    def thunk(self, env: list[object]) -> object:
        code = self.held[0]
        made = code.thunk(env)
        if (type(made) is Thunk and made.code is code) or isinstance(code, LambdaCode):
            self.statistics.thunks += 1
        else:
            self.statistics.avoided += 1
        return made


def found(statistics: Statistics, holder: Attrs, name: str) -> None:
    """Count an attribute by where it is written."""
    if statistics.detailed:
        statistics.attribute(None if holder.origin is None else holder.origin.find(name))


class CountedSelect(Select):
    """``e.a.b``"""

    def __init__(self, unit: Unit, offset: int, subject: Code, path: list[Name], statistics: Statistics) -> None:
        super().__init__(unit, offset, subject, path)
        self.statistics = statistics

    def eval(self, env: list[object]) -> object:
        statistics = self.statistics
        v = self.subject.eval(env)
        holder: Attrs | None = None
        last = ""
        try:
            for step in self.path:
                statistics.lookups += 1
                name = step.get(env)
                if type(v) is not Attrs:
                    raise self.unit.wrong(v, "a set", self.offset)
                d = v.d
                r = d.get(name, UNSET)
                if r is UNSET:
                    raise missing(self.unit, self.offset, v, name)
                holder = v
                last = name
                found(statistics, holder, name)
                if type(r) is Thunk:
                    r = r.force()
                    d[name] = r
                v = r
        except EvalError as error:
            if holder is not None:
                note(self.unit, self.offset, holder, last, self.shown(env), error)
            raise
        return v


class CountedSelectOr(SelectOr):
    """``e.a.b or d``"""

    def __init__(self, unit: Unit, offset: int, subject: Code, path: list[Name], default: Tree, statistics: Statistics) -> None:
        super().__init__(unit, offset, subject, path, default)
        self.statistics = statistics

    def eval(self, env: list[object]) -> object:
        statistics = self.statistics
        v = self.subject.eval(env)
        holder: Attrs | None = None
        last = ""
        try:
            for step in self.path:
                statistics.lookups += 1
                name = step.get(env)
                if type(v) is not Attrs:
                    return self.otherwise(env)
                d = v.d
                r = d.get(name, UNSET)
                if r is UNSET:
                    return self.otherwise(env)
                holder = v
                last = name
                found(statistics, holder, name)
                if type(r) is Thunk:
                    r = r.force()
                    d[name] = r
                v = r
        except EvalError as error:
            if holder is not None:
                note(self.unit, self.offset, holder, last, show_path(self.path, env), error)
            raise
        return v


class CountedSelectFrom(SelectFrom):
    """``inherit (e) name``, which is a selection."""

    def __init__(self, unit: Unit, offset: int, name: str, statistics: Statistics) -> None:
        super().__init__(unit, offset, name)
        self.statistics = statistics

    def eval(self, env: list[object]) -> object:
        self.statistics.lookups += 1
        v = super().eval(env)
        scope = env[0]
        if type(scope) is Attrs:
            found(self.statistics, scope, self.name)
        return v


def counting(bindings: Bindings, unit: Unit, statistics: Statistics) -> int:
    """Make the inherited names of some bindings count; how many thunks they are. Their sources are no thunks of Nix 2.8."""
    inherited = 0
    codes = bindings.codes
    for i in range(len(codes)):
        code = codes[i]
        if type(code) is SelectFrom:
            codes[i] = CountedSelectFrom(unit, code.offset, code.name, statistics)
            inherited += 1
    unwrap(bindings.froms)
    return inherited


def unwrap(codes: list[Code]) -> None:
    """Let what Nix makes no thunk for go uncounted."""
    for i in range(len(codes)):
        code = codes[i]
        if isinstance(code, Argument):
            codes[i] = code.held[0]


class CountedLet(Let):
    """``let ... in body``"""

    def __init__(self, unit: Unit, tree: Tree, statistics: Statistics) -> None:
        super().__init__(unit, tree)
        self.statistics = statistics
        self.inherited = counting(self.bindings, unit, statistics)

    def eval(self, env: list[object]) -> object:
        self.statistics.thunks += self.inherited
        self.statistics.env(self.size - 1)
        return super().eval(env)


class CountedSet(SetLiteral):
    """``{ ... }``"""

    def __init__(self, unit: Unit, tree: Tree, statistics: Statistics) -> None:
        super().__init__(unit, tree)
        self.statistics = statistics
        self.inherited = counting(self.bindings, unit, statistics)

    def eval(self, env: list[object]) -> object:
        self.statistics.thunks += self.inherited
        self.statistics.set(len(self.bindings.names) + len(self.dynamic))
        return super().eval(env)


class CountedRec(RecLiteral):
    """``rec { ... }``"""

    def __init__(self, unit: Unit, tree: Tree, statistics: Statistics) -> None:
        super().__init__(unit, tree)
        self.statistics = statistics
        self.inherited = counting(self.bindings, unit, statistics)
        if self.overrides >= 0:
            for kind in self.bindings.kinds:
                if kind == tuples.EXPRESSION:
                    self.inherited += 1

    def eval(self, env: list[object]) -> object:
        self.statistics.thunks += self.inherited
        size = len(self.bindings.names) + len(self.dynamic)
        self.statistics.set(size)
        self.statistics.env(self.size - 1)
        v = super().eval(env)
        if self.overrides >= 0 and type(v) is Attrs:
            over = self.unit.machine.attrs(v.d["__overrides"])
            self.statistics.set(size + len(over.d))
        return v


class CountedWithVar(WithVar):
    """A name that a ``with`` gives; only where details are counted."""

    def __init__(self, unit: Unit, offset: int, name: str, levels: tuple[int, ...], statistics: Statistics) -> None:
        super().__init__(unit, offset, name, levels)
        self.statistics = statistics

    def eval(self, env: list[object]) -> object:
        v = super().eval(env)
        self.count(env)
        return v

    def thunk(self, env: list[object]) -> object:
        v = super().thunk(env)
        if type(v) is not Thunk or v.code is not self:
            self.count(env)
        return v

    def count(self, env: list[object]) -> None:
        """The attribute that was found."""
        frame = env
        level = 0
        for wanted in self.levels:
            while level < wanted:
                frame = cast(list[object], frame[0])
                level += 1
            scope = frame[1]
            if type(scope) is Thunk and scope.code is None:
                scope = scope.slot
            if type(scope) is Attrs and self.name in scope.d:
                found(self.statistics, scope, self.name)
                break


class CountedList(ListLiteral):
    """``[ ... ]``"""

    def __init__(self, unit: Unit, tree: Tree, statistics: Statistics) -> None:
        super().__init__(unit, tree)
        self.statistics = statistics

    def eval(self, env: list[object]) -> object:
        self.statistics.list_elements += len(self.items)
        return super().eval(env)


class CountedWith(With):
    """``with s; e``"""

    def __init__(self, unit: Unit, tree: Tree, statistics: Statistics) -> None:
        super().__init__(unit, tree)
        self.statistics = statistics
        unwrap(self.scope)

    def eval(self, env: list[object]) -> object:
        self.statistics.env(1)
        return super().eval(env)


class CountedUpdate(Update):
    """``a // b``"""

    def __init__(self, unit: Unit, tree: Tree, statistics: Statistics) -> None:
        super().__init__(unit, tree)
        self.statistics = statistics

    def eval(self, env: list[object]) -> object:
        a = eval_attrs(self.unit, self.left, env, self.offset)
        b = eval_attrs(self.unit, self.right, env, self.offset)
        both = update(a, b)
        statistics = self.statistics
        statistics.updates += 1
        if both is not a and both is not b:
            statistics.set(len(a.d) + len(b.d))  # what Nix makes room for
            statistics.update_values += len(both.d)
        return both


class CountedConcat(ConcatLists):
    """``a ++ b ++ c``, which Nix joins from the right, two at a time."""

    def __init__(self, unit: Unit, tree: Tree, statistics: Statistics) -> None:
        super().__init__(unit, tree)
        self.statistics = statistics

    def eval(self, env: list[object]) -> object:
        operands = self.operands
        joined: list[object] = []
        sizes: list[int] = []
        for i in range(len(operands)):
            v = operands[i].eval(env)
            if type(v) is not list:
                raise self.wrong(v, operands[i + 1 :], env)
            joined.extend(v)
            sizes.append(len(v))
        statistics = self.statistics
        statistics.list_concats += len(sizes) - 1
        total = sizes.pop()
        while sizes:
            size = sizes.pop()
            if size and total:
                statistics.list_elements += size + total
            total += size
        return joined


class CountedArithmetic(Code):
    """``a < b`` and its kin: calls of builtins in Nix."""

    def __init__(self, code: Code, tree: Tree, statistics: Statistics) -> None:
        self.code = code
        self.name: str = tree[2][2:]
        self.statistics = statistics
        self.known: int = 0
        for operand in (tree[3], tree[4]):
            if operand[0] in KNOWN:
                self.known += 1

    def eval(self, env: list[object]) -> object:
        statistics = self.statistics
        statistics.builtin(self.name)
        statistics.avoided += self.known
        statistics.thunks += 2 - self.known
        return self.code.eval(env)
