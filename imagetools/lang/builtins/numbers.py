"""Arithmetic and bits.

Integers have 64 bits: a result outside is an error, as in current Nix (2.8 wraps around). An operation with one float is
done in floats. Division cuts towards zero.
"""

import math
from typing import Final

from imagetools.lang.builtins.spec import BuiltinSpec, builtin
from imagetools.lang.runtime import compare
from imagetools.lang.runtime.errors import DivisionByZero, EvalError, IntegerOverflow
from imagetools.lang.runtime.machine import INT_MAX, INT_MIN, Machine


def checked(result: int, action: str, left: int, sign: str, right: int) -> int:
    """The result of ``left sign right``, if it has 64 bits."""
    if result > INT_MAX or result < INT_MIN:
        raise IntegerOverflow(action, left, sign, right)
    return result


def add(m: Machine, e1: object, e2: object) -> object:
    """The sum of two numbers. Fails on anything else, and on integer overflow. Example: ``builtins.add 1 2`` is 3. Row
    5.055."""
    a = m.force(e1)
    b = m.force(e2)
    if type(a) is float or type(b) is float:
        return m.float(a, "while evaluating the first argument of the addition") + m.float(
            b, "while evaluating the second argument of the addition"
        )
    x = m.int(a, "while evaluating the first argument of the addition")
    y = m.int(b, "while evaluating the second argument of the addition")
    return checked(x + y, "adding", x, "+", y)


def sub(m: Machine, e1: object, e2: object) -> object:
    """The difference of two numbers. Fails as ``add`` does. Example: ``builtins.sub 3 2`` is 1. Row 5.120."""
    a = m.force(e1)
    b = m.force(e2)
    if type(a) is float or type(b) is float:
        return m.float(a, "while evaluating the first argument of the subtraction") - m.float(
            b, "while evaluating the second argument of the subtraction"
        )
    x = m.int(a, "while evaluating the first argument of the subtraction")
    y = m.int(b, "while evaluating the second argument of the subtraction")
    return checked(x - y, "subtracting", x, "-", y)


def mul(m: Machine, e1: object, e2: object) -> object:
    """The product of two numbers. Fails as ``add`` does. Example: ``builtins.mul 2 3`` is 6. Row 5.106."""
    a = m.force(e1)
    b = m.force(e2)
    if type(a) is float or type(b) is float:
        return m.float(a, "while evaluating the first argument of the multiplication") * m.float(
            b, "while evaluating the second argument of the multiplication"
        )
    x = m.int(a, "while evaluating the first argument of the multiplication")
    y = m.int(b, "while evaluating the second argument of the multiplication")
    return checked(x * y, "multiplying", x, "*", y)


def div(m: Machine, e1: object, e2: object) -> object:
    """The quotient of two numbers; of integers, cut towards zero. Fails on division by zero (floats too) and on overflow.

    Example: ``builtins.div (-7) 2`` is -3. Row 5.072.
    """
    a = m.force(e1)
    b = m.force(e2)
    if m.float(b, "while evaluating the second operand of the division") == 0.0:
        raise DivisionByZero()
    if type(a) is float or type(b) is float:
        return m.float(a, "while evaluating the first operand of the division") / m.float(b)
    x = m.int(a, "while evaluating the first operand of the division")
    y = m.int(b)
    quotient = abs(x) // abs(y)
    return checked(quotient if (x < 0) == (y < 0) else -quotient, "dividing", x, "/", y)


def bit_and(m: Machine, e1: object, e2: object) -> object:
    """Bitwise and of two integers. Example: ``builtins.bitAnd 12 10`` is 8. Row 5.061."""
    return m.int(e1, "while evaluating the first argument passed to builtins.bitAnd") & m.int(
        e2, "while evaluating the second argument passed to builtins.bitAnd"
    )


def bit_or(m: Machine, e1: object, e2: object) -> object:
    """Bitwise or of two integers. Example: ``builtins.bitOr 12 10`` is 14. Row 5.062."""
    return m.int(e1, "while evaluating the first argument passed to builtins.bitOr") | m.int(
        e2, "while evaluating the second argument passed to builtins.bitOr"
    )


def bit_xor(m: Machine, e1: object, e2: object) -> object:
    """Bitwise exclusive or of two integers. Example: ``builtins.bitXor 12 10`` is 6. Row 5.063."""
    return m.int(e1, "while evaluating the first argument passed to builtins.bitXor") ^ m.int(
        e2, "while evaluating the second argument passed to builtins.bitXor"
    )


def ceil(m: Machine, double: object) -> object:
    """The smallest integer that is not less than a number. Fails where the result does not fit 64 bits. Example: ``builtins.ceil
    1.2`` is 2."""
    return whole(m.float(double, "while evaluating the first argument passed to builtins.ceil"), "ceil")


def floor(m: Machine, double: object) -> object:
    """The greatest integer that is not greater than a number. Fails as ``ceil`` does. Example: ``builtins.floor (-1.2)``
    is -2."""
    return whole(m.float(double, "while evaluating the first argument passed to builtins.floor"), "floor")


def whole(number: float, name: str) -> int:
    """A float as an integer, rounded."""
    if math.isfinite(number):
        result = math.ceil(number) if name == "ceil" else math.floor(number)
        if INT_MIN <= result <= INT_MAX:
            return result
    raise EvalError(f"NixFloat argument {number:g} is not in the range of NixInt")


def less_than(m: Machine, e1: object, e2: object) -> object:
    """Whether ``e1`` is less than ``e2``: two numbers, two strings (byte by byte), two paths, or two lists (element by
    element).

    Fails on values of other types. Example: ``builtins.lessThan 1 2.5`` is true. Row 5.102.
    """
    return compare.less(m, e1, e2)


BUILTINS: Final[tuple[BuiltinSpec, ...]] = (
    builtin("add", add, "e1", "e2"),
    builtin("sub", sub, "e1", "e2"),
    builtin("mul", mul, "e1", "e2"),
    builtin("div", div, "e1", "e2"),
    builtin("bitAnd", bit_and, "e1", "e2"),
    builtin("bitOr", bit_or, "e1", "e2"),
    builtin("bitXor", bit_xor, "e1", "e2"),
    builtin("ceil", ceil, "double"),
    builtin("floor", floor, "double"),
    builtin("lessThan", less_than, "e1", "e2"),
)
