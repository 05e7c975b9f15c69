"""Arithmetic, ``//`` and ``++``.

Nix quirks: int with int gives int, any float gives float; integers have 64 bits and overflow is an error (it wraps in Nix
2.8); division of integers goes towards zero. ``__sub`` and its kin get here only where the name means the global.
"""

from typing import Final

from imagetools.lang.nodes.base import Tree, Unit, eval_attrs
from imagetools.lang.nodes.sharing import SHARED_MOST
from imagetools.lang.runtime.compare import less
from imagetools.lang.runtime.errors import DivisionByZero, EvalError, IntegerOverflow
from imagetools.lang.runtime.positions import Merged, Origin, Within
from imagetools.lang.values.model import Attrs, Code

INT_MAX: Final = 9223372036854775807
INT_MIN: Final = -9223372036854775808
SAFE: Final = 1 << 60


def checked(result: int, action: str, a: int, sign: str, b: int) -> int:
    """The result, if it fits 64 bits."""
    if -SAFE < result < SAFE or INT_MIN <= result <= INT_MAX:
        return result
    raise IntegerOverflow(action, a, sign, b)


def add(a: int, b: int) -> int:
    return checked(a + b, "adding", a, "+", b)


def subtract(a: int, b: int) -> int:
    return checked(a - b, "subtracting", a, "-", b)


def multiply(a: int, b: int) -> int:
    return checked(a * b, "multiplying", a, "*", b)


def divide(a: int, b: int) -> int:
    """Towards zero. Raises DivisionByZero."""
    if b == 0:
        raise DivisionByZero()
    quotient = abs(a) // abs(b)
    return checked(quotient if (a < 0) is (b < 0) else -quotient, "dividing", a, "/", b)


def number(unit: Unit, v: object, offset: int) -> float:
    """A float operand."""
    if type(v) is float:
        return v
    if type(v) is int:
        return float(v)
    raise unit.wrong(v, "a float", offset)


class Arith(Code):
    """Two operands and the way to say where."""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        self.unit = unit
        self.offset: int = tree[1]
        self.left = unit.build(tree[3])
        self.right = unit.build(tree[4])

    def not_int(self, a: object, b: object) -> EvalError:
        """The error for operands of which neither is a float."""
        return self.unit.wrong(b if type(a) is int else a, "an integer", self.offset)


class Subtract(Arith):
    """``a - b``, ``-b``"""

    def eval(self, env: list[object]) -> object:
        a = self.left.eval(env)
        b = self.right.eval(env)
        try:
            if type(a) is int and type(b) is int:
                return subtract(a, b)
            if type(a) is float or type(b) is float:
                return number(self.unit, a, self.offset) - number(self.unit, b, self.offset)
        except EvalError as error:
            self.unit.place(error, self.offset)
            raise
        raise self.not_int(a, b)


class Multiply(Arith):
    """``a * b``"""

    def eval(self, env: list[object]) -> object:
        a = self.left.eval(env)
        b = self.right.eval(env)
        try:
            if type(a) is int and type(b) is int:
                return multiply(a, b)
            if type(a) is float or type(b) is float:
                return number(self.unit, a, self.offset) * number(self.unit, b, self.offset)
        except EvalError as error:
            self.unit.place(error, self.offset)
            raise
        raise self.not_int(a, b)


class Divide(Arith):
    """``a / b``"""

    def eval(self, env: list[object]) -> object:
        a = self.left.eval(env)
        b = self.right.eval(env)
        try:
            if type(a) is int and type(b) is int:
                return divide(a, b)
            divisor = number(self.unit, b, self.offset)
            if divisor == 0.0:
                raise DivisionByZero()
            if type(a) is float or type(b) is float:
                return number(self.unit, a, self.offset) / divisor
        except EvalError as error:
            self.unit.place(error, self.offset)
            raise
        raise self.not_int(a, b)


class Less(Arith):
    """``a < b``"""

    def eval(self, env: list[object]) -> object:
        a = self.left.eval(env)
        b = self.right.eval(env)
        if type(a) is int and type(b) is int:
            return a < b
        try:
            return less(self.unit.machine, a, b)
        except EvalError as error:
            self.unit.place(error, self.offset)
            raise


def arithmetic(unit: Unit, tree: Tree) -> Code:
    """The node of an ARITH tuple."""
    op: str = tree[2]
    if op == "__sub":
        return Subtract(unit, tree)
    if op == "__mul":
        return Multiply(unit, tree)
    if op == "__div":
        return Divide(unit, tree)
    return Less(unit, tree)


class Update(Code):
    """``a // b``"""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        self.unit = unit
        self.offset: int = tree[1]
        self.left = unit.build(tree[2])
        self.right = unit.build(tree[3])

    def eval(self, env: list[object]) -> object:
        a = eval_attrs(self.unit, self.left, env, self.offset)
        b = eval_attrs(self.unit, self.right, env, self.offset)
        return update(a, b)


def update(a: Attrs, b: Attrs) -> Attrs:
    """The two sets in one; ``b`` wins. The larger dict is copied in one go, the smaller walked; but where both are small, a new
    one is filled, since a copy might share a table of names that others do not fit into (``nodes.sharing``)."""
    left = a.d
    right = b.d
    if not right:
        return a
    if not left:
        return b
    if len(left) + len(right) <= SHARED_MOST:
        both: dict[str, object] = {}
        both.update(left)
        both.update(right)
    elif len(left) >= len(right):
        both = left.copy()
        both.update(right)
    else:
        both = right.copy()
        for name, value in left.items():
            both.setdefault(name, value)
    return Attrs(both, a.origin if a.origin is b.origin else merged(a, b))


def merged(a: Attrs, b: Attrs) -> Origin:
    """The origin of ``a // b``, of which one has an origin."""
    before = a.origin
    after = b.origin
    if type(before) is Merged and before.right is after:  # the same literal again, as in a fold
        return before
    return Merged(
        Within(list(a.d), None) if before is None else before,
        Within(list(b.d), None) if after is None else after,
    )


class ConcatLists(Code):
    """``a ++ b ++ c``: the operands of a whole chain, joined once."""

    def __init__(self, unit: Unit, tree: Tree) -> None:
        self.unit = unit
        self.offset: int = tree[1]
        tag: int = tree[0]
        self.operands: list[Code] = [unit.build(tree[2])]
        rest: Tree = tree[3]
        while rest[0] == tag:
            self.operands.append(unit.build(rest[2]))
            rest = rest[3]
        self.operands.append(unit.build(rest))

    def eval(self, env: list[object]) -> object:
        only: list[object] | None = None
        joined: list[object] | None = None
        operands = self.operands
        for i in range(len(operands)):
            v = operands[i].eval(env)
            if type(v) is not list:
                raise self.wrong(v, operands[i + 1 :], env)
            if v:
                if only is None:
                    only = v
                elif joined is None:
                    joined = only + v
                else:
                    joined.extend(v)
        if joined is not None:
            return joined
        return [] if only is None else only

    def wrong(self, found: object, rest: list[Code], env: list[object]) -> EvalError:
        """The error for a chain with an operand that is no list. Types are looked at when all is evaluated, beginning with the
        last two operands, since the chain leans to the right."""
        values = [found]
        for code in rest:
            values.append(code.eval(env))
        order = list(range(len(values) - 1, -1, -1))
        if len(order) > 1:
            order[0], order[1] = order[1], order[0]
        for i in order:
            if type(values[i]) is not list:
                found = values[i]
                break
        return self.unit.wrong(found, "a list", self.offset)
