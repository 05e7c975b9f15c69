"""``sort``: a stable merge sort, written out.

Nix quirk: the comparator is Nix code, may recurse without end and may throw. Python's ``list.sort`` with a key would call
it through C, where the depth counter does not help; so only lists of plain numbers or plain strings compared by
``lessThan`` go there.
"""

from typing import Final, cast

from imagetools.lang.builtins.spec import BuiltinSpec, builtin
from imagetools.lang.runtime import compare
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.values.model import Builtin


def sort(m: Machine, comparator: object, xs: object) -> object:
    """The list in the order of ``comparator a b`` ("a comes before b"); equal elements keep their order. Forces the
    elements.

    Fails where the comparator does not give a Boolean. Example: ``builtins.sort builtins.lessThan [ 3 1 2 ]`` is ``[ 1 2 3
    ]``. Row 5.116.
    """
    items = m.list(xs, "while evaluating the second argument passed to builtins.sort")
    if not items:
        return items
    f = m.function(comparator, "while evaluating the first argument passed to builtins.sort")
    forced = [m.force(x) for x in items]
    by_order = type(f) is Builtin and f.name == "lessThan"
    if by_order and alike(forced):
        cast(list[str], forced).sort()
        return forced
    return merge_sort(m, None if by_order else f, forced)


def alike(items: list[object]) -> bool:
    """Whether all are integers, or all are strings without context."""
    if not items:
        return True
    t = type(items[0])
    if t is not int and t is not str:
        return False
    for x in items:  # noqa: SIM110 (compiled as a loop)
        if type(x) is not t:
            return False
    return True


def before(m: Machine, f: object, a: object, b: object) -> bool:
    """Whether ``a`` comes before ``b``; ``f`` None means ``lessThan``."""
    if f is None:
        return compare.less(m, a, b)
    return m.bool(m.apply2(f, a, b), "while evaluating the return value of the sorting function passed to builtins.sort")


def merge_sort(m: Machine, f: object, items: list[object]) -> list[object]:
    """Bottom up, without recursion: runs of 1, 2, 4 ... elements."""
    size = len(items)
    width = 1
    while width < size:
        merged: list[object] = []
        for start in range(0, size, 2 * width):
            merge(m, f, items, start, min(start + width, size), min(start + 2 * width, size), merged)
        items = merged
        width *= 2
    return items


def merge(m: Machine, f: object, items: list[object], left: int, middle: int, end: int, out: list[object]) -> None:
    """Append ``items[left:middle]`` and ``items[middle:end]``, both in order, to ``out`` in order."""
    right = middle
    if middle < end and not before(m, f, items[middle], items[middle - 1]):
        out.extend(items[left:end])
        return
    while left < middle and right < end:
        if before(m, f, items[right], items[left]):
            out.append(items[right])
            right += 1
        else:
            out.append(items[left])
            left += 1
    out.extend(items[left:middle])
    out.extend(items[right:end])


BUILTINS: Final[tuple[BuiltinSpec, ...]] = (builtin("sort", sort, "comparator", "list"),)
