"""Equality and order of values.

Functions, not methods: comparing forces, and forcing can run anything. Nix quirks: two sets with ``type = "derivation"`` are
equal when
their ``outPath`` is; contexts do not count; functions are never equal, except that an element that is the very same object
counts as equal without a look (so ``let f = x: x; in [ f ] == [ f ]`` is true, ``f == f`` false).
"""

from typing import Final, cast

from imagetools.lang.runtime.errors import EvalError
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.runtime.shown import shown
from imagetools.lang.values.model import STACK, Attrs, NixPath, NixString, Thunk, describe, type_name

ABSENT: Final = object()


def equal(m: Machine, a: object, b: object) -> bool:
    """Deep equality of two elements (of lists, sets, arguments); the same object is equal to itself."""
    if a is b:
        if type(a) is Thunk:
            a.force()
        return True
    return equal_forced(m, m.force(a), m.force(b))


def equal_forced(m: Machine, a: object, b: object) -> bool:
    """Deep equality of two forced values, as ``==`` has it."""
    ta = type(a)
    tb = type(b)
    if ta is str:
        if tb is str:
            return cast(str, a) == cast(str, b)
        return tb is NixString and cast(str, a) == cast(NixString, b).text
    if ta is NixString:
        if tb is str:
            return cast(NixString, a).text == cast(str, b)
        return tb is NixString and cast(NixString, a).text == cast(NixString, b).text
    if ta is int:
        if tb is int:
            return cast(int, a) == cast(int, b)
        return tb is float and float(cast(int, a)) == cast(float, b)
    if ta is float:
        if tb is float:
            return cast(float, a) == cast(float, b)
        return tb is int and cast(float, a) == float(cast(int, b))
    if ta is not tb:
        return False
    if ta is bool or a is None:
        return a is b
    if ta is Attrs:
        return _equal_attrs(m, cast(Attrs, a), cast(Attrs, b))
    if ta is list:
        return _equal_lists(m, cast(list[object], a), cast(list[object], b))
    if ta is NixPath:
        return cast(NixPath, a).text == cast(NixPath, b).text
    return False


def _equal_lists(m: Machine, a: list[object], b: list[object]) -> bool:
    n = len(a)
    if n != len(b):
        return False
    STACK.enter()
    for i in range(n):
        if not equal(m, a[i], b[i]):
            STACK.depth -= 1
            return False
    STACK.depth -= 1
    return True


def _equal_attrs(m: Machine, a: Attrs, b: Attrs) -> bool:
    STACK.enter()
    same = _same_attrs(m, a.d, b.d)
    STACK.depth -= 1
    return same


def _same_attrs(m: Machine, a: dict[str, object], b: dict[str, object]) -> bool:
    if "type" in a and "type" in b and is_derivation(m, a) and is_derivation(m, b) and "outPath" in a and "outPath" in b:
        return equal(m, a["outPath"], b["outPath"])
    if a is b:
        for value in a.values():
            if type(value) is Thunk:
                value.force()
        return True
    if len(a) != len(b):
        return False
    first: list[object] = []  # what must be looked into, once it is known that both have the same names
    second: list[object] = []
    for name, value in a.items():
        other = b.get(name, ABSENT)
        if other is ABSENT:
            return False
        if value is not other or type(value) is Thunk:
            first.append(value)
            second.append(other)
    for i in range(len(first)):  # noqa: SIM110 (a generator would recurse through C)
        if not equal(m, first[i], second[i]):
            return False
    return True


def is_derivation(m: Machine, d: dict[str, object]) -> bool:
    """Whether a set says that it is a derivation."""
    kind = m.force(d.get("type"))
    if type(kind) is str:
        return kind == "derivation"
    return type(kind) is NixString and kind.text == "derivation"


def less(m: Machine, a: object, b: object) -> bool:
    """``a < b`` for numbers, strings (as bytes), paths and lists. Raises EvalError for anything else."""
    a = m.force(a)
    b = m.force(b)
    ta = type(a)
    tb = type(b)
    if ta is int:
        if tb is int:
            return cast(int, a) < cast(int, b)
        if tb is float:
            return float(cast(int, a)) < cast(float, b)
    elif ta is float:
        if tb is float:
            return cast(float, a) < cast(float, b)
        if tb is int:
            return cast(float, a) < float(cast(int, b))
    elif ta is str or ta is NixString:
        if tb is str or tb is NixString:
            return _text(a) < _text(b)
    elif ta is NixPath:
        if tb is NixPath:
            return cast(NixPath, a).text < cast(NixPath, b).text
    elif ta is list and tb is list:
        return _less_lists(m, cast(list[object], a), cast(list[object], b))
    if type_name(a) == type_name(b):
        why = f"values of that type are incomparable (values are {shown(a)} and {shown(b)})"
    else:
        why = f"values are {shown(a)} and {shown(b)}"
    raise EvalError(f"cannot compare {describe(a)} with {describe(b)}; {why}")


def _text(v: object) -> str:
    if type(v) is str:
        return v
    return cast(NixString, v).text


def _less_lists(m: Machine, a: list[object], b: list[object]) -> bool:
    STACK.enter()
    shorter = min(len(a), len(b))
    for i in range(shorter):
        if not equal(m, a[i], b[i]):
            result = less(m, a[i], b[i])
            STACK.depth -= 1
            return result
    STACK.depth -= 1
    return len(a) < len(b)
