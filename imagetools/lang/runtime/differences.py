"""What two values that ought to be equal differ in: the sentence of ``assert a == b``, as in current Nix.

It follows ``compare.equal_forced`` step by step and is only asked where that said no: what is forced here was forced there. A
walk with a list of its own instead of recursion, since values may be nested deeper than a second comparison per level could take.
"""

from typing import cast

from imagetools.lang.runtime.compare import equal_forced, is_derivation
from imagetools.lang.runtime.errors import AssertionFailed
from imagetools.lang.runtime.machine import Machine
from imagetools.lang.runtime.positions import Pos
from imagetools.lang.runtime.shown import shown
from imagetools.lang.values.model import Attrs, Thunk, describe, type_name


class _Level:
    """Two lists or sets, compared pair by pair. ``name`` is that of the current pair in sets, "" in lists."""

    def __init__(self, left: list[object], right: list[object], names: list[str], sets: tuple[Attrs, Attrs] | None) -> None:
        self.left = left
        self.right = right
        self.names = names
        self.sets = sets
        self.at = 0

    def trace(self, error: AssertionFailed, pos: Pos) -> None:
        """Say which pair it was."""
        if self.sets is None:
            error.push(f"while comparing list element {self.at}", pos)
            return
        name = self.names[self.at]
        if len(self.names) == 1 and name == "outPath" and "type" in self.sets[0].d:
            error.push("while comparing a derivation by its 'outPath' attribute", pos)
            error.at(pos)
            return
        for side, attrs in (("right", self.sets[1]), ("left", self.sets[0])):
            place = None if attrs.origin is None else attrs.origin.find(name)
            if place is not None:
                error.push(f"where {side} hand side is", place)
                error.at(place)
        error.push(f"while comparing attribute '{name}'", pos)


def difference(m: Machine, a: object, b: object, pos: Pos) -> AssertionFailed | None:
    """The error for two forced values that are not equal, and compared at ``pos``; None where they are equal after all."""
    levels: list[_Level] = []
    found = _look(m, a, b, levels)
    while found is None and levels:
        level = levels[-1]
        if level.at == len(level.left):
            levels.pop()
            if levels:
                levels[-1].at += 1
            continue
        x, y = level.left[level.at], level.right[level.at]
        depth = len(levels)
        if x is not y:
            found = _look(m, m.force(x), m.force(y), levels)
        elif type(x) is Thunk:
            m.force(x)
        if found is None and len(levels) == depth:
            level.at += 1
    if found is not None:
        while levels:
            levels.pop().trace(found, pos)
    return found


def _look(m: Machine, a: object, b: object, levels: list[_Level]) -> AssertionFailed | None:
    """The difference of two forced values themselves; what they hold becomes a new level."""
    kind = type_name(a)
    other = type_name(b)
    if kind == other == "list":
        return _lists(cast(list[object], a), cast(list[object], b), levels)
    if kind == other == "set":
        return _sets(m, cast(Attrs, a), cast(Attrs, b), levels)
    if equal_forced(m, a, b):
        return None
    if kind in ("int", "float") and other in ("int", "float"):
        return AssertionFailed(f"{describe(a)} with value '{shown(a)}' is not equal to {describe(b)} with value '{shown(b)}'")
    if kind != other:
        return AssertionFailed(f"{describe(a)} of value '{shown(a)}' is not equal to {describe(b)} of value '{shown(b)}'")
    if kind == "lambda":
        return AssertionFailed("distinct functions and immediate comparisons of identical functions compare as unequal")
    word = "boolean" if kind == "bool" else kind
    return AssertionFailed(f"{word} '{shown(a)}' is not equal to {word} '{shown(b)}'")


def _lists(a: list[object], b: list[object], levels: list[_Level]) -> AssertionFailed | None:
    if len(a) != len(b):
        return AssertionFailed(
            f"list of size '{len(a)}' is not equal to list of size '{len(b)}', left hand side is '{shown(a)}', "
            f"right hand side is '{shown(b)}'"
        )
    levels.append(_Level(a, b, [], None))
    return None


def _sets(m: Machine, a: Attrs, b: Attrs, levels: list[_Level]) -> AssertionFailed | None:
    p = a.d
    q = b.d
    if "type" in p and "type" in q and is_derivation(m, p) and is_derivation(m, q) and "outPath" in p and "outPath" in q:
        levels.append(_Level([p["outPath"]], [q["outPath"]], ["outPath"], (a, b)))
        return None
    if len(p) != len(q):
        return AssertionFailed(f"attribute names of attribute set '{shown(a)}' differs from attribute set '{shown(b)}'")
    names = list(p)
    for name in names:
        if name not in q:
            return AssertionFailed(f"attribute name '{name}' is contained in '{shown(a)}', but not in '{shown(b)}'")
    left: list[object] = []
    right: list[object] = []
    for name in names:
        left.append(p[name])
        right.append(q[name])
    levels.append(_Level(left, right, names, (a, b)))
    return None
