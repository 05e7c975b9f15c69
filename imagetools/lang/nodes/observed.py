"""Nodes for an evaluation that somebody watches: a profile of its functions, counts of what it did, or both.

``ObservedUnit`` makes them where ``FileUnit`` makes the usual ones; an evaluation that nobody watches has none of them and pays
nothing. Functions are wrapped, whatever they are, so that both ways of watching go together.
"""

from typing import Final

from imagetools.lang.nodes.base import Tree
from imagetools.lang.nodes.build import FileUnit
from imagetools.lang.nodes.counted import (
    Argument,
    CountedArithmetic,
    CountedConcat,
    CountedLet,
    CountedList,
    CountedRec,
    CountedSelect,
    CountedSelectOr,
    CountedSet,
    CountedUpdate,
    CountedWith,
    CountedWithVar,
)
from imagetools.lang.nodes.functions import function
from imagetools.lang.nodes.operators import arithmetic
from imagetools.lang.nodes.selects import names
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.runtime.positions import Origin, Pos, Source
from imagetools.lang.runtime.profile import Framed, Profile, Titled
from imagetools.lang.runtime.statistics import Called, Statistics
from imagetools.lang.syntax.ast import tuples
from imagetools.lang.values.model import Code, Lambda, LambdaCode

LAMBDA: Final = "«lambda»".encode().decode("latin-1")


class Place(Framed):
    """A function of the program on the stack of a profile."""

    def __init__(self, name: str, pos: Pos) -> None:
        self.name = name
        self.pos = pos

    def label(self) -> str:
        return f"{self.name} {self.pos}"


class Wrapped(LambdaCode):
    """A function around another that does the work, and looks like it."""

    def __init__(self, inner: LambdaCode) -> None:
        super().__init__()
        self.inner = inner
        self.arg = inner.arg
        self.name = inner.name
        self.formals = inner.formals
        self.ellipsis = inner.ellipsis

    def eval(self, env: list[object]) -> object:
        return Lambda(self, env)

    def thunk(self, env: list[object]) -> object:
        return Lambda(self, env, True)

    def origin(self) -> Origin | None:
        return self.inner.origin()

    def written(self) -> Pos | None:
        return self.inner.written()

    def place(self) -> str:
        return self.inner.place()


class ProfiledFunction(Wrapped):
    """Stands on the profile's stack while it runs. Of ``x: y: body`` only the inner function does."""

    def __init__(self, inner: LambdaCode, frame: Framed, profile: Profile) -> None:
        super().__init__(inner)
        self.curried = inner.curried
        self.frame = frame
        self.profile = profile

    def call(self, env: list[object], argument: object) -> object:
        profile = self.profile
        profile.enter(self.frame)
        try:
            v = self.inner.call(env, argument)
        except BaseException:
            profile.leave()
            raise
        profile.leave()
        return v

    def call2(self, env: list[object], first: object, second: object) -> object:
        return self.inner.call2(env, first, second)

    def call3(self, env: list[object], first: object, second: object, third: object) -> object:
        return self.inner.call3(env, first, second, third)


class CountedFunction(Wrapped):
    """Counts its calls; one by one, also where it is ``x: y: body``."""

    def __init__(self, inner: LambdaCode, called: Called, statistics: Statistics) -> None:
        super().__init__(inner)
        self.called = called
        self.statistics = statistics
        self.size: int = (0 if self.arg is None else 1) + (0 if self.formals is None else len(self.formals))

    def call(self, env: list[object], argument: object) -> object:
        statistics = self.statistics
        statistics.function_calls += 1
        statistics.env(self.size)
        self.called.calls += 1
        return self.inner.call(env, argument)


class ProfiledFile(Code):
    """A file on the profile's stack while its value is found."""

    def __init__(self, code: Code, frame: Framed, profile: Profile) -> None:
        self.code = code
        self.frame = frame
        self.profile = profile

    def eval(self, env: list[object]) -> object:
        self.profile.enter(self.frame)
        try:
            return self.code.eval(env)
        finally:
            self.profile.leave()


class ObservedUnit(FileUnit):
    """Makes the nodes of a file that is watched by ``profile`` or ``statistics`` or both."""

    def __init__(
        self, machine: Machine, source: Source, base_dir: str, profile: Profile | None, statistics: Statistics | None
    ) -> None:
        super().__init__(machine, source, base_dir)
        self.profile = profile
        self.statistics = statistics
        self.inner_names: dict[int, str] = {}

    def root(self, tree: Tree) -> Code:
        """The node of the whole file."""
        node = self.build(tree)
        profile = self.profile
        return node if profile is None else ProfiledFile(node, Titled(self.source.file), profile)

    def lazy(self, tree: object, holder: list[Code] | None, index: int) -> Code:
        statistics = self.statistics
        if statistics is None:
            return super().lazy(tree, holder, index)
        argument = Argument(statistics)
        argument.held.append(super().lazy(tree, argument.held, 0))
        return argument

    def make(self, tree: Tree, tag: int) -> Code:
        if tag == tuples.LAMBDA:
            return self.function(tree)
        statistics = self.statistics
        if statistics is None:
            return super().make(tree, tag)
        if tag == tuples.SELECT:
            return self.selection(tree, statistics)
        if tag == tuples.ATTRS:
            return CountedRec(self, tree, statistics) if tree[2] else CountedSet(self, tree, statistics)
        if tag == tuples.WITHVAR and statistics.detailed:
            return CountedWithVar(self, tree[1], tree[2], tree[3], statistics)
        if tag == tuples.LIST:
            return CountedList(self, tree, statistics)
        if tag == tuples.LET:
            return CountedLet(self, tree, statistics)
        if tag == tuples.UPDATE:
            return CountedUpdate(self, tree, statistics)
        if tag == tuples.ARITH:
            return CountedArithmetic(arithmetic(self, tree), tree, statistics)
        if tag == tuples.CONCATLISTS:
            return CountedConcat(self, tree, statistics)
        if tag == tuples.WITH:
            return CountedWith(self, tree, statistics)
        return super().make(tree, tag)

    def selection(self, tree: Tree, statistics: Statistics) -> Code:
        """The node of a SELECT tuple."""
        offset: int = tree[1]
        subject = self.build(tree[2])
        path = names(self, offset, tree[3])
        if tree[4] is None:
            return CountedSelect(self, offset, subject, path, statistics)
        return CountedSelectOr(self, offset, subject, path, tree[4], statistics)

    def function(self, tree: Tree) -> Code:
        """The node of a LAMBDA tuple. In a profile ``b: ...`` of ``f = a: b: ...`` is called f too."""
        offset: int = tree[1]
        made: LambdaCode = function(self, tree)
        profile = self.profile
        if profile is not None:
            name = made.name
            if name is None:
                name = self.inner_names.get(offset, LAMBDA)
            body: object = tree[5]
            if type(body) is tuple and body[0] == tuples.LAMBDA:
                inner: int = body[1]
                self.inner_names[inner] = name
            made = ProfiledFunction(made, Place(name, self.pos(offset)), profile)
        statistics = self.statistics
        if statistics is not None:
            called = Called(made.name, self.pos(offset))
            statistics.functions.append(called)
            made = CountedFunction(made, called, statistics)
        return made
