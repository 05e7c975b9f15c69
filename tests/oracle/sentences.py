"""Failures that Nix 2.8 has other words for than current Nix, whose words are ours (docs/nix-versions.md lists each).

The tables say our sentence; a real 2.8 must then say what stands here for it, and exactly that.
"""

import re
from typing import Final

SENTENCES: Final[tuple[tuple[str, str], ...]] = (
    (r"expected (an? \w+) but found (.+?): .*", r"value is \2 while \1 was expected"),
    (r"cannot coerce (.+?) to a string: .*", r"cannot coerce \1 to a string"),
    (
        r"attempt to call something which is not a function but (.+?): .*",
        r"attempt to call something which is not a function but \1",
    ),
    (r"cannot compare (.+?) with (.+?); values .*", r"cannot compare \1 with \2"),
    (r"(unknown hash algorithm '.*'), expect .*", r"\1"),
    (r"path '(.*)' does not exist", r"getting status of '\1': No such file or directory"),
    (r"'(.*)' is not a directory", r"opening directory '\1': Not a directory"),
)
"""Our sentence as an expression, and that of Nix 2.8 as a replacement."""

PLACED: Final = re.compile(r"! (?:anonymous function|'(?P<name>[^']*)') at \S+ called (?P<how>.*)")
"""A function in a message of Nix 2.8, which says where it is written."""


def in_words_of_2_8(said: str) -> str:
    """An outcome ("= value" or "! message") as Nix 2.8 has it."""
    return "! " + sentence_of_2_8(said[2:]) if said.startswith("! ") else said


def sentence_of_2_8(sentence: str) -> str:
    """Our sentence as Nix 2.8 has it."""
    for ours, theirs in SENTENCES:
        found = re.fullmatch(ours, sentence, re.DOTALL)
        if found is not None:
            return found.expand(theirs)
    return sentence


def without_place(said: str) -> str:
    """An outcome of Nix 2.8, its functions named as current Nix does."""
    found = PLACED.fullmatch(said)
    return said if found is None else f"! function '{found['name'] or 'anonymous lambda'}' called {found['how']}"
