"""From a parsed pattern to one of Python's ``re``, wherever that provably matches the same.

Python takes the first alternative that leads to a match, and so does Nix where the whole text must match. In a search Nix
tries every alternative and takes the longest match, while its repetitions still commit to the first success. The two are
the same when at most one branch of an alternation can match at a place (the first bytes differ), or when all branches are
equally wide. Loops over something that may be empty differ in how often they go round; those are left to ``matcher.py``
always.
"""

import re
from typing import cast

from imagetools.lang.builtins.posix.classes import NOT_NUL
from imagetools.lang.builtins.posix.syntax import Anchor, Chars, Either, Group, Node, Repeat, Sequence, Tree


def same_when_whole(node: Node) -> bool:
    """Whether ``re.fullmatch`` gives what Nix's ``match`` gives."""
    t = type(node)
    if t is Group:
        return same_when_whole(cast(Group, node).body)
    if t is Repeat:
        body = cast(Repeat, node).body
        return not body.nullable and same_when_whole(body)
    if t is Sequence:
        for item in cast(Sequence, node).items:
            if not same_when_whole(item):
                return False
    elif t is Either:
        for branch in cast(Either, node).branches:
            if not same_when_whole(branch):
                return False
    return True


def same_when_searching(tree: Tree) -> bool:
    """Whether ``re.finditer`` gives what Nix's ``split`` sees."""
    if tree.anchored and tree.root.nullable:
        return False
    return same_when_whole(tree.root) and decided(tree.root)


def runs_away(node: Node, repeated: bool = False) -> bool:
    """Whether a loop goes over a real choice: trying all ways would take time without end, in Python and in Nix (not in
    ours)."""
    t = type(node)
    if t is Group:
        return runs_away(cast(Group, node).body, repeated)
    if t is Repeat:
        repeat = cast(Repeat, node)
        return runs_away(repeat.body, repeated or repeat.high != 1)
    if t is Sequence:
        for item in cast(Sequence, node).items:
            if runs_away(item, repeated):
                return True
    elif t is Either:
        if repeated and not decided(node):
            return True
        for branch in cast(Either, node).branches:
            if runs_away(branch, repeated):
                return True
    return False


def decided(node: Node) -> bool:
    """Whether no alternation in a pattern ever has a real choice."""
    t = type(node)
    if t is Group:
        return decided(cast(Group, node).body)
    if t is Repeat:
        return decided(cast(Repeat, node).body)
    if t is Sequence:
        for item in cast(Sequence, node).items:
            if not decided(item):
                return False
    elif t is Either:
        either = cast(Either, node)
        seen = 0
        for branch in either.branches:
            if not decided(branch):
                return False
            if either.width < 0 and (branch.nullable or branch.first & seen):
                return False
            seen |= branch.first
    return True


def compiled(tree: Tree) -> "re.Pattern[str]":
    """The ``re`` pattern of a tree (for texts without NUL)."""
    parts: list[str] = []
    write(tree.root, parts)
    return re.compile("".join(parts), re.DOTALL)


def write(node: Node, parts: list[str]) -> None:
    """Append a node in Python's notation."""
    t = type(node)
    if t is Chars:
        parts.append(char_class(cast(Chars, node).mask))
    elif t is Anchor:
        parts.append("\\Z" if cast(Anchor, node).at_end else "\\A")
    elif t is Group:
        parts.append("(")
        write(cast(Group, node).body, parts)
        parts.append(")")
    elif t is Sequence:
        for item in cast(Sequence, node).items:
            write(item, parts)
    elif t is Either:
        parts.append("(?:")
        first = True
        for branch in cast(Either, node).branches:
            if not first:
                parts.append("|")
            first = False
            write(branch, parts)
        parts.append(")")
    else:
        repeat = cast(Repeat, node)
        single = type(repeat.body) is Chars or type(repeat.body) is Group
        if not single:
            parts.append("(?:")
        write(repeat.body, parts)
        if not single:
            parts.append(")")
        parts.append(quantifier(repeat.low, repeat.high))


def quantifier(low: int, high: int) -> str:
    if high < 0:
        return "*" if low == 0 else "+" if low == 1 else f"{{{low},}}"
    if low == 0 and high == 1:
        return "?"
    return f"{{{low},{high}}}"


def char_class(mask: int) -> str:
    """A set of bytes as a class of Python's."""
    if mask == NOT_NUL:
        return "."
    if mask & (mask - 1) == 0 and mask:
        return re.escape(chr(mask.bit_length() - 1))
    parts: list[str] = []
    number = 0
    while number < 256:
        if not mask >> number & 1:
            number += 1
            continue
        start = number
        while number < 256 and mask >> number & 1:
            number += 1
        parts.append(f"\\x{start:02x}" if number == start + 1 else f"\\x{start:02x}-\\x{number - 1:02x}")
    return f"[{''.join(parts)}]" if parts else "(?!)"
