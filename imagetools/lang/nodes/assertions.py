"""``assert a == b; e``, which says what the two differ in. All other assertions are in ``control.py``."""

from imagetools.lang.nodes.base import Tree, Unit
from imagetools.lang.nodes.control import Assertion
from imagetools.lang.runtime.compare import equal_forced
from imagetools.lang.runtime.differences import difference
from imagetools.lang.runtime.errors import EvalError


class AssertEqual(Assertion):
    """An assertion whose condition is a comparison. The two values are kept for the message, so that (other than in Nix) nothing
    is evaluated twice."""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        super().__init__(unit, tree)
        condition: Tree = tree[2]
        self.compared_at: int = condition[1]
        self.left = unit.build(condition[2])
        self.right = unit.build(condition[3])

    def eval(self, env: list[object]) -> object:
        a = self.left.eval(env)
        b = self.right.eval(env)
        try:
            same = equal_forced(self.unit.machine, a, b)
        except EvalError as error:
            self.unit.place(error, self.compared_at)
            raise
        if not same:
            raise self.unequal(a, b)
        return self.rest(env)

    def unequal(self, a: object, b: object) -> EvalError:
        """The error for two values that are not equal."""
        error = difference(self.unit.machine, a, b, self.unit.pos(self.compared_at))
        if error is None:
            return self.failed()
        error.push(f"while evaluating the condition of the assertion '{self.text()}'", self.unit.pos(self.offset))
        self.unit.place(error, self.offset)
        return error
