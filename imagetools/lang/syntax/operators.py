"""The operators: how tightly they bind, and what Nix makes of each (rows 5.034-5.045).

Nix quirk: comparison and arithmetic are calls of ``__lessThan``, ``__sub``, ``__mul`` and ``__div``; ``a > b`` swaps its
operands, and ``a <= b`` is ``! (b < a)``.
"""

from typing import Final

from imagetools.lang.syntax import tokens as k
from imagetools.lang.syntax.ast import tuples as t
from imagetools.lang.syntax.attrsets import Node

LEVEL_OF_NOT: Final = 7
LEVEL_OF_NEGATE: Final = 12


def _precedences() -> list[int]:
    table = [0] * k.COUNT
    levels = (
        (k.IMPL,),
        (k.OR,),
        (k.AND,),
        (k.EQ, k.NEQ),
        (k.LESS, k.LEQ, k.GREATER, k.GEQ),
        (k.UPDATE,),
        (),  # LEVEL_OF_NOT
        (k.PLUS, k.MINUS),
        (k.TIMES, k.DIVIDE),
        (k.CONCAT,),
        (k.HAS,),
    )
    for number, level in enumerate(levels, 1):
        for kind in level:
            table[kind] = number
    return table


PRECEDENCE: Final[list[int]] = _precedences()  # by kind of token; 0: no operator
UNASSOCIATED: Final = (4, 5)  # precedences: a == b == c is an error
RIGHT_TO_LEFT: Final = (1, 6, 10)

_PLAIN: Final[dict[int, int]] = {
    k.EQ: t.EQ,
    k.NEQ: t.NEQ,
    k.AND: t.AND,
    k.OR: t.OR,
    k.IMPL: t.IMPL,
    k.UPDATE: t.UPDATE,
    k.CONCAT: t.CONCATLISTS,
}
_CALLED: Final[dict[int, str]] = {k.MINUS: "__sub", k.TIMES: "__mul", k.DIVIDE: "__div"}


def binary(kind: int, pos: int, left: Node, right: Node) -> Node:
    """What Nix makes of ``left OP right``, the operator being at ``pos``; ``+`` is not here, since it needs more positions."""
    tag = _PLAIN.get(kind)
    if tag is not None:
        return (tag, pos, left, right)
    if kind == k.LESS:
        return (t.ARITH, pos, "__lessThan", left, right)
    if kind == k.GREATER:
        return (t.ARITH, pos, "__lessThan", right, left)
    if kind == k.LEQ:
        return (t.NOT, pos, (t.ARITH, pos, "__lessThan", right, left))
    if kind == k.GEQ:
        return (t.NOT, pos, (t.ARITH, pos, "__lessThan", left, right))
    return (t.ARITH, pos, _CALLED[kind], left, right)


def negated(pos: int, operand: Node) -> Node:
    """``- operand``."""
    return (t.ARITH, pos, "__sub", (t.INT, -1, 0), operand)
