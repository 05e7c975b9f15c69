"""Which names somebody may have meant who wrote one that is not there: "Did you mean one of foo, fob or fox?"

Pure, and in Nix's words: at most five names, the nearest first, at most two changed letters away. It only runs once something has
failed, but then perhaps over the tens of thousands of names of a package set, so a name is let go as soon as it is too far.
"""

from collections.abc import Iterable
from typing import Final

from imagetools.kernel.bytestr import display

MAX_DISTANCE: Final = 2
MAX_NAMES: Final = 5


def near(name: str, candidates: Iterable[str], limit: int = MAX_DISTANCE) -> list[str]:
    """The candidates that are at most ``limit`` changed letters (bytes) away, the nearest first, then by name; five at most."""
    ranked: list[tuple[int, str]] = []
    for other in candidates:
        far = distance(name, other, limit)
        if far <= limit:
            ranked.append((far, other))
    ranked.sort()
    return [other for _, other in ranked[:MAX_NAMES]]


def did_you_mean(names: list[str]) -> str:
    """The sentence for some names (byte strings); nothing for none."""
    if not names:
        return ""
    if len(names) == 1:
        return f"Did you mean {display(names[0])}?"
    return f"Did you mean one of {display(', '.join(names[:-1]))} or {display(names[-1])}?"


def variable_limit(name: str) -> int:
    """How far a variable may be from what was meant: less than its length, since a scope is full of short names."""
    return min(MAX_DISTANCE, len(name) - 1)


def distance(a: str, b: str, limit: int) -> int:
    """How many insertions, deletions and replacements lie between two names; ``limit + 1`` for more than ``limit``."""
    if abs(len(a) - len(b)) > limit:
        return limit + 1
    row = list(range(len(b) + 1))
    for i in range(len(a)):
        before = row
        row = [i + 1]
        for j in range(len(b)):
            row.append(min(before[j + 1] + 1, row[j] + 1, before[j] + (0 if a[i] == b[j] else 1)))
        if min(row) > limit:
            return limit + 1
    return min(row[-1], limit + 1)
