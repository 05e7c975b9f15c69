"""if, assert, with, and the Boolean operators: nodes with a part that may never be needed, made when it is."""

from imagetools.lang.nodes.base import Tree, Unit
from imagetools.lang.runtime.compare import equal_forced
from imagetools.lang.runtime.errors import AssertionFailed, EvalError, TypeErrorNix
from imagetools.lang.syntax.ast import tuples
from imagetools.lang.syntax.show import show
from imagetools.lang.values.model import Code


class If(Code):
    """``if c then a else b``"""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        self.unit = unit
        self.late: Tree | None = tree
        self.place = written_at(tree[2], tree[1])
        self.level = unit.level
        self.condition = unit.build(tree[2])
        self.yes: Code | None = None
        self.no: Code | None = None

    def eval(self, env: list[object]) -> object:
        v = self.condition.eval(env)
        if v is True:
            yes = self.yes
            if yes is None:
                yes = self.branch(3)
                self.yes = yes
            return yes.eval(env)
        if v is False:
            no = self.no
            if no is None:
                no = self.branch(4)
                self.no = no
            return no.eval(env)
        raise self.unit.wrong(v, "a Boolean", self.place)

    def branch(self, index: int) -> Code:
        """One of the two, made from its part of the tree; that is forgotten with the second."""
        late = self.late
        assert late is not None
        code = self.unit.build_at(self.level, late[index])
        if self.yes is not None or self.no is not None:
            self.late = None
        return code


class Assertion(Code):
    """What all assertions share: what comes behind the condition, made late, and what is said where that is false."""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        self.unit = unit
        self.offset: int = tree[1]
        self.asserted: Tree = tree[2]
        self.late: Tree | None = tree[3]
        self.level = unit.level
        self.body: Code | None = None

    def text(self) -> str:
        """The condition as it is written."""
        return show(self.asserted, self.unit.base_dir, self.unit.machine.io.home())

    def failed(self) -> EvalError:
        """The error for a condition that is false."""
        return AssertionFailed(f"assertion '{self.text()}' failed", self.unit.pos(self.offset))

    def rest(self, env: list[object]) -> object:
        """The value behind the condition."""
        body = self.body
        if body is None:
            late = self.late
            assert late is not None
            body = self.unit.build_at(self.level, late)
            self.body = body
            self.late = None
        return body.eval(env)


class Assert(Assertion):
    """``assert c; e``"""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        super().__init__(unit, tree)
        self.condition = unit.build(tree[2])

    def eval(self, env: list[object]) -> object:
        v = self.condition.eval(env)
        if v is True:
            return self.rest(env)
        if v is False:
            raise self.failed()
        raise self.unit.wrong(v, "a Boolean", written_at(self.asserted, self.offset))


class With(Code):
    """``with s; e``: the set waits in a frame until a name is looked for."""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        self.unit = unit
        self.scope: list[Code] = unit.lazy_list((tree[2],))
        self.body = unit.build(tree[3])

    def eval(self, env: list[object]) -> object:
        return self.body.eval([env, self.scope[0].thunk(env)])


class Not(Code):
    """``! e``"""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        self.unit = unit
        self.place = written_at(tree[2], tree[1])
        self.operand = unit.build(tree[2])

    def eval(self, env: list[object]) -> object:
        v = self.operand.eval(env)
        if v is True:
            return False
        if v is False:
            return True
        raise self.unit.wrong(v, "a Boolean", self.place)


class Boolean(Code):
    """The left operand and, made late, the right one, of ``&&``, ``||``, ``->``."""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        self.unit = unit
        self.left_at = written_at(tree[2], tree[1])
        self.right_at = written_at(tree[3], tree[1])
        self.late: Tree | None = tree[3]
        self.level = unit.level
        self.left = unit.build(tree[2])
        self.right: Code | None = None

    def second(self, env: list[object]) -> object:
        """The value of the right operand."""
        right = self.right
        if right is None:
            late = self.late
            assert late is not None
            right = self.unit.build_at(self.level, late)
            self.right = right
            self.late = None
        v = right.eval(env)
        if v is True or v is False:
            return v
        raise self.wrong(v, self.right_at)

    def wrong(self, v: object, place: int) -> TypeErrorNix:
        """The error for an operand that is no Boolean."""
        return self.unit.wrong(v, "a Boolean", place)


class And(Boolean):
    """``a && b``"""

    def eval(self, env: list[object]) -> object:
        v = self.left.eval(env)
        if v is True:
            return self.second(env)
        if v is False:
            return False
        raise self.wrong(v, self.left_at)


class Or(Boolean):
    """``a || b``"""

    def eval(self, env: list[object]) -> object:
        v = self.left.eval(env)
        if v is True:
            return True
        if v is False:
            return self.second(env)
        raise self.wrong(v, self.left_at)


class Implies(Boolean):
    """``a -> b``"""

    def eval(self, env: list[object]) -> object:
        v = self.left.eval(env)
        if v is True:
            return self.second(env)
        if v is False:
            return True
        raise self.wrong(v, self.left_at)


def written_at(operand: Tree, operator: int) -> int:
    """Where to show an operand that is wrong: where it begins, but constants are shown where their operator is."""
    tag: int = operand[0]
    if tag in (tuples.NOT, tuples.HASATTR):
        return written_at(operand[2], operator)
    if tag <= tuples.HOME or tag == tuples.LIST or operand[1] < 0:
        return operator
    place: int = operand[1]
    return place


class Equal(Code):
    """``a == b``; with ``negate``, ``a != b``."""

    def __init__(self, unit: Unit, tree: Tree, negate: bool) -> None:
        self.unit = unit
        self.offset: int = tree[1]
        self.negate = negate
        self.left = unit.build(tree[2])
        self.right = unit.build(tree[3])

    def eval(self, env: list[object]) -> object:
        a = self.left.eval(env)
        b = self.right.eval(env)
        if type(a) is str and type(b) is str:
            return (a == b) is not self.negate
        try:
            return equal_forced(self.unit.machine, a, b) is not self.negate
        except EvalError as error:
            self.unit.place(error, self.offset)
            raise
