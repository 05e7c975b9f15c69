"""if, assert, with, and the Boolean operators: nodes with a part that may never be needed, made when it is."""

from imagetools.lang.nodes.base import Tree, Unit, eval_bool
from imagetools.lang.runtime.compare import equal_forced
from imagetools.lang.runtime.errors import AssertionFailed, EvalError
from imagetools.lang.syntax.show import show
from imagetools.lang.values.model import Code


class If(Code):
    """``if c then a else b``"""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        self.unit = unit
        self.tree = tree
        self.level = unit.level
        self.condition = unit.build(tree[2])
        self.yes: Code | None = None
        self.no: Code | None = None

    def eval(self, env: list[object]) -> object:
        v = self.condition.eval(env)
        if v is True:
            yes = self.yes
            if yes is None:
                yes = self.unit.build_at(self.level, self.tree[3])
                self.yes = yes
            return yes.eval(env)
        if v is False:
            no = self.no
            if no is None:
                no = self.unit.build_at(self.level, self.tree[4])
                self.no = no
            return no.eval(env)
        raise self.unit.wrong(v, "a Boolean", self.tree[1])


class Assert(Code):
    """``assert c; e``"""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        self.unit = unit
        self.tree = tree
        self.level = unit.level
        self.condition = unit.build(tree[2])
        self.body: Code | None = None

    def eval(self, env: list[object]) -> object:
        offset: int = self.tree[1]
        if not eval_bool(self.unit, self.condition, env, offset):
            text = show(self.tree[2], self.unit.base_dir, self.unit.machine.io.home())
            raise AssertionFailed(f"assertion '{text}' failed", self.unit.pos(offset))
        body = self.body
        if body is None:
            body = self.unit.build_at(self.level, self.tree[3])
            self.body = body
        return body.eval(env)


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
        self.offset: int = tree[1]
        self.operand = unit.build(tree[2])

    def eval(self, env: list[object]) -> object:
        return not eval_bool(self.unit, self.operand, env, self.offset)


class Boolean(Code):
    """The left operand and, made late, the right one, of ``&&``, ``||``, ``->``."""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        self.unit = unit
        self.tree = tree
        self.level = unit.level
        self.offset: int = tree[1]
        self.left = unit.build(tree[2])
        self.right: Code | None = None

    def second(self, env: list[object]) -> object:
        """The value of the right operand."""
        right = self.right
        if right is None:
            right = self.unit.build_at(self.level, self.tree[3])
            self.right = right
        return eval_bool(self.unit, right, env, self.offset)


class And(Boolean):
    """``a && b``"""

    def eval(self, env: list[object]) -> object:
        if eval_bool(self.unit, self.left, env, self.offset):
            return self.second(env)
        return False


class Or(Boolean):
    """``a || b``"""

    def eval(self, env: list[object]) -> object:
        if eval_bool(self.unit, self.left, env, self.offset):
            return True
        return self.second(env)


class Implies(Boolean):
    """``a -> b``"""

    def eval(self, env: list[object]) -> object:
        if eval_bool(self.unit, self.left, env, self.offset):
            return self.second(env)
        return True


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
